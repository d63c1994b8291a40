#include "jose/act.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_NAME = 128,
	MAX_ROLES = 8,
	MIN_JTI = 16,
	MAX_JTI = 128,
	MAX_OPERATOR_JWK = 4 << 10,
	MAX_CREDENTIAL = 1023,
	ACT_LEEWAY = 60
};

/* ---- who may order ---- */

static const struct json_row credential_rows[] = {
	{.name = "id",
		.kind = JSON_BYTES,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct operator_credential, id),
		.max = MAX_CREDENTIAL},
	{.name = "key",
		.kind = JSON_BYTES,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct operator_credential, key),
		.max = MAX_CREDENTIAL},
};
static const struct json_table credential_table = {
	.what = "credential",
	.rows = credential_rows,
	.count = sizeof(credential_rows) / sizeof(credential_rows[0]),
	.size = sizeof(struct operator_credential),
};

static const struct json_row operator_rows[] = {
	{.name = "name",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct operator_row, name),
		.max = MAX_NAME},
	{.name = "roles",
		.kind = JSON_TEXTS,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct operator_row, roles),
		.max = MAX_ROLES},
	{.name = "jwk", .kind = JSON_RAW, .offset = offsetof(struct operator_row, jwk), .max = MAX_OPERATOR_JWK},
	{.name = "credential",
		.kind = JSON_OBJECT,
		.offset = offsetof(struct operator_row, credential),
		.table = &credential_table,
		.present = offsetof(struct operator_row, has_credential)},
};
static const struct json_table operator_table = {
	.what = "operator",
	.rows = operator_rows,
	.count = sizeof(operator_rows) / sizeof(operator_rows[0]),
	.size = sizeof(struct operator_row),
};

struct keys_file {
	struct json_list operators;
};
static const struct json_row keys_rows[] = {
	{.name = "operators",
		.kind = JSON_OBJECTS,
		.offset = offsetof(struct keys_file, operators),
		.max = MAX_OPERATORS,
		.table = &operator_table},
};
/* Open: the other members of keys.json are mohar-hsmd's, which checks them all. */
static const struct json_table keys_table = {
	.what = "keys.json",
	.rows = keys_rows,
	.count = 1,
	.size = sizeof(struct keys_file),
	.open = true,
};

static const char *const known_roles[] = {"registrar", "ca-operator", "client-operator", "custodian"};

static bool
role_known(const char *role)
{
	for (size_t i = 0; i < sizeof(known_roles) / sizeof(known_roles[0]); i++)
		if (strcmp(role, known_roles[i]) == 0)
			return true;
	return false;
}

/* The key under its thumbprint as kid, whatever the file calls it: acts name it so. */
static enum err
operator_key(struct operator_row *o)
{
	struct jwk *parsed = NULL;
	enum err e;

	if (o->jwk == NULL)
		return ERR_OK;
	e = jwk_parse(span_of(o->jwk), false, &parsed);
	if (e == ERR_OK)
		e = jwk_from_key(jwk_key(parsed), NULL, &o->key);
	jwk_free(&parsed);
	return e;
}

static bool
bytes_same(const struct json_bytes *a, const struct json_bytes *b)
{
	return span_equal(span_at(a->ptr, a->len), span_at(b->ptr, b->len));
}

/* One name is one person, and one key is one person's: or one could approve as two. */
static enum err
operators_differ(const char *path, const struct operator_row *a, const struct operator_row *b)
{
	REQUIRE_WHY(strcmp(a->name, b->name) != 0, ERR_CONFIG, "%s: operator '%s' is there twice", path, b->name);
	REQUIRE_WHY(a->key == NULL || b->key == NULL || strcmp(jwk_kid(a->key), jwk_kid(b->key)) != 0, ERR_CONFIG,
		"%s: operators '%s' and '%s' have the same key", path, a->name, b->name);
	REQUIRE_WHY(!a->has_credential || !b->has_credential ||
			(!bytes_same(&a->credential.id, &b->credential.id) &&
				!bytes_same(&a->credential.key, &b->credential.key)),
		ERR_CONFIG, "%s: operators '%s' and '%s' have the same credential", path, a->name, b->name);
	return ERR_OK;
}

static enum err
operator_check(const char *path, const struct operators *all, size_t i)
{
	struct operator_row *o = &all->rows[i];
	enum err e;

	REQUIRE_WHY(o->name[0] != '\0', ERR_CONFIG, "%s: an operator has an empty name", path);
	for (size_t n = 0; n < o->roles.count; n++)
		REQUIRE_WHY(role_known(json_text_at(&o->roles, n)), ERR_CONFIG,
			"%s: operator '%s': unknown role '%s'; known are: registrar, ca-operator, client-operator, custodian",
			path, o->name, json_text_at(&o->roles, n));
	REQUIRE_WHY(o->jwk != NULL || o->has_credential, ERR_CONFIG,
		"%s: operator '%s' has neither a jwk (of a card) nor a credential (of a FIDO2 key)", path, o->name);
	REQUIRE_WHY(!o->has_credential || (o->credential.id.len > 0 && json_texts_have(&o->roles, "custodian")),
		ERR_CONFIG, "%s: operator '%s': a credential is a custodian's, and has an id", path, o->name);
	e = operator_key(o);
	if (e != ERR_OK) {
		char why[256];

		(void)strncpy(why, err_why(), sizeof(why) - 1);
		why[sizeof(why) - 1] = '\0';
		return err_because(ERR_CONFIG, "%s: operator '%s': jwk: %s", path, o->name,
			why[0] != '\0' ? why : err_text(e));
	}
	for (size_t n = 0; n < i; n++)
		TRY(operators_differ(path, &all->rows[n], o));
	return ERR_OK;
}

