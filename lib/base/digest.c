#include "base/digest.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

static EVP_MD *sha256;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

/* Fetched once: an implicit fetch costs more than hashing a leaf. */
static void
fetch(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", "provider=default");
	if (sha256 == NULL)
		abort();
}

static const EVP_MD *
algorithm(void)
{
	if (pthread_once(&fetched, fetch) != 0)
		abort();
	return sha256;
}

struct sha256
sha256_of_parts(const struct span *parts, size_t count)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	struct sha256 h;

	if (context == NULL || EVP_DigestInit_ex2(context, algorithm(), NULL) != 1)
		abort();
	for (size_t i = 0; i < count; i++)
		if (EVP_DigestUpdate(context, parts[i].ptr, parts[i].len) != 1)
			abort();
	if (EVP_DigestFinal_ex(context, h.bytes, NULL) != 1)
		abort();
	EVP_MD_CTX_free(context);
	return h;
}

struct sha256
sha256_of(struct span bytes)
{
	return sha256_of_parts(&bytes, 1);
}

struct sha256
hmac_sha256(struct span key, struct span bytes)
{
	struct sha256 h;

	/* A NULL key would mean "the key of before" to libcrypto. */
	if (key.len > INT_MAX ||
		HMAC(algorithm(), key.ptr == NULL ? (const void *)"" : key.ptr, (int)key.len, bytes.ptr, bytes.len,
			h.bytes, NULL) == NULL)
		abort();
	return h;
}

struct span
sha256_span(const struct sha256 *h)
{
	return span_at(h->bytes, sizeof(h->bytes));
}
