#include "db/together.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/connection.h"
#include "db/row.h"

enum {
	MAX_TOGETHER = 64, /* callers in one statement */
	MAX_ARRAY = 64 << 20,
	GATHER_US =
		1000, /* how long the next one waits for as much company again as the last one had; not at all if that had none */
	WHY_ROOM = 256,
};

/* One caller, on its own stack. Others touch it until they post its turn, and never again. */
struct call {
	const struct bound *bound;
	void *row;
	enum err e;
	char why[WHY_ROOM];
	bool lead; /* when its turn comes: it runs the next statement; else it is done */
	sem_t turn;
	struct call *next;
};

/* One statement at a time: two would only be smaller ones. The first of those who wait leads the next. */
struct queue {
	struct call *first, **last;
	size_t waiting, before; /* calls; how many the last statement had */
	bool under_way;
	pthread_cond_t gathered; /* as many wait as its leader hopes for */
};

struct together {
	pthread_mutex_t mutex; /* owns the queues */
	size_t count;
	struct queue queues[];
};

enum err
together_new(size_t count, struct together **out)
{
	struct together *t = calloc(1, sizeof(*t) + count * sizeof(t->queues[0]));

	REQUIRE(t != NULL, ERR_NO_MEMORY);
	t->count = count;
	for (size_t i = 0; i < count; i++) {
		t->queues[i].last = &t->queues[i].first;
		(void)pthread_cond_init(&t->queues[i].gathered, NULL);
	}
	(void)pthread_mutex_init(&t->mutex, NULL);
	*out = t;
	return ERR_OK;
}

void
together_free(struct together **t)
{
	if (*t == NULL)
		return;
	for (size_t i = 0; i < (*t)->count; i++)
		(void)pthread_cond_destroy(&(*t)->queues[i].gathered);
	(void)pthread_mutex_destroy(&(*t)->mutex);
	free(*t);
	*t = NULL;
}

static void
settle(struct call *c, enum err e)
{
	c->e = e;
	(void)snprintf(c->why, sizeof(c->why), "%s", e == ERR_OK ? "" : err_why());
}

/* Parameters as arrays, of count elements each, which arrays_add() then gives them one call at a time. */
static void
arrays_begin(const struct db_statement *s, size_t count, struct bound *out)
{
	out->count = s->param_count;
	for (size_t i = 0; i < s->param_count; i++) {
		out->made[i] = writer_new(MAX_ARRAY);
		array_begin(&out->made[i], db_type_oid(s->params[i]), count);
	}
}

static void
arrays_add(struct bound *out, const struct bound *one)
{
	for (size_t i = 0; i < out->count; i++)
		if (one->values[i] == NULL)
			array_null(&out->made[i]);
		else
			writer_block32(&out->made[i], span_at(one->values[i], (size_t)one->lengths[i]));
}

static enum err
arrays_send(struct db *db, const struct db_statement *s, struct bound *b, PGresult **out)
{
	ExecStatusType status;

	for (size_t i = 0; i < b->count; i++) {
		TRY(writer_done(&b->made[i]));
		b->values[i] = (const char *)b->made[i].ptr;
		b->lengths[i] = (int)b->made[i].len;
		b->formats[i] = 1;
	}
	*out = PQexecPrepared(db->conn, s->name, (int)b->count, b->values, b->lengths, b->formats, 1);
	status = PQresultStatus(*out);
	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ? ERR_OK
								       : connection_error(s->name, db->conn, *out);
}

/* Each row to the call whose number is in its last column. */
static enum err
hand_out(const struct db_statement *s, const PGresult *result, struct call *const *calls, size_t count)
{
	TRY(row_check(s, result));
	for (size_t k = 0; k < count; k++)
		calls[k]->e = ERR_NOT_FOUND;
	for (int i = 0; i < PQntuples(result); i++) {
		const size_t k = row_number(result, i) - 1;

		REQUIRE_WHY(k < count, ERR_CORRUPT, "statement %s: a row for nobody", s->name);
		if (calls[k]->e == ERR_NOT_FOUND)
			settle(calls[k], row_read(s, result, i, calls[k]->row));
		else
			settle(calls[k], err_because(ERR_CORRUPT, "statement %s: two rows for one", s->name));
	}
	return ERR_OK;
}

static enum err
run(struct db *db, const struct db_statement *s, struct call *const *calls, size_t count)
{
	RESULT result = NULL;
	AUTO(bound) arrays;

	arrays_begin(s, count, &arrays);
	for (size_t k = 0; k < count; k++)
		arrays_add(&arrays, calls[k]->bound);
	TRY(arrays_send(db, s, &arrays, &result));
	return hand_out(s, result, calls, count);
}

/* The server has refused the statement, and nothing of it happened, because of what somebody sent. */
static bool
is_somebodys(enum err e)
{
	return e == ERR_MALFORMED || e == ERR_TOO_LONG || e == ERR_REFUSED || e == ERR_EXISTS || e == ERR_USED;
}

