/* together: calls of one statement that several threads make at the same time, sent to the server as one: one round trip, one commit and one flush to disk
 * for all of them. Nobody waits for company: whoever comes while nothing is under way goes at once, and whoever comes meanwhile goes with the next. Used
 * inside lib/db only, for statements that say `together` (db.h). */
#ifndef MOHAR_DB_TOGETHER_H
#define MOHAR_DB_TOGETHER_H

#include "db/param.h"

struct together;

/* One queue for each of count statements. ERR_NO_MEMORY. */
MUST_USE enum err together_new(size_t count, struct together **out);
void together_free(struct together **t);

/* As db_pool_one(), for statement n of the pool's table, with whoever is there. Each caller has its own row, its own error and its own reason; parameters that
 * the server does not take are one caller's trouble, since all are then sent again one by one. */
MUST_USE enum err together_one(struct together *t, struct db_pool *p, size_t n, const struct db_statement *s,
	const struct db_param *params, void *row);

/* The same alone, on a connection that is leased already. */
MUST_USE enum err together_alone(struct db *db, const struct db_statement *s, const struct db_param *params, void *row);

/* One caller's count rows of parameters, one after the other, for a statement without result. */
MUST_USE enum err together_rows(struct db *db, const struct db_statement *s, const struct db_param *rows, size_t count);

#endif
