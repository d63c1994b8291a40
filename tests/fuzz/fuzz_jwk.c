/* Keys from strangers. What was taken once must be writable, and be the same key when it is read again. */
/* covers: lib/jose/jwk.c lib/jose/jwk_members.c lib/jose/jwks.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "jose/jose.h"

static void
write_again(const struct jwk *k)
{
	AUTO(writer) w = writer_new(64 << 10);
	AUTO(jwk) *again = NULL;
	char one[THUMBPRINT_TEXT_LEN + 1], two[THUMBPRINT_TEXT_LEN + 1];

	if (jwk_write(k, &w) != ERR_OK || jwk_parse(writer_span(&w), false, &again) != ERR_OK)
		abort();
	if (jwk_thumbprint(k, one) != ERR_OK || jwk_thumbprint(again, two) != ERR_OK || strcmp(one, two) != 0)
		abort();
}

static void
write_set_again(const struct jwks *set)
{
	AUTO(writer) w = writer_new(1 << 20);
	AUTO(jwks) *again = NULL;

	if (jwks_write(set, &w) != ERR_OK || jwks_parse(writer_span(&w), &again) != ERR_OK ||
		jwks_count(again) != jwks_count(set))
		abort();
	for (size_t i = 0; i < jwks_count(set); i++) {
		const struct jwk *k = jwks_at(set, i), *found;

		write_again(k);
		found = jwks_find(set, span_of(jwk_kid(k)), span_of(jwk_alg(k)));
		if (found != NULL && (strcmp(jwk_kid(found), jwk_kid(k)) != 0 || jwk_key(found) == NULL))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(jwk) *k = NULL;
	AUTO(jwks) *set = NULL;
	AUTO(jwk) *of_spki = NULL;

	if (jwk_parse(span_at(data, size), false, &k) == ERR_OK)
		write_again(k);
	jwk_free(&k);
	(void)!jwk_parse(span_at(data, size), true, &k);
	if (jwk_from_spki(span_at(data, size), NULL, &of_spki) == ERR_OK)
		write_again(of_spki);
	if (jwks_parse(span_at(data, size), &set) == ERR_OK)
		write_set_again(set);
	return 0;
}
