#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/ceremony/facts.h"
#include "cli/ceremony/fido2.h"

#define CASE(name) static void name(void **state)

CASE(a_summary_about_another_key_is_not_ours)
{
	(void)state;
	assert_int_equal(facts_agree("delete", "status", SPAN(""), "DESTROY KEY 'status' of token 'main'\n\n"), ERR_OK);
	assert_int_equal(facts_agree("delete", "status", SPAN(""), "DESTROY KEY 'log' of token 'main'\n\nstatus\n"),
		ERR_MISMATCH);
	assert_int_equal(facts_agree("sign", "root-ca", SPAN("hello"), "SIGN A LIST with key 'root-ca'\n"),
		ERR_MALFORMED);
	assert_int_equal(facts_agree("dance", NULL, SPAN(""), ""), ERR_UNSUPPORTED);
}

CASE(a_policy_of_another_hash_is_not_ours)
{
	/* SHA-256 of "abc": FIPS 180-4 */
	static const char said[] =
		"CHANGE THE POLICY\n  to SHA-256     ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n";

	(void)state;
	assert_int_equal(facts_agree("policy", NULL, SPAN("abc"), said), ERR_OK);
	assert_int_equal(facts_agree("policy", NULL, SPAN("abd"), said), ERR_MISMATCH);
}

CASE(every_part_of_a_proposal_is_in_what_a_fido2_key_signs)
{
	static struct proposal_file p = {.kind = "delete", .label = "status"};
	const struct sha256 first = fido2_challenge(&p);
	struct sha256 other;

	(void)state;
	p.told.id[0] = 1;
	other = fido2_challenge(&p);
	assert_memory_not_equal(first.bytes, other.bytes, SHA256_LEN);
	p.told.id[0] = 0;
	p.told.summary[0] = 'x';
	other = fido2_challenge(&p);
	assert_memory_not_equal(first.bytes, other.bytes, SHA256_LEN);
	p.told.summary[0] = '\0';
	p.object = SPAN("x");
	other = fido2_challenge(&p);
	assert_memory_not_equal(first.bytes, other.bytes, SHA256_LEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_summary_about_another_key_is_not_ours),
		cmocka_unit_test(a_policy_of_another_hash_is_not_ours),
		cmocka_unit_test(every_part_of_a_proposal_is_in_what_a_fido2_key_signs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
