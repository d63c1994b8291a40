/* Trust files: sets of keys that say what each is for, as signerd publishes them and anybody may hand one over. Each agency that is taken has its key, and each part belongs to one key only. */
/* covers: lib/verify/trust.c */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/country.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct trust_agency *rows;
	struct trust t;

	if (size > 1 << 16 || trust_read(span_at(data, size), &t) != ERR_OK)
		return 0;
	rows = t.agencies.items;
	promise((t.log_key != NULL) == (t.log_origin != NULL));
	promise(t.agencies.count == jwks_count(t.seals));
	for (size_t i = 0; i < t.agencies.count; i++) {
		promise(rows[i].kid != NULL && rows[i].agency != NULL);
		promise(strcmp(jwk_kid(jwks_at(t.seals, i)), rows[i].kid) == 0);
	}
	trust_free(&t);
	return 0;
}
