/* Client data from browsers: nothing passes whose type, challenge and origin are not the expected ones. */
/* covers: lib/webauthn/clientdata.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "webauthn/clientdata.h"

static const char *const origins[] = {"https://localhost:8443", NULL};
static const char *const tops[] = {"https://portal.example", NULL};

static const struct webauthn_expect expect = {
	.rp_id = "localhost",
	.origins = origins,
	.top_origins = tops,
	.challenge = {(const uint8_t *)"01234567890123456789012345678901", 32},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct webauthn_expect other = expect;

	if (clientdata_check(span_at(data, size), "webauthn.create", &expect) != ERR_OK)
		return 0;
	/* The same bytes can be right for one question only. */
	other.challenge.len--;
	if (clientdata_check(span_at(data, size), "webauthn.get", &expect) == ERR_OK ||
		clientdata_check(span_at(data, size), "webauthn.create", &other) == ERR_OK)
		abort();
	return 0;
}
