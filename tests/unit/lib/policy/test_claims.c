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

CASE(scopes_that_nobody_offers_are_named_with_those_that_are)
{
	char *two[] = {"openid", "decisions"}, *four[] = {"openid", "profil", "decisions", "email"};
	const struct json_list known = {.items = two, .count = 2}, wrong = {.items = four, .count = 4};
	struct claims_policy p;

	put("{\"version\":1,\"service_scopes\":[\"decisions\"],\"scopes\":[{\"scope\":\"openid\",\"claims\":[],\"in_id_token\":true},"
	    "{\"scope\":\"profile\",\"claims\":[\"name\"],\"in_id_token\":false}]}");
	assert_ok(claims_policy_read(path, &p));
	assert_ok(claims_scopes_check(&p, &known));
	assert_err(claims_scopes_check(&p, &wrong), ERR_MALFORMED);
	assert_string_equal(err_why(), "scopes: unknown: profil, email; known: openid, profile, decisions");
	assert_null(claims_of_scope(&p, "decisions")); /* no scope of a person's */
	claims_policy_free(&p);
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claims_without_openid_are_refused),
		cmocka_unit_test(scopes_that_nobody_offers_are_named_with_those_that_are),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
