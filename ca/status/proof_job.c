#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "audit/event.h"
#include "base/log.h"
#include "ca/status/keeper.h"
#include "ca/status/proof.h"
#include "ca/store/statements.h"

enum { SECONDS_A_MINUTE = 60, AGAIN_SECONDS = 60, FIRST_SECONDS = 5 };

struct proof {
	struct cad *c;
	pthread_t thread;
	pthread_mutex_t lock; /* guards stop and what follows */
	pthread_cond_t wake;
	bool stop;
	struct proof_result last;
	uint64_t failures; /* it could not be found out */
};

static enum err
record(struct cad *c, const struct proof_result *r)
{
	AUTO(writer) public_part = writer_new(MAX_ENTRY);
	struct event event = {0};
	struct json_writer j = json_to(&public_part);

	json_object(&j, NULL);
	json_int(&j, "answers", r->answers);
	json_int(&j, "disagreements", r->disagreements);
	json_int(&j, "entries", r->entries);
	json_text(&j, "first", r->first);
	json_int(&j, "lists", r->lists);
	json_object_end(&j);
	TRY(writer_done(&public_part));
	TRY(event_make(&event, "ca", "status.disagreement", LOG_TREE_PUBLIC, r->at, writer_span(&public_part),
		SPAN("{}")));
	const struct db_param params[] = {db_uuid(&event.id), db_time(r->at), db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)), db_bytes(writer_span(&event.private_part))};
	const enum err e = db_pool_run(c->db, CA_PROOF_EVENT, params, NULL);

	event_free(&event);
	return e;
}

enum err
proof_tell(struct cad *c, const struct proof_result *r)
{
	if (r->disagreements == 0) {
		log_info("proof", "database, %lld lists with %lld entries and %lld OCSP answers agree (%lld s)",
			(long long)r->lists, (long long)r->entries, (long long)r->answers, (long long)r->seconds);
		return ERR_OK;
	}
	log_error("proof", "%lld disagreements between database, lists and OCSP; the first: %s",
		(long long)r->disagreements, r->first);
	return record(c, r);
}

/* Waits until then, or for the end: true. */
static bool
wait_until(struct proof *p, time_t at)
{
	const struct timespec until = {.tv_sec = at};

	pthread_mutex_lock(&p->lock);
	while (!p->stop && time(NULL) < at)
		pthread_cond_timedwait(&p->wake, &p->lock, &until);
	const bool stop = p->stop;

	pthread_mutex_unlock(&p->lock);
	return stop;
}

static enum err
prove(struct proof *p)
{
	struct proof_result r;

	TRY(keeper_ready(p->c->keeper, cad_now(p->c)));
	TRY(proof_run(p->c, &r));
	pthread_mutex_lock(&p->lock);
	p->last = r;
	pthread_mutex_unlock(&p->lock);
	return proof_tell(p->c, &r);
}

static void *
run(void *context)
{
	struct proof *p = context;
	time_t next = time(NULL) + FIRST_SECONDS;

	while (!wait_until(p, next)) {
		const enum err e = prove(p);

		next = time(NULL) + (e == ERR_OK ? p->c->config.proof_minutes * SECONDS_A_MINUTE : AGAIN_SECONDS);
		if (e == ERR_OK)
			continue;
		log_refusal("proof", e, "it could not be found out whether database, lists and OCSP agree");
		pthread_mutex_lock(&p->lock);
		p->failures++;
		pthread_mutex_unlock(&p->lock);
	}
	return NULL;
}

enum err
proof_start(struct cad *c, struct proof **out)
{
	*out = NULL;
	if (c->config.proof_minutes == 0)
		return ERR_OK;
	struct proof *p = calloc(1, sizeof(*p));

	REQUIRE(p != NULL, ERR_NO_MEMORY);
	p->c = c;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
	if (pthread_create(&p->thread, NULL, run, p) != 0) {
		free(p);
		return err_because(ERR_UNAVAILABLE, "no thread for the proof");
	}
	*out = p;
	return ERR_OK;
}

void
proof_stop(struct proof **p)
{
	if (*p == NULL)
		return;
	pthread_mutex_lock(&(*p)->lock);
	(*p)->stop = true;
	pthread_cond_signal(&(*p)->wake);
	pthread_mutex_unlock(&(*p)->lock);
	pthread_join((*p)->thread, NULL);
	pthread_cond_destroy(&(*p)->wake);
	pthread_mutex_destroy(&(*p)->lock);
	free(*p);
	*p = NULL;
}

void
proof_metrics(const struct cad *c, struct writer *w)
{
	struct proof *p = c->proof;

	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	writer_format(w,
		"# TYPE mohar_status_proof_timestamp_seconds gauge\nmohar_status_proof_timestamp_seconds %lld\n"
		"# TYPE mohar_status_proof_disagreements gauge\nmohar_status_proof_disagreements %lld\n"
		"# TYPE mohar_status_proof_entries gauge\nmohar_status_proof_entries %lld\n"
		"# TYPE mohar_status_proof_seconds gauge\nmohar_status_proof_seconds %lld\n"
		"# TYPE mohar_status_proof_failures_total counter\nmohar_status_proof_failures_total %llu\n",
		(long long)p->last.at, (long long)p->last.disagreements, (long long)p->last.entries,
		(long long)p->last.seconds, (unsigned long long)p->failures);
	pthread_mutex_unlock(&p->lock);
}

void
proof_last(struct proof *p, struct proof_result *out)
{
	*out = (struct proof_result){0};
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	*out = p->last;
	pthread_mutex_unlock(&p->lock);
}
