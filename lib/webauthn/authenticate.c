#include "webauthn/webauthn.h"

#include <string.h>

#include "base/digest.h"
#include "webauthn/authdata.h"
#include "webauthn/clientdata.h"
#include "webauthn/envelope.h"
#include "webauthn/key.h"
#include "json/quick.h"

enum { MAX_AUTHDATA = 2 << 10, MAX_SIGNATURE = 1 << 10, MAX_USER_HANDLE = 64 };

struct response {
	struct json_bytes client_data, auth_data, signature, user_handle;
};

/* AuthenticationResponseJSON, 5.1 */
struct message {
	struct json_bytes id, raw_id;
	char *type;
	struct response response;
};

static const struct json_row response_rows[] = {
	{"clientDataJSON", JSON_BYTES, JSON_REQUIRED, offsetof(struct response, client_data), .max = MAX_CLIENT_DATA},
	{"authenticatorData", JSON_BYTES, JSON_REQUIRED, offsetof(struct response, auth_data), .max = MAX_AUTHDATA},
	{"signature", JSON_BYTES, JSON_REQUIRED, offsetof(struct response, signature), .max = MAX_SIGNATURE},
	{"userHandle", JSON_BYTES, JSON_OPTIONAL, offsetof(struct response, user_handle), .max = MAX_USER_HANDLE},
};

static const struct json_table response_table = {
	.what = "AuthenticatorAssertionResponseJSON",
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
	.what = "AuthenticationResponseJSON",
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

/* The lengths are within the tables' limits. */
static void
copy_names(const struct message *m, struct webauthn_assertion *out)
{
	const struct json_bytes *handle = &m->response.user_handle;

	memcpy(out->credential_id, m->raw_id.ptr, m->raw_id.len);
	out->credential_id_len = m->raw_id.len;
	if (handle->len > 0)
		memcpy(out->user_handle, handle->ptr, handle->len);
	out->user_handle_len = handle->len;
}

enum err
webauthn_peek(struct span json, struct webauthn_assertion *out)
{
	AUTO(message) m = {0};

	memset(out, 0, sizeof(*out));
	TRY(message_read(json, &m));
	copy_names(&m, out);
	return ERR_OK;
}

/* 7.2: the signature is over authenticator data and the hash of the client data. */
static enum err
check_signature(const struct webauthn_key *key, const struct response *r)
{
	uint8_t signed_bytes[MAX_AUTHDATA + SHA256_LEN];
	const struct sha256 h = sha256_of(envelope_span(&r->client_data));
	enum err e;

	memcpy(signed_bytes, r->auth_data.ptr, r->auth_data.len);
	memcpy(signed_bytes + r->auth_data.len, h.bytes, sizeof(h.bytes));
	e = webauthn_key_verify(key, span_at(signed_bytes, r->auth_data.len + SHA256_LEN),
		envelope_span(&r->signature));
	if (e == ERR_BAD_SIGNATURE)
		return err_because(e, "WebAuthn 7.2: the assertion's signature is not the credential's");
	return e;
}

static enum err
check_authdata(const struct response *r, const struct webauthn_expect *expect, struct authdata *out)
{
	TRY(authdata_parse(envelope_span(&r->auth_data), out));
	REQUIRE_WHY(!out->has_credential, ERR_MALFORMED, "WebAuthn 6.1: attested credential data in an assertion");
	return authdata_check(out, expect->rp_id, expect->user_verification);
}

enum err
webauthn_authenticate(struct span json, const struct webauthn_expect *expect, const struct webauthn_key *key,
	struct webauthn_assertion *out)
{
	AUTO(message) m = {0};
	struct authdata a;

	memset(out, 0, sizeof(*out));
	TRY(message_read(json, &m));
	REQUIRE_WHY(cose_algorithm_listed(expect->algorithms, key->algorithm->id), ERR_MISMATCH,
		"WebAuthn 7.2: %s is no longer accepted", key->algorithm->name);
	TRY(clientdata_check(envelope_span(&m.response.client_data), "webauthn.get", expect));
	TRY(check_authdata(&m.response, expect, &a));
	TRY(check_signature(key, &m.response));
	copy_names(&m, out);
	out->counter = a.sign_count;
	out->flags = a.flags;
	out->user_verified = a.user_verified;
	out->backup_eligible = a.backup_eligible;
	out->backed_up = a.backed_up;
	return ERR_OK;
}

bool
webauthn_counter_accepts(uint32_t stored, uint32_t received)
{
	return received > stored || (received == 0 && stored == 0);
}

bool
webauthn_backup_accepts(bool stored_eligible, const struct webauthn_assertion *a)
{
	return a->backup_eligible == stored_eligible && (a->backup_eligible || !a->backed_up);
}
