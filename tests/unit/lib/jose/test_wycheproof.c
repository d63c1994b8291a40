/* Every case of Wycheproof's two files is a test of its own. */
#include "tests/unit/lib/test.h"

#include "jose/jose.h"
#include "tests/unit/lib/jose/wycheproof.h"

/* A set that is refused as a whole verifies nothing. */
static enum err
verify(const struct wycheproof_case *c)
{
	AUTO(jwks) *keys = NULL;
	AUTO(writer) payload = writer_new(MAX_JWS);

	TRY(jwks_parse(span_of(c->keys), &keys));
	return jws_verify_any(span_of(c->jws), keys, NULL, &payload);
}

static void
verdict_is_the_same(void **state)
{
	const struct wycheproof_case *c = *state;
	const enum err e = verify(c);

	if (c->valid && wycheproof_unsupported(c)) {
		assert_int_not_equal(e, ERR_OK);
		print_message("skipped: a MAC (HS256, HS384, HS512) is not built here\n");
		skip();
	}
	if (c->valid != (e == ERR_OK))
		fail_msg("should be %s, but: %s %s", c->valid ? "valid" : "invalid", err_name(e), err_why());
}

static void
vectors_are_there(void **state)
{
	(void)state;
	if (wycheproof()->count == 0) {
		print_message("skipped: no wycheproof-jws.json and wycheproof-jwk.json in $MOHAR_VECTORS\n");
		skip();
	}
	assert_int_equal(wycheproof()->count, 401 + 26);
}

int
main(void)
{
	const struct wycheproof *all = wycheproof();
	struct CMUnitTest *tests = calloc(all->count + 1, sizeof(*tests));

	if (!tests)
		return 1;
	tests[0] = (struct CMUnitTest)cmocka_unit_test(vectors_are_there);
	for (size_t i = 0; i < all->count; i++)
		tests[i + 1] = (struct CMUnitTest){.name = all->at[i].name,
			.test_func = verdict_is_the_same,
			.initial_state = &all->at[i]};
	const int failed = _cmocka_run_group_tests("wycheproof", tests, all->count + 1, NULL, NULL);

	free(tests);
	return failed;
}
