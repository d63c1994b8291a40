#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ca/acme/problem.h"
#include "json/json.h"

static void
our_own_trouble_is_not_told_to_strangers(void **state)
{
	AUTO(writer) w = writer_new(1024);

	(void)state;
	acme_problem(&w, ACME_SERVER_INTERNAL, "ca.acme_order: connection to /run/postgresql");
	assert_null(strstr((const char *)writer_span(&w).ptr, "postgresql"));
	assert_int_equal(json_check(writer_span(&w)), ERR_OK);
}

static void
a_refusal_is_json_with_its_urn(void **state)
{
	AUTO(writer) w = writer_new(1024);

	(void)state;
	acme_problem(&w, ACME_BAD_SIGNATURE_ALGORITHM, "a \"quoted\" reason");
	assert_int_equal(json_check(writer_span(&w)), ERR_OK);
	assert_non_null(
		strstr((const char *)writer_span(&w).ptr, "\"urn:ietf:params:acme:error:badSignatureAlgorithm\""));
	assert_non_null(
		strstr((const char *)writer_span(&w).ptr, "\"algorithms\":[\"ES256\",\"ES384\",\"EdDSA\",\"RS256\"]"));
}

static void
every_error_of_the_house_has_a_refusal(void **state)
{
	(void)state;
#define X(name, http, text)                                                          \
	assert_int_equal((int)ERR_##name == ERR_OK, acme_of(ERR_##name) == ACME_OK); \
	assert_int_equal(acme_http(acme_of(ERR_##name)) >= 500, err_http(ERR_##name) >= 500);
	ERR_TABLE(X)
#undef X
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_trouble_is_not_told_to_strangers),
		cmocka_unit_test(a_refusal_is_json_with_its_urn),
		cmocka_unit_test(every_error_of_the_house_has_a_refusal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
