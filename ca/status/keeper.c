#include "ca/status/keeper.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/reader.h"
#include "ca/status/cache.h"
#include "ca/status/crl.h"
#include "ca/status/ocsp.h"
#include "ca/status/responder.h"
#include "ca/store/statements.h"

enum { REFRESH_BATCH = 256, MAX_DUE = 64 << 10, SWEEP_SECONDS = 600, MAX_CERT_ID = 1 << 10 };

struct keeper {
	struct cad *c;
	pthread_t thread;
	pthread_mutex_t lock; /* guards stop, nudged and dirty */
	pthread_cond_t wake;
	bool stop, nudged;
	bool dirty[MAX_AUTHORITIES];
	_Atomic unix_time polled;
	atomic_bool complete;  /* every issuing CA has its responder and its list */
	unix_time swept, told; /* the thread's own */
	bool sweeping;         /* this round looks at what changes slowly, too */
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

bool
keeper_crl_due(bool dirty, unix_time this_update, unix_time next_update, unix_time now)
{
	return dirty || now >= this_update + (next_update - this_update) / 2;
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
mark(struct keeper *k, const char *issuer)
{
	const struct authority *a = authority_find(&k->c->authorities, issuer);

	if (a == NULL)
		return;
	pthread_mutex_lock(&k->lock);
	k->dirty[a - k->c->authorities.rows] = true;
	pthread_mutex_unlock(&k->lock);
}

void
keeper_revoked(struct keeper *k, const char *issuer, struct span serial)
{
	if (k == NULL)
		return;
	(void)ocsp_cache_forget(k->c->ocsp, serial);
	mark(k, issuer);
	pthread_mutex_lock(&k->lock);
	k->nudged = true;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->lock);
}

/* A revocation whose list does not have it yet, by whichever instance. */
static void
take_revoked(struct keeper *k, const struct revoked_row *row)
{
	const struct span serial = span_at(row->serial.ptr, row->serial.len);
	struct authority *a = authority_find(&k->c->authorities, row->issuer);

	(void)ocsp_cache_forget(k->c->ocsp, serial);
	struct crl *l = a != NULL ? crl_hold(a) : NULL;

	if (l != NULL && !crl_has(l, serial))
		mark(k, row->issuer);
	crl_drop(l);
}

/* Looks back further than the last poll: a transaction that took its time commits behind later ones. */
static enum err
poll(struct keeper *k)
{
	const unix_time now = cad_now(k->c), last = atomic_load(&k->polled);
	const struct db_param params[] = {db_time((last == 0 || last > now ? now : last) - KEEPER_LOOK_BACK)};
	struct json_list list;

	TRY(db_pool_all(k->c->db, CA_REVOKED_SINCE, params, &list));
	const struct revoked_row *rows = list.items;

	for (size_t i = 0; i < list.count; i++)
		take_revoked(k, &rows[i]);
	db_rows_free(&ca_statements[CA_REVOKED_SINCE], &list);
	atomic_store(&k->polled, now);
	return ERR_OK;
}

static bool
take_dirty(struct keeper *k, size_t i)
{
	pthread_mutex_lock(&k->lock);
	const bool dirty = k->dirty[i];

	k->dirty[i] = false;
	pthread_mutex_unlock(&k->lock);
	return dirty;
}

/* At start the stored list serves if it is younger than what the polls look back over; then nothing can be missing in it for long. */
static enum err
first_crl(struct keeper *k, struct authority *a)
{
	const enum err e = crl_load(k->c, a);

	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	err_forget();
	struct crl *l = crl_hold(a);
	const bool young = l != NULL && cad_now(k->c) - crl_this_update(l) < KEEPER_LOOK_BACK / 2;

	crl_drop(l);
	return young ? ERR_OK : crl_renew(k->c, a);
}

static enum err
keep_crl(struct keeper *k, size_t i)
{
	struct authority *a = &k->c->authorities.rows[i];
	const bool dirty = take_dirty(k, i);
	struct crl *l = crl_hold(a);
	enum err e = ERR_OK;

	if (l == NULL)
		e = first_crl(k, a);
	else if (keeper_crl_due(dirty, crl_this_update(l), crl_next_update(l), cad_now(k->c)))
		e = crl_renew(k->c, a);
	crl_drop(l);
	if (e != ERR_OK && dirty)
		mark(k, a->label);
	return e;
}

static enum err
keep_authority(struct keeper *k, size_t i)
{
	struct authority *a = &k->c->authorities.rows[i];
	bool changed = false;

	if (a->is_root) {
		struct crl *l = crl_hold(a);

		crl_drop(l);
		if (l == NULL && crl_load_file(k->c, a) != ERR_OK)
			err_forget();
		return ERR_OK;
	}
	if (a->responder == NULL || k->sweeping)
		TRY(responder_ensure(k->c, a, &changed));
	if (changed)
		ocsp_cache_clear(k->c->ocsp);
	return keep_crl(k, i);
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

static void
round_once(struct keeper *k)
{
	k->sweeping = cad_now(k->c) - k->swept >= SWEEP_SECONDS;
	enum err e = poll(k);

	if (e == ERR_OK) {
		keep_authorities(k);
		e = refresh(k);
	}
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
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->wake, NULL);
	*out = k; /* before the thread runs: it asks the daemon for its keeper */
	if (pthread_create(&k->thread, NULL, run, k) != 0) {
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
	free(*k);
	*k = NULL;
}
