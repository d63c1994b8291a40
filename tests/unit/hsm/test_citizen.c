#include "person.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <openssl/ec.h>

#include "base/encode.h"

/* Citizens' keys under sole control, at a real mohar-hsmd: what signerd's user, with every blob in hand, cannot do. */
static const char label[] = "citizen-keys";

static struct trial {
	struct rig *rig;
	struct keyring *signer;
	struct person one, two;
} trial;

static int
set_up(void **state)
{
	trial.rig = rig_new();
	*state = trial.rig;
	if (trial.rig == NULL)
		return 0;
	rig_up(trial.rig, NULL);
	rig_generate(trial.rig, "citizen-keys");
	rig_generate(trial.rig, "citizen-seal");
	trial.signer = rig_keyring(trial.rig, UID_SIGNER);
	person_birth(trial.rig, trial.signer, &trial.one);
	person_birth(trial.rig, trial.signer, &trial.two);
	return 0;
}

static int
tear_down(void **state)
{
	person_free(&trial.one);
	person_free(&trial.two);
	keyring_free(&trial.signer);
	rig_free((struct rig **)state);
	return 0;
}

static void
restart(void)
{
	keyring_free(&trial.signer);
	rig_stop(trial.rig, SIGTERM);
	rig_start(trial.rig);
	trial.signer = rig_keyring(trial.rig, UID_SIGNER);
}

/* ---- what the citizen can ---- */

CASE(a_passkey_activates_what_it_was_asked_for)
{
	static const size_t sizes[] = {32, 48, 64}, counts[] = {1, 3, MAX_DIGESTS};

	(void)rig_of(state);
	for (size_t i = 0; i < 3; i++) {
		AUTO(writer) signatures = writer_new(1 << 16);
		const struct digests d = digests_some(sizes[i], counts[i]);

		assert_ok(person_sign(trial.signer, &trial.one, &d, NULL, &signatures));
		assert_true(person_signed(&trial.one, &d, writer_span(&signatures)));
		assert_false(person_signed(&trial.two, &d, writer_span(&signatures)));
	}
}

struct card_case {
	EVP_PKEY *card;
	const char *typ;
	int64_t late;
	bool other_challenge;
};

static enum err
by_card(const struct card_case *c, struct writer *signatures)
{
	AUTO(writer) jws = writer_new(4096);
	const struct digests d = digests_some(32, 2);
	uint8_t challenge[32], nonce[HSM_NONCE_LEN];

	TRY(keyring_challenge(trial.signer, label, writer_span(&trial.one.blob), &d, challenge, nonce));
	challenge[0] ^= c->other_challenge;
	person_card_evidence(c->card, span_at(challenge, 32), c->typ, time(NULL) - c->late, &jws);
	return keyring_activate(trial.signer, label, writer_span(&trial.one.blob), &d, nonce, writer_span(&jws),
		signatures);
}

CASE(a_card_activates_only_by_its_own_fresh_signature_over_the_challenge)
{
	AUTO(writer) signatures = writer_new(4096);
	const struct digests d = digests_some(32, 2);

	(void)rig_of(state);
	assert_ok(by_card(&(struct card_case){.card = trial.one.card}, &signatures));
	assert_true(person_signed(&trial.one, &d, writer_span(&signatures)));
	assert_err(by_card(&(struct card_case){.card = trial.two.card}, &signatures), ERR_REFUSED);
	assert_err(by_card(&(struct card_case){.card = trial.one.card, .late = 100}, &signatures), ERR_EXPIRED);
	assert_err(by_card(&(struct card_case){.card = trial.one.card, .late = -100}, &signatures), ERR_EXPIRED);
	assert_err(by_card(&(struct card_case){.card = trial.one.card, .typ = "act+jwt"}, &signatures), ERR_MISMATCH);
	assert_err(by_card(&(struct card_case){.card = trial.one.card, .other_challenge = true}, &signatures),
		ERR_MISMATCH);
}

/* ---- what nobody else can: the assertion ---- */

