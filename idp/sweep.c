#include "idp/sweep.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"
#include "idp/store/store.h"

enum { SWEEP_SECONDS = 60, HOUR = 3600 };

struct sweep {
	struct idp *idp;
	pthread_t thread;
	pthread_mutex_t lock; /* owns stop */
	pthread_cond_t wake;
	bool stop;
};

enum err
sweep_once(struct idp *d)
{
	const unix_time now = clock_now(&d->clock);
	const struct db_param p[] = {db_time(now), db_time(now - HOUR), db_time(now - 24 * HOUR)};

	return db_pool_run(d->db, ST_SWEEP, p, NULL);
}

/* Sleeps until it is time, or until it is told to stop: false. */
static bool
wait_turn(struct sweep *s)
{
	struct timespec until;
	bool stop;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += SWEEP_SECONDS;
	pthread_mutex_lock(&s->lock);
	while (!s->stop && pthread_cond_timedwait(&s->wake, &s->lock, &until) == 0)
		;
	stop = s->stop;
	pthread_mutex_unlock(&s->lock);
	return !stop;
}

static void *
run(void *context)
{
	struct sweep *const s = context;

	while (wait_turn(s)) {
		const enum err e = sweep_once(s->idp);

		if (e != ERR_OK)
			log_refusal("sweep", e, "tried again in a minute");
	}
	return NULL;
}

enum err
sweep_start(struct idp *d, struct sweep **out)
{
	struct sweep *s = calloc(1, sizeof(*s));

	REQUIRE(s != NULL, ERR_NO_MEMORY);
	s->idp = d;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	if (pthread_create(&s->thread, NULL, run, s) != 0) {
		free(s);
		return err_because(ERR_NO_MEMORY, "no thread for the sweep");
	}
	*out = s;
	return ERR_OK;
}

void
sweep_stop(struct sweep **s)
{
	if (*s == NULL)
		return;
	pthread_mutex_lock(&(*s)->lock);
	(*s)->stop = true;
	pthread_cond_signal(&(*s)->wake);
	pthread_mutex_unlock(&(*s)->lock);
	pthread_join((*s)->thread, NULL);
	pthread_cond_destroy(&(*s)->wake);
	pthread_mutex_destroy(&(*s)->lock);
	free(*s);
	*s = NULL;
}
