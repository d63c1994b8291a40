#include "idp/login/passkey.h"

#include <string.h>
#include <strings.h>

#include "base/encode.h"
#include "idp/assurance/assurance.h"
#include "idp/store/store.h"

enum err
same_origin(const struct idp *d, const struct request *request)
{
	const char *origin = request_header(request, "Origin");

	REQUIRE_WHY(origin != NULL && strcmp(origin, d->web_origin) == 0, ERR_REFUSED,
		"RFC 6454 7: the request does not come from a page of ours");
	return ERR_OK;
}

enum err
script_request(const struct idp *d, const struct request *request)
{
	static const char json[] = "application/json";
	const char *type = request_header(request, "Content-Type");

	TRY(same_origin(d, request));
	REQUIRE_WHY(type != NULL && strncasecmp(type, json, sizeof(json) - 1) == 0, ERR_MALFORMED,
		"the body must be application/json");
	return ERR_OK;
}

/* ---- which challenge is answered ---- */
struct client_data {
	struct json_bytes challenge;
};
static const struct json_row client_data_rows[] = {
	{"challenge", JSON_BYTES, JSON_REQUIRED, offsetof(struct client_data, challenge), 0, CHALLENGE_LEN, NULL, 0},
};
static const struct json_table client_data_table = {"client data", client_data_rows, 1, sizeof(struct client_data),
	true};

struct answer {
	struct json_bytes client_data;
};
static const struct json_row answer_rows[] = {
	{"clientDataJSON", JSON_BYTES, JSON_REQUIRED, offsetof(struct answer, client_data), 0, 8 << 10, NULL, 0},
};
static const struct json_table answer_table = {"response", answer_rows, 1, sizeof(struct answer), true};
static const struct json_row credential_rows[] = {
	{"response", JSON_OBJECT, JSON_REQUIRED, 0, 0, 0, &answer_table, 0},
};
static const struct json_table credential_table = {"credential", credential_rows, 1, sizeof(struct answer), true};

enum err
passkey_challenge(struct span credential, uint8_t out[CHALLENGE_LEN])
{
	struct answer answer;
	struct client_data data = {0};
	enum err e;

	TRY(json_decode(credential, &credential_table, &answer));
	e = json_decode(span_at(answer.client_data.ptr, answer.client_data.len), &client_data_table, &data);
	json_free(&credential_table, &answer);
	TRY(e);
	if (data.challenge.len == CHALLENGE_LEN)
		memcpy(out, data.challenge.ptr, CHALLENGE_LEN);
	else
		e = err_because(ERR_MALFORMED, "WebAuthn 5.8.1: the challenge is not one of ours");
	json_free(&client_data_table, &data);
	return e;
}

struct webauthn_expect
passkey_expect(const struct idp *d, struct span challenge, const char *origins[2])
{
	origins[0] = d->web_origin;
	origins[1] = NULL;
	return (struct webauthn_expect){
		.rp_id = d->settings.rp_id,
		.origins = origins,
		.challenge = challenge,
		.user_verification = true,
		.at = clock_now(&d->clock),
	};
}

/* ---- a new credential ---- */
enum { MAX_EXCLUDED = 64, MAX_OPTIONS = 128 << 10 };

static size_t
excluded(const struct json_list *rows, struct webauthn_id ids[MAX_EXCLUDED])
{
	const struct credential_row *row = rows->items;
	size_t count = 0;

	for (; count < rows->count && count < MAX_EXCLUDED; count++)
		ids[count].bytes = span_at(row[count].id.ptr, row[count].id.len);
	return count;
}

enum err
passkey_offer(struct idp *d, struct reply *reply, struct span bound, const struct uuid *person, struct span user_handle,
	const char *person_name)
{
	const struct db_param p[] = {db_uuid(person)};
	struct webauthn_id ids[MAX_EXCLUDED];
	struct json_list rows = {0};
	uint8_t challenge[CHALLENGE_BYTES];
	enum err e;

	TRY(db_pool_all(d->db, ST_CREDENTIALS_OF, p, &rows));
	e = challenge_new(d, "register", bound, challenge);
	if (e == ERR_OK)
		webauthn_creation_options(reply_body(reply, "application/json"), d->settings.rp_id,
			templates_text(d->pages, "en", "brand"), user_handle, person_name, person_name,
			span_at(challenge, sizeof(challenge)), ids, excluded(&rows, ids));
	store_list_free(ST_CREDENTIALS_OF, &rows);
	return e;
}

enum err
passkey_register(struct idp *d, struct span bound, struct span credential, struct webauthn_credential *out)
{
	const char *origins[2];
	uint8_t challenge[CHALLENGE_LEN];
	struct webauthn_expect expect;

	TRY(passkey_challenge(credential, challenge));
	TRY(challenge_use(d, "register", bound, span_at(challenge, sizeof(challenge))));
	expect = passkey_expect(d, span_at(challenge, sizeof(challenge)), origins);
	TRY(webauthn_register(credential, &expect, out));
	REQUIRE_WHY(webauthn_offered(out->algorithm), ERR_MISMATCH, "WebAuthn 7.1: this algorithm was not asked for");
	if (d->attestation_trust == NULL || out->trust != WEBAUTHN_TRUST_UNANCHORED)
		return ERR_OK;
	/* An authenticator of a model that we know counts for more; one that we do not know is still good for level 2. */
	expect.attestation_trust = d->attestation_trust;
	struct webauthn_credential anchored;
	if (webauthn_register(credential, &expect, &anchored) == ERR_OK)
		*out = anchored;
	err_forget();
	return ERR_OK;
}

int64_t
passkey_authenticator(const struct webauthn_credential *c)
{
	return assurance_of_passkey(c->user_verified, c->backup_eligible, c->trust == WEBAUTHN_TRUST_ANCHORED);
}

enum err
passkey_name(const char *given, const char *otherwise, const char **out)
{
	if (given != NULL)
		given += strspn(given, " ");
	*out = given == NULL || given[0] == '\0' ? otherwise : given;
	REQUIRE_WHY(strlen(*out) <= MAX_PASSKEY_NAME && span_is_line(span_of(*out)), ERR_MALFORMED,
		"name: one line of at most %d bytes", MAX_PASSKEY_NAME);
	return ERR_OK;
}

enum err
passkey_details(const struct webauthn_credential *c, const char *name, struct writer *w)
{
	struct json_writer j = json_to(w);

	json_object(&j, NULL);
	json_text(&j, "name", name);
	json_text(&j, "format", c->format);
	json_hex(&j, "aaguid", span_at(c->aaguid, sizeof(c->aaguid)));
	json_int(&j, "authenticator", passkey_authenticator(c));
	json_object_end(&j);
	return writer_done(w);
}

/* ---- the page's JSON ---- */
static const struct json_row body_rows[] = {
	{"code", JSON_TEXT, JSON_OPTIONAL, offsetof(struct passkey_body, code), 0, 200, NULL, 0},
	{"name", JSON_TEXT, JSON_OPTIONAL, offsetof(struct passkey_body, name), 0, MAX_PASSKEY_NAME * 4, NULL, 0},
	{"credential", JSON_RAW, JSON_OPTIONAL, offsetof(struct passkey_body, credential), 0, MAX_WEBAUTHN_JSON, NULL,
		0},
};
static const struct json_table body_table = {"passkey request", body_rows, 3, sizeof(struct passkey_body), false};

enum err
passkey_body_read(const struct request *request, struct passkey_body *out)
{
	return json_decode(request_body(request), &body_table, out);
}

void
passkey_body_free(struct passkey_body *b)
{
	json_free(&body_table, b);
}
