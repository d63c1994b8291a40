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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(jwk) *k = NULL;
	AUTO(jwks) *set = NULL;

	if (jwk_parse(span_at(data, size), false, &k) == ERR_OK)
		write_again(k);
	jwk_free(&k);
	(void)!jwk_parse(span_at(data, size), true, &k);
	if (jwks_parse(span_at(data, size), &set) == ERR_OK)
		for (size_t i = 0; i < jwks_count(set); i++)
			write_again(jwks_at(set, i));
	return 0;
}
