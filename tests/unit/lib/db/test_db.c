#include "tests/unit/lib/db/things.h"

#include <pthread.h>

#include "tests/unit/lib/db/scratch.h"

static const enum db_type bytes_params[] = {DB_BYTES};

CASE(every_type_comes_back_as_it_went)
{
	NEEDS_POSTGRES();
	char *items[] = {(char[]){"a"}, (char[]){""}, (char[]){"\xe0\xbd\x96 {,}\""}};
	const struct json_list texts = {items, 3};
	const struct uuid id = uuid_random();
	struct thing row;

	assert_ok(db_pool_run(things_pool, ADD,
		(const struct db_param[]){db_text("every"), db_bytes(SPAN("\0\xff")), db_int(INT64_MIN), db_int(-7),
			db_bool(true), db_time(1769903999), db_uuid(&id), db_json(SPAN("{\"b\": 1, \"a\": [null]}")),
			db_texts(&texts)},
		NULL));
	assert_ok(db_pool_one(things_pool, GET, (const struct db_param[]){db_text("every")}, &row));
	assert_string_equal(row.text, "every");
	assert_int_equal(row.bytes.len, 2);
	assert_memory_equal(row.bytes.ptr, "\0\xff", 2);
	assert_true(row.number == INT64_MIN && row.small == -7 && row.flag);
	assert_true(row.at == 1769903999);
	assert_memory_equal(&row.id, &id, sizeof(id));
	assert_string_equal(row.json, "{\"a\": [null], \"b\": 1}");
	assert_int_equal(row.texts.count, 3);
	assert_string_equal(json_text_at(&row.texts, 2), "\xe0\xbd\x96 {,}\"");
	db_row_free(&things_table[GET], &row);
	assert_null(row.text);
}

CASE(null_and_empty_stay_apart)
{
	NEEDS_POSTGRES();
	const struct json_list none = {NULL, 0};
	struct thing row;

	assert_ok(things_add(NULL, "null", 1000));
	assert_ok(db_pool_one(things_pool, GET, (const struct db_param[]){db_text("null")}, &row));
	assert_true(row.bytes.ptr == NULL && row.at == 0 && row.json == NULL && row.texts.items == NULL);
	db_row_free(&things_table[GET], &row);
	assert_ok(db_pool_run(things_pool, ADD,
		(const struct db_param[]){db_text(""), db_bytes(SPAN("")), db_int(1001), db_int(0), db_bool(false),
			db_time(-1), db_uuid(NULL), db_json(SPAN("{}")), db_texts(&none)},
		NULL));
	assert_ok(db_pool_one(things_pool, GET, (const struct db_param[]){db_text("")}, &row));
	assert_string_equal(row.text, "");
	assert_true(row.bytes.ptr != NULL && row.bytes.len == 0 && row.at == -1 && row.texts.count == 0);
	db_row_free(&things_table[GET], &row);
}

CASE(rows_come_in_order_and_none_is_not_an_error)
{
	NEEDS_POSTGRES();
	struct json_list rows;
	const struct thing *things;

	for (int i = 0; i < 5; i++) {
		char text[16];

		(void)snprintf(text, sizeof(text), "row %d", i);
		assert_ok(things_add(NULL, text, 2000 + i));
	}
	assert_ok(db_pool_all(things_pool, ALL, (const struct db_param[]){db_int(2000)}, &rows));
	things = rows.items;
	assert_int_equal(rows.count, 5);
	assert_string_equal(things[4].text, "row 4");
	db_rows_free(&things_table[ALL], &rows);
	assert_ok(db_pool_all(things_pool, ALL, (const struct db_param[]){db_int(INT64_MAX)}, &rows));
	assert_int_equal(rows.count, 0);
}

CASE(one_row_means_one_row)
{
	NEEDS_POSTGRES();
	struct number row;
	struct thing thing;

	assert_err(db_pool_one(things_pool, GET, (const struct db_param[]){db_text("nobody")}, &thing), ERR_NOT_FOUND);
	assert_ok(db_pool_one(things_pool, TWO, (const struct db_param[]){db_int(1)}, &row));
	assert_err(db_pool_one(things_pool, TWO, (const struct db_param[]){db_int(2)}, &row), ERR_CORRUPT);
}

