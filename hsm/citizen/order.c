#include "hsm/citizen/order.h"

#include <string.h>

#include "base/encode.h"
#include "hsm/citizen/citizen_key.h"

struct credential_order {
	char *kind;
	struct json_bytes id, key;
};

static const struct json_row credential_rows[] = {
	{"kind", JSON_TEXT, JSON_REQUIRED, offsetof(struct credential_order, kind), .max = 16},
	{"id", JSON_BYTES, JSON_OPTIONAL, offsetof(struct credential_order, id), .max = MAX_BLOB_CREDENTIAL_ID},
	{"key", JSON_BYTES, JSON_REQUIRED, offsetof(struct credential_order, key), .max = MAX_BLOB_CREDENTIAL_KEY},
};
static const struct json_table credential_table = {"credential", credential_rows, 3, sizeof(struct credential_order),
	false};

static const struct json_row birth_rows[] = {
	{"person", JSON_TEXT, JSON_REQUIRED, offsetof(struct birth_order, person), .max = MAX_BLOB_PERSON},
	{"profile", JSON_TEXT, JSON_REQUIRED, offsetof(struct birth_order, profile), .max = MAX_BLOB_PROFILE},
	{"spki_sha256", JSON_BYTES, JSON_REQUIRED, offsetof(struct birth_order, spki_sha256), .max = SHA256_LEN},
	{"credentials", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct birth_order, credentials),
		.max = MAX_BLOB_CREDENTIALS, .table = &credential_table},
};
/* open: subject, names and the act's own members are for others */
static const struct json_table birth_table = {"act certificate.issue", birth_rows, 4, sizeof(struct birth_order), true};

enum err
birth_order_read(struct span payload, struct birth_order *out)
{
	*out = (struct birth_order){0};
	return json_decode(payload, &birth_table, out);
}

void
birth_order_free(struct birth_order *o)
{
	json_free(&birth_table, o);
}

static enum err
credential_apply(const struct credential_order *o, struct blob_credential *c, struct sha256 *hash)
{
	struct citizen_credential parsed;
	enum err e;
	const bool passkey = strcmp(o->kind, "passkey") == 0;

	REQUIRE_WHY(passkey || strcmp(o->kind, "card") == 0, ERR_UNSUPPORTED,
		"a credential of kind '%s'; there are passkey and card", o->kind);
	REQUIRE_WHY((o->id.len > 0) == passkey, ERR_MALFORMED, "a passkey has an id, a card has none");
	*c = (struct blob_credential){.kind = passkey ? BLOB_PASSKEY : BLOB_CARD,
		.id = span_at(o->id.ptr, o->id.len),
		.key = span_at(o->key.ptr, o->key.len)};
	TRY(citizen_credential_read(c, &parsed));
	e = citizen_credential_hash(&parsed, hash);
	citizen_credential_free(&parsed);
	return e;
}

/* One key is one credential, in whatever form it comes; and a key does not activate itself. */
static enum err
credential_is_new(const struct birth_order *o, const struct blob *b)
{
	const struct sha256 *last = &o->hashes[b->count], own = sha256_of(b->spki);

	REQUIRE_WHY(memcmp(last->bytes, own.bytes, SHA256_LEN) != 0, ERR_REFUSED, "a key is not its own credential");
	for (size_t i = 0; i < b->count; i++) {
		REQUIRE_WHY(memcmp(last->bytes, o->hashes[i].bytes, SHA256_LEN) != 0, ERR_REFUSED,
			"credentials %zu and %zu of the act have the same public key", i + 1, b->count + 1);
		REQUIRE_WHY(b->credentials[i].id.len == 0 ||
				!span_equal(b->credentials[i].id, b->credentials[b->count].id),
			ERR_REFUSED, "credentials %zu and %zu of the act have the same id", i + 1, b->count + 1);
	}
	return ERR_OK;
}

static enum err
credentials_apply(struct birth_order *o, struct blob *b)
{
	const struct credential_order *items = o->credentials.items;

	REQUIRE_WHY(o->credentials.count > 0, ERR_REFUSED, "a key that nobody can activate is not born");
	for (b->count = 0; b->count < o->credentials.count; b->count++) {
		TRY(credential_apply(&items[b->count], &b->credentials[b->count], &o->hashes[b->count]));
		TRY(credential_is_new(o, b));
	}
	return ERR_OK;
}

/* Is profile one whose certificates are only for keys born under this master? */
static bool
profile_is_wrapped_by(const struct policy *p, const char *profile, const char *label)
{
	const struct key_rule *keys = p->file.keys.items;

	for (size_t i = 0; i < p->file.keys.count; i++) {
		const struct certificate_rule *rules = keys[i].certificates.items;

		for (size_t j = 0; j < keys[i].certificates.count; j++)
			if (strcmp(rules[j].profile, profile) == 0 && rules[j].wrapped_by != NULL &&
				strcmp(rules[j].wrapped_by, label) == 0)
				return true;
	}
	return false;
}

enum err
birth_order_apply(struct birth_order *o, const struct policy *p, const char *label, struct blob *b)
{
	const struct sha256 spki = sha256_of(b->spki);

	REQUIRE_WHY(span_equal(span_at(o->spki_sha256.ptr, o->spki_sha256.len), sha256_span(&spki)), ERR_REFUSED,
		"the registrar signed for another public key");
	REQUIRE_WHY(profile_is_wrapped_by(p, o->profile, label), ERR_REFUSED,
		"profile '%s' is not for keys under '%s' in keys.json", o->profile, label);
	REQUIRE_WHY(o->person[0] != '\0' && span_is_line(span_of(o->person)), ERR_MALFORMED, "the act names no person");
	TRY(credentials_apply(o, b));
	b->state = BLOB_BORN;
	b->generation = 1;
	b->person = span_of(o->person);
	b->profile = span_of(o->profile);
	return ERR_OK;
}

/* ---- unfreezing ---- */

struct unfreeze_order {
	char *key;
	int64_t generation;
};
static const struct json_row unfreeze_rows[] = {
	{"key", JSON_TEXT, JSON_REQUIRED, offsetof(struct unfreeze_order, key), .max = 2 * BLOB_ID_LEN},
	{"generation", JSON_INT, JSON_REQUIRED, offsetof(struct unfreeze_order, generation), .min = 1,
		.max = UINT32_MAX - 1},
};
static const struct json_table unfreeze_table = {"act citizen.unfreeze", unfreeze_rows, 2,
	sizeof(struct unfreeze_order), true};

enum err
unfreeze_order_check(struct span payload, const struct blob *b)
{
	AUTO(writer) id = writer_new(2 * BLOB_ID_LEN);
	struct unfreeze_order o;
	bool key, generation;

	hex_write(&id, b->id);
	TRY(json_decode(payload, &unfreeze_table, &o));
	key = span_is(writer_span(&id), o.key);
	generation = o.generation == (int64_t)b->generation;
	json_free(&unfreeze_table, &o);
	REQUIRE_WHY(key, ERR_REFUSED, "the registrar signed for another key");
	REQUIRE_WHY(generation, ERR_REFUSED, "the registrar signed for another generation of this key");
	return ERR_OK;
}
