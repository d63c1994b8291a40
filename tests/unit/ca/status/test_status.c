#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ca/revoke/revoke.h"
#include "ca/status/crl_keep.h"
#include "ca/status/crl_renew.h"
#include "ca/status/ocsp.h"
#include "ca/status/proof.h"
#include "ca/store/statements.h"

enum { NOW = 1770000000 };

static void
never_issued_is_unknown_and_never_good(void **state)
{
	const struct ocsp_answer a = ocsp_decide(NULL, NOW, 300, NOW - 1000);

	(void)state;
	assert_int_equal(a.status, OCSP_UNKNOWN);
}

static void
issued_is_good_for_the_seconds_configured(void **state)
{
	const struct status_row row = {.not_after = NOW + 1};
	const struct ocsp_answer a = ocsp_decide(&row, NOW, 300, NOW - 1000);

	(void)state;
	assert_int_equal(a.status, OCSP_GOOD);
	assert_int_equal(a.this_update, NOW);
	assert_int_equal(a.next_update, NOW + 300);
}

static void
revoked_tells_when_and_why_but_not_unspecified(void **state)
{
	const struct status_row compromised = {.revoked_at = NOW - 5, .reason = 1},
				unsaid = {.revoked_at = NOW - 5, .reason = 0};
	struct ocsp_answer a = ocsp_decide(&compromised, NOW, 300, 1);

	(void)state;
	assert_int_equal(a.status, OCSP_REVOKED);
	assert_int_equal(a.revoked_at, NOW - 5);
	assert_int_equal(a.reason, 1);
	a = ocsp_decide(&unsaid, NOW, 300, 1);
	assert_int_equal(a.reason, -1); /* RFC 5280 5.3.1 */
}

static void
caches_may_keep_an_answer_30_seconds_and_not_past_its_end(void **state)
{
	(void)state;
	assert_int_equal(ocsp_max_age(NOW + 300, NOW), 30);
	assert_int_equal(ocsp_max_age(NOW + 12, NOW), 12);
	assert_int_equal(ocsp_max_age(NOW, NOW), 0);
	assert_int_equal(ocsp_max_age(NOW - 9, NOW), 0);
}

static void
suspended_is_revoked_with_a_hold_until_it_is_resumed(void **state)
{
	const struct status_row row = {.revoked_at = NOW - 5, .reason = REASON_HOLD, .not_after = NOW + 1};
	const struct ocsp_answer a = ocsp_decide(&row, NOW, 300, 1);

	(void)state;
	assert_int_equal(a.status, OCSP_REVOKED);
	assert_int_equal(a.reason, 6);
	assert_int_equal(a.archive_cutoff, 0);
}

static void
an_ended_certificate_is_told_with_how_far_back_that_reaches(void **state)
{
	const struct status_row row = {.not_after = NOW - 1};

	(void)state;
	assert_int_equal(ocsp_decide(&row, NOW, 300, NOW - 1000).archive_cutoff, NOW - 1000);
	assert_int_equal(ocsp_decide(&row, NOW, 300, NOW - 1000).status, OCSP_GOOD);
}

static void
a_list_is_renewed_when_changed_or_half_over_and_a_large_one_not_at_once(void **state)
{
	const struct crl_about l = {.this_update = NOW, .next_update = NOW + 1000};

	(void)state;
	assert_int_equal(crl_due(false, &l, 900, NOW + 499), CRL_FINE);
	assert_int_equal(crl_due(false, &l, 900, NOW + 500), CRL_SCHEDULED);
	assert_int_equal(crl_due(true, &l, 900, NOW + 500), CRL_SCHEDULED);
	assert_int_equal(crl_due(true, &l, 900, NOW), CRL_CHANGED);
	assert_int_equal(crl_due(true, &l, 12 << 20, NOW + CRL_MAX_WAIT - 1), CRL_FINE);
	assert_int_equal(crl_due(true, &l, 12 << 20, NOW + CRL_MAX_WAIT), CRL_CHANGED);
}

static void
each_list_has_one_name(void **state)
{
	static const char *const bad[] = {"citizen-ca", ".crl", "citizen-ca.03.crl", "citizen-ca.0.crl.x",
		"x.99999.crl.der", "", ".1.crl"};
	struct crl_name n;
	char label[65];

	(void)state;
	assert_int_equal(crl_name_read("citizen-ca.crl", label, sizeof(label), &n), ERR_OK);
	assert_true(strcmp(label, "citizen-ca") == 0 && n.shard == 0 && !n.delta);
	assert_int_equal(crl_name_read("citizen-ca.12.delta.crl", label, sizeof(label), &n), ERR_OK);
	assert_true(strcmp(label, "citizen-ca") == 0 && n.shard == 12 && n.delta);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(
			crl_name_read(bad[i], label, sizeof(label), &n) != ERR_OK || strcmp(label, "citizen-ca") != 0);
	for (int64_t shard = 0; shard < 300; shard += 7) {
		AUTO(writer) w = writer_new(100);

		crl_name_write(&(struct crl_name){"a-ca", shard, shard % 2 == 0}, &w);
		assert_int_equal(crl_name_read((const char *)writer_span(&w).ptr, label, sizeof(label), &n), ERR_OK);
		assert_true(strcmp(label, "a-ca") == 0 && n.shard == shard && n.delta == (shard % 2 == 0));
	}
}

