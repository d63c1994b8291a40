#include <string.h>

#include "base/reader.h"
#include "cli/card/card.h"
#include "cli/ceremony/ceremony.h"
#include "x509/own.h"

enum { SIGNING_KEY = 1, MAX_APPROVAL = 8 << 10 };

enum err
ceremony_keys(struct ceremony *c, const char *path)
{
	AUTO(writer) text = writer_new(MAX_KEYS_FILE);

	TRY(keys_file_read(path, &text, &c->keys));
	c->keys_hash = sha256_of(writer_span(&text));
	return ERR_OK;
}

/* ---- approvals ---- */

static enum err
approval_sign(struct ceremony *c, const struct custodian *who, struct writer *jws)
{
	AUTO(writer) body = writer_new(MAX_APPROVAL);
	struct json_writer j = json_to(&body);
	struct card *card = NULL;
	enum err e;

	json_object(&j, NULL);
	json_text(&j, "title", c->script.title);
	json_bytes64(&j, "script_sha256", sha256_span(&c->script.hash));
	json_bytes64(&j, "keys_sha256", sha256_span(&c->keys_hash));
	json_array(&j, "inputs");
	for (size_t i = 0; i < c->input_count; i++) {
		json_object(&j, NULL);
		json_text(&j, "name", c->inputs[i].row->name);
		json_bytes64(&j, "sha256", sha256_span(&c->inputs[i].hash));
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
	TRY(writer_done(&body));
	TRY(card_open(c->module, who->token, who->pin, &card));
	e = act_sign(card, "ceremony.approve", CEREMONY_AUDIENCE, writer_span(&body), cli_now(c->cli), jws);
	card_free(&card);
	return e;
}

/* Whose signature it is follows from the key, not from what the command line says; and nobody counts twice. */
static enum err
approval_check(struct ceremony *c, struct span jws, const char *const *before, size_t count, const char **name)
{
	AUTO(act) act = {0};

	TRY(act_verify(jws, &c->keys.operators, "custodian", "ceremony.approve", CEREMONY_AUDIENCE, cli_now(c->cli),
		&act));
	REQUIRE_WHY(json_texts_have(&c->keys.custodians.names, act.by->name), ERR_REFUSED,
		"'%s' is none of the custodians of keys.json", act.by->name);
	for (size_t i = 0; i < count; i++)
		REQUIRE_WHY(strcmp(before[i], act.by->name) != 0, ERR_REFUSED,
			"custodian '%s' approved twice: it counts once", act.by->name);
	*name = act.by->name; /* the operators', which outlive the act */
	return ERR_OK;
}

enum err
ceremony_approve(struct ceremony *c)
{
	const char *approved[MAX_CUSTODIANS];

	REQUIRE_WHY((int64_t)c->custodian_count >= c->keys.custodians.k, ERR_REFUSED,
		"%lld custodians must take part, and there are %zu: add --custodian", (long long)c->keys.custodians.k,
		c->custodian_count);
	json_array(&c->top, "approvals");
	for (size_t i = 0; i < c->custodian_count; i++) {
		AUTO(writer) jws = writer_new(MAX_APPROVAL);

		TRY(approval_sign(c, &c->custodians[i], &jws));
		TRY(approval_check(c, writer_span(&jws), approved, i, &approved[i]));
		json_object(&c->top, NULL);
		json_text(&c->top, "custodian", approved[i]);
		json_span(&c->top, "act", writer_span(&jws));
		json_object_end(&c->top);
		cli_progress(c->cli, "approved by %s", approved[i]);
	}
	json_array_end(&c->top);
	return ERR_OK;
}

/* ---- who else is there ---- */

/* A card without its PIN: the key that the transcript's signature will be checked with. */
static enum err
witness_write(struct ceremony *c, const struct custodian *who)
{
	AUTO(writer) jwk_text = writer_new(MAX_APPROVAL);
	struct card *card = NULL;
	struct jwk *jwk = NULL;
	EVP_PKEY *key;
	enum err e;

	TRY(card_open(c->module, who->token, NULL, &card));
	e = card_public_key(card, SIGNING_KEY, &key);
	if (e == ERR_OK)
		e = card_jwk(key, &jwk);
	if (e == ERR_OK)
		e = jwk_write(jwk, &jwk_text);
	if (e == ERR_OK) {
		json_object(&c->top, NULL);
		json_text(&c->top, "role", who->role);
		json_text(&c->top, "name", who->token);
		json_raw(&c->top, "jwk", writer_span(&jwk_text));
		json_object_end(&c->top);
	}
	jwk_free(&jwk);
	card_free(&card);
	return e;
}

bool
ceremony_role_is_present(const struct ceremony *c, const char *role)
{
	const size_t len = strlen(role);
	const char *value;

	for (size_t i = 0; (value = cli_value_at(c->cli, "--present", i)) != NULL; i++)
		if (strncmp(value, role, len) == 0 && value[len] == '=' && value[len + 1] != '\0')
			return true;
	for (size_t i = 0; (value = cli_value_at(c->cli, "--card", i)) != NULL; i++)
		if (strncmp(value, role, len) == 0 && value[len] == ':')
			return true;
	return strcmp(role, "custodian") == 0;
}

enum err
ceremony_present(struct ceremony *c)
{
	const char *value;

	for (size_t i = 0; i < c->script.roles.count; i++)
		REQUIRE_WHY(c->dry || ceremony_role_is_present(c, json_text_at(&c->script.roles, i)), ERR_REFUSED,
			"the script wants a %s: add --present \"%s=NAME\", or --card for one who signs",
			json_text_at(&c->script.roles, i), json_text_at(&c->script.roles, i));
	json_array(&c->top, "present");
	for (size_t i = 0; (value = cli_value_at(c->cli, "--present", i)) != NULL; i++) {
		const char *equals = strchr(value, '=');

		REQUIRE_WHY(equals != NULL, ERR_MALFORMED, "--present is ROLE=NAME");
		json_object(&c->top, NULL);
		json_span(&c->top, "role", span_at(value, (size_t)(equals - value)));
		json_text(&c->top, "name", equals + 1);
		json_object_end(&c->top);
	}
	for (size_t i = 0; i < c->witness_count; i++)
		TRY(witness_write(c, &c->witnesses[i]));
	json_array_end(&c->top);
	return ERR_OK;
}

/* ---- the transcript's signatures ---- */

/* A compact JWS's first and third part. */
static enum err
parts_of(struct span compact, struct span *header, struct span *signature)
{
	struct reader r = reader_over(compact);
	struct span payload;

	TRY(reader_until(&r, '.', header));
	TRY(reader_until(&r, '.', &payload));
	*signature = r.left;
	return ERR_OK;
}

static enum err
seal_by(struct ceremony *c, const struct custodian *who, struct writer *compact)
{
	struct jws_sign_options options = {.typ = "ceremony+json"};
	struct card *card = NULL;
	struct jwk *jwk = NULL;
	EVP_PKEY *key;
	enum err e;

	TRY(card_open(c->module, who->token, who->pin, &card));
	e = card_key(card, SIGNING_KEY, &key);
	if (e == ERR_OK)
		e = card_jwk(key, &jwk);
	if (e == ERR_OK) {
		options.kid = jwk_kid(jwk);
		e = jws_sign(key, &options, writer_span(&c->transcript), compact);
	}
	jwk_free(&jwk);
	card_free(&card);
	return e;
}

static enum err
seal_add(struct ceremony *c, const struct custodian *who, struct json_writer *j)
{
	AUTO(writer) compact = writer_new(MAX_JWS);
	struct span header, signature;

	TRY(seal_by(c, who, &compact));
	TRY(parts_of(writer_span(&compact), &header, &signature));
	json_object(j, NULL);
	json_span(j, "protected", header);
	json_span(j, "signature", signature);
	json_object_end(j);
	return ERR_OK;
}

/* A custodian who is a witness too signs once. */
static bool
signs_already(const struct ceremony *c, const struct custodian *witness)
{
	for (size_t i = 0; i < c->custodian_count; i++)
		if (strcmp(c->custodians[i].token, witness->token) == 0)
			return true;
	return false;
}

enum err
ceremony_seal(struct ceremony *c, struct writer *out)
{
	struct json_writer j = json_to(out);

	json_object(&j, NULL);
	json_bytes64(&j, "payload", writer_span(&c->transcript));
	json_array(&j, "signatures");
	for (size_t i = 0; i < c->custodian_count; i++)
		TRY(seal_add(c, &c->custodians[i], &j));
	for (size_t i = 0; i < c->witness_count; i++)
		if (!signs_already(c, &c->witnesses[i]))
			TRY(seal_add(c, &c->witnesses[i], &j));
	json_array_end(&j);
	json_object_end(&j);
	return writer_done(out);
}
