#include "tests/unit/idp/test.h"

#include "idp/oidc/authorization.h"

/* RFC 7636 appendix B */
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

static struct assurance_policy assurance;
static struct claims_policy claims;
static struct client *client;

static int
set_up(void **state)
{
	(void)state;
	test_policies(&assurance, &claims);
	client = test_client();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	client_free(&client);
	assurance_policy_free(&assurance);
	claims_policy_free(&claims);
	return 0;
}

static char *
copy(const char *text)
{
	return text != NULL ? strdup(text) : NULL;
}

static struct authorization_text
good(void)
{
	return (struct authorization_text){
		.client_id = copy("portal"),
		.redirect_uri = copy(TEST_REDIRECT),
		.response_type = copy("code"),
		.scope = copy("openid profile"),
		.state = copy("s"),
		.nonce = copy("n"),
		.code_challenge = copy(CHALLENGE),
		.code_challenge_method = copy("S256"),
	};
}

static void
set(char **member, const char *value)
{
	free(*member);
	*member = copy(value);
}

/* The request must be refused with this OAuth error; consumes t. */
static void
refused(struct authorization_text *t, const char *expected)
{
	struct authorization a;
	const char *code = NULL;

	assert_int_not_equal(authorization_check(t, client, &assurance, &claims, false, &a, &code), ERR_OK);
	assert_string_equal(code, expected);
	assert_null(a.text.client_id);
	authorization_text_free(t);
}

static struct authorization
accepted(struct authorization_text *t)
{
	struct authorization a;
	const char *code = NULL;

	assert_int_equal(authorization_check(t, client, &assurance, &claims, false, &a, &code), ERR_OK);
	return a;
}

static void
good_request_is_understood(void **state)
{
	struct authorization_text t = good();
	struct authorization a = accepted(&t);

	(void)state;
	assert_int_equal(a.scopes.count, 2);
	assert_int_equal(a.level, 1);
	assert_int_equal(a.max_age, -1);
	assert_false(a.prompt_none || a.prompt_login || a.prompt_consent);
	authorization_free(&a);
}

/* ---- redirects: FEATURES.md, byte for byte ---- */
static void
redirect_is_matched_by_exact_bytes_only(void **state)
{
	static const char *const wrong[] = {
		"http://localhost:9009/cb/",
		"http://localhost:9009/c",
		"http://localhost:9009/cb?a=b",
		"http://localhost:9009/cb#x",
		"http://localhost:9009/cb/../cb",
		"http://localhost:9009/%63b",
		"http://localhost:9009//cb",
		"http://localhost:9010/cb",
		"http://localhost/cb",
		"HTTP://localhost:9009/cb",
		"http://LOCALHOST:9009/cb",
		"http://user@localhost:9009/cb",
		"http://localhost:9009@evil.example/cb",
		"http://localhost.evil.example:9009/cb",
		"http://127.0.0.1:9009/cb",
		"http://[::1]:9009/cb",
		"https://localhost:9009/cb",
		"javascript:alert(1)",
		"",
		" http://localhost:9009/cb",
		"http://localhost:9009/cb ",
		"http://localhost:9009/cb\t",
		"http://localhost:9009/CB",
	};

	(void)state;
	assert_true(redirect_registered(client, TEST_REDIRECT));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(redirect_registered(client, wrong[i]));
	assert_false(redirect_registered(client, NULL));
}

/* ---- requests ---- */
static void
response_types_with_token_are_refused(void **state)
{
	static const char *const wrong[] = {"token", "id_token", "code token", "code id_token", "id_token token",
		"none", "Code", "code "};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct authorization_text t = good();

		set(&t.response_type, wrong[i]);
		refused(&t, OAUTH_UNSUPPORTED_RESPONSE_TYPE);
	}
}

static void
missing_response_type_is_refused(void **state)
{
	struct authorization_text t = good();

	(void)state;
	set(&t.response_type, NULL);
	refused(&t, OAUTH_INVALID_REQUEST);
}

static void
missing_pkce_is_refused(void **state)
{
	struct authorization_text t = good();

	(void)state;
	set(&t.code_challenge, NULL);
	refused(&t, OAUTH_INVALID_REQUEST);
}

