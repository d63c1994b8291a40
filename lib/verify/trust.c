#include "verify/decision.h"

#include <stdlib.h>
#include <string.h>

/* One published key, as far as it says what it is for. */
struct published {
	char *kid, *purpose, *agency, *origin;
};
struct published_set {
	struct json_list keys;
};

static const struct json_row published_rows[] = {
	{"kid", JSON_TEXT, JSON_OPTIONAL, offsetof(struct published, kid), 0, 128, NULL, 0},
	{"mohar_purpose", JSON_TEXT, JSON_OPTIONAL, offsetof(struct published, purpose), 0, 32, NULL, 0},
	{"agency", JSON_TEXT, JSON_OPTIONAL, offsetof(struct published, agency), 0, 64, NULL, 0},
	{"origin", JSON_TEXT, JSON_OPTIONAL, offsetof(struct published, origin), 0, MAX_ORIGIN, NULL, 0},
};
static const struct json_table published_table = {"JWK", published_rows, 4, sizeof(struct published), true};
static const struct json_row set_rows[] = {
	{"keys", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct published_set, keys), 0, MAX_JWK_KEYS, &published_table,
		0},
};
static const struct json_table set_table = {"JWK set", set_rows, 1, sizeof(struct published_set), true};

static const struct json_row agency_rows[] = {
	{"kid", JSON_TEXT, JSON_REQUIRED, offsetof(struct trust_agency, kid), 0, 0, NULL, 0},
	{"agency", JSON_TEXT, JSON_REQUIRED, offsetof(struct trust_agency, agency), 0, 0, NULL, 0},
};
static const struct json_table agency_table = {"agency", agency_rows, 2, sizeof(struct trust_agency), false};

static bool
is(const char *text, const char *word)
{
	return text != NULL && strcmp(text, word) == 0;
}

static enum err
add_key(struct jwks *set, const struct jwk *from)
{
	struct jwk *copy = NULL;

	TRY(jwk_from_key(jwk_key(from), jwk_kid(from), &copy));
	return jwks_add(set, copy);
}

static enum err
add_agency(struct trust *t, const struct published *p)
{
	struct trust_agency *const rows = realloc(t->agencies.items, (t->agencies.count + 1) * sizeof(*rows));
	struct trust_agency row = {0};

	REQUIRE(rows != NULL, ERR_NO_MEMORY);
	t->agencies.items = rows;
	TRY(span_text(span_of(p->kid), &row.kid));
	if (span_text(span_of(p->agency), &row.agency) != ERR_OK) {
		free(row.kid);
		return ERR_NO_MEMORY;
	}
	rows[t->agencies.count++] = row;
	return ERR_OK;
}

static enum err
add_log(struct trust *t, const struct published *p, const struct jwk *key)
{
	REQUIRE_WHY(t->log_key == NULL, ERR_MALFORMED, "trust: two log keys; one log, one key");
	REQUIRE_WHY(p->origin != NULL, ERR_MALFORMED, "trust: the log key names no origin");
	TRY(span_text(span_of(p->origin), &t->log_origin));
	t->log_key = jwk_key(key);
	EVP_PKEY_up_ref(t->log_key);
	return ERR_OK;
}

static enum err
add(struct trust *t, const struct published *p, const struct jwks *all)
{
	const struct jwk *key;

	if (p->kid == NULL || p->purpose == NULL)
		return ERR_OK;
	key = jwks_find(all, span_of(p->kid), (struct span){0});
	if (key == NULL)
		return ERR_OK;
	if (is(p->purpose, "status"))
		return add_key(t->status, key);
	if (is(p->purpose, "log"))
		return add_log(t, p, key);
	if (!is(p->purpose, "seal"))
		return ERR_OK;
	REQUIRE_WHY(p->agency != NULL, ERR_MALFORMED, "trust: seal key %s names no agency", p->kid);
	TRY(add_agency(t, p));
	return add_key(t->seals, key);
}

static enum err
read_keys(struct span json, struct trust *t)
{
	struct published_set set;
	struct jwks *all = NULL;
	enum err e;

	TRY(json_decode(json, &set_table, &set));
	e = jwks_parse(json, &all);
	for (size_t i = 0; e == ERR_OK && i < set.keys.count; i++)
		e = add(t, &((const struct published *)set.keys.items)[i], all);
	jwks_free(&all);
	json_free(&set_table, &set);
	return e;
}

enum err
trust_read(struct span jwks_json, struct trust *out)
{
	AUTO(trust) t = {0};

	TRY(jwks_new(&t.seals));
	TRY(jwks_new(&t.status));
	TRY(read_keys(jwks_json, &t));
	*out = t;
	t = (struct trust){0};
	return ERR_OK;
}

void
trust_free(struct trust *t)
{
	struct trust_agency *const rows = t->agencies.items;

	for (size_t i = 0; i < t->agencies.count; i++)
		json_free(&agency_table, &rows[i]);
	free(rows);
	jwks_free(&t->seals);
	jwks_free(&t->status);
	EVP_PKEY_free(t->log_key);
	free(t->log_origin);
	*t = (struct trust){0};
}
