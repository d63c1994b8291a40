#include "rig.h"

#include <openssl/ec.h>

#include "hsm/citizen/challenge.h"
#include "hsm/citizen/citizen_key.h"
#include "hsm/citizen/hot.h"
#include "hsm/citizen/ledger.h"
#include "hsm/citizen/retired.h"

/* The tables behind citizens' keys as pure structures, with a clock that is passed in. */
static const uint8_t owner[LEDGER_OWNER_LEN] = "one owner of all";

static struct sha256
name_of(uint64_t n)
{
	return sha256_of(span_at(&n, sizeof(n)));
}

static enum err
enter(struct ledger *l, uint64_t n, int64_t now)
{
	const struct sha256 name = name_of(n);
	uint8_t own[LEDGER_OWNER_LEN] = {0};

	memcpy(own, name.bytes + 4, sizeof(own));
	return ledger_enter(l, &name, span_at(own, sizeof(own)), 0, now, now + CHALLENGE_SECONDS);
}

static enum err
take(struct ledger *l, uint64_t n, int64_t now)
{
	const struct sha256 name = name_of(n);

	return ledger_take(l, &name, now);
}

CASE(a_challenge_is_good_for_five_minutes_and_once)
{
	struct ledger l;

	(void)state;
	assert_ok(ledger_init(&l));
	assert_ok(enter(&l, 1, 1000));
	assert_err(enter(&l, 1, 1000), ERR_EXISTS);
	assert_ok(take(&l, 1, 1000 + CHALLENGE_SECONDS - 1));
	assert_err(take(&l, 1, 1000 + CHALLENGE_SECONDS - 1), ERR_USED);
	assert_ok(enter(&l, 2, 1000));
	assert_err(take(&l, 2, 1000 + CHALLENGE_SECONDS), ERR_EXPIRED);
	assert_err(take(&l, 2, 1000), ERR_USED); /* gone, whatever the clock says then */
	assert_err(take(&l, 3, 1000), ERR_USED);
	ledger_end(&l);
}

CASE(a_full_ledger_refuses_until_the_oldest_are_over)
{
	struct ledger l;

	(void)state;
	assert_ok(ledger_init(&l));
	for (uint64_t i = 0; i < LEDGER_ROOM; i++)
		assert_ok(enter(&l, i, 1000));
	assert_err(enter(&l, LEDGER_ROOM, 1001), ERR_TOO_MANY);
	assert_ok(take(&l, 77, 1001));
	assert_ok(enter(&l, LEDGER_ROOM, 1001));
	assert_err(enter(&l, LEDGER_ROOM + 1, 1299), ERR_TOO_MANY);
	assert_ok(enter(&l, LEDGER_ROOM + 1, 1300));
	assert_err(take(&l, 5, 1300), ERR_USED);
	assert_ok(take(&l, LEDGER_ROOM, 1300));
	for (uint64_t i = 0; i < LEDGER_ROOM - 1; i++)
		assert_ok(enter(&l, 1000000 + i, 1300));
	assert_err(enter(&l, 5000000, 1300), ERR_TOO_MANY);
	for (uint64_t i = 0; i < LEDGER_ROOM - 1; i++)
		assert_ok(take(&l, 1000000 + i, 1300));
	ledger_end(&l);
}

static enum err
enter_for(struct ledger *l, uint64_t n, const uint8_t *whose, int64_t now)
{
	const struct sha256 name = name_of(n);

	return ledger_enter(l, &name, span_at(whose, LEDGER_OWNER_LEN), 16, now, now + CHALLENGE_SECONDS);
}

CASE(one_owner_has_no_more_than_its_share_and_its_oldest_goes)
{
	struct ledger l;

	(void)state;
	assert_ok(ledger_init(&l));
	assert_ok(enter(&l, 17, 1000));
	for (uint64_t i = 0; i < 16; i++)
		assert_ok(enter_for(&l, i, owner, 1000));
	assert_ok(take(&l, 3, 1001));
	assert_ok(enter_for(&l, 16, owner, 1001)); /* in its place: nobody goes */
	assert_ok(enter_for(&l, 18, owner, 1001));
	assert_err(take(&l, 0, 1001), ERR_USED);
	assert_ok(take(&l, 1, 1001));
	assert_ok(take(&l, 17, 1001)); /* another owner's */
	assert_ok(take(&l, 18, 1001));
	ledger_end(&l);
}

