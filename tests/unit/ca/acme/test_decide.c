#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ca/acme/decide.h"

enum { NOW = 1790000000 };
static char www[] = "dns:www.land.example", api[] = "dns:api.land.example", wild[] = "dns:*.land.example",
	    six[] = "ip:2001:db8::1";
static char pending[] = "pending", processing[] = "processing", valid[] = "valid";

static struct order_row
order(char *status, int64_t shown, int64_t over)
{
	return (struct order_row){.status = status,
		.expires = NOW + 10,
		.authorizations = {NULL, 2},
		.valid = shown,
		.over = over};
}

static void
an_order_is_ready_when_all_is_shown_and_not_before(void **state)
{
	struct order_row o = order(pending, 1, 0);

	(void)state;
	assert_string_equal(order_status(&o, NOW), "pending");
	o = order(pending, 2, 0);
	assert_string_equal(order_status(&o, NOW), "ready");
	assert_string_equal(order_status(&o, NOW + 10), "invalid");
	o = order(pending, 1, 1);
	assert_string_equal(order_status(&o, NOW), "invalid");
	o = order(processing, 2, 0);
	assert_string_equal(order_status(&o, NOW + 10), "processing");
	o = order(valid, 0, 2);
	assert_string_equal(order_status(&o, NOW + 10), "valid");
}

static void
an_authorization_ends(void **state)
{
	(void)state;
	assert_string_equal(authorization_status("valid", NOW + 1, NOW), "valid");
	assert_string_equal(authorization_status("valid", NOW, NOW), "expired");
	assert_string_equal(authorization_status("pending", NOW, NOW), "invalid");
	assert_string_equal(authorization_status("deactivated", NOW, NOW), "deactivated");
}

static uint8_t spki_bytes[] = "a key", account_hash[SHA256_LEN];

/* What the order's names say to a request with these names and this common name. */
static enum problem
decided(char **ordered, size_t count, struct name_part *names, size_t names_count, const char *common_name)
{
	const struct json_list list = {ordered, count};
	const struct json_bytes account = {account_hash, SHA256_LEN};
	const struct request_facts csr = {.spki = {spki_bytes, sizeof(spki_bytes)},
		.names = names,
		.names_count = names_count,
		.common_name = (char *)(uintptr_t)common_name};

	return csr_decide(&list, &csr, &account);
}

static void
the_request_names_what_was_ordered(void **state)
{
	char *both[] = {api, www}, *mixed[] = {wild, six};
	struct name_part names[] = {{"dns", "www.land.example"}, {"dns", "API.land.example"}};
	struct name_part other[] = {{"dns", "*.land.example"}, {"ip", "2001:db8:0:0:0:0:0:1"}};

	(void)state;
	assert_int_equal(decided(both, 2, names, 2, NULL), ACME_OK);
	assert_int_equal(decided(both, 2, names, 2, "www.land.example"), ACME_OK);
	assert_int_equal(decided(both, 2, names, 1, "api.land.example"), ACME_OK);
	assert_int_equal(decided(mixed, 2, other, 2, NULL), ACME_OK);
	assert_int_equal(decided(mixed, 2, other, 1, "2001:db8::1"), ACME_OK);
}

static void
one_name_more_or_fewer_or_other_is_refused(void **state)
{
	char *both[] = {api, www}, *one[] = {www}, *stars[] = {wild};
	struct name_part names[] = {{"dns", "www.land.example"}, {"dns", "api.land.example"}};
	struct name_part mail[] = {{"dns", "www.land.example"}, {"email", "a@land.example"}};
	struct name_part uri[] = {{"dns", "www.land.example"}, {"uri", "https://www.land.example/"}};
	struct name_part as_ip[] = {{"ip", "www.land.example"}};

	(void)state;
	assert_int_equal(decided(both, 2, names, 1, NULL), ACME_BAD_CSR);
	assert_int_equal(decided(one, 1, names, 2, NULL), ACME_BAD_CSR);
	assert_int_equal(decided(one, 1, names, 1, "api.land.example"), ACME_BAD_CSR);
	assert_int_equal(decided(one, 1, names, 1, "Land Registry"), ACME_BAD_CSR);
	assert_int_equal(decided(stars, 1, names, 1, NULL), ACME_BAD_CSR);
	assert_int_equal(decided(one, 1, mail, 2, NULL), ACME_BAD_CSR);
	assert_int_equal(decided(one, 1, uri, 2, NULL), ACME_BAD_CSR);
	assert_int_equal(decided(one, 1, as_ip, 1, NULL), ACME_BAD_CSR);
	assert_int_equal(decided(one, 1, NULL, 0, NULL), ACME_BAD_CSR);
}

static void
the_accounts_own_key_is_not_certified(void **state)
{
	char *one[] = {www};
	struct name_part names[] = {{"dns", "www.land.example"}};
	const struct sha256 own = sha256_of(span_at(spki_bytes, sizeof(spki_bytes)));

	(void)state;
	memcpy(account_hash, own.bytes, SHA256_LEN);
	assert_int_equal(decided(one, 1, names, 1, NULL), ACME_BAD_CSR);
	memset(account_hash, 0, SHA256_LEN);
	assert_int_equal(decided(one, 1, names, 1, NULL), ACME_OK);
}