CASE(the_servers_refusals_have_their_class_and_never_quote_a_value)
{
	NEEDS_POSTGRES();
	const struct db_param null_text[] = {db_text("x")};

	assert_ok(things_add(NULL, "secret value", 1));
	assert_err(things_add(NULL, "secret value", 1), ERR_EXISTS);
	assert_non_null(strstr(err_why(), "add: SQLSTATE 23505 thing_pkey"));
	assert_null(strstr(err_why(), "secret"));
	assert_err(db_pool_run(things_pool, ADD,
			   (const struct db_param[]){db_text("c"), db_bytes(SPAN("")), db_int(0), db_int(100),
				   db_bool(0), db_time(0), db_uuid(NULL), db_json(span_of(NULL)), db_texts(NULL)},
			   NULL),
		ERR_REFUSED);
	assert_err(things_add(NULL, NULL, 1), ERR_REFUSED);
	assert_err(db_pool_run(things_pool, CHILD, (const struct db_param[]){db_text("no parent")}, NULL), ERR_REFUSED);
	assert_err(db_pool_run(things_pool, REFUSE, null_text, NULL), ERR_REFUSED);
	assert_non_null(strstr(err_why(), "four eyes needed"));
	assert_err(db_pool_run(things_pool, USE, null_text, NULL), ERR_USED);
	assert_err(db_pool_run(things_pool, SERIALIZE, null_text, NULL), ERR_UNAVAILABLE);
	assert_err(db_pool_one(things_pool, GET, (const struct db_param[]){db_text_span(SPAN("a\0b"))},
			   &(struct thing){0}),
		ERR_MALFORMED);
	assert_err(db_pool_one(things_pool, GET, (const struct db_param[]){db_text("\xff")}, &(struct thing){0}),
		ERR_MALFORMED);
}

/* Many threads take codes of one length each; every code is wanted by two, and some want what no text can be. */
enum { TAKERS = 24, TAKES = 40 };
static pthread_barrier_t takers_ready;

struct taker {
	size_t number, good, not_found, malformed, wrong;
};

static void *
take_many(void *taker)
{
	struct taker *t = taker;

	(void)pthread_barrier_wait(&takers_ready);
	for (size_t i = 0; i < TAKES; i++) {
		const bool bad = t->number % 8 == 0 && i % 5 == 0;
		struct number row = {-1};
		char code[64];
		enum err e;

		(void)snprintf(code, sizeof(code), "%*zu-%zu", (int)(t->number % TAKERS / 2) + 3,
			t->number % TAKERS / 2, i);
		e = db_pool_one(things_pool, TAKE_TOGETHER, (const struct db_param[]){db_text(bad ? "\xff" : code)},
			&row);
		t->good += e == ERR_OK && row.n == (int64_t)strlen(code);
		t->not_found += e == ERR_NOT_FOUND;
		t->malformed += bad && e == ERR_MALFORMED && strstr(err_why(), "take_together: SQLSTATE 22") != NULL;
		t->wrong += (e == ERR_OK && row.n != (int64_t)strlen(code)) || (bad && e != ERR_MALFORMED);
	}
	return NULL;
}

CASE(what_many_want_at_once_each_gets_alone_or_not_at_all)
{
	NEEDS_POSTGRES();
	pthread_t threads[TAKERS];
	struct taker takers[TAKERS] = {{0}}, sum = {0};

	things_command(
		"INSERT INTO t.code SELECT lpad(p::text, p + 3) || '-' || i FROM generate_series(0, 11) p, generate_series(0, 39) i");
	assert_int_equal(pthread_barrier_init(&takers_ready, NULL, TAKERS), 0);
	for (size_t i = 0; i < TAKERS; i++) {
		takers[i].number = i;
		assert_int_equal(pthread_create(&threads[i], NULL, take_many, &takers[i]), 0);
	}
	for (size_t i = 0; i < TAKERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		sum.good += takers[i].good;
		sum.not_found += takers[i].not_found;
		sum.malformed += takers[i].malformed;
		sum.wrong += takers[i].wrong;
	}
	assert_int_equal(sum.wrong, 0);
	assert_int_equal(sum.malformed, 3 * TAKES / 5);
	assert_int_equal(sum.good, TAKERS / 2 * TAKES); /* each code once */
	assert_int_equal(sum.not_found, TAKERS * TAKES - sum.good - sum.malformed);
}

CASE(a_statement_for_many_is_good_for_one_too)
{
	NEEDS_POSTGRES();
	const struct db_param params[] = {db_text("alone")};
	AUTO(db) *db = NULL;
	struct number row;

	things_command("INSERT INTO t.code VALUES ('alone')");
	assert_ok(db_lease(things_pool, &db));
	assert_ok(db_begin(db));
	assert_ok(db_one(db, TAKE_TOGETHER, params, &row));
	assert_int_equal(row.n, 5);
	assert_err(db_one(db, TAKE_TOGETHER, params, &row), ERR_NOT_FOUND);
	db_rollback(db);
	assert_ok(db_one(db, TAKE_TOGETHER, params, &row));
	assert_err(db_run(db, TAKE_TOGETHER, params, NULL), ERR_CONFIG);
	assert_err(db_run_rows(db, TAKE_TOGETHER, params, 1), ERR_CONFIG);
	assert_err(db_run_rows(db, TAKE, params, 1), ERR_CONFIG);
}

