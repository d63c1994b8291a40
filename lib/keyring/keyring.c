#include "keyring/keyring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyring/ask.h"

enum { MAX_CACHED = 64, MAX_SPKI = 1024 };

/* Public halves, as they were first told. */
struct cached {
	char label[MAX_KEY_LABEL + 1];
	struct writer spki;
};

struct keyring {
	struct pool pool;
	pthread_mutex_t lock; /* cache */
	struct cached cache[MAX_CACHED];
	size_t count;
};

enum err
keyring_open(const char *socket_path, size_t size, struct keyring **out)
{
	struct keyring *k;
	enum err e;

	REQUIRE(size > 0, ERR_CONFIG);
	k = calloc(1, sizeof(*k));
	REQUIRE(k != NULL, ERR_NO_MEMORY);
	e = pool_init(&k->pool, socket_path, size);
	if (e != ERR_OK) {
		free(k);
		return e;
	}
	(void)pthread_mutex_init(&k->lock, NULL);
	*out = k;
	return ERR_OK;
}

void
keyring_free(struct keyring **k)
{
	if (*k == NULL)
		return;
	pool_end(&(*k)->pool);
	for (size_t i = 0; i < (*k)->count; i++)
		writer_free(&(*k)->cache[i].spki);
	free(*k);
	*k = NULL;
}

enum err
keyring_ask(struct keyring *k, const struct call *c, struct writer *out)
{
	AUTO(reply) r = {0};

	TRY(call_do(&k->pool, c, &r));
	writer_bytes(out, r.fields.at[FIELD_RESULT]);
	return writer_done(out);
}

/* A call that brings a secret. */
static enum err
ask_secret(struct keyring *k, const struct call *c, struct writer *blob, struct secret **out)
{
	AUTO(reply) r = {0};

	TRY(call_do(&k->pool, c, &r));
	REQUIRE(r.fields.present & FIELD_BIT(SECRET), ERR_UNAVAILABLE);
	if (blob != NULL) {
		writer_bytes(blob, r.fields.at[FIELD_RESULT]);
		TRY(writer_done(blob));
	}
	return secret_copy(r.fields.at[FIELD_SECRET], out);
}

enum err
keyring_status(struct keyring *k, struct writer *json)
{
	return keyring_ask(k, &(struct call){.op = OP_STATUS}, json);
}

enum err
keyring_list(struct keyring *k, struct writer *json)
{
	return keyring_ask(k, &(struct call){.op = OP_LIST}, json);
}

/* Under the lock. */
static struct cached *
cached_find(struct keyring *k, const char *label)
{
	for (size_t i = 0; i < k->count; i++)
		if (strcmp(k->cache[i].label, label) == 0)
			return &k->cache[i];
	return NULL;
}

static bool
cache_get(struct keyring *k, const char *label, struct writer *spki)
{
	const struct cached *c;

	(void)pthread_mutex_lock(&k->lock);
	c = cached_find(k, label);
	if (c != NULL)
		writer_bytes(spki, writer_span(&c->spki));
	(void)pthread_mutex_unlock(&k->lock);
	return c != NULL;
}

static void
cache_put(struct keyring *k, const char *label, struct span spki)
{
	(void)pthread_mutex_lock(&k->lock);
	if (k->count < MAX_CACHED && cached_find(k, label) == NULL) {
		struct cached *c = &k->cache[k->count];

		(void)snprintf(c->label, sizeof(c->label), "%s", label);
		c->spki = writer_new(MAX_SPKI);
		writer_bytes(&c->spki, spki);
		if (writer_done(&c->spki) == ERR_OK)
			k->count++;
	}
	(void)pthread_mutex_unlock(&k->lock);
}

enum err
keyring_pubkey(struct keyring *k, const char *label, struct writer *spki)
{
	AUTO(writer) fresh = writer_new(MAX_SPKI);

	REQUIRE_WHY(strlen(label) <= MAX_KEY_LABEL, ERR_NOT_FOUND, "a key label of more than %d characters",
		MAX_KEY_LABEL);
	if (!cache_get(k, label, spki)) {
		TRY(keyring_ask(k, &(struct call){.op = OP_PUBKEY, .label = span_of(label)}, &fresh));
		cache_put(k, label, writer_span(&fresh));
		writer_bytes(spki, writer_span(&fresh));
	}
	return writer_done(spki);
}

enum err
keyring_generate(struct keyring *k, const char *label, struct writer *json)
{
	return keyring_ask(k, &(struct call){.op = OP_GENERATE, .once = true, .label = span_of(label)}, json);
}

enum err
keyring_sign(struct keyring *k, const char *label, struct span object, struct span evidence, struct writer *signature)
{
	if (object.ptr == NULL)
		object = SPAN("");
	return keyring_ask(k,
		&(struct call){.op = OP_SIGN, .label = span_of(label), .object = object, .evidence = evidence},
		signature);
}

enum err
keyring_mac(struct keyring *k, const char *label, struct span input, uint8_t out[32])
{
	AUTO(writer) tag = writer_new(32);

	TRY(keyring_ask(k,
		&(struct call){.op = OP_MAC, .label = span_of(label), .object = input.ptr == NULL ? SPAN("") : input},
		&tag));
	REQUIRE(tag.len == 32, ERR_UNAVAILABLE);
	memcpy(out, tag.ptr, 32);
	return ERR_OK;
}

enum err
keyring_wrap(struct keyring *k, const char *label, struct writer *blob, struct secret **data_key)
{
	return ask_secret(k, &(struct call){.op = OP_WRAP, .label = span_of(label)}, blob, data_key);
}

enum err
keyring_unwrap(struct keyring *k, const char *label, struct span blob, struct secret **data_key)
{
	return ask_secret(k, &(struct call){.op = OP_UNWRAP, .label = span_of(label), .object = blob}, NULL, data_key);
}

enum err
keyring_random(struct keyring *k, uint8_t *out, size_t len)
{
	struct secret *bytes = NULL;

	REQUIRE_WHY(len > 0 && len <= 1024, ERR_TOO_LONG, "RANDOM gives 1 to 1024 bytes");
	TRY(ask_secret(k, &(struct call){.op = OP_RANDOM, .count = (uint16_t)len}, NULL, &bytes));
	if (secret_span(bytes).len != len) {
		secret_free(&bytes);
		return ERR_UNAVAILABLE;
	}
	memcpy(out, secret_bytes(bytes), len);
	secret_free(&bytes);
	return ERR_OK;
}
