/* object: what a token-jws key signs. Used by the benchmarks of signatures. */
#ifndef MOHAR_BENCH_OBJECT_H
#define MOHAR_BENCH_OBJECT_H

#include <stdlib.h>
#include <time.h>

#include "base/encode.h"
#include "jose/jose.h"

/* Appends the JWS Signing Input of a token of now. */
static inline void
object_write(EVP_PKEY *key, struct writer *w)
{
	AUTO(writer) header = writer_new(512);
	AUTO(writer) payload = writer_new(512);
	const long long now = (long long)time(NULL);
	struct jwk *jwk = NULL;

	if (jwk_from_key(key, NULL, &jwk) != ERR_OK)
		abort();
	writer_format(&header, "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"JWT\"}", jwk_kid(jwk));
	writer_format(&payload, "{\"iat\":%lld,\"exp\":%lld,\"sub\":\"%064d\"}", now, now + 300, 7);
	base64url_write(w, writer_span(&header));
	writer_u8(w, '.');
	base64url_write(w, writer_span(&payload));
	jwk_free(&jwk);
}

#endif
