#include <string.h>

#include "base/digest.h"
#include "idp/oidc/interaction.h"
#include "idp/oidc/lifetimes.h"
#include "idp/oidc/redirect.h"
#include "idp/store/record.h"
#include "idp/store/store.h"

/* Two first logins at once make one subject: the slower one looks again. */
static enum err
subject_of(struct idp *d, const struct session *s, const char *sector, struct text_row *out)
{
	char fresh[TOKEN_TEXT_LEN + 1];
	enum err e;

	random_token(fresh);
	const struct db_param p[] = {db_uuid(&s->row.person), db_text(sector), db_text(fresh)};
	e = db_pool_one(d->db, ST_SUBJECT_OF, p, out);
	return e == ERR_NOT_FOUND ? db_pool_one(d->db, ST_SUBJECT_OF, p, out) : e;
}

static enum err
granted_event(const struct idp *d, const struct interaction *i, const struct sha256 *grant, int64_t level,
	struct event *out)
{
	AUTO(writer) w = writer_new(MAX_ENTRY);
	AUTO(writer) scope = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&w);

	TRY(words_join(&i->authorization.scopes, &scope));
	json_object(&j, NULL);
	json_text(&j, "client", i->client->row.id);
	json_span(&j, "scope", writer_span(&scope));
	json_int(&j, "level", level);
	json_hex(&j, "grant", sha256_span(grant));
	json_object_end(&j);
	TRY(writer_done(&w));
	return record_make(out, "authorization.granted", LOG_TREE_PRIVATE, clock_now(&d->clock), SPAN(""),
		writer_span(&w));
}

static enum err
code_store(struct idp *d, const struct interaction *i, const struct session *s, const char *code, const char *sub)
{
	const struct authorization *a = &i->authorization;
	const struct client_row *c = &i->client->row;
	const struct sha256 hash = sha256_of(span_of(code));
	const int64_t level = s->level < c->max_level ? s->level : c->max_level;
	AUTO(event) event = {0};
	struct uuid_row row;

	TRY(granted_event(d, i, &hash, level, &event));
	struct db_param p[14 + EVENT_PARAM_COUNT] = {
		db_bytes(sha256_span(&hash)),
		db_text(c->id),
		db_text(a->text.redirect_uri),
		db_bytes(span_at(a->challenge, PKCE_LEN)),
		db_uuid(&s->row.id),
		db_text(c->sector),
		db_text(sub),
		db_texts(&a->scopes),
		db_text(a->text.nonce),
		db_text(a->text.resource),
		db_int(level),
		db_int(i->level),
		db_time(clock_now(&d->clock) + CODE_SECONDS),
		db_text(i->parked ? i->id : NULL),
	};
	record_params(&event, p + 14);
	return db_pool_one(d->db, ST_CODE_ADD, p, &row);
}

enum err
interaction_issue(struct idp *d, struct reply *reply, struct interaction *i, const struct session *s)
{
	char code[TOKEN_TEXT_LEN + 1];
	const struct redirect_pair pairs[] = {{"code", code}, {"state", i->authorization.text.state},
		{"iss", d->settings.issuer}, {NULL, NULL}};
	AUTO(text_row) sub = {0};
	enum err e;

	random_token(code);
	TRY(subject_of(d, s, i->client->row.sector, &sub));
	e = code_store(d, i, s, code, sub.text);
	if (e == ERR_NOT_FOUND)
		return err_because(e, "the session or the flow has ended meanwhile");
	TRY(e);
	return redirect_to(reply, i->authorization.text.redirect_uri, pairs);
}