static enum err
by_wish(const struct wish *w)
{
	AUTO(writer) signatures = writer_new(4096);
	const struct digests d = digests_some(32, 1);
	const enum err e = person_sign(trial.signer, &trial.one, &d, w, &signatures);

	assert_int_equal(signatures.len > 0, e == ERR_OK);
	return e;
}

CASE(an_assertion_for_another_origin_does_not_sign)
{
	static const char *const origins[] = {"https://localhost:8443", "https://sign.localhost",
		"http://sign.localhost:8447", "https://sign.localhost:8447/", "https://evil.sign.localhost:8447"};
	struct wish w = wish_for(SPAN(""));

	(void)rig_of(state);
	assert_ok(by_wish(&w));
	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
		w.origin = origins[i];
		assert_err(by_wish(&w), ERR_MISMATCH);
	}
}

CASE(a_login_credentials_assertion_does_not_sign)
{
	struct wish w = wish_for(SPAN(""));

	(void)rig_of(state);
	w.rp_id = "localhost";
	assert_err(by_wish(&w), ERR_MISMATCH);
	w.origin = "https://localhost:8443";
	assert_err(by_wish(&w), ERR_MISMATCH);
}

CASE(presence_without_user_verification_does_not_sign)
{
	struct wish w = wish_for(SPAN(""));

	(void)rig_of(state);
	w.flags = AUTHENTICATOR_UP;
	assert_int_not_equal(by_wish(&w), ERR_OK);
	w.flags = AUTHENTICATOR_UV;
	assert_int_not_equal(by_wish(&w), ERR_OK);
}

CASE(a_registration_is_no_assertion)
{
	struct wish w = wish_for(SPAN(""));

	(void)rig_of(state);
	w.type = "webauthn.create";
	assert_int_not_equal(by_wish(&w), ERR_OK);
}

/* A challenge for one, used as told. */
struct attempt {
	const struct person *challenged, *asserting, *activated;
	struct digests asked, given;
	bool replay, other_nonce, restart;
};

static enum err
attempt_do(const struct attempt *a)
{
	AUTO(writer) evidence = writer_new(16384);
	AUTO(writer) signatures = writer_new(1 << 16);
	uint8_t challenge[32], nonce[HSM_NONCE_LEN];
	struct wish w = wish_for(span_at(challenge, sizeof(challenge)));

	TRY(keyring_challenge(trial.signer, label, writer_span(&a->challenged->blob), &a->asked, challenge, nonce));
	authenticator_assert(&a->asserting->passkey, &w, &evidence);
	nonce[0] ^= a->other_nonce;
	if (a->restart)
		restart();
	if (a->replay)
		TRY(keyring_activate(trial.signer, label, writer_span(&a->activated->blob), &a->given, nonce,
			writer_span(&evidence), &signatures));
	return keyring_activate(trial.signer, label, writer_span(&a->activated->blob), &a->given, nonce,
		writer_span(&evidence), &signatures);
}

static struct attempt
attempt(void)
{
	return (struct attempt){.challenged = &trial.one,
		.asserting = &trial.one,
		.activated = &trial.one,
		.asked = digests_some(32, 2),
		.given = digests_some(32, 2)};
}

CASE(a_replayed_assertion_does_not_sign)
{
	struct attempt a = attempt();

	(void)rig_of(state);
	assert_ok(attempt_do(&a));
	a.replay = true;
	assert_err(attempt_do(&a), ERR_USED);
}

CASE(another_keys_challenge_or_passkey_does_not_sign)
{
	struct attempt a = attempt();

	(void)rig_of(state);
	a.activated = &trial.two;
	assert_err(attempt_do(&a), ERR_USED);
	a.asserting = &trial.two;
	assert_err(attempt_do(&a), ERR_USED);
	a = attempt();
	a.asserting = &trial.two;
	assert_err(attempt_do(&a), ERR_REFUSED);
	a = attempt();
	a.other_nonce = true;
	assert_err(attempt_do(&a), ERR_USED);
}

