#include "tests/unit/lib/test.h"

#include "base/log.h"
#include "http/server.h"
#include "tests/unit/lib/http/raw.h"

static struct http_server *server;
static int port;
static unsigned calls;

static enum err
say_hello(void *daemon, struct request *request, struct reply *reply)
{
	(void)daemon;
	(void)request;
	calls++;
	writer_text(reply_body(reply, "text/plain"), "hello");
	reply_etag(reply, "v1");
	reply_cache(reply, 60, true);
	return ERR_OK;
}

static enum err
say_static(void *daemon, struct request *request, struct reply *reply)
{
	(void)daemon;
	(void)request;
	reply_static(reply, "application/json", SPAN("{\"keys\":[]}"), NULL, NULL);
	reply_header(reply, "Referrer-Policy", "same-origin");
	return ERR_OK;
}

static enum err
say_param(void *daemon, struct request *request, struct reply *reply)
{
	const char *id = request_param(request, "id");

	(void)daemon;
	writer_format(reply_body(reply, "text/plain"), "[%s][%s]", id == NULL ? "" : id,
		request_param(request, "rest") == NULL ? "" : request_param(request, "rest"));
	return ERR_OK;
}

static enum err
say_form(void *daemon, struct request *request, struct reply *reply)
{
	const char *a = request_form(request, "a"), *q = request_query(request, "q");

	(void)daemon;
	calls++;
	writer_format(reply_body(reply, "text/plain"), "a=%s q=%s body=%zu from=%s", a == NULL ? "-" : a,
		q == NULL ? "-" : q, request_body(request).len, request_address(request));
	return ERR_OK;
}

static enum err
say_no(void *daemon, struct request *request, struct reply *reply)
{
	(void)daemon;
	(void)request;
	writer_text(reply_body(reply, "text/plain"), "half a secret");
	return err_because(ERR_MISMATCH, "RFC 9449 4.3: htu mismatch");
}

static enum err
say_broken(void *daemon, struct request *request, struct reply *reply)
{
	(void)daemon;
	reply_redirect(reply, request_query(request, "to"));
	return ERR_OK;
}

static enum err
say_failed(void *daemon, struct request *request, struct reply *reply)
{
	(void)daemon;
	(void)request;
	(void)reply;
	return err_because(ERR_IO, "disk /secret/path is full");
}

static enum err
nobody(void *daemon, struct request *request, struct reply *reply)
{
	(void)daemon;
	(void)request;
	reply_header(reply, "WWW-Authenticate", "Bearer");
	return err_because(ERR_UNAUTHENTICATED, "RFC 6750 3: no token");
}

/* A static answer that changes between one request and the next. */
static enum err
say_changing(void *daemon, struct request *request, struct reply *reply)
{
	static char text[] = "first";

	(void)daemon;
	if (request_query(request, "second") != NULL)
		memcpy(text, "other", 5);
	reply_static(reply, "text/plain", span_at(text, 5), NULL, NULL);
	if (request_query(request, "header") != NULL)
		reply_header(reply, "X-More", request_query(request, "header"));
	return ERR_OK;
}

static const struct http_guard guarded = {"nobody", nobody};

static const struct route routes[] = {
	{"GET", "/hello", &HTTP_ANYONE, say_hello, 0},
	{"GET", "/static", &HTTP_ANYONE, say_static, 0},
	{"GET", "/thing/{id}", &HTTP_ANYONE, say_param, 0},
	{"POST", "/thing/{id}/revoke", &HTTP_ANYONE, say_param, 100},
	{"GET", "/thing/new", &HTTP_ANYONE, say_hello, 0},
	{"GET", "/tile/{rest...}", &HTTP_ANYONE, say_param, 0},
	{"POST", "/form", &HTTP_ANYONE, say_form, 1000},
	{"GET", "/no", &HTTP_ANYONE, say_no, 0},
	{"GET", "/failed", &HTTP_ANYONE, say_failed, 0},
	{"GET", "/broken", &HTTP_ANYONE, say_broken, 0},
	{"GET", "/changing", &HTTP_ANYONE, say_changing, 0},
	{"GET", "/guarded", &guarded, say_hello, 0},
};

static int
start(void **state)
{
	static const char *const headers[] = {"Content-Security-Policy: default-src 'none'", NULL};
	const struct http_server_options options = {
		.name = "test",
		.threads = 2,
		.routes = routes,
		.route_count = sizeof(routes) / sizeof(routes[0]),
		.headers = headers,
	};

	(void)state;
	log_open("test", LOG_LEVEL_ERROR + 1);
	assert_ok(http_serve(&options, &server));
	port = http_server_port(server);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	http_stop(&server);
	assert_null(server);
	return 0;
}

