#include "tests/unit/lib/test.h"

#include "base/log.h"
#include "http/client.h"
#include "http/server.h"

static struct http_server *server;
static int port;

static enum err
say_hello(void *daemon, struct request *request, struct reply *reply)
{
	(void)daemon;
	(void)request;
	writer_text(reply_body(reply, "text/plain"), "hello");
	return ERR_OK;
}

static enum err
say_form(void *daemon, struct request *request, struct reply *reply)
{
	(void)daemon;
	writer_format(reply_body(reply, "text/plain"), "a=%s x=%s", request_form(request, "a"),
		request_header(request, "X-Test"));
	return ERR_OK;
}

static enum err
say_elsewhere(void *daemon, struct request *request, struct reply *reply)
{
	(void)daemon;
	(void)request;
	reply_redirect(reply, "/hello");
	return ERR_OK;
}

static const struct route routes[] = {
	{"GET", "/hello", &HTTP_ANYONE, say_hello, 0},
	{"POST", "/form", &HTTP_ANYONE, say_form, 1000},
	{"GET", "/elsewhere", &HTTP_ANYONE, say_elsewhere, 0},
};

static int
start(void **state)
{
	const struct http_server_options options = {.name = "test",
		.threads = 1,
		.routes = routes,
		.route_count = sizeof(routes) / sizeof(routes[0])};

	(void)state;
	log_open("test", LOG_LEVEL_ERROR);
	assert_ok(http_serve(&options, &server));
	port = http_server_port(server);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	http_stop(&server);
	return 0;
}

CASE(answers_come_from_localhost_and_by_post)
{
	static const char *const headers[] = {"X-Test: here", NULL};
	AUTO(writer) out = writer_new(1000);
	char url[100];
	int status = 0;

	(void)snprintf(url, sizeof(url), "http://localhost:%d/hello", port);
	assert_ok(http_call(&(struct http_call){.method = "GET", .url = url}, &status, &out));
	assert_int_equal(status, 200);
	assert_span(writer_span(&out), "hello");
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/form", port);
	writer_reset(&out);
	assert_ok(http_call(&(struct http_call){.method = "POST",
				    .url = url,
				    .content_type = "application/x-www-form-urlencoded",
				    .body = SPAN("a=1"),
				    .headers = headers},
		&status, &out));
	assert_span(writer_span(&out), "a=1 x=here");
}

CASE(redirect_is_not_followed)
{
	AUTO(writer) out = writer_new(1000);
	char url[100];
	int status = 0;

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/elsewhere", port);
	assert_ok(http_call(&(struct http_call){.method = "GET", .url = url}, &status, &out));
	assert_int_equal(status, 303);
	assert_int_equal(out.len, 0);
}

CASE(long_answer_is_refused)
{
	AUTO(writer) out = writer_new(1000);
	char url[100];
	int status = 0;

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/hello", port);
	assert_err(http_call(&(struct http_call){.method = "GET", .url = url, .max_reply = 4}, &status, &out),
		ERR_TOO_LONG);
}

CASE(silent_host_is_named_without_path_and_query)
{
	AUTO(writer) out = writer_new(1000);
	int status = 0;

	assert_err(http_call(&(struct http_call){.method = "GET", .url = "http://127.0.0.1:1/path?secret=1"}, &status,
			   &out),
		ERR_UNAVAILABLE);
	assert_non_null(strstr(err_why(), "127.0.0.1:1"));
	assert_null(strstr(err_why(), "secret"));
}

CASE(address_that_is_not_http_is_refused)
{
	AUTO(writer) out = writer_new(1000);
	int status = 0;

	assert_err(http_call(&(struct http_call){.method = "GET", .url = "file:///etc/passwd"}, &status, &out),
		ERR_UNAVAILABLE);
	assert_int_equal(out.len, 0);
}

CASE(form_is_written_percent_encoded)
{
	AUTO(writer) w = writer_new(1000);

	form_write(&w, "a b", "c&d=\xc3\xa9+~");
	form_write(&w, "e", "");
	assert_span(writer_span(&w), "a%20b=c%26d%3D%C3%A9%2B~&e=");
	writer_reset(&w);
	writer_text(&w, "https://localhost/cb?");
	form_write(&w, "code", "x");
	assert_span(writer_span(&w), "https://localhost/cb?code=x");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(answers_come_from_localhost_and_by_post),
		cmocka_unit_test(redirect_is_not_followed), cmocka_unit_test(long_answer_is_refused),
		cmocka_unit_test(silent_host_is_named_without_path_and_query),
		cmocka_unit_test(address_that_is_not_http_is_refused),
		cmocka_unit_test(form_is_written_percent_encoded)};

	return cmocka_run_group_tests(tests, start, stop);
}
