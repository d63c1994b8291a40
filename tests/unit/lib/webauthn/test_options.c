#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "json/json.h"
#include "webauthn/webauthn.h"

static bool
has(const struct writer *w, const char *text)
{
	return memmem(w->ptr, w->len, text, strlen(text)) != NULL;
}

static void
creation_asks_for_a_discoverable_verified_credential(void **state)
{
	AUTO(writer) w = writer_new(8192);
	const struct webauthn_id known = {SPAN("\x01\x02\x03")};

	(void)state;
	webauthn_creation_options(&w, "localhost", "Mohar", SPAN("user-handle"), "Test Citizen One",
		"Test \"Citizen\" One", SPAN("01234567890123456789012345678901"), &known, 1);
	assert_int_equal(writer_done(&w), ERR_OK);
	assert_int_equal(json_check(writer_span(&w)), ERR_OK);
	assert_true(has(&w, "\"rp\":{\"id\":\"localhost\",\"name\":\"Mohar\"}"));
	assert_true(has(&w, "\"id\":\"dXNlci1oYW5kbGU\""));
	assert_true(has(&w, "\"displayName\":\"Test \\\"Citizen\\\" One\""));
	assert_true(has(&w, "\"challenge\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\""));
	assert_true(has(&w, "\"excludeCredentials\":[{\"type\":\"public-key\",\"id\":\"AQID\"}]"));
	assert_true(has(&w, "\"residentKey\":\"required\""));
	assert_true(has(&w, "\"userVerification\":\"required\""));
}

/* SHA-1 is for TPM statements only, and must never be offered to an authenticator. */
static void
creation_offers_no_algorithm_that_a_credential_may_not_have(void **state)
{
	AUTO(writer) w = writer_new(8192);

	(void)state;
	webauthn_creation_options(&w, "localhost", "Mohar", SPAN("u"), "n", "d", SPAN("c"), NULL, 0);
	assert_true(has(&w, "\"pubKeyCredParams\":[{\"type\":\"public-key\",\"alg\":-7}"));
	assert_true(has(&w, "\"alg\":-257"));
	assert_false(has(&w, "-65535"));
	assert_true(has(&w, "\"excludeCredentials\":[]"));
}

/* An algorithm that is implemented is not one that was asked for. */
static void
what_is_not_in_the_options_is_not_offered(void **state)
{
	(void)state;
	assert_true(webauthn_offered(-7));
	assert_true(webauthn_offered(-257));
	assert_false(webauthn_offered(-9));
	assert_false(webauthn_offered(-65535));
	assert_false(webauthn_offered(0));
}

static void
request_asks_for_verification_and_lists_credentials(void **state)
{
	AUTO(writer) w = writer_new(8192);
	const struct webauthn_id allowed[] = {{SPAN("\x01")}, {SPAN("\x02")}};

	(void)state;
	webauthn_request_options(&w, "localhost", SPAN("0123"), allowed, 2);
	assert_int_equal(json_check(writer_span(&w)), ERR_OK);
	assert_true(has(&w, "\"rpId\":\"localhost\""));
	assert_true(has(&w, "\"challenge\":\"MDEyMw\""));
	assert_true(has(&w,
		"\"allowCredentials\":[{\"type\":\"public-key\",\"id\":\"AQ\"},{\"type\":\"public-key\",\"id\":\"Ag\"}]"));
	assert_true(has(&w, "\"userVerification\":\"required\""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creation_asks_for_a_discoverable_verified_credential),
		cmocka_unit_test(creation_offers_no_algorithm_that_a_credential_may_not_have),
		cmocka_unit_test(what_is_not_in_the_options_is_not_offered),
		cmocka_unit_test(request_asks_for_verification_and_lists_credentials),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