CASE(rows_go_together_with_their_nulls_or_not_at_all)
{
	NEEDS_POSTGRES();
	const struct uuid id = uuid_random();
	struct db_param rows[][7] = {
		{db_text("rows 1"), db_bytes(SPAN("\0\xff")), db_int(-5), db_bool(true), db_time(1769903999),
			db_uuid(&id), db_json(SPAN("{\"a\": 1}"))},
		{db_text("rows 2"), db_bytes(span_of(NULL)), db_int(6), db_bool(false), db_time(0), db_uuid(NULL),
			db_json(span_of(NULL))},
	};
	AUTO(db) *db = NULL;
	struct thing row;

	assert_ok(db_lease(things_pool, &db));
	assert_ok(db_run_rows(db, ADD_ROWS, rows[0], 0));
	assert_ok(db_run_rows(db, ADD_ROWS, rows[0], 2));
	assert_ok(db_pool_one(things_pool, GET, (const struct db_param[]){db_text("rows 1")}, &row));
	assert_true(row.number == -5 && row.flag && row.at == 1769903999 && row.bytes.len == 2);
	assert_memory_equal(&row.id, &id, sizeof(id));
	assert_string_equal(row.json, "{\"a\": 1}");
	db_row_free(&things_table[GET], &row);
	assert_ok(db_pool_one(things_pool, GET, (const struct db_param[]){db_text("rows 2")}, &row));
	assert_true(row.number == 6 && !row.flag && row.at == 0 && row.bytes.ptr == NULL && row.json == NULL);
	db_row_free(&things_table[GET], &row);
	rows[0][0] = db_text("rows 3"); /* good, and its fellow is there already */
	assert_err(db_run_rows(db, ADD_ROWS, rows[0], 2), ERR_EXISTS);
	assert_err(db_pool_one(things_pool, GET, (const struct db_param[]){db_text("rows 3")}, &row), ERR_NOT_FOUND);
}

CASE(a_role_may_do_no_more_than_it_was_granted)
{
	NEEDS_POSTGRES();
	struct db_pool *reader = NULL;
	char conninfo[300];

	(void)snprintf(conninfo, sizeof(conninfo), "%s user=reader", scratch_conninfo());
	assert_ok(db_pool_open(conninfo, 1, things_table, THINGS_STATEMENTS, &reader));
	assert_err(db_pool_run(reader, CHILD, (const struct db_param[]){db_text("x")}, NULL), ERR_REFUSED);
	assert_non_null(strstr(err_why(), "permission denied"));
	db_pool_free(&reader);
}

CASE(the_table_and_the_statement_must_agree)
{
	NEEDS_POSTGRES();
	const struct db_param one[] = {db_int(1)};
	struct number row;
	struct thing thing;

	assert_err(db_pool_one(things_pool, WRONG_TYPE, one, &row), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "wrong_type: column float8 has type 701"));
	assert_err(db_pool_one(things_pool, WRONG_COUNT, one, &row), ERR_CONFIG);
	assert_err(db_pool_one(things_pool, GET, one, &thing), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "parameter $1 is of another type"));
	assert_err(db_pool_one(things_pool, BROKEN_ARRAY, one, &thing), ERR_CORRUPT);
	assert_err(db_pool_one(things_pool, 999, one, &row), ERR_CONFIG);
}

CASE(a_broken_statement_or_a_wrong_address_is_told_at_the_start)
{
	NEEDS_POSTGRES();
	static const struct db_statement broken[] = {
		DB_COMMAND("to_nowhere", "INSERT INTO t.nowhere VALUES ($1)", bytes_params)};
	struct db_pool *p = NULL;

	assert_err(db_pool_open(scratch_conninfo(), 1, broken, 1, &p), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "to_nowhere: SQLSTATE 42P01: relation \"t.nowhere\" does not exist"));
	assert_err(db_pool_open("host=/nonexistent dbname=x", 1, things_table, THINGS_STATEMENTS, &p), ERR_UNAVAILABLE);
	assert_non_null(strstr(err_why(), "connecting"));
	assert_null(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_comes_back_as_it_went),
		cmocka_unit_test(null_and_empty_stay_apart),
		cmocka_unit_test(rows_come_in_order_and_none_is_not_an_error),
		cmocka_unit_test(one_row_means_one_row),
		cmocka_unit_test(the_servers_refusals_have_their_class_and_never_quote_a_value),
		cmocka_unit_test(what_many_want_at_once_each_gets_alone_or_not_at_all),
		cmocka_unit_test(a_statement_for_many_is_good_for_one_too),
		cmocka_unit_test(rows_go_together_with_their_nulls_or_not_at_all),
		cmocka_unit_test(a_role_may_do_no_more_than_it_was_granted),
		cmocka_unit_test(the_table_and_the_statement_must_agree),
		cmocka_unit_test(a_broken_statement_or_a_wrong_address_is_told_at_the_start),
	};
	return cmocka_run_group_tests(tests, things_set_up, things_tear_down);
}
