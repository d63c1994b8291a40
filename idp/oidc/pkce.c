#include <string.h>

#include "base/digest.h"
#include "idp/oidc/authorization.h"

enum { MIN_VERIFIER = 43, MAX_VERIFIER = 128 };

enum err
pkce_hash(const char *verifier, uint8_t hash[PKCE_LEN])
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	const size_t len = strlen(verifier);
	struct sha256 h;

	REQUIRE_WHY(len >= MIN_VERIFIER && len <= MAX_VERIFIER && strspn(verifier, unreserved) == len, ERR_MALFORMED,
		"RFC 7636 4.1: a code_verifier has 43 to 128 unreserved characters");
	h = sha256_of(span_of(verifier));
	memcpy(hash, h.bytes, PKCE_LEN);
	return ERR_OK;
}
