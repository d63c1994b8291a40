#include "tests/unit/lib/test.h"

#include "base/file.h"
#include "policy/assurance.h"

static char path[] = "/tmp/mohar-policy-XXXXXX";

static void
put(const char *text)
{
	assert_ok(file_write(path, span_of(text), 0600));
}

#define LEVEL(n, acr)                                              \
	"{\"level\":" n ",\"acr\":\"" acr "\",\"aliases\":[\"" acr \
	"-alias\"],\"session_seconds\":600,\"idle_seconds\":0}"

static void
refused(enum err e, const char *why)
{
	assert_err(e, ERR_CONFIG);
	assert_non_null(strstr(err_why(), path));
	assert_non_null(strstr(err_why(), why));
}

CASE(levels_out_of_order_or_of_one_name_are_refused)
{
	struct assurance_policy p;

	put("{\"version\":1,\"levels\":[" LEVEL("1", "a") "," LEVEL("2", "b") "," LEVEL("3", "c") "]}");
	assert_ok(assurance_policy_read(path, &p));
	assert_string_equal(assurance_acr(&p, 2), "b");
	assert_string_equal(assurance_acr(&p, 4), "");
	assert_int_equal(assurance_of_acr(&p, SPAN("c-alias")), 3);
	assert_int_equal(assurance_of_acr(&p, SPAN("d")), 0);
	assurance_policy_free(&p);
	put("{\"version\":1,\"levels\":[" LEVEL("1", "a") "," LEVEL("3", "b") "," LEVEL("2", "c") "]}");
	refused(assurance_policy_read(path, &p), "level 2 stands in place of 3");
	put("{\"version\":1,\"levels\":[" LEVEL("1", "a") "," LEVEL("2", "b") "," LEVEL("3", "a") "]}");
	refused(assurance_policy_read(path, &p), "acr 'a' stands for two levels");
	put("{\"version\":1,\"levels\":[" LEVEL("1", "a") "]}");
	refused(assurance_policy_read(path, &p), "the levels 1, 2 and 3");
}

static int
make_file(void **state)
{
	const int fd = mkstemp(path);

	(void)state;
	(void)close(fd);
	return fd < 0 ? -1 : 0;
}

static int
remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(levels_out_of_order_or_of_one_name_are_refused)};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
