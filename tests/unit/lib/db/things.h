/* things: what the tests of lib/db ask a scratch server: a table of things, and a statement for each way of asking. Used by tests/unit/lib/db. */
#ifndef MOHAR_TEST_THINGS_H
#define MOHAR_TEST_THINGS_H

#include "tests/unit/lib/test.h"

#include "db/db.h"

enum statement {
	ADD,
	GET,
	ALL,
	TAKE,
	COUNT,
	CHILD,
	REFUSE,
	USE,
	SLEEP,
	SERIALIZE,
	TWO,
	WRONG_TYPE,
	WRONG_COUNT,
	BROKEN_ARRAY,
	TAKE_TOGETHER,
	ADD_ROWS,
	THINGS_STATEMENTS
};

struct thing {
	char *text;
	struct json_bytes bytes;
	int64_t number, small;
	bool flag;
	unix_time at;
	struct uuid id;
	char *json;
	struct json_list texts;
};

struct number {
	int64_t n;
};

extern const struct db_statement things_table[THINGS_STATEMENTS];
/* Four connections to it; NULL: there is no PostgreSQL here. */
extern struct db_pool *things_pool;

/* Of a test's group. */
int things_set_up(void **state);
int things_tear_down(void **state);

#define NEEDS_POSTGRES()                                 \
	if (things_pool == NULL) {                       \
		print_message("PostgreSQL not found\n"); \
		skip();                                  \
	}

/* Runs sql on a connection of its own. */
void things_command(const char *sql);
/* A thing with text and number; everything else null. db NULL: on any connection. */
MUST_USE enum err things_add(struct db *db, const char *text, int64_t number);
int64_t things_count_from(int64_t number);

#endif
