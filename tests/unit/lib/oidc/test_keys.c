#include "tests/unit/lib/test.h"

#include <stdatomic.h>

#include "base/log.h"
#include "http/server.h"
#include "oidc/keys.h"

enum { SECOND = 1000 * 1000, TOKENS = 50 };

static struct http_server *server;
static atomic_int asked;

/* An issuer in trouble. */
static enum err
refuse(void *daemon, struct request *request, struct reply *reply)
{
	(void)daemon;
	(void)request;
	(void)reply;
	atomic_fetch_add(&asked, 1);
	return ERR_UNAVAILABLE;
}

static const struct route routes[] = {{"GET", "/jwks", &HTTP_ANYONE, refuse, 0}};

static int
start(void **state)
{
	const struct http_server_options options = {.name = "test", .threads = 1, .routes = routes, .route_count = 1};

	(void)state;
	log_open("test", LOG_LEVEL_ERROR);
	assert_ok(http_serve(&options, &server));
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	http_stop(&server);
	return 0;
}

/* {"alg":"ES256","kid":"x","typ":"at+jwt"}.{}.AA */
#define STRANGERS "eyJhbGciOiJFUzI1NiIsImtpZCI6IngiLCJ0eXAiOiJhdCtqd3QifQ.e30.AA"

CASE(strangers_tokens_do_not_ask_an_issuer_in_trouble_each_time)
{
	AUTO(oidc_keys) *k = NULL;
	AUTO(jws) j = {0};
	char url[64];

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", http_server_port(server));
	assert_ok(oidc_keys_new(url, NULL, &k));
	for (int i = 0; i < TOKENS; i++)
		assert_err(oidc_keys_verify(k, SPAN(STRANGERS), "at+jwt", &j), ERR_UNAVAILABLE);
	assert_in_range(atomic_load(&asked), 1, 3);
}

CASE(keys_are_renewed_even_if_every_token_names_a_known_one)
{
	assert_false(oidc_keys_due(true, true, 299LL * SECOND));
	assert_true(oidc_keys_due(true, true, 300LL * SECOND));
	assert_false(oidc_keys_due(true, false, 9LL * SECOND));
	assert_true(oidc_keys_due(true, false, 10LL * SECOND));
	assert_false(oidc_keys_due(false, false, SECOND / 2));
	assert_true(oidc_keys_due(false, false, SECOND));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_tokens_do_not_ask_an_issuer_in_trouble_each_time),
		cmocka_unit_test(keys_are_renewed_even_if_every_token_names_a_known_one),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
