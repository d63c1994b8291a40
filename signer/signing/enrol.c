/* What the enrolment page asks and answers: whose key it is, and the passkey that shall activate it. The code of its address is good for one credential. */
#include <string.h>

#include "signer/signing/order.h"
#include "signer/signing/signing.h"

struct enrol_body {
	char *code, *credential;
};
static const struct json_row enrol_rows[] = {
	{"code", JSON_TEXT, JSON_REQUIRED, offsetof(struct enrol_body, code), .max = 200},
	{"credential", JSON_RAW, JSON_OPTIONAL, offsetof(struct enrol_body, credential), .max = MAX_WEBAUTHN_JSON},
};
static const struct json_table enrol_table = {"enrolment", enrol_rows, 2, sizeof(struct enrol_body), false};

static enum err
key_of_code(struct signer *s, const char *code, struct signing_key_row *row)
{
	const struct sha256 hash = sha256_of(span_of(code));
	const struct db_param p[] = {db_bytes(sha256_span(&hash)), db_time(clock_now(&s->clock))};
	const enum err e = db_pool_one(s->db, SIGNING_KEY_BY_CODE, p, row);

	return e == ERR_NOT_FOUND ? err_because(e, "no enrolment has this code, or its time is over") : e;
}

static enum err
write_enrolment(const struct signer *s, const struct signing_key_row *row, struct reply *reply)
{
	AUTO(writer) options = writer_new(8 << 10);
	char rp_id[MAX_SIGNING_RP_ID + 1];
	struct json_writer j;

	signing_rp_id(s->settings.sign_origin, rp_id);
	webauthn_creation_options(&options, rp_id, templates_text(s->pages, "en", "brand"), uuid_span(&row->id),
		row->name, row->name, span_at(row->challenge.ptr, row->challenge.len), NULL, 0);
	TRY(writer_done(&options));
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "name", row->name);
	json_text(&j, "state", row->state);
	json_time(&j, "expires", row->expires);
	json_bytes64(&j, "spki_sha256", span_at(row->spki_sha256.ptr, row->spki_sha256.len));
	if (strcmp(row->state, "begun") == 0)
		json_raw(&j, "options", writer_span(&options));
	json_object_end(&j);
	return ERR_OK;
}

enum err
signing_page_enrolment(void *daemon, struct request *request, struct reply *reply)
{
	AUTO(signing_key_row) row = {0};
	struct enrol_body body;
	enum err e;

	TRY(json_decode(request_body(request), &enrol_table, &body));
	e = key_of_code(daemon, body.code, &row);
	if (e == ERR_OK)
		e = write_enrolment(daemon, &row, reply);
	json_free(&enrol_table, &body);
	return e;
}

/* WebAuthn 7.1, for the signing page's RP ID and origin: a login credential is another RP ID's. */
static enum err
credential_check(const struct signer *s, const struct signing_key_row *row, const char *credential,
	struct webauthn_credential *out)
{
	const char *const origins[] = {s->settings.sign_origin, NULL};
	char rp_id[MAX_SIGNING_RP_ID + 1];
	const struct webauthn_expect expect = {.rp_id = rp_id,
		.origins = origins,
		.challenge = span_at(row->challenge.ptr, row->challenge.len),
		.user_verification = true,
		.at = clock_now(&s->clock)};

	signing_rp_id(s->settings.sign_origin, rp_id);
	TRY(webauthn_register(span_of(credential), &expect, out));
	REQUIRE_WHY(webauthn_offered(out->algorithm), ERR_MISMATCH, "WebAuthn 7.1: this algorithm was not asked for");
	return ERR_OK;
}

static enum err
record(struct signer *s, struct db *db, const struct signing_key_row *row, const struct webauthn_credential *c)
{
	const struct sha256 id = sha256_of(span_at(c->id, c->id_len));
	AUTO(writer) key = writer_new(UUID_TEXT_LEN);
	AUTO(writer) closed = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&closed);
	struct signing_record r = {.type = "signing-key.answered",
		.tree = LOG_TREE_PRIVATE,
		.actor = row->person,
		.principal = row->person,
		.sector = "signer",
		.channel = "web"};

	uuid_write(&key, &row->id);
	json_object(&j, NULL);
	json_hex(&j, "aaguid", span_at(c->aaguid, sizeof(c->aaguid)));
	json_bytes64(&j, "credential_sha256", sha256_span(&id));
	json_text(&j, "format", c->format);
	json_span(&j, "key", writer_span(&key));
	json_object_end(&j);
	TRY(writer_done(&closed));
	r.closed = writer_span(&closed);
	return signing_record_add(s, db, &r, NULL);
}

/* The code is used up by one atomic statement: of two tabs, one has its passkey bound. */
static enum err
answer(struct signer *s, const char *code, const struct signing_key_row *row, const struct webauthn_credential *c)
{
	const struct sha256 hash = sha256_of(span_of(code));
	AUTO(db) *db = NULL;
	size_t affected;
	const struct db_param p[] = {db_bytes(sha256_span(&hash)), db_time(clock_now(&s->clock)),
		db_bytes(span_at(c->id, c->id_len)), db_bytes(span_at(c->cose_key, c->cose_key_len))};

	TRY(db_lease(s->db, &db));
	TRY(db_begin(db));
	TRY(db_run(db, SIGNING_KEY_ANSWER, p, &affected));
	REQUIRE_WHY(affected == 1, ERR_USED, "this code was used already");
	TRY(record(s, db, row, c));
	return db_commit(db);
}

static enum err
take(struct signer *s, const struct enrol_body *body)
{
	AUTO(signing_key_row) row = {0};
	struct webauthn_credential c;

	REQUIRE_WHY(body->credential != NULL, ERR_MALFORMED, "credential: is missing");
	TRY(key_of_code(s, body->code, &row));
	REQUIRE_WHY(strcmp(row.state, "begun") == 0, ERR_USED, "this code was used already");
	TRY(credential_check(s, &row, body->credential, &c));
	return answer(s, body->code, &row, &c);
}

enum err
signing_page_credential(void *daemon, struct request *request, struct reply *reply)
{
	struct enrol_body body;
	struct json_writer j;
	enum err e;

	TRY(json_decode(request_body(request), &enrol_table, &body));
	e = take(daemon, &body);
	json_free(&enrol_table, &body);
	TRY(e);
	reply_status(reply, 201);
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "state", "answered");
	json_object_end(&j);
	return ERR_OK;
}