static void
what_policy_forbids_is_not_tried_again(void **state)
{
	(void)state;
	assert_int_equal(challenge_retry(1, ACME_REJECTED_IDENTIFIER), 0);
	assert_true(challenge_retry(1, ACME_CONNECTION) > 0);
	assert_true(challenge_retry(2, ACME_CONNECTION) > challenge_retry(1, ACME_CONNECTION));
	assert_true(challenge_retry(MAX_ATTEMPTS - 1, ACME_DNS) > 0);
	assert_int_equal(challenge_retry(MAX_ATTEMPTS, ACME_DNS), 0);
	assert_int_equal(challenge_retry(MAX_ATTEMPTS + 1, ACME_DNS), 0);
	assert_int_equal(challenge_retry(0, ACME_DNS), 0);
}

static enum problem
contact(const char *text)
{
	char *items[] = {(char *)(uintptr_t)text};
	const struct json_list list = {items, 1};

	return contacts_check(&list);
}

static void
a_contact_is_one_mail_address(void **state)
{
	char *many[MAX_CONTACTS + 1];
	const struct json_list list = {many, MAX_CONTACTS + 1};

	(void)state;
	assert_int_equal(contact("mailto:admin@land.example"), ACME_OK);
	assert_int_equal(contact("tel:+97512345678"), ACME_UNSUPPORTED_CONTACT);
	assert_int_equal(contact("mailto:a@b?subject=x"), ACME_INVALID_CONTACT);
	assert_int_equal(contact("mailto:a@b,c@d"), ACME_INVALID_CONTACT);
	assert_int_equal(contact("mailto:nobody"), ACME_INVALID_CONTACT);
	assert_int_equal(contact("mailto:@b"), ACME_INVALID_CONTACT);
	assert_int_equal(contact("mailto:a@b\nBcc: c@d"), ACME_INVALID_CONTACT);
	for (size_t i = 0; i <= MAX_CONTACTS; i++)
		many[i] = (char *)(uintptr_t) "mailto:a@b";
	assert_int_equal(contacts_check(&list), ACME_INVALID_CONTACT);
}

static void
reasons_that_are_the_authoritys_are_not_a_holders(void **state)
{
	static const int64_t good[] = {0, 1, 3, 4, 5}, bad[] = {-1, 2, 6, 7, 8, 9, 10, 11, 255};

	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(revocation_reason_check(good[i]), ACME_OK);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(revocation_reason_check(bad[i]), ACME_BAD_REVOCATION_REASON);
}

static void
renewal_falls_into_the_life_and_at_once_if_revoked(void **state)
{
	const struct renewal_window w = renewal_window(NOW, NOW + 90 * 86400, 0, NOW);
	const struct renewal_window r = renewal_window(NOW, NOW + 90 * 86400, NOW + 5, NOW + 10);

	(void)state;
	assert_true(w.start > NOW && w.start < w.end && w.end < NOW + 90 * 86400);
	assert_true(r.start < r.end && r.end < NOW + 10);
}

/* The example of RFC 9773 4.1 has a serial of nine bytes: ours have sixteen. */
static void
a_renewal_identifier_is_two_parts(void **state)
{
	struct renewal_id id;

	(void)state;
	assert_int_equal(renewal_id_read("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AAECAwQFBgcICQoLDA0ODw", &id), ERR_OK);
	assert_int_equal(id.key_identifier_len, 20);
	assert_int_equal(id.key_identifier[0], 0x69);
	assert_int_equal(id.serial[15], 15);
	assert_int_equal(renewal_id_read("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE", &id), ERR_MALFORMED);
	assert_int_equal(renewal_id_read("aYhba4dGQEHhs3uEe6CuLN4ByNQ", &id), ERR_MALFORMED);
	assert_int_equal(renewal_id_read("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AAECAwQFBgcICQoLDA0ODw.x", &id), ERR_MALFORMED);
	assert_int_equal(renewal_id_read("aYhb=.AAECAwQFBgcICQoLDA0ODw", &id), ERR_MALFORMED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_is_ready_when_all_is_shown_and_not_before),
		cmocka_unit_test(an_authorization_ends),
		cmocka_unit_test(the_request_names_what_was_ordered),
		cmocka_unit_test(one_name_more_or_fewer_or_other_is_refused),
		cmocka_unit_test(the_accounts_own_key_is_not_certified),
		cmocka_unit_test(what_policy_forbids_is_not_tried_again),
		cmocka_unit_test(a_contact_is_one_mail_address),
		cmocka_unit_test(reasons_that_are_the_authoritys_are_not_a_holders),
		cmocka_unit_test(renewal_falls_into_the_life_and_at_once_if_revoked),
		cmocka_unit_test(a_renewal_identifier_is_two_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