CASE(other_digests_more_fewer_or_in_another_order_are_not_signed)
{
	struct attempt a = attempt();
	uint8_t swapped[64];

	(void)rig_of(state);
	memcpy(swapped, a.asked.bytes.ptr + 32, 32);
	memcpy(swapped + 32, a.asked.bytes.ptr, 32);
	a.given.bytes = span_at(swapped, 64);
	assert_err(attempt_do(&a), ERR_USED);
	a.given = digests_some(32, 3);
	assert_err(attempt_do(&a), ERR_USED);
	a.given = digests_some(32, 1);
	assert_err(attempt_do(&a), ERR_USED);
	a.given = digests_some(64, 1); /* the same bytes */
	assert_err(attempt_do(&a), ERR_USED);
}

CASE(another_instances_challenge_does_not_sign)
{
	struct attempt a = attempt();

	(void)rig_of(state);
	a.restart = true;
	assert_err(attempt_do(&a), ERR_USED);
	a.restart = false;
	assert_ok(attempt_do(&a));
}

/* Whoever opens challenges and never comes back cannot keep an honest client out: the key's oldest go. */
CASE(a_key_has_sixteen_open_challenges_and_a_new_one_takes_the_oldests_place)
{
	const struct digests d = digests_some(32, 1);
	AUTO(writer) evidence = writer_new(16384);
	AUTO(writer) signatures = writer_new(4096);
	uint8_t first[32], nonce[HSM_NONCE_LEN], challenge[32], other[HSM_NONCE_LEN];
	const struct wish w = wish_for(span_at(first, sizeof(first)));
	const struct person *p = &trial.two;

	(void)rig_of(state);
	assert_ok(keyring_challenge(trial.signer, label, writer_span(&p->blob), &d, first, nonce));
	for (int i = 0; i < 15; i++)
		assert_ok(keyring_challenge(trial.signer, label, writer_span(&p->blob), &d, challenge, other));
	authenticator_assert(&p->passkey, &w, &evidence);
	assert_ok(keyring_activate(trial.signer, label, writer_span(&p->blob), &d, nonce, writer_span(&evidence),
		&signatures));
	assert_ok(keyring_challenge(trial.signer, label, writer_span(&p->blob), &d, first, nonce));
	for (int i = 0; i < 16; i++)
		assert_ok(keyring_challenge(trial.signer, label, writer_span(&p->blob), &d, challenge, other));
	writer_reset(&evidence);
	authenticator_assert(&p->passkey, &w, &evidence);
	assert_err(keyring_activate(trial.signer, label, writer_span(&p->blob), &d, nonce, writer_span(&evidence),
			   &signatures),
		ERR_USED);
	assert_ok(person_sign(trial.signer, &trial.one, &d, NULL, &signatures));
}

struct racer {
	struct keyring *keyring;
	const uint8_t *nonce;
	struct span evidence;
	enum err outcome;
};

static void *
race(void *argument)
{
	struct racer *r = argument;
	AUTO(writer) signatures = writer_new(1 << 16);
	const struct digests d = {.bytes = SPAN("01234567890123456789012345678901"), .each = 32, .count = 1};

	r->outcome = keyring_activate(r->keyring, label, writer_span(&trial.one.blob), &d, r->nonce, r->evidence,
		&signatures);
	return NULL;
}

