#include "tests/unit/idp/test.h"

#include "idp/registry/registry.h"

static void
https_anywhere_and_http_on_loopback_names(void **state)
{
	static const char *const good[] = {
		"https://portal.example/cb",
		"https://portal.example:8443/cb?x=1",
		"https://portal.example",
		"http://localhost:9009/cb",
		"http://land.localhost:9001/cb",
		"http://127.0.0.1/cb",
		"http://[::1]:9/cb",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(redirect_acceptable(good[i]));
}

static void
addresses_that_deceive_are_not_registered(void **state)
{
	static const char *const wrong[] = {
		"http://portal.example/cb",              /* no TLS */
		"http://localhost.evil.example/cb",      /* looks local */
		"http://evillocalhost/cb",               /* looks local */
		"http://127.0.0.1.evil.example/cb",      /* looks local */
		"javascript:alert(1)",                   /* script */
		"data:text/html,x",                      /* script */
		"https://user@portal.example/cb",        /* userinfo */
		"https://portal.example@evil.example/",  /* userinfo */
		"https://portal.example/cb#f",           /* fragment: RFC 6749 3.1.2 */
		"https://portal.example/a/../cb",        /* dot segments */
		"https://portal.example/a/..",           /* dot segments */
		"https://portal.example/./cb",           /* dot segments */
		"https://portal.example/%2e%2e/cb",      /* dot segments, encoded */
		"https://portal.example/a%2Fb",          /* a slash, encoded */
		"https://portal.example\\@evil.example", /* backslash */
		"https://portal.example/a/.",            /* dot segments */
		"https:///cb",                           /* no host */
		"https://..pp/cb",                       /* no host name: empty labels */
		"https://portal.example./cb",            /* no host name: an empty label */
		"http://..localhost/cb",                 /* no host name, looks local */
		"https://portal&evil.example/cb",        /* no host name */
		"https://portal%41.example/cb",          /* no host name */
		"https://[::1/cb",                       /* no host */
		"https://[]/cb",                         /* no host */
		"https://[portal]/cb",                   /* no address */
		"https://:443/cb",                       /* no host */
		"https://portal.example:port/cb",        /* no port */
		"https://portal.example:/cb",            /* no port */
		"https://portal.example:1234567/cb",     /* no port */
		"https://portal.example/c b",            /* white space */
		"https://portal.example/\ncb",           /* control */
		"https://portal.example/*",              /* pattern */
		"HTTPS://portal.example/cb",             /* one form for one address */
		"//portal.example/cb",
		"portal.example/cb",
		"/cb",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(redirect_acceptable(wrong[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(https_anywhere_and_http_on_loopback_names),
		cmocka_unit_test(addresses_that_deceive_are_not_registered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
