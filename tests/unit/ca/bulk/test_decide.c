#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ca/bulk/decide.h"

enum { NOW = 1000000 };

static uint8_t list[SHA256_LEN] = {1}, other_list[SHA256_LEN] = {2}, card_one[SHA256_LEN] = {3},
	       card_two[SHA256_LEN] = {4};

static struct bulk_row
proposed(void)
{
	return (struct bulk_row){
		.action = (char *)"suspend",
		.quorum = 2,
		.count = 5,
		.serials_sha256 = {list, SHA256_LEN},
		.created_at = NOW - 10,
		.expires_at = NOW + 10,
		.state = (char *)"proposed",
	};
}

static struct bulk_approval
over(void)
{
	return (struct bulk_approval){.action = (char *)"suspend", .count = 5, .serials_sha256 = {list, SHA256_LEN}};
}

static enum err
approve(const struct bulk_row *b, const struct bulk_approval *a, const char *name, const uint8_t *card,
	const struct bulk_approval_row *done, size_t count)
{
	const struct person_acting who = {name, NULL, span_at(card, SHA256_LEN)};
	const enum err e = bulk_approval_decide(b, a, &who, done, count, NOW);

	err_forget();
	return e;
}

static void
approval_over_another_list_count_or_action_is_refused(void **state)
{
	const struct bulk_row b = proposed();
	struct bulk_approval a = over();

	(void)state;
	assert_int_equal(approve(&b, &a, "operator", card_one, NULL, 0), ERR_OK);
	a.serials_sha256.ptr = other_list;
	assert_int_equal(approve(&b, &a, "operator", card_one, NULL, 0), ERR_MISMATCH);
	a = over();
	a.count = 4;
	assert_int_equal(approve(&b, &a, "operator", card_one, NULL, 0), ERR_MISMATCH);
	a = over();
	a.action = (char *)"resume";
	assert_int_equal(approve(&b, &a, "operator", card_one, NULL, 0), ERR_MISMATCH);
}

static void
approval_by_one_person_or_card_twice_is_refused(void **state)
{
	const struct bulk_approval_row done = {.approver = (char *)"operator", .approver_key = {card_one, SHA256_LEN}};
	const struct bulk_approval a = over();
	const struct bulk_row b = proposed();

	(void)state;
	assert_int_equal(approve(&b, &a, "operator", card_two, &done, 1), ERR_USED);
	assert_int_equal(approve(&b, &a, "operator-2", card_one, &done, 1), ERR_USED);
	assert_int_equal(approve(&b, &a, "operator-2", card_two, &done, 1), ERR_OK);
}

static void
approval_too_late_or_of_what_is_not_proposed_is_refused(void **state)
{
	static const char *const states[] = {"uploading", "counting", "running", "done", "failed", "withdrawn"};
	const struct bulk_approval a = over();
	struct bulk_row b = proposed();

	(void)state;
	b.expires_at = NOW;
	assert_int_equal(approve(&b, &a, "operator", card_one, NULL, 0), ERR_EXPIRED);
	assert_string_equal(bulk_state(&b, NOW), "expired");
	b = proposed();
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		b.state = (char *)(uintptr_t)states[i];
		assert_int_equal(approve(&b, &a, "operator", card_one, NULL, 0), ERR_EXISTS);
	}
}

static enum err
propose(const char *action, const char *why, const char *criteria)
{
	char text[512];
	struct bulk_proposal p;

	(void)snprintf(text, sizeof(text), "{\"action\":\"%s\",\"why\":\"%s\",\"criteria\":%s,\"jti\":\"x\"}", action,
		why, criteria);
	enum err e = json_decode(span_of(text), &bulk_proposal_table, &p);

	if (e == ERR_OK) {
		e = proposal_decide(&p);
		json_free(&bulk_proposal_table, &p);
	}
	err_forget();
	return e;
}

static void
proposal_without_criteria_reason_or_known_action_is_refused(void **state)
{
	(void)state;
	assert_int_equal(propose("suspend", "test", "{}"), ERR_MALFORMED);
	assert_int_equal(propose("suspend", "", "{\"profile\":\"officer\"}"), ERR_MALFORMED);
	assert_int_equal(propose("revoke", "test", "{\"profile\":\"officer\"}"), ERR_MALFORMED);
	assert_int_equal(propose("suspend", "test", "{\"weak\":false}"), ERR_MALFORMED);
	assert_int_equal(propose("suspend", "test", "{\"profile\":\"officer\"}"), ERR_OK);
	assert_int_equal(propose("resume", "test", "{\"weak\":true}"), ERR_OK);
}

static void
misspelt_criterion_does_not_widen_the_list(void **state)
{
	(void)state;
	assert_int_equal(propose("suspend", "test", "{\"issuer\":\"citizen-ca\",\"profil\":\"officer\"}"),
		ERR_MALFORMED);
}

static void
empty_time_span_and_keys_without_count_are_refused(void **state)
{
	(void)state;
	assert_int_equal(propose("suspend", "test", "{\"issued_from\":20,\"issued_before\":20}"), ERR_MALFORMED);
	assert_int_equal(propose("suspend", "test", "{\"issued_from\":-1}"), ERR_MALFORMED);
	assert_int_equal(propose("suspend", "test", "{\"issued_from\":20,\"issued_before\":21}"), ERR_OK);
	assert_int_equal(propose("suspend", "test", "{\"keys_count\":1}"), ERR_MALFORMED);
	assert_int_equal(propose("suspend", "test", "{\"keys_sha256\":\"AAAA\",\"keys_count\":1}"), ERR_MALFORMED);
	assert_int_equal(propose("suspend", "test",
				 "{\"keys_sha256\":\"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI\",\"keys_count\":1}"),
		ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(approval_over_another_list_count_or_action_is_refused),
		cmocka_unit_test(approval_by_one_person_or_card_twice_is_refused),
		cmocka_unit_test(approval_too_late_or_of_what_is_not_proposed_is_refused),
		cmocka_unit_test(proposal_without_criteria_reason_or_known_action_is_refused),
		cmocka_unit_test(misspelt_criterion_does_not_widen_the_list),
		cmocka_unit_test(empty_time_span_and_keys_without_count_are_refused),
	};

	return cmocka_run_group_tests_name("bulk/decide", tests, NULL, NULL);
}