CASE(of_two_who_redeem_a_challenge_at_once_exactly_one_signs)
{
	const struct digests d = {.bytes = SPAN("01234567890123456789012345678901"), .each = 32, .count = 1};
	struct rig *r = rig_of(state);
	struct keyring *other = rig_keyring(r, UID_SIGNER);

	for (int i = 0; i < 50; i++) {
		AUTO(writer) evidence = writer_new(16384);
		uint8_t challenge[32], nonce[HSM_NONCE_LEN];
		struct racer racers[2];
		pthread_t threads[2];
		struct wish w = wish_for(span_at(challenge, sizeof(challenge)));

		assert_ok(keyring_challenge(trial.signer, label, writer_span(&trial.one.blob), &d, challenge, nonce));
		authenticator_assert(&trial.one.passkey, &w, &evidence);
		for (int n = 0; n < 2; n++) {
			racers[n] =
				(struct racer){n == 0 ? trial.signer : other, nonce, writer_span(&evidence), ERR_IO};
			assert_int_equal(pthread_create(&threads[n], NULL, race, &racers[n]), 0);
		}
		for (int n = 0; n < 2; n++)
			assert_int_equal(pthread_join(threads[n], NULL), 0);
		assert_int_equal((racers[0].outcome == ERR_OK) + (racers[1].outcome == ERR_OK), 1);
		assert_int_equal((racers[0].outcome == ERR_USED) + (racers[1].outcome == ERR_USED), 1);
	}
	keyring_free(&other);
}

/* ---- the blob ---- */

static enum err
challenge_with(struct span blob)
{
	const struct digests d = digests_some(32, 1);
	uint8_t challenge[32], nonce[HSM_NONCE_LEN];

	return keyring_challenge(trial.signer, label, blob, &d, challenge, nonce);
}

CASE(a_blob_with_any_byte_changed_is_refused)
{
	AUTO(writer) blob = writer_new(MAX_BLOB);

	(void)rig_of(state);
	writer_bytes(&blob, writer_span(&trial.one.blob));
	for (size_t i = 0; i < blob.len; i++) {
		enum err e;

		blob.ptr[i] ^= 1;
		e = challenge_with(writer_span(&blob));
		assert_true(e == ERR_CORRUPT || e == ERR_MALFORMED || e == ERR_UNSUPPORTED || e == ERR_TOO_LONG);
		assert_int_not_equal(keyring_retire(trial.signer, label, writer_span(&blob)), ERR_OK);
		blob.ptr[i] ^= 1;
	}
	assert_err(challenge_with(span_at(blob.ptr, blob.len - 1)), ERR_MALFORMED);
	assert_ok(challenge_with(writer_span(&blob)));
}

CASE(a_blob_with_anothers_credential_spliced_in_is_refused)
{
	AUTO(writer) forged = writer_new(MAX_BLOB);
	struct blob b, other;

	(void)rig_of(state);
	b = person_blob(&trial.one);
	other = person_blob(&trial.two);
	b.credentials[0] = other.credentials[0];
	blob_write(&forged, &b);
	writer_bytes(&forged, b.mac);
	assert_err(challenge_with(writer_span(&forged)), ERR_CORRUPT);
	writer_reset(&forged);
	b = person_blob(&trial.one);
	b.wrapped = other.wrapped;
	blob_write(&forged, &b);
	writer_bytes(&forged, other.mac);
	assert_err(challenge_with(writer_span(&forged)), ERR_CORRUPT);
}

/* ---- freezing and removal ---- */

static enum err
unfreeze(EVP_PKEY *by, const struct person *p, long generation, const struct person *named, struct writer *out)
{
	AUTO(writer) act = writer_new(8192);
	AUTO(writer) members = writer_new(256);

	writer_text(&members, ",\"key\":\"");
	hex_write(&members, person_blob(named).id);
	writer_format(&members, "\",\"generation\":%ld", generation);
	rig_order(by, "citizen.unfreeze", (const char *)writer_span(&members).ptr, &act);
	writer_reset(out);
	return keyring_citizen_bind(trial.signer, label, writer_span(&p->blob), writer_span(&act), out);
}

