#include "tests/unit/lib/jose/wycheproof.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"

enum { MAX_CASES = 1000 };

static json_t *
load(const char *file)
{
	const char *folder = getenv("MOHAR_VECTORS");
	char path[1024];

	(void)snprintf(path, sizeof(path), "%s/%s.json", folder ? folder : "../shared/vectors", file);
	return json_load_file(path, 0, NULL);
}

/* The group's public key or keys, else its private ones, as a set. */
static char *
key_set(const json_t *group)
{
	json_t *key = json_object_get(group, "public"), *set;
	char *text;

	if (!key)
		key = json_object_get(group, "private");
	if (json_object_get(key, "keys"))
		return json_dumps(key, 0);
	set = json_pack("{s:[O]}", "keys", key);
	text = json_dumps(set, 0);
	json_decref(set);
	return text;
}

static char *
header_alg(const char *jws)
{
	struct span header = {(const uint8_t *)jws, strcspn(jws, ".")};
	uint8_t *text = NULL;
	size_t len = 0;
	char *alg = NULL;

	if (base64url_take(header, &text, &len) == ERR_OK) {
		json_t *root = json_loadb((const char *)text, len, 0, NULL);
		const char *value = json_string_value(json_object_get(root, "alg"));

		alg = value ? strdup(value) : NULL;
		json_decref(root);
	}
	free(text);
	return alg ? alg : strdup("");
}

static void
take_case(struct wycheproof *all, const char *file, const json_t *group, const json_t *test)
{
	struct wycheproof_case *c = &all->at[all->count++];
	const char *jws = json_string_value(json_object_get(test, "jws"));

	if (asprintf(&c->name, "%s %d %s: %s", file, (int)json_integer_value(json_object_get(test, "tcId")),
		    json_string_value(json_object_get(group, "comment")),
		    json_string_value(json_object_get(test, "comment"))) < 0)
		abort();
	c->keys = key_set(group);
	c->jws = strdup(jws ? jws : "");
	c->alg = header_alg(c->jws);
	c->valid = strcmp(json_string_value(json_object_get(test, "result")), "valid") == 0;
}

static void
take_file(struct wycheproof *all, const char *file)
{
	json_t *root = load(file), *group, *test;
	size_t i, k;

	json_array_foreach(json_object_get(root, "testGroups"), i, group)
		json_array_foreach(json_object_get(group, "tests"), k, test) if (all->count < MAX_CASES)
			take_case(all, file, group, test);
	json_decref(root);
}

const struct wycheproof *
wycheproof(void)
{
	static struct wycheproof all;

	if (!all.at) {
		all.at = calloc(MAX_CASES, sizeof(*all.at));
		if (!all.at)
			abort();
		take_file(&all, "wycheproof-jws");
		take_file(&all, "wycheproof-jwk");
	}
	return &all;
}

bool
wycheproof_unsupported(const struct wycheproof_case *c)
{
	return strncmp(c->alg, "HS", 2) == 0 || strstr(c->keys, "\"oct\"") != NULL;
}
