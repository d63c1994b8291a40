#include "signer/log/witness.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/encode.h"
#include "base/log.h"
#include "http/client.h"
#include "signer/log/store.h"
#include "signer/log/tiles.h"

enum { MAX_ANSWER = 16 << 10, MAX_DIGITS = 19, ASK_TIMEOUT_MS = 10000, FIRST_PAUSE_MS = 1000, LAST_PAUSE_MS = 60000 };

/* "old N", the proof that what the witness saw is in what we show, and what we show. */
static enum err
write_request(struct tlog *l, uint64_t old, const struct checkpoint *head, struct span note, struct writer *w)
{
	AUTO(db) *db = NULL;
	struct merkle_proof proof = {.count = 0};

	TRY(db_lease(l->pool, &db));
	struct stored_tiles stored = {.db = db, .tree = LOG_TREE_PUBLIC};
	AUTO(tile_cache) tiles = {.source = tiles_source(&stored)};
	const struct merkle_store store = tile_store(&tiles);

	if (old > 0)
		TRY(merkle_consistency(&store, old, head->size, &proof));
	writer_format(w, "old %llu\n", (unsigned long long)old);
	for (size_t i = 0; i < proof.count; i++) {
		base64_write(w, sha256_span(&proof.nodes[i]));
		writer_u8(w, '\n');
	}
	writer_u8(w, '\n');
	writer_bytes(w, note);
	return writer_done(w);
}

static enum err
post(const struct tlog *l, const struct watch *w, struct span body, int *status, struct writer *answer)
{
	AUTO(writer) url = writer_new(MAX_POLICY_URL + 32);
	size_t len = strlen(w->witness->url);

	while (len > 0 && w->witness->url[len - 1] == '/')
		len--;
	writer_format(&url, "%.*s/add-checkpoint", (int)len, w->witness->url);
	TRY(writer_done(&url));
	const struct http_call call = {.method = "POST",
		.url = (const char *)writer_span(&url).ptr,
		.content_type = "text/plain; charset=utf-8",
		.body = body,
		.ca_file = l->options.ca_file,
		.timeout_ms = ASK_TIMEOUT_MS,
		.max_reply = MAX_ANSWER};

	return http_call(&call, status, answer);
}

/* The body of a 409: how much of this log the witness has seen, decimal, newline. */
static enum err
read_seen(const struct watch *w, struct span answer, uint64_t *seen)
{
	char digits[MAX_DIGITS + 1] = "";

	REQUIRE_WHY(answer.len >= 2 && answer.len <= MAX_DIGITS + 1 && answer.ptr[answer.len - 1] == '\n',
		ERR_MALFORMED, "log: witness %s answers 409 without a size", w->witness->name);
	memcpy(digits, answer.ptr, answer.len - 1);
	REQUIRE_WHY(strspn(digits, "0123456789") == answer.len - 1 && (digits[0] != '0' || digits[1] == '\0'),
		ERR_MALFORMED, "log: witness %s answers 409 without a size", w->witness->name);
	*seen = strtoull(digits, NULL, 10);
	return ERR_OK;
}

static enum err
keep(struct tlog *l, const struct watch *w, const struct checkpoint *head, struct span note, struct span answer)
{
	AUTO(writer) line = writer_new(MAX_COSIGNATURE_LINE);

	TRY(cosignature_take(note, answer, &w->witness->key, &line));
	const struct db_param params[] = {db_int((int64_t)head->size), db_text(w->witness->key.name),
		db_text_span(writer_span(&line))};

	TRY(db_pool_run(l->pool, LOG_COSIGNATURE_ADD, params, NULL));
	return sequencer_refresh(l);
}