CASE(a_retired_generation_never_signs_again)
{
	AUTO(writer) old = writer_new(MAX_BLOB);
	AUTO(writer) raised = writer_new(MAX_BLOB);
	const struct digests d = digests_some(32, 1);
	struct rig *r = rig_of(state);
	struct person p;

	person_birth(r, trial.signer, &p);
	assert_ok(person_sign(trial.signer, &p, &d, NULL, &old));
	writer_reset(&old);
	writer_bytes(&old, writer_span(&p.blob));
	assert_err(unfreeze(r->registrar, &p, 1, &p, &raised), ERR_REFUSED); /* it is not frozen */
	assert_ok(keyring_retire(trial.signer, label, writer_span(&p.blob)));
	assert_ok(keyring_retire(trial.signer, label, writer_span(&p.blob))); /* again is no harm */
	assert_err(challenge_with(writer_span(&p.blob)), ERR_REVOKED);
	restart();
	assert_err(challenge_with(writer_span(&p.blob)), ERR_REVOKED);
	assert_err(unfreeze(r->clerk, &p, 1, &p, &raised), ERR_REFUSED);
	assert_err(unfreeze(trial.one.card, &p, 1, &p, &raised), ERR_UNAUTHENTICATED);
	assert_err(unfreeze(r->registrar, &p, 2, &p, &raised), ERR_REFUSED);
	assert_err(unfreeze(r->registrar, &p, 1, &trial.one, &raised), ERR_REFUSED);
	assert_ok(unfreeze(r->registrar, &p, 1, &p, &raised));
	writer_reset(&p.blob);
	writer_bytes(&p.blob, writer_span(&raised));
	assert_int_equal(person_blob(&p).generation, 2);
	writer_reset(&raised);
	assert_ok(person_sign(trial.signer, &p, &d, NULL, &raised));
	assert_err(challenge_with(writer_span(&old)), ERR_REVOKED); /* the copy of before */
	assert_ok(keyring_retire(trial.signer, label, writer_span(&p.blob)));
	writer_reset(&p.blob);
	writer_bytes(&p.blob, writer_span(&old));
	assert_err(unfreeze(r->registrar, &p, 1, &p, &raised), ERR_REVOKED); /* raised from an old copy */
	person_free(&p);
}

CASE(a_challenge_given_before_a_freeze_is_worth_nothing_after_it)
{
	AUTO(writer) evidence = writer_new(16384);
	AUTO(writer) signatures = writer_new(4096);
	const struct digests d = digests_some(32, 1);
	uint8_t challenge[32], nonce[HSM_NONCE_LEN];
	struct wish w = wish_for(span_at(challenge, sizeof(challenge)));
	struct rig *r = rig_of(state);
	struct person p;

	person_birth(r, trial.signer, &p);
	assert_ok(keyring_challenge(trial.signer, label, writer_span(&p.blob), &d, challenge, nonce));
	authenticator_assert(&p.passkey, &w, &evidence);
	assert_ok(keyring_retire(trial.signer, label, writer_span(&p.blob)));
	assert_err(keyring_activate(trial.signer, label, writer_span(&p.blob), &d, nonce, writer_span(&evidence),
			   &signatures),
		ERR_REVOKED);
	person_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_passkey_activates_what_it_was_asked_for),
		cmocka_unit_test(a_card_activates_only_by_its_own_fresh_signature_over_the_challenge),
		cmocka_unit_test(an_assertion_for_another_origin_does_not_sign),
		cmocka_unit_test(a_login_credentials_assertion_does_not_sign),
		cmocka_unit_test(presence_without_user_verification_does_not_sign),
		cmocka_unit_test(a_registration_is_no_assertion),
		cmocka_unit_test(a_replayed_assertion_does_not_sign),
		cmocka_unit_test(another_keys_challenge_or_passkey_does_not_sign),
		cmocka_unit_test(other_digests_more_fewer_or_in_another_order_are_not_signed),
		cmocka_unit_test(another_instances_challenge_does_not_sign),
		cmocka_unit_test(a_key_has_sixteen_open_challenges_and_a_new_one_takes_the_oldests_place),
		cmocka_unit_test(of_two_who_redeem_a_challenge_at_once_exactly_one_signs),
		cmocka_unit_test(a_blob_with_any_byte_changed_is_refused),
		cmocka_unit_test(a_blob_with_anothers_credential_spliced_in_is_refused),
		cmocka_unit_test(a_retired_generation_never_signs_again),
		cmocka_unit_test(a_challenge_given_before_a_freeze_is_worth_nothing_after_it),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
