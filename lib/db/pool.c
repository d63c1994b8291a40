#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/connection.h"
#include "db/together.h"

enum { LEASE_SECONDS = 2, MAX_POOL = 256 };

struct db_pool {
	struct db_settings settings;
	pthread_mutex_t mutex; /* owns the leased flags; a leased connection belongs to its lessee alone */
	pthread_cond_t freed;
	struct together *together;
	size_t size;
	struct db slots[];
};

const struct db_settings *
db_settings_of(const struct db *db)
{
	return &db->pool->settings;
}

/* Opens one connection, so that a wrong address or statement is told at the start and not by the first visitor. */
static enum err
try_once(struct db_pool *p)
{
	struct db *db = NULL;

	TRY(db_lease(p, &db));
	db_free(&db);
	return ERR_OK;
}

enum err
db_pool_open(const char *conninfo, size_t size, const struct db_statement *table, size_t count, struct db_pool **out)
{
	struct db_pool *p;
	enum err e;

	REQUIRE_WHY(size >= 1 && size <= MAX_POOL, ERR_CONFIG, "database: a pool has 1 to %d connections, not %zu",
		MAX_POOL, size);
	p = calloc(1, sizeof(*p) + size * sizeof(p->slots[0]));
	REQUIRE(p != NULL, ERR_NO_MEMORY);
	p->size = size;
	p->settings = (struct db_settings){.conninfo = strdup(conninfo), .table = table, .count = count};
	for (size_t i = 0; i < size; i++)
		p->slots[i].pool = p;
	(void)pthread_mutex_init(&p->mutex, NULL);
	(void)pthread_cond_init(&p->freed, NULL);
	e = p->settings.conninfo == NULL ? ERR_NO_MEMORY : together_new(count, &p->together);
	if (e == ERR_OK)
		e = try_once(p);
	if (e != ERR_OK) {
		db_pool_free(&p);
		return e;
	}
	*out = p;
	return ERR_OK;
}

void
db_pool_free(struct db_pool **p)
{
	if (*p == NULL)
		return;
	for (size_t i = 0; i < (*p)->size; i++)
		connection_close(&(*p)->slots[i]);
	(void)pthread_cond_destroy(&(*p)->freed);
	(void)pthread_mutex_destroy(&(*p)->mutex);
	together_free(&(*p)->together);
	free((*p)->settings.conninfo);
	free(*p);
	*p = NULL;
}

/* An open connection if there is one, else any that is free. With the mutex held. */
static struct db *
find_free(struct db_pool *p)
{
	struct db *found = NULL;

	for (size_t i = 0; i < p->size; i++) {
		if (p->slots[i].leased)
			continue;
		if (p->slots[i].conn != NULL)
			return &p->slots[i];
		if (found == NULL)
			found = &p->slots[i];
	}
	return found;
}

enum err
db_lease(struct db_pool *p, struct db **out)
{
	struct timespec until;
	struct db *db;
	enum err e;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += LEASE_SECONDS;
	(void)pthread_mutex_lock(&p->mutex);
	while ((db = find_free(p)) == NULL)
		if (pthread_cond_clockwait(&p->freed, &p->mutex, CLOCK_MONOTONIC, &until) != 0)
			break;
	if (db != NULL)
		db->leased = true;
	(void)pthread_mutex_unlock(&p->mutex);
	REQUIRE_WHY(db != NULL, ERR_UNAVAILABLE, "database: all %zu connections were busy for %d s", p->size,
		LEASE_SECONDS);
	e = connection_open(db, &p->settings);
	if (e != ERR_OK) {
		db_free(&db);
		return e;
	}
	*out = db;
	return ERR_OK;
}

/* Leaves no transaction behind for the next lessee. */
static void
settle(struct db *db)
{
	if (db->conn == NULL || PQtransactionStatus(db->conn) == PQTRANS_IDLE)
		return;
	db_rollback(db);
	if (db->conn != NULL && PQtransactionStatus(db->conn) != PQTRANS_IDLE)
		connection_close(db);
}

void
db_free(struct db **db)
{
	struct db_pool *p;

	if (*db == NULL)
		return;
	p = (*db)->pool;
	settle(*db);
	(void)pthread_mutex_lock(&p->mutex);
	(*db)->leased = false;
	(void)pthread_cond_signal(&p->freed);
	(void)pthread_mutex_unlock(&p->mutex);
	*db = NULL;
}

enum err
db_pool_one(struct db_pool *p, size_t n, const struct db_param *params, void *row)
{
	AUTO(db) *db = NULL;

	if (n < p->settings.count && p->settings.table[n].together) {
		memset(row, 0, p->settings.table[n].row_size);
		return together_one(p->together, p, n, &p->settings.table[n], params, row);
	}
	TRY(db_lease(p, &db));
	return db_one(db, n, params, row);
}

enum err
db_pool_all(struct db_pool *p, size_t n, const struct db_param *params, struct json_list *rows)
{
	AUTO(db) *db = NULL;

	TRY(db_lease(p, &db));
	return db_all(db, n, params, rows);
}

enum err
db_pool_run(struct db_pool *p, size_t n, const struct db_param *params, size_t *affected)
{
	AUTO(db) *db = NULL;

	TRY(db_lease(p, &db));
	return db_run(db, n, params, affected);
}

enum err
db_ping(struct db_pool *p)
{
	AUTO(db) *db = NULL;

	TRY(db_lease(p, &db));
	return connection_command(db, "SET client_min_messages = 'warning'"); /* a round trip that changes nothing */
}
