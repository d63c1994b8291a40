#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ca/request/decide.h"
#include "ca/request/request.h"
#include "x509/issue_digest.h"

enum { NOW = 1000000 };

static uint8_t bytes_of[6][SHA256_LEN];
static char *registrar_text[] = {(char *)"registrar"}, *operator_text[] = {(char *)"ca-operator"};
static const struct json_list registrar = {registrar_text, 1}, operator= {operator_text, 1};

enum { APPLICANT_KEY, SPKI, ISSUE, OTHER_ISSUE, CARD_ONE, CARD_TWO };

static int
setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < 6; i++)
		memset(bytes_of[i], (int)i + 1, SHA256_LEN);
	return 0;
}

static struct json_bytes
bytes(int which)
{
	return (struct json_bytes){bytes_of[which], SHA256_LEN};
}

static struct span
span(int which)
{
	return span_at(bytes_of[which], SHA256_LEN);
}

static struct request_row
waiting(int64_t approvals)
{
	return (struct request_row){
		.profile = (char *)"officer",
		.role = (char *)"registrar",
		.approvals = approvals,
		.applicant = (char *)"registrar-1",
		.applicant_key = bytes(APPLICANT_KEY),
		.spki_sha256 = bytes(SPKI),
		.issue_sha256 = bytes(ISSUE),
		.created_at = NOW - 100,
		.expires_at = NOW + 100,
		.state = (char *)"waiting",
	};
}

static struct person_acting
who(const char *name, int key)
{
	return (struct person_acting){name, &registrar, span(key)};
}

static enum err
approve(const struct request_row *r, struct person_acting p, int over, const struct approval_row *done, size_t count)
{
	const enum err e = approval_decide(r, &p, span(over), done, count, NOW);

	err_forget();
	return e;
}

static void
approval_by_another_in_time_over_these_bytes_is_taken(void **state)
{
	const struct request_row r = waiting(1);

	(void)state;
	assert_int_equal(approve(&r, who("registrar-2", CARD_ONE), ISSUE, NULL, 0), ERR_OK);
}

static void
approval_by_the_applicant_under_name_card_or_certified_key_is_refused(void **state)
{
	const struct request_row r = waiting(1);

	(void)state;
	assert_int_equal(approve(&r, who("registrar-1", CARD_ONE), ISSUE, NULL, 0), ERR_REFUSED);
	assert_int_equal(approve(&r, who("registrar-2", APPLICANT_KEY), ISSUE, NULL, 0), ERR_REFUSED);
	assert_int_equal(approve(&r, who("registrar-2", SPKI), ISSUE, NULL, 0), ERR_REFUSED);
}

static void
approval_by_one_person_or_one_card_twice_is_refused(void **state)
{
	const struct request_row r = waiting(2);
	const struct approval_row done = {.approver = (char *)"registrar-2",
		.approver_key = bytes(CARD_ONE),
		.issue_sha256 = bytes(ISSUE)};

	(void)state;
	assert_int_equal(approve(&r, who("registrar-2", CARD_TWO), ISSUE, &done, 1), ERR_USED);
	assert_int_equal(approve(&r, who("registrar-3", CARD_ONE), ISSUE, &done, 1), ERR_USED);
	assert_int_equal(approve(&r, who("registrar-3", CARD_TWO), ISSUE, &done, 1), ERR_OK);
}

static void
approval_over_other_bytes_is_refused(void **state)
{
	const struct request_row r = waiting(1);

	(void)state;
	assert_int_equal(approve(&r, who("registrar-2", CARD_ONE), OTHER_ISSUE, NULL, 0), ERR_MISMATCH);
}

static void
approval_at_the_last_second_is_too_late(void **state)
{
	struct request_row r = waiting(1);

	(void)state;
	r.expires_at = NOW;
	assert_int_equal(approve(&r, who("registrar-2", CARD_ONE), ISSUE, NULL, 0), ERR_EXPIRED);
	assert_string_equal(request_state(&r, NOW), "expired");
	r.expires_at = NOW + 1;
	assert_int_equal(approve(&r, who("registrar-2", CARD_ONE), ISSUE, NULL, 0), ERR_OK);
	assert_string_equal(request_state(&r, NOW), "waiting");
}

static void
approval_in_another_role_or_without_one_is_refused(void **state)
{
	const struct request_row r = waiting(1);
	struct person_acting p = who("operator", CARD_ONE);

	(void)state;
	p.roles = &operator;
	assert_int_equal(approve(&r, p, ISSUE, NULL, 0), ERR_REFUSED);
	p.roles = NULL;
	assert_int_equal(approve(&r, p, ISSUE, NULL, 0), ERR_REFUSED);
}

