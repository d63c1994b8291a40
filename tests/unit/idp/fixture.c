#include "tests/unit/idp/test.h"

#include <stdio.h>

#include "idp/oidc/authorization.h"

static void
path_of(char *out, size_t room, const char *name)
{
	snprintf(out, room, "policies/%s", name); /* tests run in the checkout */
}

void
test_policies(struct assurance_policy *assurance, struct claims_policy *claims)
{
	char path[512];

	path_of(path, sizeof(path), "assurance.json");
	assert_int_equal(assurance_policy_read(path, assurance), ERR_OK);
	path_of(path, sizeof(path), "claims.json");
	assert_int_equal(claims_policy_read(path, claims), ERR_OK);
}

struct json_list
test_texts(const char *words)
{
	struct json_list l;

	assert_int_equal(words_split(words, &l), ERR_OK);
	return l;
}

struct client *
test_client(void)
{
	struct client_row row = {
		.id = strdup("portal"),
		.name = strdup("[{\"language\":\"en\",\"text\":\"Portal\"},{\"language\":\"dz\",\"text\":\"Other\"}]"),
		.sector = strdup("land"),
		.auth_method = strdup("client_secret_basic"),
		.grants = test_texts("authorization_code refresh_token"),
		.redirect_uris = test_texts(TEST_REDIRECT),
		.scopes = test_texts("openid profile offline_access"),
		.resources = test_texts("https://signer.example"),
		.min_level = 1,
		.max_level = 2,
	};
	struct client *c = NULL;

	assert_int_equal(client_of_row(&row, &c), ERR_OK);
	return c;
}
