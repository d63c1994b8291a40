#include <stdlib.h>

#include "jose/jwk.h"

struct jwks {
	struct jwk *keys[MAX_JWK_KEYS];
	size_t count;
};

struct jwks_members {
	struct json_list keys; /* struct jwk_members */
};

static const struct json_row jwks_rows[] = {
	{.name = "keys",
		.kind = JSON_OBJECTS,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct jwks_members, keys),
		.max = MAX_JWK_KEYS,
		.table = &jwk_table},
};
static const struct json_table jwks_table = {
	.what = "JWK Set",
	.rows = jwks_rows,
	.count = 1,
	.size = sizeof(struct jwks_members),
	.open = true,
};

enum err
jwks_new(struct jwks **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? ERR_OK : ERR_NO_MEMORY;
}

void
jwks_free(struct jwks **set)
{
	if (!*set)
		return;
	for (size_t i = 0; i < (*set)->count; i++)
		jwk_free(&(*set)->keys[i]);
	free(*set);
	*set = NULL;
}

enum err
jwks_add(struct jwks *set, struct jwk *k)
{
	AUTO(jwk) *key = k;

	REQUIRE_WHY(set->count < MAX_JWK_KEYS, ERR_TOO_LONG, "RFC 7517 5: more than %d keys in a set", MAX_JWK_KEYS);
	for (size_t i = 0; i < set->count; i++)
		REQUIRE_WHY(!jwk_kid(key)[0] || !span_is(span_of(jwk_kid(key)), jwk_kid(set->keys[i])), ERR_EXISTS,
			"RFC 7517 4.5: two keys in the set have the kid %s", jwk_kid(key));
	set->keys[set->count++] = key;
	key = NULL;
	return ERR_OK;
}

/* RFC 7517 5: what we do not understand is passed over; what is understood and wrong spoils the set. */
static enum err
add_members(struct jwks *set, const struct jwk_members *m)
{
	struct jwk *k;
	const enum err e = jwk_from_members(m, false, &k);

	if (e == ERR_UNSUPPORTED) {
		err_forget();
		return ERR_OK;
	}
	return e == ERR_OK ? jwks_add(set, k) : e;
}

enum err
jwks_parse(struct span json, struct jwks **out)
{
	AUTO(jwks) *set = NULL;
	struct jwks_members m;
	enum err e;

	TRY(jwks_new(&set));
	TRY(json_decode(json, &jwks_table, &m));
	e = ERR_OK;
	for (size_t i = 0; i < m.keys.count; i++) {
		struct jwk_members *key = (struct jwk_members *)m.keys.items + i;

		if (e == ERR_OK)
			e = add_members(set, key);
		jwk_members_wipe(key);
	}
	json_free(&jwks_table, &m);
	TRY(e);
	*out = set;
	set = NULL;
	return ERR_OK;
}

size_t
jwks_count(const struct jwks *set)
{
	return set->count;
}

const struct jwk *
jwks_at(const struct jwks *set, size_t i)
{
	return i < set->count ? set->keys[i] : NULL;
}

const struct jwk *
jwks_find(const struct jwks *set, struct span kid, struct span alg)
{
	const struct jwk *found = NULL;

	for (size_t i = 0; i < set->count; i++) {
		const struct jwk *k = set->keys[i];

		if (kid.len > 0 ? !span_is(kid, jwk_kid(k)) : !span_is(alg, jwk_alg(k)))
			continue;
		if (found)
			return NULL;
		found = k;
	}
	return found;
}

enum err
jwks_write(const struct jwks *set, struct writer *w)
{
	writer_text(w, "{\"keys\":[");
	for (size_t i = 0; i < set->count; i++) {
		if (i > 0)
			writer_text(w, ",");
		TRY(jwk_write(set->keys[i], w));
	}
	writer_text(w, "]}");
	return writer_done(w);
}
