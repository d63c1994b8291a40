#include "tests/unit/idp/test.h"

#include "idp/registry/portal.h"

#define NAME "\"name\":[{\"language\":\"en\",\"text\":\"Portal\"}]"
#define JWKS \
	"\"jwks\":{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\",\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}]}"

static enum err
check(const char *json)
{
	AUTO(portal) p = {0};

	TRY(json_decode(span_of(json), &portal_table, &p));
	TRY(portal_complete(&p));
	return portal_check(&p);
}

static void
portals_and_services_are_taken(void **state)
{
	static const char *const good[] = {
		"{" NAME
		",\"sector\":\"land\",\"auth_method\":\"client_secret_basic\",\"redirect_uris\":[\"https://p.example/cb\"],\"scopes\":[\"openid\"]}",
		"{" NAME
		",\"sector\":\"land\",\"auth_method\":\"none\",\"redirect_uris\":[\"https://p.example/cb\"],\"scopes\":[\"openid\"]}",
		"{" NAME ",\"sector\":\"land\",\"auth_method\":\"private_key_jwt\"," JWKS
		",\"resources\":[\"https://s.example\"],\"scopes\":[\"decisions\"]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(check(good[i]), ERR_OK);
}

static void
what_was_not_said_is_filled_in(void **state)
{
	AUTO(portal) p = {0};

	(void)state;
	assert_int_equal(
		json_decode(
			SPAN("{" NAME
			     ",\"sector\":\"land\",\"auth_method\":\"none\",\"redirect_uris\":[\"https://p.example/cb\"],\"scopes\":[\"openid\"]}"),
			&portal_table, &p),
		ERR_OK);
	assert_int_equal(portal_complete(&p), ERR_OK);
	assert_int_equal(p.min_level, 1);
	assert_int_equal(p.max_level, 3);
	assert_true(json_texts_have(&p.grants, "authorization_code"));
	assert_false(json_texts_have(&p.grants, "client_credentials"));
}

static void
registrations_that_would_open_a_door_are_refused(void **state)
{
	static const char *const wrong[] = {
		/* public client that acts for itself */
		"{" NAME
		",\"sector\":\"land\",\"auth_method\":\"none\",\"resources\":[\"https://s.example\"],\"scopes\":[\"decisions\"],\"grants\":[\"client_credentials\"]}",
		/* method that is not offered */
		"{" NAME
		",\"sector\":\"land\",\"auth_method\":\"client_secret_post\",\"redirect_uris\":[\"https://p.example/cb\"],\"scopes\":[\"openid\"]}",
		/* keys without their method, method without keys, no key understood */
		"{" NAME ",\"sector\":\"land\",\"auth_method\":\"none\"," JWKS
		",\"redirect_uris\":[\"https://p.example/cb\"],\"scopes\":[\"openid\"]}",
		"{" NAME
		",\"sector\":\"land\",\"auth_method\":\"private_key_jwt\",\"redirect_uris\":[\"https://p.example/cb\"],\"scopes\":[\"openid\"]}",
		"{" NAME
		",\"sector\":\"land\",\"auth_method\":\"private_key_jwt\",\"jwks\":{\"keys\":[]},\"redirect_uris\":[\"https://p.example/cb\"],\"scopes\":[\"openid\"]}",
		/* a name that reads otherwise than it is */
		"{\"name\":[{\"language\":\"en\",\"text\":\"Land \xe2\x80\xae eciffo\"}],\"sector\":\"land\",\"auth_method\":\"none\",\"redirect_uris\":[\"https://p.example/cb\"],\"scopes\":[\"openid\"]}",
		"{\"name\":[{\"language\":\"en\",\"text\":\"Land\\u001b[2J\"}],\"sector\":\"land\",\"auth_method\":\"none\",\"redirect_uris\":[\"https://p.example/cb\"],\"scopes\":[\"openid\"]}",
		/* redirect to anybody */
		"{" NAME
		",\"sector\":\"land\",\"auth_method\":\"none\",\"redirect_uris\":[\"http://p.example/cb\"],\"scopes\":[\"openid\"]}",
		"{" NAME
		",\"sector\":\"land\",\"auth_method\":\"none\",\"redirect_uris\":[\"https://p.example/cb\"],\"post_logout_redirect_uris\":[\"javascript:x\"],\"scopes\":[\"openid\"]}",
		/* code flow without an address */
		"{" NAME
		",\"sector\":\"land\",\"auth_method\":\"none\",\"grants\":[\"authorization_code\"],\"scopes\":[\"openid\"]}",
		/* flows that are not offered */
		"{" NAME
		",\"sector\":\"land\",\"auth_method\":\"none\",\"redirect_uris\":[\"https://p.example/cb\"],\"grants\":[\"password\"],\"scopes\":[\"openid\"]}",
		/* levels upside down, nothing asked, nobody's sector, a name that is none */
		"{" NAME
		",\"sector\":\"land\",\"auth_method\":\"none\",\"redirect_uris\":[\"https://p.example/cb\"],\"scopes\":[\"openid\"],\"min_level\":3,\"max_level\":1}",
		"{" NAME
		",\"sector\":\"land\",\"auth_method\":\"none\",\"redirect_uris\":[\"https://p.example/cb\"],\"scopes\":[]}",
		"{" NAME
		",\"sector\":\"Land Office\",\"auth_method\":\"none\",\"redirect_uris\":[\"https://p.example/cb\"],\"scopes\":[\"openid\"]}",
		"{\"name\":[],\"sector\":\"land\",\"auth_method\":\"none\",\"redirect_uris\":[\"https://p.example/cb\"],\"scopes\":[\"openid\"]}",
		"{\"name\":\"x\",\"sector\":\"land\",\"auth_method\":\"none\",\"redirect_uris\":[\"https://p.example/cb\"],\"scopes\":[\"openid\"]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_not_equal(check(wrong[i]), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(portals_and_services_are_taken),
		cmocka_unit_test(what_was_not_said_is_filled_in),
		cmocka_unit_test(registrations_that_would_open_a_door_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
