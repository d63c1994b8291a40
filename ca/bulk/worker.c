/* worker: one thread that counts what is proposed and carries out what is approved. What it does is in the database step by step, under a lease: whatever an instance that died has
 * left is taken up by another, or by the same one after its start. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "ca/bulk/bulk.h"
#include "ca/revoke/many.h"

enum {
	BULK_CONNECTIONS = 3,
	POLL_SECONDS = 2,
	LEASE_SECONDS = 20,
	TOLD_SECONDS = 10,
	MAX_SAMPLES = 16 << 10,
	MAX_ACTORS = 2 << 10
};

struct bulk_worker {
	struct cad *c;
	struct db_pool *db;   /* guards itself */
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;
	bool stop, woken;
	unix_time told; /* by the thread alone */
	pthread_t thread;
	bool started;
};

struct db_pool *
bulk_db(struct cad *c)
{
	return c->bulk->db;
}

/* ---- one piece of work ---- */

struct job {
	struct bulk_worker *w;
	struct work_row *row;
	unix_time leased;
};

/* Keeps the lease, and ends when asked to: the next start goes on. */
static enum err
tick(void *context, size_t done)
{
	struct job *job = context;
	const unix_time now = cad_now(job->w->c);

	(void)done;
	pthread_mutex_lock(&job->w->lock);
	const bool stop = job->w->stop;

	pthread_mutex_unlock(&job->w->lock);
	REQUIRE_WHY(!stop, ERR_UNAVAILABLE, "asked to stop");
	if (now - job->leased < LEASE_SECONDS / 4)
		return ERR_OK;
	job->leased = now;
	const struct db_param params[] = {db_uuid(&job->row->id), db_time(now + LEASE_SECONDS)};

	return db_pool_run(job->w->db, BULK_LEASE, params, NULL);
}

static enum err
samples(struct job *job, struct writer *out)
{
	const struct db_param params[] = {db_uuid(&job->row->id), db_int(BULK_SAMPLES_SHOWN)};
	struct json_writer j = json_to(out);
	struct json_list list;

	TRY(db_pool_all(job->w->db, BULK_SAMPLES, params, &list));
	const struct sample_row *rows = list.items;

	json_array(&j, NULL);
	for (size_t i = 0; i < list.count; i++) {
		json_object(&j, NULL);
		json_hex(&j, "serial", span_at(rows[i].serial.ptr, rows[i].serial.len));
		json_text(&j, "profile", rows[i].profile);
		json_text(&j, "subject", rows[i].subject);
		json_time(&j, "issued_at", rows[i].issued_at);
		json_object_end(&j);
	}
	json_array_end(&j);
	db_rows_free(&bulk_statements[BULK_SAMPLES], &list);
	return writer_done(out);
}

/* The event's row: what is known of it now. */
static struct bulk_row
as_bulk(const struct work_row *r)
{
	return (struct bulk_row){
		.id = r->id,
		.action = r->action,
		.criteria = r->criteria,
		.proposer = r->proposer,
		.count = r->count,
		.serials_sha256 = r->serials_sha256,
	};
}

static enum err
record_count(struct job *job, int64_t count, struct sha256 *hash, struct span sample_text)
{
	const unix_time now = cad_now(job->w->c);
	struct bulk_row b = as_bulk(job->row);
	struct event event = {0};

	b.count = count;
	b.serials_sha256 = (struct json_bytes){hash->bytes, SHA256_LEN};
	TRY(bulk_event("bulk.counted", &b, job->row->proposer, NULL, now, &event));
	const struct db_param params[] = {
		db_uuid(&b.id),
		db_int(count),
		db_bytes(sha256_span(hash)),
		db_text_span(sample_text),
		db_time(now),
		db_text(job->row->proposer),
		db_uuid(&event.id),
		db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part)),
	};
	const enum err e = db_pool_run(job->w->db, BULK_COUNTED, params, NULL);

	event_free(&event);
	return e;
}

static enum err
count(struct job *job)
{
	AUTO(writer) text = writer_new(MAX_SAMPLES);
	struct sha256 hash;
	int64_t found;

	TRY(bulk_pick(job->w->c, &job->row->id, job->row->action, job->row->criteria, tick, job));
	TRY(bulk_measure(job->w->c, &job->row->id, tick, job, &found, &hash));
	REQUIRE_WHY(found > 0, ERR_NOT_FOUND, "no certificate fits the criteria");
	TRY(samples(job, &text));
	return record_count(job, found, &hash, writer_span(&text));
}

/* "operator-1, operator-2": in whose name it is done. */
static enum err
actors(struct job *job, struct writer *out)
{
	const struct db_param params[] = {db_uuid(&job->row->id)};
	struct json_list list;

	TRY(db_pool_all(job->w->db, BULK_APPROVALS, params, &list));
	const struct bulk_approval_row *rows = list.items;

	for (size_t i = 0; i < list.count; i++)
		writer_format(out, "%s%s", i > 0 ? ", " : "", rows[i].approver);
	db_rows_free(&bulk_statements[BULK_APPROVALS], &list);
	return writer_done(out);
}

static enum err
record_end(struct job *job, size_t statement, const char *type, const char *actor)
{
	const unix_time now = cad_now(job->w->c);
	const struct bulk_row b = as_bulk(job->row);
	struct event event = {0};

	TRY(bulk_event(type, &b, actor, NULL, now, &event));
	const struct db_param params[] = {
		db_uuid(&b.id),
		db_time(now),
		db_text(actor),
		db_uuid(&event.id),
		db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part)),
	};
	const enum err e = db_pool_run(job->w->db, statement, params, NULL);

	event_free(&event);
	return e;
}

