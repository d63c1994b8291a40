#include "signer/log/tlog.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "signer/log/kept.h"
#include "signer/log/log.h"
#include "signer/log/store.h"
#include "signer/log/witness.h"

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

/* Whoever has less than was signed does not begin to serve. */
static enum err
check_kept(struct tlog *l)
{
	AUTO(db) *db = NULL;

	TRY(kept_open(l));
	TRY(db_lease(l->pool, &db));
	return kept_check(l, db);
}

static enum err
start(struct tlog *l)
{
	TRY(set_origins(l));
	TRY(check_schemas(l));
	TRY(fetch_key(l));
	TRY(db_pool_open(l->options.database, LOG_POOL, log_statements, LOG_STATEMENTS, &l->pool));
	TRY(check_kept(l));
	TRY(sequencer_refresh(l));
	if (l->options.interval_ms == 0)
		return witnesses_start(l);
	REQUIRE_WHY(pthread_create(&l->thread, NULL, sequencer_run, l) == 0, ERR_NO_MEMORY,
		"log: the sequencer's thread cannot be started");
	l->running = true;
	return witnesses_start(l);
}

enum err
tlog_open(const struct tlog_options *options, struct tlog **out)
{
	struct tlog *l = calloc(1, sizeof(*l));
	enum err e;

	REQUIRE(l != NULL, ERR_NO_MEMORY);
	l->options = *options;
	l->witnessed.note = writer_new(MAX_CHECKPOINT);
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
	(void)pthread_cond_broadcast(&l->wake);
	(void)pthread_mutex_unlock(&l->mutex);
	if (l->running)
		(void)pthread_join(l->thread, NULL);
	witnesses_stop(l);
	db_pool_free(&l->pool);
	EVP_PKEY_free(l->key);
	writer_free(&l->spki);
	writer_free(&l->witnessed.note);
	for (unsigned tree = 0; tree < LOG_TREES; tree++)
		writer_free(&l->heads[tree].note);
	(void)pthread_cond_destroy(&l->wake);
	(void)pthread_mutex_destroy(&l->mutex);
	free(l);
	*log = NULL;
}

static void
copy_head(struct tlog *l, const struct signed_head *head, uint64_t *size, struct writer *note)
{
	(void)pthread_mutex_lock(&l->mutex);
	*size = head->size;
	if (note != NULL)
		writer_bytes(note, writer_span(&head->note));
	(void)pthread_mutex_unlock(&l->mutex);
}

enum err
tlog_witnessed(struct tlog *l, uint64_t *size, struct writer *note)
{
	REQUIRE_WHY(l->watch_count > 0, ERR_NOT_FOUND, "log: no witnesses are asked for cosignatures here");
	copy_head(l, &l->witnessed, size, note);
	REQUIRE_WHY(*size > 0, ERR_UNAVAILABLE, "log: the witnesses have not cosigned yet");
	return note == NULL ? ERR_OK : writer_done(note);
}

enum err
tlog_head(struct tlog *l, enum log_tree tree, uint64_t *size, struct writer *note)
{
	copy_head(l, &l->heads[tree], size, note);
	REQUIRE_WHY(*size > 0, ERR_UNAVAILABLE, "log: nothing is signed yet");
	return note == NULL ? ERR_OK : writer_done(note);
}

enum err
tlog_checkpoint(struct tlog *l, struct writer *note)
{
	uint64_t size;

	return tlog_head(l, LOG_TREE_PUBLIC, &size, note);
}

void
tlog_metrics(struct tlog *l, struct writer *w)
{
	uint64_t public, private, witnessed;

	copy_head(l, &l->heads[LOG_TREE_PUBLIC], &public, NULL);
	copy_head(l, &l->heads[LOG_TREE_PRIVATE], &private, NULL);
	copy_head(l, &l->witnessed, &witnessed, NULL);
	writer_format(w,
		"# HELP mohar_log_signed_size Leaves under the newest signed checkpoint.\n# TYPE mohar_log_signed_size gauge\n"
		"mohar_log_signed_size{tree=\"public\"} %llu\nmohar_log_signed_size{tree=\"private\"} %llu\n",
		(unsigned long long)public, (unsigned long long)private);
	if (l->watch_count == 0)
		return;
	writer_format(w,
		"# HELP mohar_log_witnessed_size Leaves under the newest checkpoint that the quorum of witnesses has cosigned.\n"
		"# TYPE mohar_log_witnessed_size gauge\nmohar_log_witnessed_size %llu\n"
		"# HELP mohar_log_cosigned_size Leaves under the newest checkpoint that this witness has cosigned.\n"
		"# TYPE mohar_log_cosigned_size gauge\n",
		(unsigned long long)witnessed);
	for (size_t i = 0; i < l->watch_count; i++)
		writer_format(w, "mohar_log_cosigned_size{witness=\"%s\"} %llu\n", l->watches[i].witness->name,
			(unsigned long long)__atomic_load_n(&l->watches[i].cosigned, __ATOMIC_RELAXED));
}

struct span
tlog_key(const struct tlog *l)
{
	return writer_span(&l->spki);
}
