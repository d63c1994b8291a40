#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ca/est/body.h"

static enum err
read(const char *body, struct writer *der)
{
	writer_reset(der);
	return est_body_read(span_of(body), der);
}

static void
base64_in_lines_without_lines_and_in_armour_is_one(void **state)
{
	static const char *const same[] = {"aGVsbG8gd29ybGQ=", "aGVs\r\nbG8gd2\n9ybGQ=\r\n", " aGVsbG8g d29ybGQ=\t",
		"-----BEGIN CERTIFICATE REQUEST-----\naGVsbG8g\nd29ybGQ=\n-----END CERTIFICATE REQUEST-----\n",
		"-----BEGIN NEW CERTIFICATE REQUEST-----\naGVsbG8gd29ybGQ=\n-----END NEW CERTIFICATE REQUEST-----"};
	AUTO(writer) der = writer_new(64);

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_int_equal(read(same[i], &der), ERR_OK);
		assert_true(span_is(writer_span(&der), "hello world"));
	}
}

static void
what_is_no_base64_is_refused(void **state)
{
	static const char *const bad[] = {"", "aGVsbG8gd29ybGQ", "aGVsbG8_d29ybGQ=", "aGVsbG8gd29ybGQ=x",
		"-----BEGIN CERTIFICATE REQUEST-----\naGVsbG8g",
		"-----BEGIN CERTIFICATE REQUEST-----\naGVs\n-----END CERTIFICATE REQUEST-----\naGVs",
		"-----BEGIN CERTIFICATE-----\naGVs\n-----END CERTIFICATE-----\n"};
	AUTO(writer) der = writer_new(64);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(read(bad[i], &der), ERR_MALFORMED);
}

static void
a_body_with_a_nul_is_refused(void **state)
{
	AUTO(writer) der = writer_new(64);

	(void)state;
	assert_int_equal(est_body_read(SPAN("aGVs\0bG8="), &der), ERR_MALFORMED);
}

static struct profile
profile_of(char **type)
{
	static char dns[] = "dns";
	static char *names[] = {dns};

	return (struct profile){.key_types = {type, 1}, .alternative_names = {names, 1}};
}

/* RFC 7030 4.5.2: of P-384, the object identifiers of RFC 5480 and RFC 5758 */
static void
attributes_name_the_curve_and_its_digest(void **state)
{
	static const uint8_t p384[] = {0x30, 0x32, 0x30, 0x12, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
		0x31, 0x07, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04,
		0x03, 0x03, 0x30, 0x12, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e, 0x31, 0x05,
		0x06, 0x03, 0x55, 0x1d, 0x11};
	static char type[] = "P-384", rsa[] = "RSA-3072", edwards[] = "Ed25519";
	char *types[] = {type};
	struct profile p = profile_of(types);
	AUTO(writer) der = writer_new(256);

	(void)state;
	assert_int_equal(est_attributes(&p, &der), ERR_OK);
	assert_true(span_equal(writer_span(&der), span_at(p384, sizeof(p384))));
	types[0] = rsa;
	writer_reset(&der);
	assert_int_equal(est_attributes(&p, &der), ERR_OK);
	assert_non_null(memmem(der.ptr, der.len, "\x02\x02\x0c\x00", 4));
	types[0] = edwards;
	writer_reset(&der);
	assert_int_equal(est_attributes(&p, &der), ERR_OK);
	assert_non_null(memmem(der.ptr, der.len, "\x06\x03\x2b\x65\x70", 5));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_in_lines_without_lines_and_in_armour_is_one),
		cmocka_unit_test(what_is_no_base64_is_refused),
		cmocka_unit_test(a_body_with_a_nul_is_refused),
		cmocka_unit_test(attributes_name_the_curve_and_its_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
