#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ca/acme/http_answer.h"

static struct http_answer answer;
static bool more;

static enum problem
read_text(const char *text)
{
	return http_answer_read(span_of(text), &answer, &more);
}

static void
an_answer_is_taken_apart(void **state)
{
	(void)state;
	assert_int_equal(read_text("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nServer: x\r\n\r\nabcdef"), ACME_OK);
	assert_int_equal(answer.status, 200);
	assert_true(answer.complete && !more && span_is(answer.body, "abc"));
	assert_int_equal(read_text("HTTP/1.0 302\nLocation:  http://a.test/ \n\n"), ACME_OK);
	assert_true(!answer.complete && span_is(answer.location, "http://a.test/"));
	assert_int_equal(read_text("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ACME_OK);
	assert_true(answer.complete && answer.body.len == 0);
}

static void
half_of_it_waits_for_the_rest(void **state)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 4; len++) {
		assert_int_equal(http_answer_read(span_at(text, len), &answer, &more), ACME_OK);
		assert_true(more);
	}
	assert_int_equal(http_answer_read(span_at(text, sizeof(text) - 2), &answer, &more), ACME_OK);
	assert_true(!more && !answer.complete);
}

static void
what_may_be_read_in_two_ways_is_refused(void **state)
{
	static const char *const bad[] = {"SSH-2.0-OpenSSH\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 16385\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
		"HTTP/1.1 200 OK\r\n: x\r\n\r\n", "garbage and more of it"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (read_text(bad[i]) != ACME_INCORRECT_RESPONSE)
			fail_msg("%s", bad[i]);
}

static struct http_place at;

static enum problem
place(const char *location)
{
	const struct http_place from = {.host = "a.test", .authority = "a.test", .target = "/x"};

	return http_place_read(span_of(location), &from, &at);
}

static void
a_place_is_taken_apart(void **state)
{
	(void)state;
	assert_int_equal(place("http://B.test/y?z#f"), ACME_OK);
	assert_true(!at.tls && at.port == 0);
	assert_string_equal(at.host, "b.test");
	assert_string_equal(at.target, "/y?z");
	assert_int_equal(place("https://b.test:443"), ACME_OK);
	assert_true(at.tls && at.port == 443);
	assert_string_equal(at.target, "/");
	assert_int_equal(place("http://[::1]:80/y"), ACME_OK);
	assert_string_equal(at.host, "::1");
	assert_string_equal(at.authority, "[::1]:80");
	assert_int_equal(place("http://b.test?q"), ACME_OK);
	assert_string_equal(at.target, "/?q");
	assert_int_equal(place("/only/a/path"), ACME_OK);
	assert_string_equal(at.host, "a.test");
	assert_string_equal(at.target, "/only/a/path");
}

static void
a_place_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {"", "ftp://a/", "file:///etc/passwd", "//b.test/", "http://", "http:///x",
		"http://user@b.test/", "http://b.test:0/", "http://b.test:65536/", "http://b.test:8x/",
		"http://b.test:/", "http://[::1/", "http://[::1]x/", "http://b test/", "http://b.test/\r\nX: y",
		"http://b%2etest/", "javascript:1", "relative"};
	char longest[MAX_LOCATION + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (place(bad[i]) != ACME_INCORRECT_RESPONSE)
			fail_msg("%s", bad[i]);
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[MAX_LOCATION + 1] = '\0';
	assert_int_equal(place(longest), ACME_INCORRECT_RESPONSE);
	longest[MAX_LOCATION] = '\0';
	assert_int_equal(place(longest), ACME_OK);
	assert_int_equal(strlen(at.target), MAX_LOCATION);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_taken_apart),
		cmocka_unit_test(half_of_it_waits_for_the_rest),
		cmocka_unit_test(what_may_be_read_in_two_ways_is_refused),
		cmocka_unit_test(a_place_is_taken_apart),
		cmocka_unit_test(a_place_that_is_none_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
