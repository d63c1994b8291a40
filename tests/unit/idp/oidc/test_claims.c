#include "tests/unit/idp/test.h"

#include "idp/oidc/authorization.h"
#include "idp/oidc/claims.h"
#include "idp/oidc/published.h"

static struct assurance_policy assurance;
static struct claims_policy claims;
static const struct claims_source source = {"Test Citizen One", "1990-01-31", "female", "[{\"agency\":\"land\"}]"};

static int
set_up(void **state)
{
	(void)state;
	test_policies(&assurance, &claims);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	assurance_policy_free(&assurance);
	claims_policy_free(&claims);
	return 0;
}

/* The claims that these scopes release, as text. */
static void
release(const char *scopes, bool id_token, const char *expected)
{
	struct json_list l = test_texts(scopes);
	AUTO(writer) w = writer_new(4096);
	struct json_writer j = json_to(&w);

	json_object(&j, NULL);
	claims_write(&j, &claims, &l, id_token, &source);
	json_object_end(&j);
	assert_string_equal((const char *)writer_span(&w).ptr, expected);
	words_free(&l);
}

static void
openid_alone_releases_nothing(void **state)
{
	(void)state;
	release("openid", false, "{}");
	release("openid offline_access", true, "{}");
}

static void
undeclared_claims_are_not_released(void **state)
{
	(void)state;
	release("openid name", false, "{\"name\":\"Test Citizen One\"}");
	release("openid unknown", false, "{}");
}

static void
a_claim_of_two_scopes_comes_once(void **state)
{
	(void)state;
	release("openid name profile", false,
		"{\"name\":\"Test Citizen One\",\"birthdate\":\"1990-01-31\",\"gender\":\"female\"}");
}

static void
profile_stays_out_of_the_id_token(void **state)
{
	(void)state;
	release("openid profile", true, "{}");
	release("openid offices", true, "{\"offices\":[{\"agency\":\"land\"}]}");
}

static void
the_shipped_policy_names_only_known_claims(void **state)
{
	(void)state;
	assert_int_equal(claims_known(&claims), ERR_OK);
}

static void
discovery_promises_only_what_is_there(void **state)
{
	AUTO(writer) w = writer_new(64 << 10);

	(void)state;
	discovery_write(&w, "https://id.example", &assurance, &claims, NULL);
	assert_int_equal(json_check(writer_span(&w)), ERR_OK);
	assert_non_null(strstr((const char *)w.ptr, "\"issuer\":\"https://id.example\""));
	assert_non_null(strstr((const char *)w.ptr, "\"response_types_supported\":[\"code\"]"));
	assert_non_null(strstr((const char *)w.ptr, "\"code_challenge_methods_supported\":[\"S256\"]"));
	assert_non_null(strstr((const char *)w.ptr, "\"authorization_response_iss_parameter_supported\":true"));
	assert_null(strstr((const char *)w.ptr, "plain"));
	assert_null(strstr((const char *)w.ptr, "client_secret_post"));
	assert_null(strstr((const char *)w.ptr, "RS256"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openid_alone_releases_nothing),
		cmocka_unit_test(undeclared_claims_are_not_released),
		cmocka_unit_test(a_claim_of_two_scopes_comes_once),
		cmocka_unit_test(profile_stays_out_of_the_id_token),
		cmocka_unit_test(the_shipped_policy_names_only_known_claims),
		cmocka_unit_test(discovery_promises_only_what_is_there),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
