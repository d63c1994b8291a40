#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ca/revoke/revoke.h"
#include "ca/status/keeper.h"
#include "ca/status/ocsp.h"
#include "ca/status/rate.h"
#include "ca/store/statements.h"

enum { NOW = 1770000000 };

static void
never_issued_is_unknown_and_never_good(void **state)
{
	const struct ocsp_answer a = ocsp_decide(NULL, NOW, 300);

	(void)state;
	assert_int_equal(a.status, OCSP_UNKNOWN);
}

static void
issued_is_good_for_the_seconds_configured(void **state)
{
	const struct status_row row = {0};
	const struct ocsp_answer a = ocsp_decide(&row, NOW, 300);

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
	struct ocsp_answer a = ocsp_decide(&compromised, NOW, 300);

	(void)state;
	assert_int_equal(a.status, OCSP_REVOKED);
	assert_int_equal(a.revoked_at, NOW - 5);
	assert_int_equal(a.reason, 1);
	a = ocsp_decide(&unsaid, NOW, 300);
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
a_list_is_renewed_when_dirty_or_half_over(void **state)
{
	(void)state;
	assert_false(keeper_crl_due(false, NOW, NOW + 1000, NOW + 499));
	assert_true(keeper_crl_due(false, NOW, NOW + 1000, NOW + 500));
	assert_true(keeper_crl_due(true, NOW, NOW + 1000, NOW));
}

static void
the_rate_holds_and_recovers(void **state)
{
	struct rate *r;
	int taken = 0;

	(void)state;
	assert_int_equal(rate_new(10, &r), ERR_OK);
	for (int i = 0; i < 100; i++)
		taken += rate_take(r, 5000000);
	assert_int_equal(taken, 10);
	assert_true(rate_take(r, 5100000)); /* a tenth of a second later there is one more */
	assert_false(rate_take(r, 5100000));
	assert_false(rate_take(r, 4000000)); /* never by going back */
	taken = 0;
	for (int i = 0; i < 100; i++)
		taken += rate_take(r, 99000000);
	assert_int_equal(taken, 10); /* and no more than a second's worth is saved up */
	rate_free(&r);
	assert_null(r);
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
		cmocka_unit_test(a_list_is_renewed_when_dirty_or_half_over),
		cmocka_unit_test(the_rate_holds_and_recovers),
		cmocka_unit_test(reasons_that_take_more_than_an_operator_are_refused),
		cmocka_unit_test(every_statement_has_its_sql),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