static void
what_has_ended_is_not_approved_rejected_or_withdrawn(void **state)
{
	static const char *const ended[] = {"issued", "rejected", "withdrawn"};
	const struct person_acting other = who("registrar-2", CARD_ONE), own = who("registrar-1", APPLICANT_KEY);
	struct request_row r = waiting(1);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		r.state = (char *)(uintptr_t)ended[i];
		assert_int_equal(approve(&r, other, ISSUE, NULL, 0), ERR_EXISTS);
		assert_int_equal(rejection_decide(&r, &other, "x"), ERR_EXISTS);
		assert_int_equal(withdrawal_decide(&r, &own), ERR_EXISTS);
	}
	err_forget();
}

static void
second_approval_is_waited_for_only_where_the_profile_says_so(void **state)
{
	const struct request_row one = waiting(1), two = waiting(2);

	(void)state;
	assert_true(approval_completes(&one, 0));
	assert_false(approval_completes(&two, 0));
	assert_true(approval_completes(&two, 1));
}

static void
rejection_without_reason_is_refused(void **state)
{
	const struct person_acting p = who("registrar-2", CARD_ONE);
	const struct request_row r = waiting(1);

	(void)state;
	assert_int_equal(rejection_decide(&r, &p, NULL), ERR_MALFORMED);
	assert_int_equal(rejection_decide(&r, &p, ""), ERR_MALFORMED);
	assert_int_equal(rejection_decide(&r, &p, "no such office"), ERR_OK);
	err_forget();
}

static void
withdrawal_by_another_is_refused(void **state)
{
	const struct person_acting p = who("registrar-2", CARD_ONE), own = who("registrar-1", CARD_ONE);
	const struct request_row r = waiting(1);

	(void)state;
	assert_int_equal(withdrawal_decide(&r, &p), ERR_REFUSED);
	assert_int_equal(withdrawal_decide(&r, &own), ERR_OK);
	err_forget();
}

/* ---- the registry's word ---- */

static struct registry_names
said(void)
{
	return (struct registry_names){
		.issuer = (char *)"https://id",
		.audience = (char *)"ca",
		.person = (char *)"p",
		.card_subject = (char *)"abc",
		.name = (char *)"Test Citizen One",
		.iat = NOW,
		.exp = NOW + 600,
	};
}

static enum err
stated(const struct registry_names *s, const char *person, unix_time now)
{
	const enum err e = statement_decide(s, "https://id", "ca", person, now);

	err_forget();
	return e;
}

static void
statement_of_another_issuer_audience_person_or_time_is_refused(void **state)
{
	struct registry_names s = said();

	(void)state;
	assert_int_equal(stated(&s, "p", NOW), ERR_OK);
	assert_int_equal(stated(&s, "q", NOW), ERR_MISMATCH);
	assert_int_equal(stated(&s, NULL, NOW), ERR_MISMATCH);
	assert_int_equal(stated(&s, "p", NOW + 600), ERR_EXPIRED);
	assert_int_equal(stated(&s, "p", NOW - STATEMENT_LEEWAY - 1), ERR_EXPIRED);
	s.audience = (char *)"portal";
	assert_int_equal(stated(&s, "p", NOW), ERR_UNTRUSTED);
	s = said();
	s.issuer = (char *)"https://elsewhere";
	assert_int_equal(stated(&s, "p", NOW), ERR_UNTRUSTED);
}

static enum err
named(const struct registry_names *s, const char *type, const char *value, const char *field)
{
	const struct name_part parts[] = {{"C", "BT"}, {type, value}};
	const enum err e = names_decide(s, parts, 2);

	assert_true(e == ERR_OK || strncmp(err_why(), field, strlen(field)) == 0);
	err_forget();
	return e;
}

static void
name_that_is_not_the_registrys_is_refused_naming_the_field(void **state)
{
	struct registry_names s = said();

	(void)state;
	assert_int_equal(named(&s, "CN", "Test Citizen One", ""), ERR_OK);
	assert_int_equal(named(&s, "CN", "Test Citizen Two", "CN:"), ERR_MISMATCH);
	assert_int_equal(named(&s, "CN", "test citizen one", "CN:"), ERR_MISMATCH);
	assert_int_equal(named(&s, "serialNumber", "abc", ""), ERR_OK);
	assert_int_equal(named(&s, "serialNumber", "abd", "serialNumber:"), ERR_MISMATCH);
	assert_int_equal(named(&s, "givenName", "Test", "givenName:"), ERR_MISMATCH);
	s.given_name = (char *)"Test";
	assert_int_equal(named(&s, "givenName", "Test", ""), ERR_OK);
	assert_int_equal(named(&s, "surname", "One", "surname:"), ERR_MISMATCH);
}

