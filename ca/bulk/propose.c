/* What an operator proposes to do to very many certificates, and the list of keys that may come with it. */
#include <string.h>

#include "base/encode.h"
#include "ca/bulk/bulk.h"
#include "ca/order.h"
#include "ca/request/acting.h"

enum { SECONDS_A_DAY = 86400, MAX_CRITERIA_TEXT = 4 << 10 };

enum err
bulk_event(const char *type, const struct bulk_row *b, const char *actor, const char *why, unix_time at,
	struct event *out)
{
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	AUTO(writer) public_part = writer_new(MAX_ENTRY);
	AUTO(writer) private_part = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&public_part);

	uuid_write(&id, &b->id);
	json_object(&j, NULL);
	json_text(&j, "action", b->action);
	json_span(&j, "bulk", writer_span(&id));
	if (b->serials_sha256.len > 0) {
		json_int(&j, "count", b->count);
		json_bytes64(&j, "serials_sha256", span_at(b->serials_sha256.ptr, b->serials_sha256.len));
	}
	json_object_end(&j);
	TRY(writer_done(&public_part));
	j = json_to(&private_part);
	json_object(&j, NULL);
	json_text(&j, "actor", actor);
	if (b->criteria != NULL)
		json_raw(&j, "criteria", span_of(b->criteria));
	json_text(&j, "why", why);
	json_object_end(&j);
	TRY(writer_done(&private_part));
	return event_make(out, "ca", type, LOG_TREE_PUBLIC, at, writer_span(&public_part), writer_span(&private_part));
}

static void
write_criteria(const struct bulk_criteria *c, struct writer *out)
{
	struct json_writer j = json_to(out);

	json_object(&j, NULL);
	json_text(&j, "issuer", c->issuer);
	json_text(&j, "profile", c->profile);
	json_text(&j, "key_type", c->key_type);
	if (c->issued_from != 0)
		json_int(&j, "issued_from", c->issued_from);
	if (c->issued_before != 0)
		json_int(&j, "issued_before", c->issued_before);
	if (c->weak)
		json_bool(&j, "weak", true);
	json_text(&j, "batch", c->batch);
	json_text(&j, "bulk", c->bulk);
	if (c->keys_count != 0) {
		json_bytes64(&j, "keys_sha256", span_at(c->keys_sha256.ptr, c->keys_sha256.len));
		json_int(&j, "keys_count", c->keys_count);
	}
	json_object_end(&j);
}

static enum err
record(struct cad *c, struct bulk_row *b, const char *act, const struct sha256 *token, struct span keys_sha256)
{
	struct event event = {0};

	TRY(bulk_event("bulk.proposed", b, b->proposer, b->why, b->created_at, &event));
	const struct db_param params[] = {
		db_uuid(&b->id),
		db_text(b->action),
		db_text(b->criteria),
		db_text(b->why),
		db_text(b->proposer),
		db_text(act),
		db_int(c->config.bulk_quorum),
		db_time(b->created_at),
		db_time(b->created_at + BULK_DAYS * SECONDS_A_DAY),
		db_bytes(keys_sha256),
		db_bytes(keys_sha256.len > 0 ? sha256_span(token) : (struct span){0}),
		db_text(keys_sha256.len > 0 ? "uploading" : "counting"),
		db_uuid(&event.id),
		db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part)),
	};
	const enum err e = db_pool_run(bulk_db(c), BULK_ADD, params, NULL);

	event_free(&event);
	return e;
}

enum err
bulk_propose(struct cad *c, const struct bulk_proposal *p, const struct person_acting *who, const char *act,
	struct uuid *id, char keys_token[TOKEN_TEXT_LEN + 1])
{
	AUTO(writer) criteria = writer_new(MAX_CRITERIA_TEXT);
	char token[TOKEN_TEXT_LEN + 1];
	struct uuid earlier;

	REQUIRE_WHY(json_texts_have(who->roles, "ca-operator"), ERR_REFUSED,
		"bulk acts take a ca-operator; '%s' is none", who->name);
	TRY(proposal_decide(p));
	if (p->criteria.bulk != NULL)
		TRY(uuid_read(span_of(p->criteria.bulk), &earlier));
	write_criteria(&p->criteria, &criteria);
	TRY(writer_done(&criteria));
	random_token(token);
	const struct sha256 hash = sha256_of(span_of(token));
	struct bulk_row b = {
		.id = uuid_random(),
		.action = p->action,
		.criteria = (char *)(uintptr_t)writer_span(&criteria).ptr,
		.why = p->why,
		.proposer = (char *)(uintptr_t)who->name,
		.created_at = cad_now(c),
	};

	TRY(record(c, &b, act, &hash, span_at(p->criteria.keys_sha256.ptr, p->criteria.keys_sha256.len)));
	*id = b.id;
	keys_token[0] = '\0';
	if (p->criteria.keys_count > 0)
		memcpy(keys_token, token, sizeof(token));
	bulk_wake(c->bulk);
	return ERR_OK;
}

static enum err
propose(struct cad *c, const struct bulk_proposal *p, const struct acting *by, const struct request *request,
	struct reply *reply)
{
	AUTO(writer) act = writer_new(MAX_ACT);
	AUTO(writer) text = writer_new(UUID_TEXT_LEN);
	char token[TOKEN_TEXT_LEN + 1];
	struct uuid id;