static void
a_delta_tells_what_stands_and_removes_what_does_not(void **state)
{
	const struct crl_entry rows[] = {{.serial = {1, 1}, .at = NOW - 9, .reason = 6},
		{.serial = {1, 2}, .at = NOW - 8, .reason = 1}};
	uint8_t changed[4 * SERIAL_LEN] = {0};
	struct crl_entry *entries;
	size_t count;

	(void)state;
	/* out of order, one of them twice */
	memcpy(changed, "\1\3", 2);
	memcpy(changed + SERIAL_LEN, "\1\1", 2);
	memcpy(changed + 2 * SERIAL_LEN, "\1\3", 2);
	memcpy(changed + 3 * SERIAL_LEN, "\0\7", 2);
	assert_int_equal(crl_delta_entries(span_at(changed, sizeof(changed)), rows, 2, NOW, &entries, &count), ERR_OK);
	assert_int_equal(count, 3);
	assert_int_equal(entries[0].reason, CRL_REMOVE);
	assert_int_equal(entries[1].reason, 6);
	assert_int_equal(entries[1].at, NOW - 9);
	assert_memory_equal(entries[2].serial, "\1\3", 2);
	assert_int_equal(entries[2].reason, CRL_REMOVE);
	free(entries);
	assert_int_equal(crl_delta_entries((struct span){0}, rows, 2, NOW, &entries, &count), ERR_OK);
	assert_int_equal(count, 0);
	free(entries);
}

static void
a_proof_sees_what_is_missing_foreign_or_other(void **state)
{
	const struct listed_row row = {.revoked_at = NOW - 5, .reason = 1, .not_after = NOW + 1},
				ended = {.revoked_at = NOW - 5, .reason = 1, .not_after = NOW};
	struct crl_entry entry = {.at = NOW - 5, .reason = 1};

	(void)state;
	assert_null(proof_compare(&row, &entry, NOW));
	assert_null(proof_compare(&ended, NULL, NOW));
	assert_non_null(proof_compare(&row, NULL, NOW));
	assert_non_null(proof_compare(NULL, &entry, NOW));
	entry.reason = 6;
	assert_non_null(proof_compare(&row, &entry, NOW));
	entry = (struct crl_entry){.at = NOW - 4, .reason = 1};
	assert_non_null(proof_compare(&row, &entry, NOW));
}

static void
reasons_that_take_more_than_an_operator_are_refused(void **state)
{
	(void)state;
	assert_int_equal(revoke_reason("keyCompromise"), 1);
	assert_int_equal(revoke_reason("unspecified"), 0);
	assert_int_equal(revoke_reason("cACompromise"), -1);
	assert_int_equal(revoke_reason("removeFromCRL"), -1);
	assert_int_equal(revoke_reason("KeyCompromise"), -1);
	assert_string_equal(revoke_reason_name(9), "privilegeWithdrawn");
	assert_string_equal(revoke_reason_name(77), "unspecified");
}

static void
every_statement_has_its_sql(void **state)
{
	(void)state;
	for (size_t i = 0; i < CA_STATEMENT_COUNT; i++) {
		assert_non_null(ca_statements[i].name);
		assert_non_null(ca_statements[i].sql);
		assert_true(ca_statements[i].param_count <= MAX_DB_PARAMS);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_issued_is_unknown_and_never_good),
		cmocka_unit_test(issued_is_good_for_the_seconds_configured),
		cmocka_unit_test(revoked_tells_when_and_why_but_not_unspecified),
		cmocka_unit_test(caches_may_keep_an_answer_30_seconds_and_not_past_its_end),
		cmocka_unit_test(suspended_is_revoked_with_a_hold_until_it_is_resumed),
		cmocka_unit_test(an_ended_certificate_is_told_with_how_far_back_that_reaches),
		cmocka_unit_test(a_list_is_renewed_when_changed_or_half_over_and_a_large_one_not_at_once),
		cmocka_unit_test(each_list_has_one_name),
		cmocka_unit_test(a_delta_tells_what_stands_and_removes_what_does_not),
		cmocka_unit_test(a_proof_sees_what_is_missing_foreign_or_other),
		cmocka_unit_test(reasons_that_take_more_than_an_operator_are_refused),
		cmocka_unit_test(every_statement_has_its_sql),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