static void
office_that_is_not_held_is_refused(void **state)
{
	struct registry_office office = {(char *)"land", (char *)"land-registrar", NULL};
	struct registry_names s = said();

	(void)state;
	assert_int_equal(named(&s, "O", "land", "O:"), ERR_MISMATCH);
	s.offices = (struct json_list){&office, 1};
	assert_int_equal(named(&s, "O", "land", ""), ERR_OK);
	assert_int_equal(named(&s, "OU", "land-registrar", ""), ERR_OK);
	assert_int_equal(named(&s, "OU", "land", "OU:"), ERR_MISMATCH);
	assert_int_equal(named(&s, "title", "Registrar", "title:"), ERR_MISMATCH);
}

/* ---- what approvals are over ---- */

static void
digest_changes_with_each_thing_that_is_decided(void **state)
{
	const struct name_part subject[] = {{"CN", "a"}, {"serialNumber", "b"}},
			       swapped[] = {{"CN", "b"}, {"serialNumber", "a"}}, names[] = {{"email", "a@example.org"}};
	const struct issue_facts base = {"officer", "p", subject, 2, NULL, 0, span(SPKI)};
	struct issue_facts other[] = {base, base, base, base, base, base};
	struct sha256 first, second;

	(void)state;
	other[0].profile = "citizen-signature";
	other[1].person = NULL;
	other[2].subject = swapped;
	other[3].subject_count = 1;
	other[4].names = names;
	other[4].names_count = 1;
	other[5].spki_sha256 = span(ISSUE);
	assert_int_equal(issue_digest(&base, &first), ERR_OK);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(issue_digest(&other[i], &second), ERR_OK);
		assert_memory_not_equal(first.bytes, second.bytes, SHA256_LEN);
	}
}

/* Made by hand with sha256sum: {"names":[],"person":"p","profile":"officer","spki_sha256":"AgIC...","subject":[{"type":"CN","value":"a"}]} */
static void
digest_is_the_same_everywhere(void **state)
{
	static const char text[] =
		"{\"names\":[],\"person\":\"p\",\"profile\":\"officer\",\"spki_sha256\":\"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI\","
		"\"subject\":[{\"type\":\"CN\",\"value\":\"a\"}]}";
	const struct name_part subject[] = {{"CN", "a"}};
	const struct issue_facts facts = {"officer", "p", subject, 1, NULL, 0, span(SPKI)};
	const struct sha256 wanted = sha256_of(SPAN(text));
	struct sha256 made;

	(void)state;
	assert_int_equal(issue_digest(&facts, &made), ERR_OK);
	assert_memory_equal(made.bytes, wanted.bytes, SHA256_LEN);
}

static void
estimate_follows_the_faster_pace_and_does_not_invent_one(void **state)
{
	(void)state;
	assert_int_equal(queue_estimate(0, 0, 0), 0);
	assert_int_equal(queue_estimate(10, 0, 0), -1);
	assert_int_equal(queue_estimate(100, 50, 60), 2 * 3600);
	assert_int_equal(queue_estimate(100, 0, 2400), 3600);
	assert_int_equal(queue_estimate(1, 0, 1), 3600);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(approval_by_another_in_time_over_these_bytes_is_taken),
		cmocka_unit_test(approval_by_the_applicant_under_name_card_or_certified_key_is_refused),
		cmocka_unit_test(approval_by_one_person_or_one_card_twice_is_refused),
		cmocka_unit_test(approval_over_other_bytes_is_refused),
		cmocka_unit_test(approval_at_the_last_second_is_too_late),
		cmocka_unit_test(approval_in_another_role_or_without_one_is_refused),
		cmocka_unit_test(what_has_ended_is_not_approved_rejected_or_withdrawn),
		cmocka_unit_test(second_approval_is_waited_for_only_where_the_profile_says_so),
		cmocka_unit_test(rejection_without_reason_is_refused),
		cmocka_unit_test(withdrawal_by_another_is_refused),
		cmocka_unit_test(statement_of_another_issuer_audience_person_or_time_is_refused),
		cmocka_unit_test(name_that_is_not_the_registrys_is_refused_naming_the_field),
		cmocka_unit_test(office_that_is_not_held_is_refused),
		cmocka_unit_test(digest_changes_with_each_thing_that_is_decided),
		cmocka_unit_test(digest_is_the_same_everywhere),
		cmocka_unit_test(estimate_follows_the_faster_pace_and_does_not_invent_one),
	};

	return cmocka_run_group_tests_name("request/decide", tests, setup, NULL);
}
