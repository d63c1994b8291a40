#include "person.h"

#include <pthread.h>
#include <time.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/random.h"

/* What somebody with signerd's user tries who has read hsm/citizen: races, confusions of form, another master, guesses, floods. */
static const char label[] = "citizen-keys", other_label[] = "other-citizens";

/* Another master on the same token with the same seal, and other rules of activation. */
static const char more[] =
	"{\"label\": \"other-citizens\", \"purpose\": \"citizen-keys\", \"algorithm\": \"AES-256\", \"token\": \"main\", \"callers\": [\"signer\"],"
	"\"seal\": \"citizen-seal\", \"born\": \"P-256\", \"activation\": {\"rp_id\": \"localhost\", \"origins\": [\"https://localhost:8443\"]}},";

static struct trial {
	struct rig *rig;
	struct keyring *signer;
	struct person one;
} trial;

static void
rules(const char *text)
{
	char path[128];

	rig_path(trial.rig, "token/rules", path);
	assert_ok(file_write(path, span_of(text), 0644));
}

static int
set_up(void **state)
{
	const char *build = getenv("MOHAR_BUILD");
	AUTO(writer) json = writer_new(1 << 16);
	char path[512], rules_path[128];

	trial.rig = rig_new_with(more);
	*state = trial.rig;
	if (trial.rig == NULL)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/tests/modules/p11fault.so", build == NULL ? "build" : build);
	rig_path(trial.rig, "token/rules", rules_path);
	assert_int_equal(setenv("P11FAULT_RULES", rules_path, 1), 0);
	assert_int_equal(setenv("P11FAULT_MODULE", "/usr/lib/softhsm/libsofthsm2.so", 1), 0);
	rig_set(trial.rig, "module", path);
	rig_set(trial.rig, "workers", "3");
	rig_up(trial.rig, NULL);
	rig_generate(trial.rig, label);
	rig_generate(trial.rig, "citizen-seal");
	rig_generate(trial.rig, "number-index");
	assert_ok(keyring_generate(trial.rig->keyring, other_label, &json));
	trial.signer = rig_keyring(trial.rig, UID_SIGNER);
	person_birth(trial.rig, trial.signer, &trial.one);
	return 0;
}

static int
tear_down(void **state)
{
	if (*state == NULL)
		return 0;
	person_free(&trial.one);
	keyring_free(&trial.signer);
	rig_free((struct rig **)state);
	return 0;
}

/* ---- races ---- */

struct slow {
	const struct person *person;
	struct keyring *keyring;
	uint8_t nonce[HSM_NONCE_LEN];
	struct writer evidence, signatures;
	enum err outcome;
};

static void *
activate_slowly(void *argument)
{
	struct slow *s = argument;
	const struct digests d = digests_some(32, 5);

	s->outcome = keyring_activate(s->keyring, label, writer_span(&s->person->blob), &d, s->nonce,
		writer_span(&s->evidence), &s->signatures);
	return NULL;
}

CASE(what_was_begun_before_a_freeze_does_not_leave_after_it)
{
	const struct digests d = digests_some(32, 5);
	const struct timespec meanwhile = {0, 120000000};
	struct slow s = {.evidence = writer_new(16384), .signatures = writer_new(4096)};
	uint8_t challenge[32];
	struct wish w = wish_for(span_at(challenge, sizeof(challenge)));
	struct rig *r = rig_of(state);
	struct person p;
	pthread_t thread;

	person_birth(r, trial.signer, &p);
	s.person = &p;
	s.keyring = rig_keyring(r, UID_SIGNER);
	assert_ok(keyring_challenge(trial.signer, label, writer_span(&p.blob), &d, challenge, s.nonce));
	authenticator_assert(&p.passkey, &w, &s.evidence);
	rules("C_Sign 0 9 delay=100\n");
	assert_int_equal(pthread_create(&thread, NULL, activate_slowly, &s), 0);
	(void)nanosleep(&meanwhile, NULL);
	assert_ok(keyring_retire(trial.signer, label, writer_span(&p.blob)));
	assert_int_equal(pthread_join(thread, NULL), 0);
	rules("");
	assert_err(s.outcome, ERR_REVOKED);
	assert_int_equal(s.signatures.len, 0);
	keyring_free(&s.keyring);
	writer_free(&s.evidence);
	writer_free(&s.signatures);
	person_free(&p);
}

/* ---- lists of digests ---- */

CASE(no_digest_and_a_hundred_and_one_are_refused)
{
	static const uint8_t many[101 * 32];
	static const struct digests wrong[] = {{.bytes = {many, 0}, .each = 32, .count = 0},
		{.bytes = {many, 101 * 32}, .each = 32, .count = 101}, {.bytes = {many, 31}, .each = 31, .count = 1},
		{.bytes = {many, 33}, .each = 32, .count = 1}, {.bytes = {many, 20}, .each = 20, .count = 1}};
	uint8_t challenge[32], nonce[HSM_NONCE_LEN];

	(void)rig_of(state);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const enum err e = keyring_challenge(trial.signer, label, writer_span(&trial.one.blob), &wrong[i],
			challenge, nonce);

		assert_true(e == ERR_MALFORMED || e == ERR_TOO_LONG);
	}
}

