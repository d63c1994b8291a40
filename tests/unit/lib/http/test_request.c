#include "tests/unit/lib/test.h"

#include "http/exchange.h"

/* A request with the given header fields, made without a server. */
static struct exchange *
with(const char *name, const char *value)
{
	struct exchange *x = exchange_new(NULL, "/a?b=c", NULL);

	assert_non_null(x);
	x->request.headers[x->request.header_count++] = (struct http_header){name, value};
	return x;
}

static void
expect_cookie(const char *header, const char *name, const char *expected)
{
	struct exchange *x = with("Cookie", header);
	const char *value = request_cookie(&x->request, name);

	if (expected == NULL)
		assert_null(value);
	else
		assert_string_equal(value, expected);
	exchange_free(&x);
}

CASE(cookie_is_found_among_others)
{
	expect_cookie("a=b; __Host-s=v1; __Host-t=v2", "s", "v1");
	expect_cookie("__Host-s=", "s", "");
	expect_cookie("__Host-s=a=b", "s", "a=b");
	expect_cookie("__Host-s=v", "__Host-s", "v");
}

CASE(cookie_without_host_prefix_is_not_ours)
{
	expect_cookie("s=v1", "s", NULL);
	expect_cookie("__Secure-s=v1", "s", NULL);
}

CASE(cookie_there_twice_is_none)
{
	expect_cookie("__Host-s=v1; __Host-s=v2", "s", NULL);
}

CASE(cookie_twice_in_two_headers_is_none)
{
	struct exchange *x = with("Cookie", "__Host-s=v1");

	x->request.headers[x->request.header_count++] = (struct http_header){"cookie", "__Host-s=v2"};
	assert_null(request_cookie(&x->request, "s"));
	exchange_free(&x);
}

CASE(cookie_with_odd_characters_is_none)
{
	expect_cookie("__Host-s=\"v\"", "s", NULL);
	expect_cookie("__Host-s=a b", "s", NULL);
}

static void
expect_basic(const char *header, enum err expected, const char *user, const char *password)
{
	struct exchange *x = with("Authorization", header);
	const char *u, *p;

	assert_err(request_basic(&x->request, &u, &p), expected);
	if (expected == ERR_OK) {
		assert_string_equal(u, user);
		assert_string_equal(p, password);
	}
	exchange_free(&x);
}

CASE(basic_parts_are_form_decoded)
{
	expect_basic("Basic Y2xpZW50OnMlM0FjK3JldA==", ERR_OK, "client", "s:c ret");
	expect_basic("basic YTo=", ERR_OK, "a", "");
	expect_basic("Basic YTpiOmM=", ERR_OK, "a", "b:c");
}

CASE(basic_without_colon_user_or_padding_is_refused)
{
	expect_basic("Basic YQ==", ERR_MALFORMED, NULL, NULL);
	expect_basic("Basic Ong=", ERR_MALFORMED, NULL, NULL);
	expect_basic("Basic YTo", ERR_MALFORMED, NULL, NULL);
	expect_basic("Basic ", ERR_MALFORMED, NULL, NULL);
	expect_basic("Bearer YTo=", ERR_UNAUTHENTICATED, NULL, NULL);
}

static void
expect_bearer(const char *header, enum err expected)
{
	struct exchange *x = with("Authorization", header);
	const char *token;

	assert_err(request_bearer(&x->request, &token), expected);
	if (expected == ERR_OK)
		assert_string_equal(token, "abc.d-_~+/==");
	exchange_free(&x);
}

CASE(bearer_takes_one_b64token_only)
{
	expect_bearer("Bearer abc.d-_~+/==", ERR_OK);
	expect_bearer("bearer  abc.d-_~+/==", ERR_OK);
	expect_bearer("Bearer a b", ERR_MALFORMED);
	expect_bearer("Bearer a=b", ERR_MALFORMED);
	expect_bearer("Bearer ", ERR_MALFORMED);
	expect_bearer("Bearer", ERR_UNAUTHENTICATED);
	expect_bearer("DPoP abc", ERR_UNAUTHENTICATED);
}

