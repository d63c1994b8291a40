#include "webauthn/webauthn.h"

#include <string.h>

#include "webauthn/attestation/attestation.h"
#include "webauthn/authdata.h"
#include "webauthn/cbor.h"
#include "webauthn/clientdata.h"
#include "webauthn/envelope.h"
#include "webauthn/key.h"
#include "json/quick.h"

enum { MAX_ATTESTATION_OBJECT = 32 << 10 };

struct response {
	struct json_bytes client_data, attestation_object;
};

/* RegistrationResponseJSON, 5.1 */
struct message {
	struct json_bytes id, raw_id;
	char *type;
	struct response response;
};

static const struct json_row response_rows[] = {
	{"clientDataJSON", JSON_BYTES, JSON_REQUIRED, offsetof(struct response, client_data), .max = MAX_CLIENT_DATA},
	{"attestationObject", JSON_BYTES, JSON_REQUIRED, offsetof(struct response, attestation_object),
		.max = MAX_ATTESTATION_OBJECT},
};

static const struct json_table response_table = {
	.what = "AuthenticatorAttestationResponseJSON",
	.rows = response_rows,
	.count = sizeof(response_rows) / sizeof(response_rows[0]),
	.size = sizeof(struct response),
	.open = true,
};

static const struct json_row message_rows[] = {
	{"id", JSON_BYTES, JSON_REQUIRED, offsetof(struct message, id), .max = MAX_CREDENTIAL_ID},
	{"rawId", JSON_BYTES, JSON_REQUIRED, offsetof(struct message, raw_id), .max = MAX_CREDENTIAL_ID},
	{"type", JSON_TEXT, JSON_REQUIRED, offsetof(struct message, type), .max = 32},
	{"response", JSON_OBJECT, JSON_REQUIRED, offsetof(struct message, response), .table = &response_table},
};

static const struct json_table message_table = {
	.what = "RegistrationResponseJSON",
	.rows = message_rows,
	.count = sizeof(message_rows) / sizeof(message_rows[0]),
	.size = sizeof(struct message),
	.open = true,
};

static void
message_free(struct message *m)
{
	json_free(&message_table, m);
}

static enum err
message_read(struct span json, struct message *m)
{
	REQUIRE_WHY(json.len <= MAX_WEBAUTHN_JSON, ERR_TOO_LONG, "WebAuthn 5.1: a response over %d bytes",
		MAX_WEBAUTHN_JSON);
	TRY(quick_decode(json, &message_table, m));
	return envelope_check(&m->id, &m->raw_id, m->type);
}

/* The attestation object (6.5) taken apart. Borrowed. */
struct object {
	struct span format, statement, auth_data;
};

static enum err
member(struct reader *r, const char *wanted)
{
	struct span name;

	TRY(cbor_text(r, &name));
	REQUIRE(span_is(name, wanted), ERR_MALFORMED);
	return ERR_OK;
}

/* Exactly three members, in the only order that the canonical form leaves them. */
static enum err
object_members(struct span cbor, struct object *out)
{
	struct reader r = reader_over(cbor);
	struct span item;
	size_t pairs;

	TRY(cbor_item(&r, &item)); /* the whole of it, before any part is looked at */
	TRY(reader_done(&r));
	r = reader_over(item);
	TRY(cbor_map(&r, &pairs));
	REQUIRE(pairs == 3, ERR_MALFORMED);
	TRY(member(&r, "fmt"));
	TRY(cbor_text(&r, &out->format));
	TRY(member(&r, "attStmt"));
	TRY(cbor_item(&r, &out->statement));
	TRY(member(&r, "authData"));
	return cbor_bytes(&r, &out->auth_data);
}

