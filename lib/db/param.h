/* param: parameters in PostgreSQL's binary form. Used by statement.c only. */
#ifndef MOHAR_DB_PARAM_H
#define MOHAR_DB_PARAM_H

#include "db/db.h"

enum { DB_NUMBER_LEN = 8 };

/* A call's parameters as libpq wants them. Owns what had to be made; borrows the rest. */
struct bound {
	size_t count;
	const char *values[MAX_DB_PARAMS]; /* NULL: SQL null */
	int lengths[MAX_DB_PARAMS];
	int formats[MAX_DB_PARAMS];
	char numbers[MAX_DB_PARAMS][DB_NUMBER_LEN];
	struct writer made[MAX_DB_PARAMS];
};

/* Binds the parameters of s. ERR_CONFIG if one is of another type than the table says; ERR_TOO_LONG. Free it in any case. */
MUST_USE enum err bound_make(const struct db_statement *s, const struct db_param *params, struct bound *out);
void bound_free(struct bound *b);

/* An array of one dimension with count elements, which follow: each a writer_block32(), or array_null(). */
void array_begin(struct writer *w, uint32_t element_oid, size_t count);
void array_null(struct writer *w);

#endif