static enum err
operators_take(const char *path, const struct keys_file *file, struct operators *out)
{
	struct operators read = {.rows = file->operators.items, .count = file->operators.count};
	enum err e = ERR_OK;

	for (size_t i = 0; i < read.count && e == ERR_OK; i++)
		e = operator_check(path, &read, i);
	if (e != ERR_OK) {
		operators_free(&read);
		return e;
	}
	*out = read;
	return ERR_OK;
}

enum err
operators_read(const char *keys_json_path, struct operators *out)
{
	struct keys_file file;

	*out = (struct operators){0};
	TRY(json_decode_file(keys_json_path, &keys_table, &file));
	return operators_take(keys_json_path, &file, out);
}

enum err
operators_parse(struct span keys_json, const char *path, struct operators *out)
{
	struct keys_file file;

	*out = (struct operators){0};
	TRY(json_decode(keys_json, &keys_table, &file));
	return operators_take(path, &file, out);
}

void
operators_free(struct operators *o)
{
	struct keys_file file = {.operators = {.items = o->rows, .count = o->count}};

	for (size_t i = 0; i < o->count; i++)
		jwk_free(&o->rows[i].key);
	json_free(&keys_table, &file);
	*o = (struct operators){0};
}

/* ---- what was ordered ---- */

static const struct json_row act_rows[] = {
	{.name = "act",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct act, name),
		.max = MAX_NAME},
	{.name = "aud",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct act, audience),
		.max = 512},
	{.name = "jti",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct act, jti),
		.max = MAX_JTI},
	{.name = "iat", .kind = JSON_INT, .presence = JSON_REQUIRED, .offset = offsetof(struct act, iat)},
	{.name = "exp", .kind = JSON_INT, .presence = JSON_REQUIRED, .offset = offsetof(struct act, exp)},
};
static const struct json_table act_table = {
	.what = "act",
	.rows = act_rows,
	.count = sizeof(act_rows) / sizeof(act_rows[0]),
	.size = sizeof(struct act),
	.open = true,
};

void
act_free(struct act *a)
{
	free(a->payload);
	a->payload = NULL;
	json_free(&act_table, a);
}

static const struct operator_row *
operator_of(const struct operators *operators, const char *kid)
{
	for (size_t i = 0; kid != NULL && i < operators->count; i++)
		if (operators->rows[i].key != NULL && strcmp(jwk_kid(operators->rows[i].key), kid) == 0)
			return &operators->rows[i];
	return NULL;
}

/* The decision, apart from cryptography: is this order, by this operator, one that may be carried out now? */
static enum err
act_decide(const struct act *a, const char *role, const char *name, const char *audience, unix_time now)
{
	REQUIRE_WHY(strcmp(a->name, name) == 0, ERR_REFUSED, "the act is '%.64s', not '%s'", a->name, name);
	REQUIRE_WHY(audience == NULL || strcmp(a->audience, audience) == 0, ERR_REFUSED,
		"the act is for %.128s, not for %s", a->audience, audience);
	REQUIRE_WHY(strlen(a->jti) >= MIN_JTI, ERR_REFUSED, "the act's jti is shorter than %d characters", MIN_JTI);
	REQUIRE_WHY(a->exp > a->iat && a->exp - a->iat <= MAX_ACT_AGE, ERR_EXPIRED,
		"the act is meant to last longer than %d s", MAX_ACT_AGE);
	REQUIRE_WHY(a->iat <= now + ACT_LEEWAY, ERR_EXPIRED, "the act was signed in the future; are the clocks right?");
	REQUIRE_WHY(now < a->exp, ERR_EXPIRED, "the act expired %lld s ago; sign it again", (long long)(now - a->exp));
	REQUIRE_WHY(json_texts_have(&a->by->roles, role), ERR_REFUSED, "operator '%s' is not appointed as %s",
		a->by->name, role);
	return ERR_OK;
}

static enum err
act_read(const struct jws *j, const struct operators *operators, struct act *out)
{
	const struct operator_row *by = operator_of(operators, j->header.kid);

	REQUIRE_WHY(j->header.typ != NULL && strcmp(j->header.typ, "act+jwt") == 0, ERR_UNAUTHENTICATED,
		"not an act: typ is not act+jwt");
	REQUIRE_WHY(by != NULL, ERR_UNAUTHENTICATED, "the act is signed by a key that no operator of keys.json has");
	if (jws_check(j, by->key) != ERR_OK)
		return err_because(ERR_UNAUTHENTICATED, "the act's signature by operator '%s' does not verify",
			by->name);
	const struct span payload = span_at(j->payload.ptr, j->payload.len);

	TRY(json_decode(payload, &act_table, out));
	const enum err e = span_text(payload, &out->payload);

	if (e != ERR_OK)
		act_free(out);
	out->by = by;
	return e;
}

enum err
act_verify(struct span jws, const struct operators *operators, const char *role, const char *name, const char *audience,
	unix_time now, struct act *out)
{
	struct jws j;

	*out = (struct act){0};
	REQUIRE_WHY(jws.len <= MAX_ACT, ERR_TOO_LONG, "an act is at most %d bytes long", MAX_ACT);
	TRY(jws_parse(jws, &j));
	enum err e = act_read(&j, operators, out);

	jws_free(&j);
	if (e == ERR_OK) {
		e = act_decide(out, role, name, audience, now);
		if (e != ERR_OK)
			act_free(out);
	}
	return e;
}