/* One exchange. *again: the witness told how much it has seen, and wants a proof from there. */
static enum err
exchange(struct tlog *l, struct watch *w, const struct checkpoint *head, struct span note, bool *again)
{
	AUTO(writer) body = writer_new(MAX_ANSWER + MAX_CHECKPOINT);
	AUTO(writer) answer = writer_new(MAX_ANSWER);
	uint64_t seen;
	int status;

	*again = false;
	TRY(write_request(l, w->seen, head, note, &body));
	TRY(post(l, w, writer_span(&body), &status, &answer));
	if (status == 409) {
		TRY(read_seen(w, writer_span(&answer), &seen));
		REQUIRE_WHY(seen <= head->size, ERR_MISMATCH,
			"log: witness %s has seen %llu leaves of this log, which has %llu: it has lost some, or another log runs under its key",
			w->witness->name, (unsigned long long)seen, (unsigned long long)head->size);
		w->seen = seen;
		*again = true;
		return ERR_OK;
	}
	REQUIRE_WHY(status < 500, ERR_UNAVAILABLE, "log: witness %s answers %d", w->witness->name, status);
	REQUIRE_WHY(status == 200, ERR_REFUSED, "log: witness %s answers %d%s", w->witness->name, status,
		status == 404           ? ": it does not know this log's origin"
			: status == 403 ? ": it does not believe this log's key"
			: status == 422 ? ": it has seen another tree"
					: "");
	TRY(keep(l, w, head, note, writer_span(&answer)));
	w->seen = head->size;
	__atomic_store_n(&w->cosigned, head->size, __ATOMIC_RELAXED);
	return ERR_OK;
}

enum err
witness_ask(struct tlog *l, struct watch *w)
{
	AUTO(writer) note = writer_new(MAX_CHECKPOINT);
	struct checkpoint head;
	uint64_t size;
	bool again;

	if (tlog_head(l, LOG_TREE_PUBLIC, &size, &note) != ERR_OK || size <= w->cosigned) {
		err_forget();
		return ERR_OK;
	}
	TRY(checkpoint_verify(writer_span(&note), l->origins[LOG_TREE_PUBLIC], l->key, &head));
	TRY(exchange(l, w, &head, writer_span(&note), &again));
	if (!again)
		return ERR_OK;
	TRY(exchange(l, w, &head, writer_span(&note), &again));
	REQUIRE_WHY(!again, ERR_UNAVAILABLE, "log: another instance asks witness %s at the same time",
		w->witness->name);
	return ERR_OK;
}

/* Until there is more to cosign, or ms have passed. Whether to go on. */
static bool
rest(struct tlog *l, const struct watch *w, int ms)
{
	struct timespec until;
	bool stopping;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_mutex_lock(&l->mutex);
	while (!l->stopping && (w->failed || l->heads[LOG_TREE_PUBLIC].size <= w->cosigned))
		if (pthread_cond_clockwait(&l->wake, &l->mutex, CLOCK_MONOTONIC, &until) != 0)
			break;
	stopping = l->stopping;
	(void)pthread_mutex_unlock(&l->mutex);
	return !stopping;
}

static void *
watch_run(void *watch)
{
	struct watch *w = watch;
	int pause = FIRST_PAUSE_MS;
	bool on = true;

	while (on) {
		const enum err e = witness_ask(w->log, w);

		/* One line when it begins to fail and one when it is over. */
		if (e != ERR_OK && !w->failed)
			log_refusal("log", e, "witness");
		else if (e == ERR_OK && w->failed)
			log_info("log", "witness %s cosigns again", w->witness->name);
		err_forget();
		w->failed = e != ERR_OK;
		pause = e == ERR_OK ? FIRST_PAUSE_MS : pause < LAST_PAUSE_MS ? 2 * pause : LAST_PAUSE_MS;
		on = rest(w->log, w, pause);
	}
	return NULL;
}

enum err
witnesses_start(struct tlog *l)
{
	const struct log_policy *p = l->options.policy;

	for (size_t i = 0; p != NULL && i < p->actor_count; i++) {
		struct watch *w = &l->watches[l->watch_count];

		if (p->actors[i].is_group || p->actors[i].url == NULL)
			continue;
		REQUIRE_WHY(l->watch_count < MAX_COSIGNATURES, ERR_CONFIG,
			"log: more than %d witnesses with an address", MAX_COSIGNATURES);
		*w = (struct watch){.log = l, .witness = &p->actors[i]};
		if (l->options.interval_ms > 0)
			REQUIRE_WHY(pthread_create(&w->thread, NULL, watch_run, w) == 0, ERR_NO_MEMORY,
				"log: a witness's thread cannot be started");
		l->watch_count++;
	}
	return ERR_OK;
}

void
witnesses_stop(struct tlog *l)
{
	for (size_t i = 0; l->options.interval_ms > 0 && i < l->watch_count; i++)
		(void)pthread_join(l->watches[i].thread, NULL);
	l->watch_count = 0;
}