static struct writer answer;

/* Asks byte for byte; what came is in answer. */
static int
ask(const char *text)
{
	writer_free(&answer);
	answer = writer_new(1 << 20);
	return raw_text(port, text, &answer);
}

static int
get(const char *target)
{
	char text[1000];

	(void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", target);
	return ask(text);
}

static bool
answered(const char *text)
{
	return strstr((const char *)writer_span(&answer).ptr, text) != NULL;
}

static void
assert_answered(const char *text)
{
	if (!answered(text))
		fail_msg("no '%s' in: %s", text, (const char *)writer_span(&answer).ptr);
}

CASE(every_reply_carries_the_headers_of_safety)
{
	assert_int_equal(get("/hello"), 200);
	assert_answered("X-Content-Type-Options: nosniff\r\n");
	assert_answered("Referrer-Policy: no-referrer\r\n");
	assert_answered("Content-Security-Policy: default-src 'none'\r\n");
	assert_answered("Cache-Control: public, max-age=60\r\n");
	assert_answered("\r\n\r\nhello");
	assert_int_equal(get("/nowhere"), 404);
	assert_answered("X-Content-Type-Options: nosniff\r\n");
	assert_answered("Cache-Control: no-store\r\n");
}

CASE(header_of_a_handler_goes_before_the_default)
{
	assert_int_equal(get("/static"), 200);
	assert_answered("Referrer-Policy: same-origin\r\n");
	assert_false(answered("no-referrer"));
	assert_answered("{\"keys\":[]}");
}

CASE(kept_answer_follows_its_handler)
{
	for (int i = 0; i < 3; i++) {
		assert_int_equal(get("/changing"), 200);
		assert_answered("\r\n\r\nfirst");
		assert_answered("Content-Security-Policy: default-src 'none'\r\n");
	}
	assert_int_equal(get("/changing?header=one"), 200);
	assert_answered("X-More: one\r\n");
	assert_int_equal(get("/changing"), 200);
	assert_false(answered("X-More"));
	assert_int_equal(get("/changing?second"), 200);
	assert_answered("\r\n\r\nother");
	for (int i = 0; i < 300; i++) { /* more changes than are kept */
		char target[40];

		(void)snprintf(target, sizeof(target), "/changing?header=%d", i);
		assert_int_equal(get(target), 200);
		(void)snprintf(target, sizeof(target), "X-More: %d\r\n", i);
		assert_answered(target);
	}
}

CASE(head_is_answered_without_body)
{
	assert_int_equal(ask("HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 200);
	assert_answered("Content-Length: 5\r\n");
	assert_false(answered("hello"));
}

CASE(known_etag_is_answered_304)
{
	assert_int_equal(
		ask("GET /hello HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"v0\", W/\"v1\"\r\nConnection: close\r\n\r\n"),
		304);
	assert_false(answered("hello"));
	assert_int_equal(ask("GET /hello HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"v11\"\r\nConnection: close\r\n\r\n"),
		200);
}

CASE(wrong_method_names_the_right_ones)
{
	assert_int_equal(ask("DELETE /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 405);
	assert_answered("Allow: GET, HEAD\r\n");
	assert_int_equal(ask("GET /thing/1/revoke HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 405);
	assert_answered("Allow: POST\r\n");
}

CASE(parameter_is_decoded_once)
{
	assert_int_equal(get("/thing/a%2520b"), 200);
	assert_answered("[a%20b]");
	assert_int_equal(get("/thing/new"), 200);
	assert_answered("hello");
	assert_int_equal(get("/tile/0/x001/067"), 200);
	assert_answered("[][0/x001/067]");
}

CASE(path_traversal_by_parameter_is_not_found)
{
	assert_int_equal(get("/thing/.."), 404);
	assert_int_equal(get("/thing/%2e%2e"), 404);
	assert_int_equal(get("/thing/a%2Fb"), 404);
	assert_int_equal(get("/thing/"), 404);
	assert_int_equal(get("/tile/0/%2e%2e/passwd"), 404);
	assert_int_equal(get("/tile/0/..%2fpasswd"), 404);
	assert_int_equal(get("/thing/a%00"), 400);
	assert_int_equal(get("/thing/%zz"), 400);
	assert_int_equal(get("//hello"), 404);
	assert_int_equal(get("/hello/"), 404);
	assert_int_equal(get("/HELLO"), 404);
	assert_int_equal(get("/hell%6f"), 404);
}

CASE(bad_percent_and_duplicate_parameter_are_refused)
{
	assert_int_equal(get("/hello?a=1&a=2"), 400);
	assert_answered("application/problem+json");
	assert_answered("more than once");
	assert_int_equal(get("/hello?a=%f"), 400);
	calls = 0;
	assert_int_equal(
		ask("POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n"
		    "Connection: close\r\n\r\na=1&a=2"),
		400);
	assert_int_equal(calls, 0);
}

CASE(form_and_query_stay_apart)
{
	assert_int_equal(
		ask("POST /form?q=2 HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
		    "Content-Length: 3\r\nConnection: close\r\n\r\na=1"),
		200);
	assert_answered("a=1 q=2 body=3 from=127.0.0.1");
	assert_int_equal(
		ask("POST /form?a=2 HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded-not\r\n"
		    "Content-Length: 3\r\nConnection: close\r\n\r\na=1"),
		200);
	assert_answered("a=- q=- body=3");
}

CASE(chunked_body_is_taken)
{
	assert_int_equal(
		ask("POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n"
		    "Connection: close\r\n\r\n2\r\na=\r\n3\r\nxyz\r\n0\r\n\r\n"),
		200);
	assert_answered("a=xyz");
}

CASE(duplicate_host_is_refused)
{
	assert_int_equal(ask("GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n"), 400);
	assert_int_equal(ask("GET /hello HTTP/1.1\r\nHost: a\r\nhost: a\r\nConnection: close\r\n\r\n"), 400);
	assert_int_equal(ask("GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n"), 400);
}

CASE(duplicate_authorization_is_refused)
{
	assert_int_equal(
		ask("GET /hello HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\nConnection: close\r\n\r\n"),
		400);
	assert_int_equal(ask("GET /hello HTTP/1.1\r\nHost: a\r\nDPoP: a\r\nDPoP: b\r\nConnection: close\r\n\r\n"), 400);
	assert_int_equal(
		ask("GET /hello HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\nCookie: c=d\r\nAccept: a\r\nAccept: b\r\nConnection: close\r\n\r\n"),
		200);
}

CASE(length_with_chunked_is_refused_and_closed)
{
	calls = 0;
	assert_int_equal(
		ask("POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
		    "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"),
		400);
	assert_int_equal(calls, 0);
	assert_false(answered("hello"));
	assert_int_equal(ask("POST /form HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), 400);
	assert_int_equal(ask("POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\na=1"),
		400);
	assert_int_not_equal(ask("POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\na=1"), 200);
	assert_int_not_equal(ask("POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\na=1"), 200);
	assert_int_equal(calls, 0);
}

CASE(body_beyond_the_routes_limit_is_413)
{
	AUTO(writer) w = writer_new(100000);
	AUTO(writer) out = writer_new(100000);

	writer_text(&w, "POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\nConnection: close\r\n\r\n");
	for (int i = 0; i < 1001; i++)
		writer_u8(&w, 'a');
	assert_int_equal(raw_ask(port, writer_span(&w), &out), 413);
	assert_int_equal(ask("GET /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\na"), 413);
	writer_reset(&w);
	writer_reset(&out);
	writer_text(&w,
		"POST /form HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n1000\r\n");
	for (int i = 0; i < 0x1000; i++)
		writer_u8(&w, 'a');
	writer_text(&w, "\r\n0\r\n\r\n");
	assert_int_equal(raw_ask(port, writer_span(&w), &out), 413);
}

CASE(refused_body_does_not_become_the_next_request)
{
	calls = 0;
	assert_int_equal(
		ask("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 35\r\n\r\nGET /hello HTTP/1.1\r\nHost: smuggled\r\n\r\n"),
		404);
	assert_int_equal(calls, 0);
}

CASE(huge_header_is_431)
{
	AUTO(writer) w = writer_new(100000);
	AUTO(writer) out = writer_new(100000);

	writer_text(&w, "GET /hello HTTP/1.1\r\nHost: x\r\nX: ");
	for (int i = 0; i < 60000; i++)
		writer_u8(&w, 'a');
	writer_text(&w, "\r\n\r\n");
	assert_int_equal(raw_ask(port, writer_span(&w), &out), 431);
}

CASE(many_headers_are_refused)
{
	AUTO(writer) w = writer_new(100000);
	AUTO(writer) out = writer_new(100000);

	writer_text(&w, "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
	for (int i = 0; i < 100; i++)
		writer_format(&w, "X%d: a\r\n", i);
	writer_text(&w, "\r\n");
	assert_int_equal(raw_ask(port, writer_span(&w), &out), 413);
}

CASE(control_characters_in_headers_are_refused)
{
	assert_int_equal(ask("GET /hello HTTP/1.1\r\nHost: x\r\nX: a\x01\r\nConnection: close\r\n\r\n"), 400);
	assert_int_equal(ask("GET /hello HTTP/1.1\r\nHost: x\r\nX y: a\r\nConnection: close\r\n\r\n"), 400);
}

CASE(target_that_is_no_path_is_refused)
{
	assert_int_equal(get("http://x/hello"), 400);
	assert_int_equal(get("*"), 400);
	assert_int_equal(get("/hello#x"), 400);
	assert_int_equal(get("/hell\xc3\xb6"), 400);
}

CASE(connection_is_kept_for_the_next_request)
{
	calls = 0;
	assert_int_equal(ask("GET /hello HTTP/1.1\r\nHost: x\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
			     "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
		200);
	assert_int_equal(calls, 2);
}

CASE(refusal_tells_the_clause_and_nothing_half_made)
{
	assert_int_equal(get("/no"), 400);
	assert_answered("\"code\":\"MISMATCH\"");
	assert_answered("RFC 9449 4.3: htu mismatch");
	assert_false(answered("half a secret"));
}

CASE(our_own_failure_tells_nothing_of_its_inside)
{
	assert_int_equal(get("/failed"), 500);
	assert_answered("\"code\":\"IO\"");
	assert_false(answered("secret"));
}

CASE(guard_stands_before_the_handler)
{
	calls = 0;
	assert_int_equal(get("/guarded"), 401);
	assert_answered("WWW-Authenticate: Bearer\r\n");
	assert_int_equal(calls, 0);
}

CASE(redirect_with_a_line_break_becomes_500)
{
	assert_int_equal(get("/broken?to=/ok"), 303);
	assert_answered("Location: /ok\r\n");
	assert_int_equal(get("/broken?to=/x%0D%0ASet-Cookie:%20a"), 500);
	assert_false(answered("Set-Cookie"));
	assert_int_equal(get("/broken?to=/a%20b"), 500);
}

CASE(metrics_count_by_route_never_by_path)
{
	AUTO(writer) w = writer_new(100000);

	assert_int_equal(get("/thing/secret-id"), 200);
	http_metrics(&w);
	assert_non_null(strstr((const char *)w.ptr,
		"mohar_http_requests_total{server=\"test\",method=\"GET\",route=\"/thing/{id}\",code=\"200\"}"));
	assert_null(strstr((const char *)w.ptr, "secret-id"));
	assert_non_null(strstr((const char *)w.ptr, "le=\"+Inf\""));
}

#define T(name) cmocka_unit_test(name)

int
main(void)
{
	const struct CMUnitTest tests[] = {T(every_reply_carries_the_headers_of_safety),
		T(header_of_a_handler_goes_before_the_default), T(kept_answer_follows_its_handler),
		T(head_is_answered_without_body), T(known_etag_is_answered_304), T(wrong_method_names_the_right_ones),
		T(parameter_is_decoded_once), T(path_traversal_by_parameter_is_not_found),
		T(bad_percent_and_duplicate_parameter_are_refused), T(form_and_query_stay_apart),
		T(chunked_body_is_taken), T(duplicate_host_is_refused), T(duplicate_authorization_is_refused),
		T(length_with_chunked_is_refused_and_closed), T(body_beyond_the_routes_limit_is_413),
		T(refused_body_does_not_become_the_next_request), T(huge_header_is_431), T(many_headers_are_refused),
		T(control_characters_in_headers_are_refused), T(target_that_is_no_path_is_refused),
		T(connection_is_kept_for_the_next_request), T(refusal_tells_the_clause_and_nothing_half_made),
		T(our_own_failure_tells_nothing_of_its_inside), T(guard_stands_before_the_handler),
		T(redirect_with_a_line_break_becomes_500), T(metrics_count_by_route_never_by_path)};
	const int failed = cmocka_run_group_tests(tests, start, stop);

	writer_free(&answer);
	return failed;
}
