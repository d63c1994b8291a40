#include "ca/status/keeper.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/reader.h"
#include "ca/status/cache.h"
#include "ca/status/crl_keep.h"
#include "ca/status/crl_renew.h"
#include "ca/status/crl_set.h"
#include "ca/status/ocsp.h"
#include "ca/status/presign.h"
#include "ca/status/responder.h"
#include "ca/store/statements.h"

enum {
	SECONDS_AN_HOUR = 3600,
	ALARM_SECONDS = 300,
	REFRESH_BATCH = 256,
	MAX_DUE = 64 << 10,
	SWEEP_SECONDS = 600,
	MAX_CERT_ID = 1 << 10
};

struct keeper {
	struct cad *c;
	pthread_t thread;
	pthread_mutex_t lock; /* guards stop and nudged */
	pthread_cond_t wake;
	bool stop, nudged;
	_Atomic unix_time polled;
	atomic_bool complete; /* every issuing CA has its responder and its lists */
	struct crl_keep *lists;
	struct presign *ahead;
	int64_t since; /* every change of an earlier transaction is known */
	bool loaded;
	unix_time swept, told, alarmed; /* the thread's own */
	bool sweeping;                  /* this round looks at what changes slowly, too */
};

bool
keeper_is_fresh(const struct keeper *k, unix_time now)
{
	return now - atomic_load_explicit(&k->polled, memory_order_relaxed) <= KEEPER_STALE_SECONDS;
}

enum err
keeper_ready(const struct keeper *k, unix_time now)
{
	REQUIRE_WHY(keeper_is_fresh(k, now), ERR_UNAVAILABLE, "the database has not been heard for %d s",
		KEEPER_STALE_SECONDS);
	REQUIRE_WHY(atomic_load(&k->complete), ERR_UNAVAILABLE, "an OCSP responder or a revocation list is missing");
	return ERR_OK;
}

/* Once in ten seconds: a database that is away would otherwise fill the log. */
static void
complain(struct keeper *k, const char *what, enum err e)
{
	const unix_time now = cad_now(k->c);

	if (now - k->told >= 10) {
		log_refusal(what, e, "keeper");
		k->told = now;
	}
	err_forget();
}

static void
forget(struct keeper *k, struct span serials)
{
	for (size_t at = 0; at + SERIAL_LEN <= serials.len; at += SERIAL_LEN)
		(void)ocsp_cache_forget(k->c->ocsp, span_at(serials.ptr + at, SERIAL_LEN));
}

void
keeper_changed(struct keeper *k, struct span serials)
{
	if (k == NULL)
		return;
	forget(k, serials);
	pthread_mutex_lock(&k->lock);
	k->nudged = true;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->lock);
}

/* Changes by whichever instance. A transaction that takes its time commits behind later ones: so what is read again from is the oldest that is still running, and nothing is missed. */
static enum err
poll(struct keeper *k)
{
	const unix_time now = cad_now(k->c);
	const struct db_param params[] = {db_int(k->since)};
	struct json_list list;

	TRY(db_pool_all(k->c->db, CA_CHANGES, params, &list));
	const struct change_row *rows = list.items;

	for (size_t i = 0; i < list.count; i++) {
		if (rows[i].issuer == NULL)
			continue;
		forget(k, span_at(rows[i].serials.ptr, rows[i].serials.len));
		crl_keep_changed(k->lists, rows[i].issuer, rows[i].shard, rows[i].txid);
	}
	if (list.count > 0)
		k->since = rows[0].horizon;
	db_rows_free(&ca_statements[CA_CHANGES], &list);
	atomic_store(&k->polled, now);
	return ERR_OK;
}

/* The stored lists first: what has changed since they were made is what they lack. */
static enum err
load(struct keeper *k)
{
	if (k->loaded)
		return ERR_OK;
	TRY(crl_keep_load(k->lists, &k->since));
	k->loaded = true;
	return ERR_OK;
}

/* Large lists take seconds, in which other instances change things too. */
static enum err
keep_lists(struct keeper *k, size_t i)
{
	bool made = true;

	while (made) {
		TRY(crl_keep_one(k->lists, i, &made));
		if (made && cad_now(k->c) - atomic_load(&k->polled) >= KEEPER_POLL_SECONDS)
			TRY(poll(k));
	}
	return ERR_OK;
}

static void
keep_root(struct keeper *k, const struct authority *a)
{
	struct crl *l = crl_set_list(k->c->lists, a, 0);

	crl_drop(l);
	if (l == NULL && crl_load_file(k->c, a) != ERR_OK)
		err_forget();
}

static enum err
keep_authority(struct keeper *k, size_t i)
{
	struct authority *a = &k->c->authorities.rows[i];
	bool changed = false;

	if (a->is_root) {
		keep_root(k, a);
		return ERR_OK;
	}
	if (a->responder == NULL || k->sweeping)
		TRY(responder_ensure(k->c, a, &changed));
	if (changed)
		ocsp_cache_clear(k->c->ocsp);
	return keep_lists(k, i);
}

