#include "oidc/keys.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "http/client.h"

enum {
	SECOND = 1000 * 1000, /* ticks */
	RETRY_AFTER = SECOND,
	REFETCH_AFTER = 10 * SECOND,
	STALE_AFTER = 300 * SECOND,
	TIMEOUT_MS = 3000,
};

struct oidc_keys {
	pthread_mutex_t lock; /* over keys, tried and at */
	struct jwks *keys;
	bool tried;
	int64_t at; /* clock_ticks() of the last try */
	char *url;
	const char *tls_ca;
};

enum err
oidc_keys_new(const char *issuer, const char *tls_ca, struct oidc_keys **out)
{
	AUTO(writer) url = writer_new(1024);
	AUTO(oidc_keys) *k = calloc(1, sizeof(*k));
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
oidc_keys_free(struct oidc_keys **k)
{
	if (*k == NULL)
		return;
	jwks_free(&(*k)->keys);
	free((*k)->url);
	pthread_mutex_destroy(&(*k)->lock);
	free(*k);
	*k = NULL;
}

bool
oidc_keys_due(bool have_keys, bool know_key, int64_t since)
{
	return since >= (!have_keys ? RETRY_AFTER : !know_key ? REFETCH_AFTER : STALE_AFTER);
}

/* Under the lock. Keeps the old keys if new ones cannot be had. */
static enum err
fetch(struct oidc_keys *k)
{
	AUTO(writer) body = writer_new(1 << 20);
	const struct http_call call = {.method = "GET", .url = k->url, .ca_file = k->tls_ca, .timeout_ms = TIMEOUT_MS};
	struct jwks *keys = NULL;
	int status;

	/* A try that fails counts too: else each token of a stranger would have everybody wait for an issuer that is away. */
	k->tried = true;
	k->at = clock_ticks();
	TRY(http_call(&call, &status, &body));
	REQUIRE_WHY(status == 200, ERR_UNAVAILABLE, "the identity provider's keys: HTTP %d", status);
	TRY(jwks_parse(writer_span(&body), &keys));
	jwks_free(&k->keys);
	k->keys = keys;
	return ERR_OK;
}

/* Under the lock. */
static enum err
verify(struct oidc_keys *k, struct span token, const char *typ, struct jws *out)
{
	AUTO(jws) j = {0};
	bool known;
	enum err e = ERR_OK;

	TRY(jws_parse(token, &j));
	known = k->keys != NULL && jwks_find(k->keys, span_of(j.header.kid), span_of(j.header.alg)) != NULL;
	if (!k->tried || oidc_keys_due(k->keys != NULL, known, clock_ticks() - k->at))
		e = fetch(k);
	if (e != ERR_OK && known)
		log_refusal("issuer", e, "keys not renewed"); /* then with those that are known */
	else
		TRY(e);
	REQUIRE_WHY(k->keys != NULL, ERR_UNAVAILABLE, "the identity provider's keys are not there");
	return jws_verify(token, k->keys, typ, out);
}

enum err
oidc_keys_verify(struct oidc_keys *k, struct span token, const char *typ, struct jws *out)
{
	enum err e;

	pthread_mutex_lock(&k->lock);
	e = verify(k, token, typ, out);
	pthread_mutex_unlock(&k->lock);
	return e;
}