static enum err
carry_out(struct job *job, const char *bulk, const char *actor)
{
	const struct suspend_query query = {.selection = &job->row->id};
	const struct suspend_order order = {.actor = actor,
		.principal = job->row->proposer,
		.channel = "quorum",
		.bulk = bulk};
	size_t done;

	if (strcmp(job->row->action, "resume") == 0)
		return resume_many(job->w->c, &job->row->id, bulk, actor, tick, job);
	return suspend_many(job->w->c, &query, &order, tick, job, &done);
}

/* On exactly the list that was approved, whatever has been issued since. */
static enum err
run(struct job *job)
{
	AUTO(writer) bulk = writer_new(UUID_TEXT_LEN);
	AUTO(writer) actor = writer_new(MAX_ACTORS);
	struct sha256 hash;
	int64_t found;

	uuid_write(&bulk, &job->row->id);
	TRY(bulk_measure(job->w->c, &job->row->id, tick, job, &found, &hash));
	REQUIRE_WHY(found == job->row->count &&
			span_equal(sha256_span(&hash),
				span_at(job->row->serials_sha256.ptr, job->row->serials_sha256.len)),
		ERR_CORRUPT, "the stored list is not the one that was approved");
	TRY(actors(job, &actor));
	TRY(carry_out(job, (const char *)writer_span(&bulk).ptr, (const char *)writer_span(&actor).ptr));
	return record_end(job, BULK_DONE, "bulk.done", (const char *)writer_span(&actor).ptr);
}

/* What will not get better by being tried again ends here, and says why. */
static enum err
fail(struct job *job, enum err why)
{
	const unix_time now = cad_now(job->w->c);
	const struct bulk_row b = as_bulk(job->row);
	AUTO(writer) problem = writer_new(MAX_WHY);
	struct event event = {0};

	writer_text(&problem, err_why()[0] != '\0' ? err_why() : err_text(why));
	TRY(bulk_event("bulk.failed", &b, job->row->proposer, (const char *)writer_span(&problem).ptr, now, &event));
	const struct db_param params[] = {
		db_uuid(&b.id),
		db_time(now),
		db_text_span(writer_span(&problem)),
		db_text(job->row->proposer),
		db_uuid(&event.id),
		db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part)),
	};
	const enum err e = db_pool_run(job->w->db, BULK_FAILED, params, NULL);

	event_free(&event);
	return e;
}

/* ERR_NOT_FOUND: nothing to do. */
static enum err
work(struct bulk_worker *w)
{
	const unix_time now = cad_now(w->c);
	const struct db_param params[] = {db_time(now), db_time(now + LEASE_SECONDS)};
	struct work_row row;
	struct job job = {.w = w, .row = &row, .leased = now};

	TRY(db_pool_one(w->db, BULK_CLAIM, params, &row));
	enum err e = strcmp(row.state, "counting") == 0 ? count(&job) : run(&job);

	if (e != ERR_OK && err_http(e) != 503)
		e = fail(&job, e);
	db_row_free(&bulk_statements[BULK_CLAIM], &row);
	return e;
}

/* ---- the thread ---- */

/* A database that is away would otherwise fill the log. */
static void
complain(struct bulk_worker *w, enum err e)
{
	const unix_time now = cad_now(w->c);

	if (now - w->told >= TOLD_SECONDS) {
		w->told = now;
		log_refusal("bulk", e, "worker");
	}
}

/* True: stop. */
static bool
wait_for_work(struct bulk_worker *w)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += POLL_SECONDS;
	pthread_mutex_lock(&w->lock);
	if (!w->stop && !w->woken)
		pthread_cond_timedwait(&w->wake, &w->lock, &until);
	w->woken = false;
	const bool stop = w->stop;

	pthread_mutex_unlock(&w->lock);
	return stop;
}

static void *
loop(void *context)
{
	struct bulk_worker *w = context;
	bool stop = false;

	while (!stop) {
		const enum err e = work(w);

		if (e != ERR_OK && e != ERR_NOT_FOUND)
			complain(w, e);
		err_forget();
		if (e != ERR_OK)
			stop = wait_for_work(w);
	}
	return NULL;
}

void
bulk_wake(struct bulk_worker *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->woken = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

enum err
bulk_start(struct cad *c, struct bulk_worker **out)
{
	struct bulk_worker *w = calloc(1, sizeof(*w));

	REQUIRE(w != NULL, ERR_NO_MEMORY);
	w->c = c;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	*out = w; /* bulk_stop ends whatever stands */
	TRY(db_pool_open(c->config.database, BULK_CONNECTIONS, bulk_statements, BULK_STATEMENT_COUNT, &w->db));
	REQUIRE_WHY(pthread_create(&w->thread, NULL, loop, w) == 0, ERR_UNAVAILABLE, "no thread for bulk acts");
	w->started = true;
	return ERR_OK;
}

void
bulk_stop(struct bulk_worker **out)
{
	struct bulk_worker *w = *out;

	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->lock);
	if (w->started)
		pthread_join(w->thread, NULL);
	if (w->db != NULL)
		db_pool_free(&w->db);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
	*out = NULL;
}