CASE(whoever_fills_the_ledger_of_challenges_shuts_nobody_out)
{
	struct ledger l;
	uint8_t many[LEDGER_OWNER_LEN] = {0};

	(void)state;
	assert_ok(ledger_init(&l));
	for (uint64_t i = 0; i < 2 * LEDGER_ROOM; i++) {
		memcpy(many, &(uint64_t){i / 16}, sizeof(uint64_t));
		assert_ok(enter_for(&l, i, many, 1000));
	}
	assert_ok(enter_for(&l, 5000000, owner, 1000));
	assert_ok(take(&l, 5000000, 1000));
	assert_err(take(&l, 5, 1000), ERR_USED);
	assert_ok(take(&l, 2 * LEDGER_ROOM - 1, 1000));
	ledger_end(&l);
}

CASE(a_lower_generation_never_undoes_a_higher_one)
{
	struct retired r;
	const struct sha256 id = name_of(1);

	(void)state;
	retired_init(&r);
	assert_int_equal(retired_up_to(&r, id.bytes), 0);
	assert_ok(retired_promise(&r));
	retired_set(&r, id.bytes, 3);
	assert_ok(retired_promise(&r));
	retired_set(&r, id.bytes, 2);
	assert_int_equal(retired_up_to(&r, id.bytes), 3);
	retired_end(&r);
}

CASE(a_hundred_thousand_retired_keys_are_all_remembered)
{
	struct retired r;

	(void)state;
	retired_init(&r);
	for (uint64_t i = 0; i < 100000; i++) {
		const struct sha256 id = name_of(i);

		assert_ok(retired_promise(&r));
		retired_set(&r, id.bytes, (uint32_t)i + 1);
	}
	for (uint64_t i = 0; i < 100000; i++) {
		const struct sha256 id = name_of(i), other = name_of(i + 100000);

		assert_int_equal(retired_up_to(&r, id.bytes), i + 1);
		assert_int_equal(retired_up_to(&r, other.bytes), 0);
	}
	retired_end(&r);
}

/* ---- the challenge ---- */

CASE(a_challenge_names_everything_that_it_is_for)
{
	const uint8_t bytes[64] = {0};
	const struct digests d = {.bytes = span_at(bytes, 64), .each = 32, .count = 2};
	const struct blob b = {.id = SPAN("0123456789abcdef"), .generation = 1, .spki = SPAN("a key")};
	const struct span instance = SPAN("instance-instanc"), nonce = SPAN("nonce-nonce-nonc");
	const struct sha256 c = challenge_make(instance, nonce, &b, &d);
	struct sha256 others[7];
	struct blob other = b;
	struct digests more = d;

	(void)state;
	others[0] = challenge_make(nonce, nonce, &b, &d);
	others[1] = challenge_make(instance, instance, &b, &d);
	other.generation = 2;
	others[2] = challenge_make(instance, nonce, &other, &d);
	other = b;
	other.id = SPAN("0123456789abcdeF");
	others[3] = challenge_make(instance, nonce, &other, &d);
	other = b;
	other.spki = SPAN("b key");
	others[4] = challenge_make(instance, nonce, &other, &d);
	more.each = 64;
	more.count = 1; /* the same bytes */
	others[5] = challenge_make(instance, nonce, &b, &more);
	more = (struct digests){.bytes = span_at(bytes, 32), .each = 32, .count = 1};
	others[6] = challenge_make(instance, nonce, &b, &more);
	for (size_t i = 0; i < 7; i++) {
		assert_memory_not_equal(c.bytes, others[i].bytes, SHA256_LEN);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(others[j].bytes, others[i].bytes, SHA256_LEN);
	}
}

/* ---- hot keys ---- */

/* A key without a blob's content: hot.c looks at its id only. No session is open: nothing is asked of an HSM. */
static struct hot_key *
heat(struct hot *h, uint64_t n)
{
	static const uint8_t ids[8][BLOB_ID_LEN];
	struct citizen_key *k = calloc(1, sizeof(*k));
	struct session s = {0};
	struct hot_key *out;
	const struct sha256 name = name_of(n);

	assert_non_null(k);
	k->blob.id = span_at(ids[n % 8], BLOB_ID_LEN);
	assert_ok(hot_add(h, &name, &k, &s, &out));
	assert_null(k);
	return out;
}