static void
plain_pkce_is_refused_also_as_the_default(void **state)
{
	static const char *const wrong[] = {"plain", NULL, "s256", "S512"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct authorization_text t = good();

		set(&t.code_challenge_method, wrong[i]);
		refused(&t, OAUTH_INVALID_REQUEST);
	}
}

static void
challenge_that_is_no_sha256_is_refused(void **state)
{
	static const char *const wrong[] = {"", "abc", CHALLENGE "A", CHALLENGE "=",
		"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c+"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct authorization_text t = good();

		set(&t.code_challenge, wrong[i]);
		refused(&t, OAUTH_INVALID_REQUEST);
	}
}

static void
scope_without_openid_or_not_the_clients_is_refused(void **state)
{
	static const char *const wrong[] = {NULL, "profile", "openid offices", "openid unknown", "openid  profile",
		" openid", "openid ", "openid \"x\""};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct authorization_text t = good();

		set(&t.scope, wrong[i]);
		refused(&t, OAUTH_INVALID_SCOPE);
	}
}

static void
request_objects_are_refused_each_by_its_name(void **state)
{
	struct authorization_text t = good();

	(void)state;
	set(&t.request, "eyJhbGciOiJub25lIn0.e30.");
	refused(&t, OAUTH_REQUEST_NOT_SUPPORTED);
	t = good();
	set(&t.request_uri, "https://evil.example/r");
	refused(&t, OAUTH_REQUEST_URI_NOT_SUPPORTED);
	t = good();
	set(&t.registration, "{}");
	refused(&t, OAUTH_REGISTRATION_NOT_SUPPORTED);
	t = good();
	set(&t.claims, "{}");
	refused(&t, OAUTH_INVALID_REQUEST);
	t = good();
	set(&t.response_mode, "fragment");
	refused(&t, OAUTH_INVALID_REQUEST);
}

static void
client_that_must_push_may_not_ask_openly(void **state)
{
	struct authorization_text t = good();
	struct authorization a;
	const char *code;

	(void)state;
	client->row.require_par = true;
	refused(&t, OAUTH_INVALID_REQUEST);
	t = good();
	assert_int_equal(authorization_check(&t, client, &assurance, &claims, true, &a, &code), ERR_OK);
	authorization_free(&a);
	client->row.require_par = false;
}

static void
client_without_the_code_grant_is_refused(void **state)
{
	struct authorization_text t = good();
	struct json_list grants = client->row.grants;

	(void)state;
	client->row.grants = test_texts("client_credentials");
	refused(&t, OAUTH_UNAUTHORIZED_CLIENT);
	words_free(&client->row.grants);
	client->row.grants = grants;
}

static void
acr_values_ask_for_the_lowest_that_satisfies(void **state)
{
	struct authorization_text t = good();
	struct authorization a;

	(void)state;
	set(&t.acr_values, "urn:mohar:loa:3 urn:mohar:loa:2");
	a = accepted(&t);
	assert_int_equal(a.level, 2);
	authorization_free(&a);
}

static void
clients_minimum_is_not_undercut_by_acr_values(void **state)
{
	struct authorization_text t = good();
	struct authorization a;

	(void)state;
	client->row.min_level = 2;
	set(&t.acr_values, "urn:mohar:loa:1");
	a = accepted(&t);
	assert_int_equal(a.level, 2);
	authorization_free(&a);
	client->row.min_level = 1;
}

static void
level_above_the_clients_or_unknown_is_refused(void **state)
{
	struct authorization_text t = good();

	(void)state;
	set(&t.acr_values, "urn:mohar:loa:3");
	refused(&t, OAUTH_UNMET_AUTHENTICATION);
	t = good();
	set(&t.acr_values, "urn:elsewhere:high");
	refused(&t, OAUTH_UNMET_AUTHENTICATION);
}

static void
max_age_is_a_plain_number(void **state)
{
	static const char *const wrong[] = {"-1", "1.5", "+5", " 5", "5s", "9999999999", "0x10"};
	struct authorization_text t = good();
	struct authorization a;

	(void)state;
	set(&t.max_age, "0");
	a = accepted(&t);
	assert_int_equal(a.max_age, 0);
	authorization_free(&a);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		t = good();
		set(&t.max_age, wrong[i]);
		refused(&t, OAUTH_INVALID_REQUEST);
	}
}