static void
keep_authorities(struct keeper *k)
{
	bool complete = true;

	for (size_t i = 0; i < k->c->authorities.count; i++) {
		const enum err e = keep_authority(k, i);

		if (e != ERR_OK) {
			complain(k, "status", e);
			complete = false;
		}
	}
	atomic_store(&k->complete, complete);
}

static enum err
refresh(struct keeper *k)
{
	AUTO(writer) due = writer_new(MAX_DUE);
	struct span cert_id;

	TRY(ocsp_cache_due(k->c->ocsp, cad_now(k->c), REFRESH_BATCH, &due));
	struct reader r = reader_over(writer_span(&due));

	while (r.left.len > 0) {
		TRY(reader_block16(&r, MAX_CERT_ID, &cert_id));
		TRY(ocsp_refresh(k->c, cert_id));
	}
	return ERR_OK;
}

/* As much as fits before the next poll. */
static enum err
sign_ahead(struct keeper *k)
{
	bool more = true;

	while (more && cad_now(k->c) - atomic_load(&k->polled) < KEEPER_POLL_SECONDS)
		TRY(presign_step(k->ahead, &more));
	return ERR_OK;
}

/* Used acts that have expired go. */
static enum err
sweep(struct keeper *k)
{
	const struct db_param params[] = {db_time(cad_now(k->c))};

	if (!k->sweeping)
		return ERR_OK;
	TRY(db_pool_run(k->c->db, CA_ACT_FORGET, params, NULL));
	k->swept = cad_now(k->c);
	return ERR_OK;
}

/* Half of a list's time is for trying again; when less than a quarter is left, people must look. */
static void
watch(struct keeper *k)
{
	const struct crl_set_numbers n = crl_set_numbers(k->c->lists, cad_now(k->c));
	const unix_time alarm = k->c->config.crl_hours * SECONDS_AN_HOUR / 4;

	if (n.lists == 0 || n.least_left >= alarm || cad_now(k->c) - k->alarmed < ALARM_SECONDS)
		return;
	log_error("crl", "a revocation list ends in %lld s and could not be renewed: see the refusals above",
		(long long)n.least_left);
	k->alarmed = cad_now(k->c);
}

void
keeper_metrics(const struct cad *c, struct writer *w)
{
	const struct crl_set_numbers n = crl_set_numbers(c->lists, cad_now(c));

	writer_format(w,
		"# TYPE mohar_crl_lists gauge\nmohar_crl_lists %zu\n"
		"# TYPE mohar_crl_seconds_left gauge\nmohar_crl_seconds_left %lld\n",
		n.lists, (long long)n.least_left);
}

static void
round_once(struct keeper *k)
{
	k->sweeping = cad_now(k->c) - k->swept >= SWEEP_SECONDS;
	enum err e = load(k);

	if (e == ERR_OK)
		e = poll(k);
	if (e == ERR_OK) {
		keep_authorities(k);
		watch(k);
		e = refresh(k);
	}
	if (e == ERR_OK)
		e = sign_ahead(k);
	if (e == ERR_OK)
		e = sweep(k);
	if (e != ERR_OK)
		complain(k, "keeper", e);
}

static void *
run(void *context)
{
	struct keeper *k = context;
	bool stop = false;

	while (!stop) {
		struct timespec until;

		round_once(k);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += KEEPER_POLL_SECONDS;
		pthread_mutex_lock(&k->lock);
		if (!k->stop && !k->nudged)
			pthread_cond_timedwait(&k->wake, &k->lock, &until);
		k->nudged = false;
		stop = k->stop;
		pthread_mutex_unlock(&k->lock);
	}
	return NULL;
}

enum err
keeper_start(struct cad *c, struct keeper **out)
{
	struct keeper *k = calloc(1, sizeof(*k));

	REQUIRE(k != NULL, ERR_NO_MEMORY);
	k->c = c;
	enum err e = crl_keep_new(c, &k->lists);

	if (e == ERR_OK)
		e = presign_new(c, &k->ahead);
	if (e != ERR_OK) {
		crl_keep_free(&k->lists);
		free(k);
		return e;
	}
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->wake, NULL);
	*out = k; /* before the thread runs: it asks the daemon for its keeper */
	if (pthread_create(&k->thread, NULL, run, k) != 0) {
		presign_free(&k->ahead);
		crl_keep_free(&k->lists);
		free(k);
		*out = NULL;
		return err_because(ERR_UNAVAILABLE, "no thread for the keeper");
	}
	return ERR_OK;
}

void
keeper_stop(struct keeper **k)
{
	if (*k == NULL)
		return;
	pthread_mutex_lock(&(*k)->lock);
	(*k)->stop = true;
	pthread_cond_signal(&(*k)->wake);
	pthread_mutex_unlock(&(*k)->lock);
	pthread_join((*k)->thread, NULL);
	pthread_cond_destroy(&(*k)->wake);
	pthread_mutex_destroy(&(*k)->lock);
	presign_free(&(*k)->ahead);
	crl_keep_free(&(*k)->lists);
	free(*k);
	*k = NULL;
}
