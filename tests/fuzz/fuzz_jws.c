/* JWSs from strangers, in all three serialisations. What verifies here must be one of the seeds' own: nobody else has the key. */
/* covers: lib/jose/jws.c lib/jose/jws_json.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "jose/jose.h"

static struct jwks *keys, *one; /* one: a key without name or algorithm */

/* RFC 7515 A.3 and RFC 8037 A.2: public, and their private halves are not here. */
static void
open_keys(void)
{
	static const char set[] =
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"b\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";

	static const char nameless[] =
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";

	if (jwks_parse(SPAN(set), &keys) != ERR_OK || jwks_parse(SPAN(nameless), &one) != ERR_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const some[] = {"RS256", "ES256", NULL};
	static const char *const *const allowed[] = {NULL, some};
	const struct span text = span_at(data, size);
	AUTO(writer) payload = writer_new(MAX_JWS);
	AUTO(jws) j = {0};

	if (!keys)
		open_keys();
	if (jws_parse(text, &j) == ERR_OK && (!jose_alg_find(span_of(j.header.alg)) || j.signature.len == 0))
		abort();
	jws_free(&j);
	if (jws_verify(text, keys, NULL, &j) == ERR_OK && jws_verify_any(text, keys, NULL, &payload) != ERR_OK)
		abort();
	jws_free(&j);
	if (jws_verify(text, keys, "application/jose", &j) == ERR_OK && j.header.typ == NULL)
		abort();
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		writer_reset(&payload);
		(void)!jws_verify_any(text, keys, allowed[i], &payload);
		(void)!jws_verify_any(text, one, allowed[i], &payload);
	}
	return 0;
}
