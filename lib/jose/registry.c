#include "jose/alg.h"

/* In order of preference: the first that fits is what a bare key is used with. */
static const struct jose_alg *const jose_algs[] = {
	&jose_es256,
	&jose_es384,
	&jose_es512,
	&jose_eddsa,
	&jose_ps256,
	&jose_ps384,
	&jose_ps512,
	&jose_rs256,
	&jose_rs384,
	&jose_rs512,
};

enum { ALG_COUNT = sizeof(jose_algs) / sizeof(jose_algs[0]) };

const struct jose_alg *
jose_alg_find(struct span name)
{
	for (size_t i = 0; i < ALG_COUNT; i++)
		if (span_is(name, jose_algs[i]->name))
			return jose_algs[i];
	return NULL;
}

const struct jose_alg *
jose_alg_of_key(const EVP_PKEY *key)
{
	char own[8] = "";

	if (EVP_PKEY_is_a(key, "RSA") &&
		EVP_PKEY_get_utf8_string_param(key, JOSE_PARAM_ALG, own, sizeof(own), NULL) == 1)
		return jose_alg_find(span_of(own));
	for (size_t i = 0; i < ALG_COUNT; i++)
		if (jose_algs[i]->fits(key))
			return jose_algs[i];
	return NULL;
}
