#include "ca/acme/worker.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "ca/acme/acme.h"
#include "ca/acme/challenge.h"
#include "ca/acme/decide.h"
#include "ca/acme/store.h"

enum { MAX_WORKERS = 16, MAX_PROBLEM = 1 << 10, SWEEP_SECONDS = 15 };

struct workers {
	struct cad *c;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;
	bool stop;
	unsigned woken;
	unix_time swept, told;
	pthread_t threads[MAX_WORKERS];
	size_t count;
};

/* ---- one challenge ---- */

static enum err
passed(struct acme *a, const struct job_row *job, unix_time now)
{
	const struct db_param params[] = {db_uuid(&job->id), db_time(now), db_time(now + PROVED_SECONDS)};

	log_info("acme", "%s for %s of agency %s: shown", job->type, job->name, job->agency);
	return db_pool_run(a->db, ACME_CHALLENGE_PASSED, params, NULL);
}

/* RFC 8555 8.2: each failure is told, and what may yet come right is tried again. */
static enum err
failed(struct acme *a, const struct job_row *job, enum problem why, unix_time now)
{
	AUTO(writer) problem = writer_new(MAX_PROBLEM);
	const int64_t wait = challenge_retry(job->attempts, why);

	acme_problem(&problem, why, err_why());
	log_info("acme", "%s for %s of agency %s: attempt %lld: %s", job->type, job->name, job->agency,
		(long long)job->attempts, err_why());
	err_forget();
	const struct db_param params[] = {db_uuid(&job->id), db_text_span(writer_span(&problem)), db_time(now + wait)};

	return db_pool_run(a->db, wait > 0 ? ACME_CHALLENGE_RETRY : ACME_CHALLENGE_FAILED, params, NULL);
}

static enum err
look(struct cad *c, const struct job_row *job)
{
	struct challenge challenge;

	TRY(challenge_make(job->type, job->token, job->name, job->thumbprint, &challenge));
	const enum problem a = challenge_look(&challenge, &c->acme->reach);

	return a == ACME_OK ? passed(c->acme, job, cad_now(c)) : failed(c->acme, job, a, cad_now(c));
}

/* ERR_NOT_FOUND: nothing is due. */
static enum err
work(struct cad *c)
{
	const unix_time now = cad_now(c);
	const struct db_param params[] = {db_time(now), db_time(now + LEASE_SECONDS)};
	struct job_row job;

	TRY(db_pool_one(c->acme->db, ACME_CHALLENGE_CLAIM, params, &job));
	const enum err e = look(c, &job);

	db_row_free(&acme_statements[ACME_CHALLENGE_CLAIM], &job);
	return e;
}

/* ---- what nobody asks for any more ---- */

static enum err
sweep(struct cad *c)
{
	const unix_time now = cad_now(c);
	const struct db_param ended[] = {db_time(now)}, old[] = {db_time(now - KEEP_ORDERS_SECONDS)},
			      stuck[] = {db_time(now - MEND_SECONDS)};

	TRY(db_pool_run(c->acme->db, ACME_SWEEP_NONCES, ended, NULL));
	TRY(db_pool_run(c->acme->db, ACME_SWEEP_BINDINGS, ended, NULL));
	TRY(db_pool_run(c->acme->db, ACME_SWEEP_ORDERS, old, NULL));
	return db_pool_run(c->acme->db, ACME_ORDER_MEND, stuck, NULL);
}

/* One worker at a time, now and then. */
static bool
sweep_due(struct workers *w)
{
	const unix_time now = cad_now(w->c);

	pthread_mutex_lock(&w->lock);
	const bool due = now - w->swept >= SWEEP_SECONDS;

	if (due)
		w->swept = now;
	pthread_mutex_unlock(&w->lock);
	return due;
}

/* ---- threads ---- */

/* A database that is away would otherwise fill the log. */
static void
complain(struct workers *w, enum err e)
{
	const unix_time now = cad_now(w->c);

	pthread_mutex_lock(&w->lock);
	const bool due = now - w->told >= 10;

	if (due)
		w->told = now;
	pthread_mutex_unlock(&w->lock);
	if (due)
		log_refusal("acme", e, "worker");
	err_forget();
}

/* True: stop. */
static bool
wait_for_work(struct workers *w)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WORKER_POLL_SECONDS;
	pthread_mutex_lock(&w->lock);
	if (!w->stop && w->woken == 0)
		pthread_cond_timedwait(&w->wake, &w->lock, &until);
	if (w->woken > 0)
		w->woken--;
	const bool stop = w->stop;

	pthread_mutex_unlock(&w->lock);
	return stop;
}

static void *
run(void *context)
{
	struct workers *w = context;
	bool stop = false;

	while (!stop) {
		enum err e = work(w->c);

		if (e == ERR_OK)
			continue;
		err_forget();
		if (e == ERR_NOT_FOUND)
			e = sweep_due(w) ? sweep(w->c) : ERR_OK;
		if (e != ERR_OK)
			complain(w, e);
		stop = wait_for_work(w);
	}
	return NULL;
}

void
workers_wake(struct workers *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	if (w->woken < w->count)
		w->woken++;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

enum err
workers_start(struct cad *c, size_t count, struct workers **out)
{
	struct workers *w = calloc(1, sizeof(*w));

	REQUIRE(w != NULL, ERR_NO_MEMORY);
	w->c = c;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	*out = w;
	for (size_t i = 0; i < count && i < MAX_WORKERS; i++) {
		REQUIRE_WHY(pthread_create(&w->threads[i], NULL, run, w) == 0, ERR_UNAVAILABLE, "no thread for ACME");
		w->count++;
	}
	return ERR_OK;
}

void
workers_stop(struct workers **out)
{
	struct workers *w = *out;

	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->lock);
	for (size_t i = 0; i < w->count; i++)
		pthread_join(w->threads[i], NULL);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
	*out = NULL;
}
