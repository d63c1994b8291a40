#include "person.h"

#include "base/file.h"
#include "json/json.h"

/* Activation behind tests/modules/p11fault.c, which fails as the rules file says: what the HSM lost is had again within the request. */
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
	char path[512], rules_path[128];

	trial.rig = rig_new();
	*state = trial.rig;
	if (trial.rig == NULL)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/tests/modules/p11fault.so", build == NULL ? "build" : build);
	rig_path(trial.rig, "token/rules", rules_path);
	assert_int_equal(setenv("P11FAULT_RULES", rules_path, 1), 0);
	assert_int_equal(setenv("P11FAULT_MODULE", "/usr/lib/softhsm/libsofthsm2.so", 1), 0);
	rig_set(trial.rig, "module", path);
	rig_set(trial.rig, "workers", "2");
	rig_set(trial.rig, "hot_keys", "2");
	rig_up(trial.rig, NULL);
	rig_generate(trial.rig, "citizen-keys");
	rig_generate(trial.rig, "citizen-seal");
	trial.signer = rig_keyring(trial.rig, UID_SIGNER);
	person_birth(trial.rig, trial.signer, &trial.one);
	return 0;
}

static int
tear_down(void **state)
{
	person_free(&trial.one);
	keyring_free(&trial.signer);
	rig_free((struct rig **)state);
	return 0;
}

static enum err
signs(const struct person *p)
{
	AUTO(writer) signatures = writer_new(1 << 16);
	const struct digests d = digests_some(32, 5);
	const enum err e = person_sign(trial.signer, p, &d, NULL, &signatures);

	assert_true(e != ERR_OK || person_signed(p, &d, writer_span(&signatures)));
	return e;
}

static unsigned long
unwraps(void)
{
	AUTO(writer) json = writer_new(1 << 20);
	const char *at;

	assert_ok(keyring_status(trial.rig->keyring, &json));
	at = strstr((const char *)writer_span(&json).ptr, "\"unwraps\":");
	assert_non_null(at);
	return strtoul(at + 10, NULL, 10);
}

static void
recovers_from(void **state, const char *text)
{
	(void)rig_of(state);
	rules("");
	assert_ok(signs(&trial.one));
	rules(text);
	assert_ok(signs(&trial.one));
	rules("");
	assert_ok(signs(&trial.one));
}

CASE(a_lost_session_does_not_cost_the_activation)
{
	recovers_from(state, "C_SignInit b3 1\n");
	recovers_from(state, "C_Sign 30 1\n");
	recovers_from(state, "C_SignInit 90 1\n");
}

CASE(a_hot_key_that_is_gone_is_unwrapped_again)
{
	recovers_from(state, "C_SignInit 60 1\n");
	recovers_from(state, "C_SignInit 82 1\n");
}

CASE(an_hsm_that_drops_every_session_gives_hot_keys_back)
{
	(void)rig_of(state);
	rules("");
	assert_ok(signs(&trial.one));
	rules("lose 1 1\nC_Sign b3 1\n");
	for (int i = 0; i < 4; i++)
		assert_ok(signs(&trial.one));
	rules("");
	assert_ok(signs(&trial.one));
}

CASE(an_unwrapping_that_fails_once_is_tried_again)
{
	struct person p;

	(void)rig_of(state);
	rules("");
	person_birth(trial.rig, trial.signer, &p);
	rules("C_UnwrapKey 5 1\n");
	assert_ok(signs(&p));
	rules("");
	person_free(&p);
}

CASE(a_token_that_signs_wrongly_for_a_citizen_is_not_believed)
{
	(void)rig_of(state);
	rules("");
	assert_ok(signs(&trial.one));
	rules("lie 1 1\n");
	assert_err(signs(&trial.one), ERR_CRYPTO);
	rules("");
	assert_ok(signs(&trial.one));
}

CASE(a_hot_key_is_unwrapped_once_and_a_third_one_takes_its_place)
{
	struct person others[2];
	unsigned long before;

	(void)rig_of(state);
	rules("");
	for (int i = 0; i < 2; i++)
		person_birth(trial.rig, trial.signer, &others[i]);
	assert_ok(signs(&trial.one));
	before = unwraps();
	for (int i = 0; i < 5; i++)
		assert_ok(signs(&trial.one));
	assert_int_equal(unwraps(), before);
	assert_ok(signs(&others[0]));
	assert_ok(signs(&others[1]));
	assert_int_equal(unwraps(), before + 2);
	assert_ok(signs(&trial.one)); /* it had to go for them */
	assert_int_equal(unwraps(), before + 3);
	for (int i = 0; i < 2; i++)
		person_free(&others[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lost_session_does_not_cost_the_activation),
		cmocka_unit_test(a_hot_key_that_is_gone_is_unwrapped_again),
		cmocka_unit_test(an_hsm_that_drops_every_session_gives_hot_keys_back),
		cmocka_unit_test(an_unwrapping_that_fails_once_is_tried_again),
		cmocka_unit_test(a_token_that_signs_wrongly_for_a_citizen_is_not_believed),
		cmocka_unit_test(a_hot_key_is_unwrapped_once_and_a_third_one_takes_its_place),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
