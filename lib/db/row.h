/* row: binary results into row structs. Used by statement.c only. */
#ifndef MOHAR_DB_ROW_H
#define MOHAR_DB_ROW_H

#include <libpq-fe.h>

#include "db/db.h"

/* The ordinal in the last column of a checked result of a `together` statement; 0 if it is null. */
size_t row_number(const PGresult *result, int n);

/* Do the columns of a result fit those of s? ERR_CONFIG names the first that does not. */
MUST_USE enum err row_check(const struct db_statement *s, const PGresult *result);

/* Reads row number n of a checked result into *row (zeroed first). ERR_CORRUPT, ERR_NO_MEMORY; *row then owns nothing. */
MUST_USE enum err row_read(const struct db_statement *s, const PGresult *result, int n, void *row);

#endif