static void
run_all(struct db_pool *p, const struct db_statement *s, struct call *const *calls, size_t count)
{
	AUTO(db) *db = NULL;
	enum err e = db_lease(p, &db);

	if (e == ERR_OK)
		e = run(db, s, calls, count);
	if (e == ERR_OK)
		return;
	for (size_t k = 0; k < count; k++) {
		if (count == 1 || !is_somebodys(e)) {
			settle(calls[k], e);
			continue;
		}
		const enum err own = run(db, s, &calls[k], 1);

		if (own != ERR_OK)
			settle(calls[k], own);
	}
}

/* How many the leader of the next statement waits for. */
static size_t
hoped_for(const struct queue *q)
{
	return q->before * 2 < MAX_TOGETHER ? q->before * 2 : MAX_TOGETHER;
}

static void
append(struct queue *q, struct call *c)
{
	*q->last = c;
	q->last = &c->next;
	if (++q->waiting == hoped_for(q))
		(void)pthread_cond_signal(&q->gathered);
}

/* Where exchanges come one by one nobody waits; where they come in crowds, a commit for each would be most of the work. */
static void
gather(struct together *t, struct queue *q)
{
	struct timespec until;

	if (q->before < 2 || q->waiting >= hoped_for(q))
		return;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += GATHER_US * 1000L;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (q->waiting < hoped_for(q))
		if (pthread_cond_clockwait(&q->gathered, &t->mutex, CLOCK_MONOTONIC, &until) != 0)
			break;
}

static size_t
take(struct queue *q, struct call *calls[MAX_TOGETHER])
{
	size_t count = 0;

	for (; q->first != NULL && count < MAX_TOGETHER; q->first = q->first->next)
		calls[count++] = q->first;
	if (q->first == NULL)
		q->last = &q->first;
	q->waiting -= count;
	q->before = count;
	return count;
}

/* The turn of the statement that is over goes to the first who waits. Under the mutex. */
static void
pass_on(struct queue *q)
{
	q->under_way = q->first != NULL;
	if (q->first == NULL)
		return;
	q->first->lead = true;
	(void)sem_post(&q->first->turn);
}

static void
lead(struct together *t, struct queue *q, struct db_pool *p, const struct db_statement *s)
{
	struct call *calls[MAX_TOGETHER];
	size_t count;

	(void)pthread_mutex_lock(&t->mutex);
	gather(t, q);
	count = take(q, calls);
	(void)pthread_mutex_unlock(&t->mutex);
	run_all(p, s, calls, count);
	(void)pthread_mutex_lock(&t->mutex);
	pass_on(q);
	(void)pthread_mutex_unlock(&t->mutex);
	for (size_t k = 1; k < count; k++) { /* the first is our own */
		(void)sem_post(&calls[k]->turn);
	}
}

/* Queues up: at once, if nothing is under way. From here on the call's lead belongs to whoever passes the turn on. */
static bool
join(struct together *t, struct queue *q, struct call *c)
{
	(void)pthread_mutex_lock(&t->mutex);
	append(q, c);
	const bool first = !q->under_way;

	q->under_way = true;
	c->lead = first;
	(void)pthread_mutex_unlock(&t->mutex);
	return first;
}

static void
wait_turn(struct call *c)
{
	while (sem_wait(&c->turn) != 0)
		; /* EINTR: no other error is possible */
}

enum err
together_one(struct together *t, struct db_pool *p, size_t n, const struct db_statement *s,
	const struct db_param *params, void *row)
{
	AUTO(bound) bound;
	struct call c = {.bound = &bound, .row = row, .e = ERR_UNAVAILABLE};
	struct queue *q = &t->queues[n];

	bound.count = 0;
	TRY(bound_make(s, params, &bound));
	(void)sem_init(&c.turn, 0, 0);
	if (!join(t, q, &c))
		wait_turn(&c);
	if (c.lead)
		lead(t, q, p, s);
	(void)sem_destroy(&c.turn);
	return c.why[0] == '\0' ? c.e : err_because(c.e, "%s", c.why);
}

enum err
together_alone(struct db *db, const struct db_statement *s, const struct db_param *params, void *row)
{
	AUTO(bound) bound;
	struct call c = {.bound = &bound, .row = row}, *only = &c;

	bound.count = 0;
	TRY(bound_make(s, params, &bound));
	TRY(run(db, s, &only, 1));
	return c.why[0] == '\0' ? c.e : err_because(c.e, "%s", c.why);
}

static enum err
add_row(struct bound *arrays, const struct db_statement *s, const struct db_param *row)
{
	AUTO(bound) one;

	one.count = 0;
	TRY(bound_make(s, row, &one));
	arrays_add(arrays, &one);
	return ERR_OK;
}

enum err
together_rows(struct db *db, const struct db_statement *s, const struct db_param *rows, size_t count)
{
	AUTO(bound) arrays;
	RESULT result = NULL;

	arrays_begin(s, count, &arrays);
	for (size_t k = 0; k < count; k++)
		TRY(add_row(&arrays, s, &rows[k * s->param_count]));
	return arrays_send(db, s, &arrays, &result);
}
