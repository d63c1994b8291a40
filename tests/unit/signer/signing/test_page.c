#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signer/signing/signing.h"

static void
an_origin_that_is_none_is_refused_at_start(void **state)
{
	static const char *const wrong[] = {"", "https://", "http://sign.example", "sign.example",
		"https://sign.example/", "https://sign.example/sign", "https://sign.example:8447/",
		"https://sign.example:84a", "https://:8447", "https://sign.example?x", "https://sign.example#x",
		"HTTPS://sign.example"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(signing_origin_check(wrong[i]), ERR_CONFIG);
	assert_int_equal(signing_origin_check("https://sign.example"), ERR_OK);
	assert_int_equal(signing_origin_check("https://sign.localhost:8447"), ERR_OK);
}

static void
the_rp_id_is_the_host_without_its_port(void **state)
{
	char out[MAX_SIGNING_RP_ID + 1];

	(void)state;
	signing_rp_id("https://sign.localhost:8447", out);
	assert_string_equal(out, "sign.localhost");
	signing_rp_id("https://sign.example", out);
	assert_string_equal(out, "sign.example");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_origin_that_is_none_is_refused_at_start),
		cmocka_unit_test(the_rp_id_is_the_host_without_its_port),
	};

	return cmocka_run_group_tests_name("signing_page", tests, NULL, NULL);
}