	writer_bytes(&act, request_body(request));
	TRY(writer_done(&act));
	TRY(bulk_propose(c, p, &by->who, (const char *)writer_span(&act).ptr, &id, token));
	uuid_write(&text, &id);
	reply_status(reply, 202);
	reply_headerf(reply, "Location", "/bulk/%s", (const char *)writer_span(&text).ptr);
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_span(&j, "id", writer_span(&text));
	json_text(&j, "state", token[0] != '\0' ? "uploading" : "counting");
	json_text(&j, "keys_token", token[0] != '\0' ? token : NULL);
	json_int(&j, "quorum", c->config.bulk_quorum);
	json_object_end(&j);
	return ERR_OK;
}

enum err
bulk_post(void *daemon, struct request *request, struct reply *reply)
{
	static const char *const roles[] = {"ca-operator", NULL};
	struct cad *c = daemon;
	struct bulk_proposal p;
	AUTO(acting) by = {0};

	TRY(acting_operator(c, request, roles, "bulk.propose", &by));
	TRY(json_decode(span_of(by.act.payload), &bulk_proposal_table, &p));
	const enum err e = propose(c, &p, &by, request, reply);

	json_free(&bulk_proposal_table, &p);
	return e;
}

/* ---- the keys ---- */

static enum err
part_number(const char *text, int64_t *out)
{
	*out = 0;
	for (const char *p = text; *p != '\0'; p++) {
		REQUIRE_WHY(*p >= '0' && *p <= '9' && p - text < 4, ERR_MALFORMED, "part: a number from 0 on");
		*out = *out * 10 + (*p - '0');
	}
	return ERR_OK;
}

/* Ascending without doubles, so that one list has one hash. */
static enum err
part_check(struct span body)
{
	REQUIRE_WHY(body.len > 0 && body.len % SHA256_LEN == 0, ERR_MALFORMED,
		"a list of keys is their SHA-256 hashes of %d bytes, one after the other", SHA256_LEN);
	for (size_t at = SHA256_LEN; at < body.len; at += SHA256_LEN)
		REQUIRE_WHY(memcmp(body.ptr + at - SHA256_LEN, body.ptr + at, SHA256_LEN) < 0, ERR_MALFORMED,
			"the list of keys is not ascending");
	return ERR_OK;
}

static enum err
whole_check(struct cad *c, const struct bulk_row *b)
{
	AUTO(writer) all = writer_new((size_t)MAX_BULK_KEYS * SHA256_LEN);
	int64_t after = -1;
	enum err e = ERR_OK;

	while (e == ERR_OK) {
		const struct db_param params[] = {db_uuid(&b->id), db_int(after)};
		struct key_part_row part;

		e = db_pool_one(bulk_db(c), BULK_KEYS_PART, params, &part);
		if (e != ERR_OK)
			break;
		after = part.part;
		writer_bytes(&all, span_at(part.hashes.ptr, part.hashes.len));
		db_row_free(&bulk_statements[BULK_KEYS_PART], &part);
	}
	REQUIRE(e == ERR_NOT_FOUND, e);
	err_forget();
	TRY(writer_done(&all));
	const struct sha256 hash = sha256_of(writer_span(&all));

	REQUIRE_WHY(span_equal(sha256_span(&hash), span_at(b->keys_sha256.ptr, b->keys_sha256.len)), ERR_MISMATCH,
		"the keys that came are not those of the act (keys_sha256); propose it anew");
	return ERR_OK;
}

/* The last part starts the count. */
static enum err
complete(struct cad *c, const struct bulk_row *b, int64_t *count)
{
	const struct db_param params[] = {db_uuid(&b->id)};
	struct bulk_criteria criteria;
	struct number_of_row size;

	TRY(db_pool_one(bulk_db(c), BULK_KEYS_SIZE, params, &size));
	*count = size.number;
	TRY(json_decode(span_of(b->criteria), &bulk_criteria_table, &criteria));
	const int64_t wanted = criteria.keys_count;

	json_free(&bulk_criteria_table, &criteria);
	if (size.number < wanted)
		return ERR_OK;
	TRY(whole_check(c, b));
	TRY(db_pool_run(bulk_db(c), BULK_COUNTING, params, NULL));
	bulk_wake(c->bulk);
	return ERR_OK;
}

static enum err
take_part(struct cad *c, const struct bulk_row *b, const struct request *request, int64_t *count)
{
	const struct span body = request_body(request);
	struct sha256 hash;
	const char *token;
	size_t affected = 0;
	int64_t part;

	TRY(request_bearer(request, &token));
	hash = sha256_of(span_of(token));
	REQUIRE_WHY(b->keys_token.len == SHA256_LEN &&
			span_equal(sha256_span(&hash), span_at(b->keys_token.ptr, b->keys_token.len)),
		ERR_REFUSED, "the keys are brought by whoever proposed, with the keys_token that they were told");
	TRY(part_number(request_param(request, "part"), &part));
	TRY(part_check(body));
	const struct db_param params[] = {db_uuid(&b->id), db_int(part), db_bytes(body)};

	TRY(db_pool_run(bulk_db(c), BULK_KEYS_ADD, params, &affected));
	REQUIRE_WHY(affected == 1, ERR_EXISTS, "the keys are there already");
	return complete(c, b, count);
}

enum err
bulk_keys_post(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	struct bulk_row b;
	int64_t count = 0;

	TRY(bulk_find(c, request_param(request, "id"), &b));
	const enum err e = take_part(c, &b, request, &count);

	bulk_row_free(&b);
	TRY(e);
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_int(&j, "keys", count);
	json_object_end(&j);
	return ERR_OK;
}
