#include "signer/log/tlog.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "signer/log/log.h"
#include "signer/log/store.h"

static enum err
set_origins(struct tlog *l)
{
	static const char *const suffixes[LOG_TREES] = {[LOG_TREE_PUBLIC] = "", [LOG_TREE_PRIVATE] = "/private"};

	for (unsigned tree = 0; tree < LOG_TREES; tree++) {
		const int len =
			snprintf(l->origins[tree], sizeof(l->origins[tree]), "%s%s", l->options.origin, suffixes[tree]);

		REQUIRE_WHY(len > 0 && len <= MAX_ORIGIN, ERR_CONFIG, "log: the origin is longer than %d bytes",
			MAX_ORIGIN);
	}
	return ERR_OK;
}

static enum err
check_schemas(const struct tlog *l)
{
	for (const char *const *schema = l->options.schemas; *schema != NULL; schema++)
		REQUIRE_WHY(log_schema_of(*schema) != LOG_SCHEMA_COUNT, ERR_CONFIG,
			"log: no outbox is known in schema %s", *schema);
	return ERR_OK;
}

static enum err
fetch_key(struct tlog *l)
{
	const unsigned char *at;

	TRY(keyring_pubkey(l->options.keyring, l->options.key_label, &l->spki));
	at = writer_span(&l->spki).ptr;
	l->key = d2i_PUBKEY(NULL, &at, (long)l->spki.len);
	REQUIRE_WHY(l->key != NULL, ERR_CRYPTO, "log: the public key of %s cannot be read", l->options.key_label);
	return ERR_OK;
}

static enum err
start(struct tlog *l)
{
	TRY(set_origins(l));
	TRY(check_schemas(l));
	TRY(fetch_key(l));
	TRY(db_pool_open(l->options.database, LOG_POOL, log_statements, LOG_STATEMENTS, &l->pool));
	TRY(sequencer_refresh(l));
	if (l->options.interval_ms == 0)
		return ERR_OK;
	REQUIRE_WHY(pthread_create(&l->thread, NULL, sequencer_run, l) == 0, ERR_NO_MEMORY,
		"log: the sequencer's thread cannot be started");
	l->running = true;
	return ERR_OK;
}

enum err
tlog_open(const struct tlog_options *options, struct tlog **out)
{
	struct tlog *l = calloc(1, sizeof(*l));
	enum err e;

	REQUIRE(l != NULL, ERR_NO_MEMORY);
	l->options = *options;
	l->spki = writer_new(MAX_CHECKPOINT);
	for (unsigned tree = 0; tree < LOG_TREES; tree++)
		l->heads[tree].note = writer_new(MAX_CHECKPOINT);
	(void)pthread_mutex_init(&l->mutex, NULL);
	(void)pthread_cond_init(&l->wake, NULL);
	e = start(l);
	if (e != ERR_OK) {
		tlog_free(&l);
		return e;
	}
	*out = l;
	return ERR_OK;
}

void
tlog_free(struct tlog **log)
{
	struct tlog *l = *log;

	if (l == NULL)
		return;
	(void)pthread_mutex_lock(&l->mutex);
	__atomic_store_n(&l->stopping, true, __ATOMIC_RELAXED);
	(void)pthread_cond_signal(&l->wake);
	(void)pthread_mutex_unlock(&l->mutex);
	if (l->running)
		(void)pthread_join(l->thread, NULL);
	db_pool_free(&l->pool);
	EVP_PKEY_free(l->key);
	writer_free(&l->spki);
	for (unsigned tree = 0; tree < LOG_TREES; tree++)
		writer_free(&l->heads[tree].note);
	(void)pthread_cond_destroy(&l->wake);
	(void)pthread_mutex_destroy(&l->mutex);
	free(l);
	*log = NULL;
}

enum err
tlog_head(struct tlog *l, enum log_tree tree, uint64_t *size, struct writer *note)
{
	(void)pthread_mutex_lock(&l->mutex);
	*size = l->heads[tree].size;
	if (note != NULL)
		writer_bytes(note, writer_span(&l->heads[tree].note));
	(void)pthread_mutex_unlock(&l->mutex);
	REQUIRE_WHY(*size > 0, ERR_UNAVAILABLE, "log: nothing is signed yet");
	return note == NULL ? ERR_OK : writer_done(note);
}

enum err
tlog_checkpoint(struct tlog *l, struct writer *note)
{
	uint64_t size;

	return tlog_head(l, LOG_TREE_PUBLIC, &size, note);
}

struct span
tlog_key(const struct tlog *l)
{
	return writer_span(&l->spki);
}