/* 96 bytes are three digests of 32 or two of 48; 192 are six, four or three. */
CASE(the_same_bytes_cut_otherwise_are_another_challenge)
{
	static const size_t sizes[] = {32, 48, 64};

	(void)rig_of(state);
	for (size_t asked = 0; asked < 3; asked++)
		for (size_t given = 0; given < 3; given++) {
			AUTO(writer) evidence = writer_new(16384);
			AUTO(writer) signatures = writer_new(4096);
			const struct digests a = digests_some(sizes[asked], 192 / sizes[asked]),
					     b = digests_some(sizes[given], 192 / sizes[given]);
			uint8_t challenge[32], nonce[HSM_NONCE_LEN];
			struct wish w = wish_for(span_at(challenge, sizeof(challenge)));

			assert_ok(keyring_challenge(trial.signer, label, writer_span(&trial.one.blob), &a, challenge,
				nonce));
			authenticator_assert(&trial.one.passkey, &w, &evidence);
			assert_err(keyring_activate(trial.signer, label, writer_span(&trial.one.blob), &b, nonce,
					   writer_span(&evidence), &signatures),
				asked == given ? ERR_OK : ERR_USED);
			if (asked !=
				given) /* and it was not used up by the attempt: it was never the one that was asked for */
				assert_ok(keyring_activate(trial.signer, label, writer_span(&trial.one.blob), &a, nonce,
					writer_span(&evidence), &signatures));
		}
}

/* ---- another master ---- */

CASE(a_key_under_one_master_is_nothing_under_another)
{
	const struct digests d = digests_some(32, 1);
	AUTO(writer) evidence = writer_new(16384);
	AUTO(writer) signatures = writer_new(4096);
	AUTO(writer) unborn = writer_new(MAX_BLOB);
	AUTO(writer) born = writer_new(MAX_BLOB);
	uint8_t challenge[32], nonce[HSM_NONCE_LEN];
	struct wish w = wish_for(span_at(challenge, sizeof(challenge)));

	(void)rig_of(state);
	assert_ok(keyring_challenge(trial.signer, label, writer_span(&trial.one.blob), &d, challenge, nonce));
	w.rp_id = "localhost"; /* the other master would take a login's credential */
	w.origin = "https://localhost:8443";
	authenticator_assert(&trial.one.passkey, &w, &evidence);
	assert_err(keyring_activate(trial.signer, other_label, writer_span(&trial.one.blob), &d, nonce,
			   writer_span(&evidence), &signatures),
		ERR_CORRUPT);
	assert_err(keyring_challenge(trial.signer, other_label, writer_span(&trial.one.blob), &d, challenge, nonce),
		ERR_CORRUPT);
	assert_err(keyring_retire(trial.signer, other_label, writer_span(&trial.one.blob)), ERR_CORRUPT);
	assert_ok(keyring_citizen_make(trial.signer, other_label, &unborn));
	assert_err(keyring_citizen_bind(trial.signer, label, writer_span(&unborn), SPAN("x"), &born), ERR_CORRUPT);
}

/* ---- a registrar's act, used otherwise ---- */

static enum err
bind(const struct person *p, const char *at, const char *act, const char *members, struct writer *out)
{
	AUTO(writer) jws = writer_new(16384);

	rig_order(trial.rig->registrar, act, members, &jws);
	return keyring_citizen_bind(trial.signer, at, writer_span(&p->blob), writer_span(&jws), out);
}

CASE(a_registrars_act_binds_what_it_names_and_nothing_else)
{
	AUTO(writer) mine = writer_new(4096);
	AUTO(writer) members = writer_new(8192);
	AUTO(writer) born = writer_new(MAX_BLOB);
	struct person victim, attacker;

	(void)rig_of(state);
	person_make(trial.signer, &victim);
	person_make(trial.signer, &attacker);
	/* An act with the attacker's credentials, of the attacker's key: the victim's blob takes none of it. */
	person_members(&attacker, "citizen-remote-signature", NULL, &members);
	assert_err(bind(&victim, label, "certificate.issue", (const char *)writer_span(&members).ptr, &born),
		ERR_REFUSED);
	/* Members said twice, of which one reader might take the first and another the last. */
	person_credentials(&attacker, &mine);
	writer_reset(&members);
	person_members(&victim, "citizen-remote-signature", NULL, &members);
	writer_format(&members, ",\"credentials\":%s", (const char *)writer_span(&mine).ptr);
	assert_err(bind(&victim, label, "certificate.issue", (const char *)writer_span(&members).ptr, &born),
		ERR_MALFORMED);
	/* Under a master that the profile's row does not name. */
	writer_reset(&members);
	writer_reset(&attacker.blob);
	assert_ok(keyring_citizen_make(trial.signer, other_label, &attacker.blob));
	person_members(&attacker, "citizen-remote-signature", NULL, &members);
	assert_err(bind(&attacker, other_label, "certificate.issue", (const char *)writer_span(&members).ptr, &born),
		ERR_REFUSED);
	person_free(&victim);
	person_free(&attacker);
}

