#include "tests/unit/idp/test.h"

#include "idp/registry/registry.h"

enum { NOW = 1800000000 };

static char *genders[] = {"female", "male"};
static const struct identity_policy policy = {.number_digits = 11, .genders = {genders, 2}, .activation_hours = 72};

static struct enrolment
good(void)
{
	return (struct enrolment){"test-citizen-one", "Test Citizen One", "12345678901", "1990-01-31", "female", NULL,
		2};
}

static void
good_enrolment_is_taken(void **state)
{
	const struct enrolment e = good();

	(void)state;
	assert_int_equal(enrolment_check(&e, &policy, NOW), ERR_OK);
}

static void
handles_that_could_be_paths_or_look_alike_are_refused(void **state)
{
	static char *const wrong[] = {"", ".hidden", "-x", "A", "a b", "a/b", "..", "a%2f", "\xd0\xb0", "a\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct enrolment e = good();

		e.handle = wrong[i];
		assert_int_equal(enrolment_check(&e, &policy, NOW), ERR_MALFORMED);
	}
}

static void
names_with_line_breaks_are_refused(void **state)
{
	static char *const wrong[] = {"", "Test\nCitizen", "Test\tCitizen", "\xff"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct enrolment e = good();

		e.name = wrong[i];
		assert_int_equal(enrolment_check(&e, &policy, NOW), ERR_MALFORMED);
	}
}

static void
days_that_never_were_are_refused(void **state)
{
	static char *const wrong[] = {"1990-02-30", "1990-13-01", "1990-1-31", "1990-01-32", "31.01.1990", "2999-01-01",
		"1990-01-31T", "", "+990-01-31"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct enrolment e = good();

		e.birthdate = wrong[i];
		assert_int_equal(enrolment_check(&e, &policy, NOW), ERR_MALFORMED);
	}
}

static void
gender_must_be_a_word_of_the_policy(void **state)
{
	struct enrolment e = good();

	(void)state;
	e.gender = "Female";
	assert_int_equal(enrolment_check(&e, &policy, NOW), ERR_MALFORMED);
}

static void
proofing_3_by_one_registrar_is_refused(void **state)
{
	struct enrolment e = good();

	(void)state;
	e.proofing = 3;
	assert_int_equal(enrolment_check(&e, &policy, NOW), ERR_REFUSED);
	e.countersign = "a.b.c";
	assert_int_equal(enrolment_check(&e, &policy, NOW), ERR_OK);
}

/* printf 'test-citizen-one\nTest Citizen One\n12345678901\n1990-01-31\nfemale\n2\n' | openssl dgst -sha256 -binary | base64 */
static void
digest_covers_every_fact(void **state)
{
	const struct enrolment first = good();
	AUTO(writer) a = writer_new(64);

	(void)state;
	assert_int_equal(enrolment_digest(&first, &a), ERR_OK);
	assert_string_equal((const char *)writer_span(&a).ptr, "sfNYd0Ogtn-F7LN3zObAv_UGqdWR03osDQPM35X0LQg");
	for (int i = 0; i < 6; i++) {
		struct enrolment e = good();
		AUTO(writer) b = writer_new(64);

		if (i == 5)
			e.proofing = 3;
		else
			(&e.handle)[i] = "other";
		assert_int_equal(enrolment_digest(&e, &b), ERR_OK);
		assert_string_not_equal((const char *)writer_span(&b).ptr, (const char *)writer_span(&a).ptr);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_enrolment_is_taken),
		cmocka_unit_test(handles_that_could_be_paths_or_look_alike_are_refused),
		cmocka_unit_test(names_with_line_breaks_are_refused),
		cmocka_unit_test(days_that_never_were_are_refused),
		cmocka_unit_test(gender_must_be_a_word_of_the_policy),
		cmocka_unit_test(proofing_3_by_one_registrar_is_refused),
		cmocka_unit_test(digest_covers_every_fact),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
