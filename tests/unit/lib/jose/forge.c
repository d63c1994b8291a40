#include "tests/unit/lib/test.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "base/encode.h"
#include "tests/unit/lib/jose/forge.h"

const char rfc7515_a3_private[] =
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\",\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"}";
const char rfc7515_a3_public[] =
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}";

struct jwk *
forge_key(const char *json)
{
	struct jwk *k = NULL;

	if (jwk_parse(span_of(json), true, &k) != ERR_OK)
		fail_msg("not a key: %s", err_why());
	return k;
}

EVP_PKEY *
forge_new_key(const char *type)
{
	EVP_PKEY *key = type[0] == 'P'     ? EVP_EC_gen(type)
		: strcmp(type, "RSA") == 0 ? EVP_RSA_gen(2048U)
					   : EVP_PKEY_Q_keygen(NULL, NULL, type);

	assert_non_null(key);
	return key;
}

void
forge_compact(struct writer *w, const char *header, const char *payload, EVP_PKEY *key, const char *alg)
{
	AUTO(writer) input = writer_new(MAX_JWS);
	AUTO(writer) signature = writer_new(1024);

	base64url_write(&input, span_of(header));
	writer_text(&input, ".");
	base64url_write(&input, span_of(payload));
	assert_ok(jose_alg_find(span_of(alg))->sign(key, writer_span(&input), &signature));
	writer_bytes(w, writer_span(&input));
	writer_text(w, ".");
	base64url_write(w, writer_span(&signature));
	assert_ok(writer_done(w));
}

struct jwks *
forge_set(const char *jwk)
{
	struct jwks *set = NULL;
	struct jwk *k = NULL;

	assert_ok(jwks_new(&set));
	if (jwk_parse(span_of(jwk), false, &k) != ERR_OK)
		fail_msg("not a key: %s", err_why());
	assert_ok(jwks_add(set, k));
	return set;
}