CASE(one_act_gives_birth_once_and_is_no_act_to_unfreeze)
{
	AUTO(writer) members = writer_new(8192);
	AUTO(writer) jws = writer_new(16384);
	AUTO(writer) born = writer_new(MAX_BLOB);
	AUTO(writer) again = writer_new(MAX_BLOB);
	struct rig *r = rig_of(state);
	struct person p;

	person_make(trial.signer, &p);
	person_members(&p, "citizen-remote-signature", NULL, &members);
	writer_text(&members, ",\"generation\":1,\"key\":\"");
	hex_write(&members, person_blob(&p).id);
	writer_text(&members, "\"");
	rig_order(r->registrar, "certificate.issue", (const char *)writer_span(&members).ptr, &jws);
	assert_ok(keyring_citizen_bind(trial.signer, label, writer_span(&p.blob), writer_span(&jws), &born));
	assert_err(keyring_citizen_bind(trial.signer, label, writer_span(&p.blob), writer_span(&jws), &again),
		ERR_USED);
	assert_ok(keyring_retire(trial.signer, label, writer_span(&born)));
	assert_err(keyring_citizen_bind(trial.signer, label, writer_span(&born), writer_span(&jws), &again),
		ERR_REFUSED);
	assert_int_equal(again.len, 0);
	person_free(&p);
}

/* ---- evidence out of all measure ---- */

CASE(evidence_as_long_as_a_frame_signs_nothing_and_harms_nobody)
{
	static const char *const begins[] = {"{", "{\"id\":\"", "[", "e30.e30.", "\x00", "{\"a\":[[[[[[[["};
	static char fill[60 << 10];
	const struct digests d = digests_some(32, 1);
	AUTO(writer) good = writer_new(4096);
	uint8_t challenge[32], nonce[HSM_NONCE_LEN];

	(void)rig_of(state);
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		AUTO(writer) evidence = writer_new(1 << 16);
		AUTO(writer) signatures = writer_new(4096);

		memset(fill, "A[\"\\ {"[i], sizeof(fill) - 1);
		writer_text(&evidence, begins[i]);
		writer_text(&evidence, fill);
		assert_ok(keyring_challenge(trial.signer, label, writer_span(&trial.one.blob), &d, challenge, nonce));
		assert_int_not_equal(keyring_activate(trial.signer, label, writer_span(&trial.one.blob), &d, nonce,
					     writer_span(&evidence), &signatures),
			ERR_OK);
		assert_int_equal(signatures.len, 0);
	}
	assert_ok(person_sign(trial.signer, &trial.one, &d, NULL, &good));
}

/* ---- guessing ---- */

CASE(guessed_nonces_use_nothing_up)
{
	const struct digests d = digests_some(32, 1);
	AUTO(writer) evidence = writer_new(16384);
	AUTO(writer) signatures = writer_new(4096);
	uint8_t challenge[32], nonce[HSM_NONCE_LEN], guess[HSM_NONCE_LEN];
	struct wish w = wish_for(span_at(challenge, sizeof(challenge)));

	(void)rig_of(state);
	assert_ok(keyring_challenge(trial.signer, label, writer_span(&trial.one.blob), &d, challenge, nonce));
	authenticator_assert(&trial.one.passkey, &w, &evidence);
	for (int i = 0; i < 500; i++) {
		random_bytes(guess, sizeof(guess));
		assert_err(keyring_activate(trial.signer, label, writer_span(&trial.one.blob), &d, guess,
				   writer_span(&evidence), &signatures),
			ERR_USED);
	}
	assert_ok(keyring_activate(trial.signer, label, writer_span(&trial.one.blob), &d, nonce, writer_span(&evidence),
		&signatures));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_begun_before_a_freeze_does_not_leave_after_it),
		cmocka_unit_test(no_digest_and_a_hundred_and_one_are_refused),
		cmocka_unit_test(the_same_bytes_cut_otherwise_are_another_challenge),
		cmocka_unit_test(a_key_under_one_master_is_nothing_under_another),
		cmocka_unit_test(a_registrars_act_binds_what_it_names_and_nothing_else),
		cmocka_unit_test(one_act_gives_birth_once_and_is_no_act_to_unfreeze),
		cmocka_unit_test(evidence_as_long_as_a_frame_signs_nothing_and_harms_nobody),
		cmocka_unit_test(guessed_nonces_use_nothing_up),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
