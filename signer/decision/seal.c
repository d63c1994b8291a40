#include <string.h>

#include "audit/event.h"
#include "signer/decision/decision.h"
#include "signer/status/lists.h"
#include "base/encode.h"
#include "verify/decision.h"

/* Everything that goes into one seal, while it is being made. */
struct draft {
	struct decision_row row;
	struct status_take_row status;
	struct writer uri, payload, jws;
};

static void
draft_free(struct draft *d)
{
	decision_row_free(&d->row);
	writer_free(&d->uri);
	writer_free(&d->payload);
	writer_free(&d->jws);
}

static void
describe(const struct signer *s, const struct draft *d, const struct decision_type *t, const struct sealing *by,
	unix_time now, char *id, struct decision *out)
{
	*out = (struct decision){
		.issuer = s->settings.url,
		.id = id,
		.agency = d->row.agency,
		.type = d->row.type,
		.outcome = d->row.outcome,
		.subject = d->row.subject,
		.version = d->row.version,
		.issued_at = now,
		.received_at = d->row.received_at,
		.due = d->row.due,
		.time_limit_days = t->time_limit_days,
		.reasons = d->row.reasons,
		.appeal = {t->appeal.to, t->appeal.days},
		.facts = d->row.facts,
		.status = {(char *)d->uri.ptr, d->status.index},
	};
	if (by->office != NULL)
		out->office =
			(struct decision_office){(char *)(uintptr_t)by->office, (char *)(uintptr_t)by->office_title};
}

static enum err
sign(struct signer *s, struct draft *d, const struct decision_type *t, const struct sealing *by, unix_time now)
{
	const struct seal *const seal = signer_seal(s, d->row.agency);
	AUTO(writer) id = writer_new(64);
	struct jws_sign_options options = {.typ = "decision+jwt"};
	struct decision decision;

	REQUIRE_WHY(seal != NULL, ERR_CONFIG, "agency %s has no seal in the HSM", d->row.agency);
	options.kid = seal->kid;
	uuid_write(&id, &d->row.id);
	status_uri(s, d->status.list, &d->uri);
	TRY(writer_done(&id));
	TRY(writer_done(&d->uri));
	describe(s, d, t, by, now, (char *)id.ptr, &decision);
	TRY(decision_write(&decision, &d->payload));
	return jws_sign(seal->key, &options, writer_span(&d->payload), &d->jws);
}

/* The public part names the paper, not the person. */
static enum err
event_of(const struct draft *d, const struct sealing *by, unix_time now, struct event *out)
{
	const struct sha256 hash = sha256_of(writer_span(&d->jws));
	AUTO(writer) open = writer_new(MAX_ENTRY);
	AUTO(writer) closed = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&open);

	json_object(&j, NULL);
	json_text(&j, "agency", d->row.agency);
	json_bytes64(&j, "decision_sha256", sha256_span(&hash));
	json_text(&j, "decision_type", d->row.type);
	json_text(&j, "outcome", d->row.outcome);
	json_object_end(&j);
	j = json_to(&closed);
	json_object(&j, NULL);
	json_text(&j, "actor", by->actor);
	json_text(&j, "client", d->row.client);
	json_text(&j, "office", by->office);
	json_text(&j, "sub", d->row.subject);
	json_object_end(&j);
	TRY(writer_done(&open));
	TRY(writer_done(&closed));
	return event_make(out, "signer", "decision.sealed", LOG_TREE_PUBLIC, now, writer_span(&open),
		writer_span(&closed));
}

static enum err
store(struct db *db, const struct draft *d, const struct sealing *by, unix_time now)
{
	AUTO(event) event = {0};
	size_t affected;

	TRY(event_of(d, by, now, &event));
	const struct db_param params[] = {
		db_uuid(&d->row.id),
		db_text_span(writer_span(&d->jws)),
		db_text(by->office),
		db_text(by->actor),
		db_time(now),
		db_int(d->status.list),
		db_int(d->status.index),
		db_text(by->channel),
		db_uuid(&event.id),
		db_int(event.tree),
		db_text(event.type),
		db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part)),
	};

	TRY(db_run(db, DECISION_SEAL, params, &affected));
	REQUIRE_WHY(affected == 1, ERR_USED, "this decision is not pending any more");
	return ERR_OK;
}

enum err
decision_seal(struct signer *s, const struct uuid *id, const struct sealing *by)
{
	const struct db_param params[] = {db_uuid(id)};
	AUTO(draft) d = {.uri = writer_new(1024), .payload = writer_new(MAX_DECISION), .jws = writer_new(MAX_JWS)};
	AUTO(db) *db = NULL;
	const struct decision_type *t;
	const unix_time now = clock_now(&s->clock);
	enum err e;

	TRY(db_lease(s->db, &db));
	TRY(db_begin(db));
	e = db_one(db, DECISION_LOCK, params,
		&d.row); /* two officers at once: the second waits, then finds nothing pending */
	REQUIRE_WHY(e != ERR_NOT_FOUND, ERR_USED, "this decision is not pending any more");
	TRY(e);
	t = decision_type_find(s->types, s->type_count, d.row.type);
	REQUIRE_WHY(t != NULL, ERR_CONFIG, "decision type %s is not among the policies any more", d.row.type);
	TRY(status_take(db, &d.status));
	TRY(sign(s, &d, t, by, now));
	TRY(store(db, &d, by, now));
	return db_commit(db);
}

enum err
decision_find(struct signer *s, const char *id, struct decision_row *out)
{
	struct uuid uuid;

	REQUIRE_WHY(uuid_read(span_of(id), &uuid) == ERR_OK, ERR_NOT_FOUND, "a decision's id is a UUID");
	const struct db_param params[] = {db_uuid(&uuid)};

	return db_pool_one(s->db, DECISION_BY_ID, params, out);
}

void
decision_row_free(struct decision_row *row)
{
	db_row_free(&signer_statements[DECISION_BY_ID], row);
}
