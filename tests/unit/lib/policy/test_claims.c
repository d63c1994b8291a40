#include "tests/unit/lib/test.h"

#include "base/file.h"
#include "policy/claims.h"

static char path[] = "/tmp/mohar-policy-XXXXXX";

static void
put(const char *text)
{
	assert_ok(file_write(path, span_of(text), 0600));
}

static void
refused(enum err e, const char *why)
{
	assert_err(e, ERR_CONFIG);
	assert_non_null(strstr(err_why(), path));
	assert_non_null(strstr(err_why(), why));
}

CASE(claims_without_openid_are_refused)
{
	struct claims_policy p;

	put("{\"version\":1,\"scopes\":[{\"scope\":\"openid\",\"claims\":[\"sub\"],\"in_id_token\":true}]}");
	assert_ok(claims_policy_read(path, &p));
	assert_non_null(claims_of_scope(&p, "openid"));
	assert_null(claims_of_scope(&p, "profile"));
	claims_policy_free(&p);
	put("{\"version\":1,\"scopes\":[]}");
	refused(claims_policy_read(path, &p), "the scope 'openid' is missing");
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
	const struct CMUnitTest tests[] = {cmocka_unit_test(claims_without_openid_are_refused)};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
