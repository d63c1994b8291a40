#include <string.h>

#include "signer/access/access.h"
#include "signer/decision/decision.h"

/* What an agency's system posts. */
struct proposal {
	char *type, *subject, *outcome, *facts;
	struct json_list reasons;
	int64_t received_at;
	bool has_received;
};

static const struct json_row proposal_rows[] = {
	{"type", JSON_TEXT, JSON_REQUIRED, offsetof(struct proposal, type), 0, 64, NULL, 0},
	{"sub", JSON_TEXT, JSON_REQUIRED, offsetof(struct proposal, subject), 0, 128, NULL, 0},
	{"outcome", JSON_TEXT, JSON_REQUIRED, offsetof(struct proposal, outcome), 0, 64, NULL, 0},
	{"facts", JSON_RAW, JSON_REQUIRED, offsetof(struct proposal, facts), 0, 16 << 10, NULL, 0},
	{"reasons", JSON_TEXTS, JSON_OPTIONAL, offsetof(struct proposal, reasons), 0, 16, NULL, 0},
	{"received_at", JSON_INT, JSON_OPTIONAL, offsetof(struct proposal, received_at), 1, 253402300799, NULL,
		offsetof(struct proposal, has_received)},
};
static const struct json_table proposal_table = {"decision", proposal_rows,
	sizeof(proposal_rows) / sizeof(proposal_rows[0]), sizeof(struct proposal), false};

/* The officer reads these before confirming, and citizens after: what is shown must be what is there. */
static enum err
texts_check(const struct proposal *p)
{
	REQUIRE_WHY(span_is_line(span_of(p->subject)), ERR_MALFORMED, "sub: is not one line of text");
	for (size_t i = 0; i < p->reasons.count; i++)
		REQUIRE_WHY(span_is_line(span_of(json_text_at(&p->reasons, i))), ERR_MALFORMED,
			"reasons: each is one line of text, without characters that would mislead its reader");
	return ERR_OK;
}

/* May this agency propose this? Pure. */
static enum err
proposal_check(const struct proposal *p, const struct decision_type *t, const char *agency, unix_time now)
{
	REQUIRE_WHY(t != NULL, ERR_MALFORMED, "type: there is no decision type %s", p->type);
	REQUIRE_WHY(strcmp(t->agency, agency) == 0, ERR_REFUSED, "type: %s is not this agency's to decide", p->type);
	REQUIRE_WHY(json_texts_have(&t->outcomes, p->outcome), ERR_MALFORMED, "outcome: %s is not one of this type's",
		p->outcome);
	REQUIRE_WHY(strcmp(p->outcome, "rejected") != 0 || p->reasons.count > 0, ERR_MALFORMED,
		"reasons: a rejection gives at least one reason");
	REQUIRE_WHY(!p->has_received || p->received_at <= now, ERR_MALFORMED, "received_at: is in the future");
	TRY(texts_check(p));
	return facts_check(t, span_of(p->facts));
}

static enum err
receive(struct signer *s, const struct proposal *p, const struct decision_type *t, const struct access *by,
	const char *key, const struct uuid *id)
{
	const unix_time now = clock_now(&s->clock);
	const unix_time received = p->has_received ? p->received_at : now;
	const struct db_param params[] = {
		db_uuid(id),
		db_text(t->name),
		db_int(t->version),
		db_text(t->agency),
		db_text(by->client),
		db_text(key),
		db_text(p->subject),
		db_text(p->outcome),
		db_json(span_of(p->facts)),
		db_texts(&p->reasons),
		db_time(received),
		db_time(decision_due(t, received)),
	};

	return db_pool_run(s->db, DECISION_RECEIVE, params, NULL);
}

/* The same request again (its answer was lost on the way): the same decision, not a second one. Another under that key is told so: it would believe
 * itself decided. */
static enum err
again(struct signer *s, const struct proposal *p, const struct access *by, const char *key, struct decision_row *row)
{
	const struct db_param params[] = {db_text(by->client), db_text(key), db_text(p->type), db_text(p->subject),
		db_text(p->outcome), db_json(span_of(p->facts)), db_texts(&p->reasons)};
	const enum err e = db_pool_one(s->db, DECISION_BY_REQUEST, params, row);

	return e == ERR_NOT_FOUND ? err_because(ERR_EXISTS, "this Idempotency-Key was used for another decision") : e;
}

static enum err
receive_once(struct signer *s, const struct proposal *p, const struct decision_type *t, const struct access *by,
	const char *key, struct decision_row *row)
{
	const struct uuid id = uuid_random();
	const struct db_param params[] = {db_uuid(&id)};
	const enum err e = receive(s, p, t, by, key, &id);

	if (e == ERR_EXISTS && key != NULL)
		return again(s, p, by, key, row);
	TRY(e);
	return db_pool_one(s->db, DECISION_BY_ID, params, row);
}

static enum err
create(struct signer *s, const struct proposal *p, const struct access *by, const char *key, struct decision_row *row)
{
	const struct decision_type *const t = decision_type_find(s->types, s->type_count, p->type);
	const struct sealing sealing = {.actor = by->client, .channel = "api"};
	struct uuid id;
	enum err e;

	TRY(proposal_check(p, t, by->agency, clock_now(&s->clock)));
	TRY(receive_once(s, p, t, by, key, row));
	if (t->confirmation.required || strcmp(row->state, "pending") != 0)
		return ERR_OK;
	id = row->id;
	decision_row_free(row);
	e = decision_seal(s, &id, &sealing);
	if (e != ERR_OK && e != ERR_USED) /* used: the same request, in another thread, was faster */
		return e;
	const struct db_param params[] = {db_uuid(&id)};
	return db_pool_one(s->db, DECISION_BY_ID, params, row);
}

enum err
decision_create(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	AUTO(decision_row) row = {0};
	const char *key;
	struct proposal p;
	enum err e;

	TRY(access_request_key(request, &key));
	TRY(json_decode(request_body(request), &proposal_table, &p));
	e = create(s, &p, request_attached(request), key, &row);
	json_free(&proposal_table, &p);
	TRY(e);
	reply_status(reply, strcmp(row.state, "pending") == 0 ? 202 : row.jws != NULL ? 201 : 200);
	decision_answer(s, &row, reply);
	return ERR_OK;
}