static enum err
object_parse(struct span cbor, struct object *out)
{
	const enum err e = object_members(cbor, out);

	if (e != ERR_OK)
		return err_because(e, "WebAuthn 6.5: the attestation object is %s", err_text(e));
	REQUIRE_WHY(out->auth_data.len <= MAX_ATTESTED - SHA256_LEN, ERR_TOO_LONG,
		"WebAuthn 6.1: authenticator data of %zu bytes", out->auth_data.len);
	REQUIRE_WHY(out->format.len < sizeof(((struct webauthn_credential *)0)->format), ERR_UNSUPPORTED,
		"WebAuthn 8.1: attestation format '%.*s'", (int)out->format.len, (const char *)out->format.ptr);
	return ERR_OK;
}

static enum err
check_key(const struct authdata *a, const struct webauthn_expect *expect, struct webauthn_key **out)
{
	TRY(webauthn_key_parse(a->cose_key, out));
	REQUIRE_WHY(cose_algorithm_listed(expect->algorithms, (*out)->algorithm->id), ERR_MISMATCH,
		"WebAuthn 7.1: %s was not asked for", (*out)->algorithm->name);
	return ERR_OK;
}

static enum err
check_attestation(const struct object *o, const struct authdata *a, const struct message *m,
	const struct webauthn_key *key, const struct webauthn_expect *expect, enum webauthn_trust *trust)
{
	AUTO(writer) attested = writer_new(MAX_ATTESTED);
	const struct sha256 h = sha256_of(envelope_span(&m->response.client_data));
	struct attestation attestation = {
		.auth_data = o->auth_data,
		.parsed = a,
		.client_data_hash = &h,
		.key = key,
		.statement_cbor = o->statement,
		.rp_id = expect->rp_id,
	};

	writer_bytes(&attested, o->auth_data);
	writer_bytes(&attested, sha256_span(&h));
	TRY(writer_done(&attested));
	attestation.attested = writer_span(&attested);
	return attestation_check(&attestation, o->format, expect->attestation_trust, expect->at, trust);
}

/* authdata_parse() and webauthn_key_parse() keep all of it within the arrays. */
static void
fill(const struct object *o, const struct authdata *a, int64_t algorithm, enum webauthn_trust trust,
	struct webauthn_credential *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->id, a->credential_id.ptr, a->credential_id.len);
	out->id_len = a->credential_id.len;
	memcpy(out->cose_key, a->cose_key.ptr, a->cose_key.len);
	out->cose_key_len = a->cose_key.len;
	out->algorithm = algorithm;
	memcpy(out->aaguid, a->aaguid.ptr, sizeof(out->aaguid));
	out->counter = a->sign_count;
	out->flags = a->flags;
	out->user_verified = a->user_verified;
	out->backup_eligible = a->backup_eligible;
	out->backed_up = a->backed_up;
	memcpy(out->format, o->format.ptr, o->format.len);
	out->trust = trust;
}

static enum err
check_object(const struct message *m, const struct object *o, const struct webauthn_expect *expect,
	struct webauthn_credential *out)
{
	AUTO(webauthn_key) *key = NULL;
	enum webauthn_trust trust;
	struct authdata a;

	TRY(authdata_parse(o->auth_data, &a));
	TRY(authdata_check(&a, expect->rp_id, expect->user_verification));
	REQUIRE_WHY(a.has_credential, ERR_MALFORMED, "WebAuthn 6.1: no attested credential data in a registration");
	REQUIRE_WHY(span_equal(a.credential_id, envelope_span(&m->raw_id)), ERR_MISMATCH,
		"WebAuthn 7.1: the credential id is not the one attested");
	TRY(check_key(&a, expect, &key));
	TRY(check_attestation(o, &a, m, key, expect, &trust));
	fill(o, &a, key->algorithm->id, trust, out);
	return ERR_OK;
}

enum err
webauthn_register(struct span json, const struct webauthn_expect *expect, struct webauthn_credential *out)
{
	AUTO(message) m = {0};
	struct object o;

	memset(out, 0, sizeof(*out));
	TRY(message_read(json, &m));
	TRY(clientdata_check(envelope_span(&m.response.client_data), "webauthn.create", expect));
	TRY(object_parse(envelope_span(&m.response.attestation_object), &o));
	return check_object(&m, &o, expect, out);
}