static void
prompt_none_stands_alone_and_unknown_prompts_are_refused(void **state)
{
	static const char *const wrong[] = {"none login", "none consent", "create", "login create", "None"};
	struct authorization_text t = good();
	struct authorization a;

	(void)state;
	set(&t.prompt, "login consent");
	a = accepted(&t);
	assert_true(a.prompt_login && a.prompt_consent && !a.prompt_none);
	authorization_free(&a);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		t = good();
		set(&t.prompt, wrong[i]);
		refused(&t, OAUTH_INVALID_REQUEST);
	}
}

static void
resource_of_others_is_refused(void **state)
{
	struct authorization_text t = good();

	(void)state;
	set(&t.resource, "https://other.example");
	refused(&t, OAUTH_INVALID_TARGET);
}

static void
endless_state_and_nonce_are_refused(void **state)
{
	struct authorization_text t = good();
	char *endless = malloc(4097);

	(void)state;
	memset(endless, 'a', 4096);
	endless[4096] = '\0';
	set(&t.state, endless);
	refused(&t, OAUTH_INVALID_REQUEST);
	t = good();
	set(&t.nonce, endless);
	refused(&t, OAUTH_INVALID_REQUEST);
	free(endless);
}

static void
parked_request_comes_back_as_it_was(void **state)
{
	struct authorization_text t = good(), back;
	AUTO(writer) w = writer_new(MAX_AUTHORIZATION);

	(void)state;
	set(&t.state, "\"quotes\" \\ and \xe0\xbd\x96");
	assert_int_equal(authorization_text_write(&t, &w), ERR_OK);
	assert_int_equal(json_decode(writer_span(&w), &authorization_text_table, &back), ERR_OK);
	assert_string_equal(back.state, t.state);
	assert_string_equal(back.redirect_uri, t.redirect_uri);
	assert_null(back.prompt);
	authorization_text_free(&t);
	authorization_text_free(&back);
}

/* ---- PKCE ---- */
static void
pkce_vector_of_rfc_7636(void **state)
{
	struct authorization_text t = good();
	struct authorization a = accepted(&t);
	uint8_t hash[PKCE_LEN];

	(void)state;
	assert_int_equal(pkce_hash(VERIFIER, hash), ERR_OK);
	assert_memory_equal(hash, a.challenge, PKCE_LEN);
	authorization_free(&a);
}

static void
verifier_of_another_form_is_refused(void **state)
{
	static const char *const wrong[] = {"", "short", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX", VERIFIER "=",
		VERIFIER " ", VERIFIER "\xc3\xa9"};
	char endless[130];
	uint8_t hash[PKCE_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(pkce_hash(wrong[i], hash), ERR_MALFORMED);
	memset(endless, 'a', 129);
	endless[129] = '\0';
	assert_int_equal(pkce_hash(endless, hash), ERR_MALFORMED);
	endless[128] = '\0';
	assert_int_equal(pkce_hash(endless, hash), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_request_is_understood),
		cmocka_unit_test(redirect_is_matched_by_exact_bytes_only),
		cmocka_unit_test(response_types_with_token_are_refused),
		cmocka_unit_test(missing_response_type_is_refused),
		cmocka_unit_test(missing_pkce_is_refused),
		cmocka_unit_test(plain_pkce_is_refused_also_as_the_default),
		cmocka_unit_test(challenge_that_is_no_sha256_is_refused),
		cmocka_unit_test(scope_without_openid_or_not_the_clients_is_refused),
		cmocka_unit_test(request_objects_are_refused_each_by_its_name),
		cmocka_unit_test(client_that_must_push_may_not_ask_openly),
		cmocka_unit_test(client_without_the_code_grant_is_refused),
		cmocka_unit_test(acr_values_ask_for_the_lowest_that_satisfies),
		cmocka_unit_test(clients_minimum_is_not_undercut_by_acr_values),
		cmocka_unit_test(level_above_the_clients_or_unknown_is_refused),
		cmocka_unit_test(max_age_is_a_plain_number),
		cmocka_unit_test(prompt_none_stands_alone_and_unknown_prompts_are_refused),
		cmocka_unit_test(resource_of_others_is_refused),
		cmocka_unit_test(endless_state_and_nonce_are_refused),
		cmocka_unit_test(parked_request_comes_back_as_it_was),
		cmocka_unit_test(pkce_vector_of_rfc_7636),
		cmocka_unit_test(verifier_of_another_form_is_refused),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