static bool
is_hot(struct hot *h, uint64_t n)
{
	const struct sha256 name = name_of(n);
	struct session s = {0};
	struct hot_key *k = hot_find(h, &name);
	const bool is = k != NULL;

	hot_give(h, &s, &k);
	return is;
}

CASE(the_key_longest_unused_goes_first_and_not_while_it_is_used)
{
	struct hot h;
	struct session s = {0};
	struct hot_key *keys[4];

	(void)state;
	assert_ok(hot_init(&h, 2));
	keys[0] = heat(&h, 0);
	keys[1] = heat(&h, 1);
	hot_give(&h, &s, &keys[1]);
	assert_true(is_hot(&h, 0));
	keys[2] = heat(&h, 2); /* 1 goes */
	assert_false(is_hot(&h, 1));
	hot_give(&h, &s, &keys[2]);
	keys[3] = heat(&h, 3); /* 0 goes from the table, and stays for its user */
	assert_false(is_hot(&h, 0));
	assert_non_null(keys[0]->citizen);
	hot_give(&h, &s, &keys[0]);
	assert_null(keys[0]);
	hot_give(&h, &s, &keys[3]);
	assert_int_equal(h.count, 2);
	hot_retire(&h, &s, span_at("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16));
	assert_int_equal(h.count, 0);
	free(h.buckets);
}

CASE(two_who_bring_the_same_key_get_one)
{
	struct hot h;
	struct session s = {0};
	struct hot_key *a, *b;

	(void)state;
	assert_ok(hot_init(&h, 2));
	a = heat(&h, 0);
	b = heat(&h, 0);
	assert_ptr_equal(a, b);
	assert_int_equal(a->users, 2);
	hot_retire(&h, &s, a->citizen->blob.id);
	assert_non_null(b->citizen);
	hot_give(&h, &s, &a);
	hot_give(&h, &s, &b);
	assert_int_equal(h.count, 0);
	free(h.buckets);
}

/* ---- a card's key ---- */

static enum err
card_read(const uint8_t *der, size_t len, struct citizen_credential *out)
{
	const struct blob_credential c = {.kind = BLOB_CARD, .key = span_at(der, len)};

	return citizen_credential_read(&c, out);
}

/* The short way of reading and libcrypto's come to the same key; what is no point of its curve passes by neither. */
CASE(a_cards_key_is_another_than_it_was_written)
{
	EVP_PKEY *keys[] = {EVP_EC_gen("P-256"), EVP_EC_gen("P-384"), EVP_EC_gen("P-521"), EVP_RSA_gen(3072)};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct citizen_credential c;
		struct jwk *whole = NULL;
		uint8_t *der = NULL;
		const size_t len = (size_t)i2d_PUBKEY(keys[i], &der);

		assert_ok(jwk_from_spki(span_at(der, len), NULL, &whole));
		assert_ok(card_read(der, len, &c));
		assert_string_equal(jwk_kid(c.card), jwk_kid(whole));
		assert_int_equal(EVP_PKEY_eq(jwk_key(c.card), keys[i]), 1);
		citizen_credential_free(&c);
		assert_true(card_read(der, len - 1, &c) != ERR_OK);
		der[len - 1] ^= 1;
		if (i < 3)
			assert_true(card_read(der, len, &c) != ERR_OK);
		OPENSSL_free(der);
		jwk_free(&whole);
		EVP_PKEY_free(keys[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_challenge_is_good_for_five_minutes_and_once),
		cmocka_unit_test(a_full_ledger_refuses_until_the_oldest_are_over),
		cmocka_unit_test(one_owner_has_no_more_than_its_share_and_its_oldest_goes),
		cmocka_unit_test(whoever_fills_the_ledger_of_challenges_shuts_nobody_out),
		cmocka_unit_test(a_lower_generation_never_undoes_a_higher_one),
		cmocka_unit_test(a_hundred_thousand_retired_keys_are_all_remembered),
		cmocka_unit_test(a_challenge_names_everything_that_it_is_for),
		cmocka_unit_test(the_key_longest_unused_goes_first_and_not_while_it_is_used),
		cmocka_unit_test(two_who_bring_the_same_key_get_one),
		cmocka_unit_test(a_cards_key_is_another_than_it_was_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
