/* JWSs from strangers, in all three serialisations. What verifies here must be one of the seeds' own: nobody else has the key. */
/* covers: lib/jose/jws.c lib/jose/jws_json.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "jose/jose.h"

static struct jwks *keys;

/* RFC 7515 A.3 and RFC 8037 A.2: public, and their private halves are not here. */
static void
open_keys(void)
{
	static const char set[] =
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"b\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";

	if (jwks_parse(SPAN(set), &keys) != ERR_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
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
	writer_reset(&payload);
	(void)!jws_verify_any(text, keys, NULL, &payload);
	return 0;
}
