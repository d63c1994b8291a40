/* Every row of hsm/token/returned.c, tried on a session without a module behind it. */
#include "rig.h"

#include "hsm/token/returned.h"
#include "hsm/token/seat.h"

/* Closing a session is all that returned() asks of the module. */
static int closed;

static CK_RV
close_session(CK_SESSION_HANDLE s)
{
	(void)s;
	closed++;
	return CKR_OK;
}

static CK_FUNCTION_LIST calls = {.C_CloseSession = close_session};
static struct token token = {.calls = &calls, .count = 1, .seats[0] = {.era = 1, .up = true}, .eras = 1};

static enum err
told(CK_RV rv, struct session *s)
{
	*s = (struct session){.token = &token, .open = true, .era = 1};
	closed = 0;
	return returned(s, "C_Something", rv);
}

CASE(every_code_of_the_standard_has_one_row)
{
	/* PKCS#11 2.40 base 3.7, as p11-kit's pkcs11.h has them. */
	static const CK_RV codes[] = {0x0, 0x1, 0x2, 0x3, 0x5, 0x6, 0x7, 0x8, 0x9, 0xa, 0x10, 0x11, 0x12, 0x13, 0x1b,
		0x20, 0x21, 0x30, 0x31, 0x32, 0x40, 0x41, 0x50, 0x51, 0x54, 0x60, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67,
		0x68, 0x69, 0x6a, 0x70, 0x71, 0x82, 0x90, 0x91, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xb0, 0xb1, 0xb3, 0xb4,
		0xb5, 0xb6, 0xb7, 0xb8, 0xc0, 0xc1, 0xd0, 0xd1, 0xe0, 0xe1, 0xe2, 0xf0, 0xf1, 0xf2, 0x100, 0x101, 0x102,
		0x103, 0x104, 0x105, 0x110, 0x112, 0x113, 0x114, 0x115, 0x120, 0x121, 0x130, 0x140, 0x150, 0x160, 0x170,
		0x180, 0x190, 0x191, 0x1a0, 0x1a1, 0x1b0, 0x1b1, 0x1c0, 0x1c1, 0x1c2, 0x1c3, 0x1c4, 0x200, 0x80000000};

	(void)state;
	assert_int_equal(returned_count, sizeof(codes) / sizeof(codes[0]));
	for (size_t i = 0; i < returned_count; i++)
		assert_int_equal(returned_rows[i].rv, codes[i]);
}

CASE(each_row_does_what_it_says)
{
	static const enum err errors[] = {[RETURNED_FINE] = ERR_OK,
		[RETURNED_REQUEST] = ERR_MALFORMED,
		[RETURNED_UNFIT] = ERR_UNSUPPORTED,
		[RETURNED_PIN] = ERR_UNAVAILABLE,
		[RETURNED_RENEW] = ERR_UNAVAILABLE};
	struct session s;

	(void)state;
	for (size_t i = 0; i < returned_count; i++) {
		const struct returned_row *row = &returned_rows[i];
		const bool ends = row->consequence == RETURNED_UNFIT || row->consequence == RETURNED_PIN;

		assert_err(told(row->rv, &s), errors[row->consequence]);
		assert_int_equal(s.lost,
			row->consequence == RETURNED_RENEW); /* which is what key_use tries again for */
		assert_int_equal(s.open, !ends);
		assert_int_equal(closed, ends);
	}
}

CASE(no_code_about_a_pin_is_tried_again)
{
	static const CK_RV pins[] = {CKR_PIN_INCORRECT, CKR_PIN_INVALID, CKR_PIN_LEN_RANGE, CKR_PIN_EXPIRED,
		CKR_PIN_LOCKED, CKR_USER_PIN_NOT_INITIALIZED, CKR_PIN_TOO_WEAK, CKR_NEW_PIN_MODE, CKR_NEXT_OTP};
	struct session s;

	(void)state;
	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
		assert_err(told(pins[i], &s), ERR_UNAVAILABLE);
		assert_false(s.lost);
	}
}

CASE(a_code_that_no_standard_knows_is_the_devices_fault)
{
	struct session s;

	(void)state;
	assert_err(told(0x12345, &s), ERR_UNAVAILABLE);
	assert_true(s.lost);
	assert_err(told(CKR_VENDOR_DEFINED | 0x55, &s), ERR_UNAVAILABLE);
	assert_true(s.lost);
}

/* Its handle may be another session's by now. */
/* Its number may be another session's by now. One that is only void is closed by its thread. */
CASE(a_session_of_a_login_that_is_over_is_not_closed)
{
	struct session s = {.token = &token, .open = true, .era = 1, .login = token.seats[0].logins};

	(void)state;
	closed = 0;
	token.seats[0].era++;
	session_close(&s);
	assert_int_equal(closed, 1);
	s = (struct session){.token = &token, .open = true, .era = 2, .login = token.seats[0].logins};
	token.seats[0].logins++;
	session_close(&s);
	assert_int_equal(closed, 1);
	assert_false(s.open);
	token.seats[0].era = 1;
	token.seats[0].logins = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_of_the_standard_has_one_row),
		cmocka_unit_test(each_row_does_what_it_says),
		cmocka_unit_test(no_code_about_a_pin_is_tried_again),
		cmocka_unit_test(a_code_that_no_standard_knows_is_the_devices_fault),
		cmocka_unit_test(a_session_of_a_login_that_is_over_is_not_closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