static void
expect_language(const char *header, const char *expected)
{
	static const char *const languages[] = {"en", "dz", NULL};
	struct exchange *x = with("Accept-Language", header);

	assert_string_equal(request_language(&x->request, languages), expected);
	exchange_free(&x);
}

CASE(language_goes_by_weight_and_primary_tag)
{
	expect_language("dz-BT, en;q=0.5", "dz");
	expect_language("en;q=0.5, dz;q=0.9", "dz");
	expect_language("dz;q=0.1, en", "en");
	expect_language("dz;q=0", "en");
	expect_language("fr, de;q=0.9", "en");
	expect_language("d", "en");
	expect_language(";;;,,,q=", "en");
}

CASE(undeclared_parameter_is_named)
{
	static const char *const all[] = {"b", NULL}, *const none[] = {NULL};
	struct exchange *x = exchange_new(NULL, "/a?b=c", NULL);

	assert_ok(form_read(span_of(x->request.query_raw), &x->request.arena, &x->request.query));
	assert_null(request_query_other(&x->request, all));
	assert_string_equal(request_query_other(&x->request, none), "b");
	assert_string_equal(request_path(&x->request), "/a");
	exchange_free(&x);
}

static unsigned freed;

static void
count_freed(void *thing)
{
	(void)thing;
	freed++;
}

CASE(attached_thing_is_freed_once_also_when_replaced)
{
	struct exchange *x = exchange_new(NULL, "/", NULL);
	int a, b;

	freed = 0;
	request_attach(&x->request, &a, count_freed);
	request_attach(&x->request, &b, count_freed);
	assert_int_equal(freed, 1);
	assert_ptr_equal(request_attached(&x->request), &b);
	exchange_free(&x);
	assert_int_equal(freed, 2);
}

CASE(arena_gives_more_than_its_first_block)
{
	struct exchange *x = exchange_new(NULL, "/", NULL);
	char *a = arena_take(&x->request.arena, ARENA_FIRST + 1), *b = arena_take(&x->request.arena, ARENA_BLOCK * 2);

	assert_true(a != NULL && b != NULL);
	memset(a, 1, ARENA_FIRST + 1);
	memset(b, 2, ARENA_BLOCK * 2);
	assert_int_equal(a[ARENA_FIRST], 1);
	exchange_free(&x);
}

CASE(static_body_is_given_back_when_nothing_is_sent)
{
	struct exchange *x = exchange_new(NULL, "/", NULL);

	freed = 0;
	reply_static(&x->reply, "text/plain", SPAN("x"), count_freed, NULL);
	reply_restart(&x->reply);
	assert_int_equal(freed, 1);
	exchange_free(&x);
	assert_int_equal(freed, 1);
}

CASE(refusal_keeps_challenges_and_drops_location)
{
	struct exchange *x = exchange_new(NULL, "/", NULL);

	reply_redirect(&x->reply, "https://localhost/");
	reply_header(&x->reply, "WWW-Authenticate", "Bearer");
	reply_restart(&x->reply);
	assert_null(reply_find(&x->reply, "Location"));
	assert_string_equal(reply_find(&x->reply, "www-authenticate"), "Bearer");
	exchange_free(&x);
}

RUN(cmocka_unit_test(cookie_is_found_among_others), cmocka_unit_test(cookie_without_host_prefix_is_not_ours),
	cmocka_unit_test(cookie_there_twice_is_none), cmocka_unit_test(cookie_twice_in_two_headers_is_none),
	cmocka_unit_test(cookie_with_odd_characters_is_none), cmocka_unit_test(basic_parts_are_form_decoded),
	cmocka_unit_test(basic_without_colon_user_or_padding_is_refused),
	cmocka_unit_test(bearer_takes_one_b64token_only), cmocka_unit_test(language_goes_by_weight_and_primary_tag),
	cmocka_unit_test(undeclared_parameter_is_named),
	cmocka_unit_test(attached_thing_is_freed_once_also_when_replaced),
	cmocka_unit_test(arena_gives_more_than_its_first_block),
	cmocka_unit_test(static_body_is_given_back_when_nothing_is_sent),
	cmocka_unit_test(refusal_keeps_challenges_and_drops_location))
