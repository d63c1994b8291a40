#include "signer/access/issuer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "http/client.h"

enum { REFETCH_AFTER = 10 * 1000 * 1000 }; /* microseconds */

struct issuer_keys {
	pthread_mutex_t lock; /* over keys and fetched */
	struct jwks *keys;
	int64_t fetched; /* clock_ticks() */
	char *url;
	const char *tls_ca;
};

enum err
issuer_keys_new(const char *issuer, const char *tls_ca, struct issuer_keys **out)
{
	AUTO(writer) url = writer_new(1024);
	AUTO(issuer_keys) *k = calloc(1, sizeof(*k));
	size_t len;

	REQUIRE(k != NULL, ERR_NO_MEMORY);
	writer_format(&url, "%s/jwks", issuer);
	TRY(writer_take(&url, (uint8_t **)&k->url, &len));
	pthread_mutex_init(&k->lock, NULL);
	k->tls_ca = tls_ca;
	*out = k;
	k = NULL;
	return ERR_OK;
}

void
issuer_keys_free(struct issuer_keys **k)
{
	if (*k == NULL)
		return;
	jwks_free(&(*k)->keys);
	free((*k)->url);
	pthread_mutex_destroy(&(*k)->lock);
	free(*k);
	*k = NULL;
}

/* Under the lock. Keeps the old keys if new ones cannot be had. */
static enum err
fetch(struct issuer_keys *k)
{
	AUTO(writer) body = writer_new(1 << 20);
	const struct http_call call = {.method = "GET", .url = k->url, .ca_file = k->tls_ca};
	struct jwks *keys = NULL;
	int status;

	if (k->fetched != 0 && clock_ticks() - k->fetched < REFETCH_AFTER)
		return ERR_OK;
	TRY(http_call(&call, &status, &body));
	REQUIRE_WHY(status == 200, ERR_UNAVAILABLE, "the identity provider's keys: HTTP %d", status);
	TRY(jwks_parse(writer_span(&body), &keys));
	jwks_free(&k->keys);
	k->keys = keys;
	k->fetched = clock_ticks();
	return ERR_OK;
}

/* Under the lock. */
static enum err
verify(struct issuer_keys *k, struct span token, const char *typ, struct jws *out)
{
	AUTO(jws) j = {0};

	TRY(jws_parse(token, &j));
	if (k->keys == NULL || jwks_find(k->keys, span_of(j.header.kid), span_of(j.header.alg)) == NULL)
		TRY(fetch(k));
	REQUIRE(k->keys != NULL, ERR_UNAVAILABLE);
	return jws_verify(token, k->keys, typ, out);
}

enum err
issuer_verify(struct issuer_keys *k, struct span token, const char *typ, struct jws *out)
{
	enum err e;

	pthread_mutex_lock(&k->lock);
	e = verify(k, token, typ, out);
	pthread_mutex_unlock(&k->lock);
	return e;
}
