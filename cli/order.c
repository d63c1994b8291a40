#include "cli/order.h"

#include <string.h>

#include "http/client.h"

enum { MAX_ORDER_URL = 2 << 10, MAX_DETAIL = 1 << 10 };

struct problem {
	char *code, *detail, *title;
};
static const struct json_row problem_rows[] = {
	{.name = "code", .kind = JSON_TEXT, .offset = offsetof(struct problem, code), .max = 64},
	{.name = "detail", .kind = JSON_TEXT, .offset = offsetof(struct problem, detail), .max = MAX_DETAIL},
	{.name = "title", .kind = JSON_TEXT, .offset = offsetof(struct problem, title), .max = MAX_DETAIL},
};
static const struct json_table problem_table = {
	.what = "problem",
	.rows = problem_rows,
	.count = sizeof(problem_rows) / sizeof(problem_rows[0]),
	.size = sizeof(struct problem),
	.open = true,
};

/* The error with that name and status; by status alone if the name is not one of ours. */
static enum err
error_of(const char *code, int status)
{
	static const enum err errors[] = {
#define X(name, http, text) ERR_##name,
		ERR_TABLE(X)
#undef X
	};
	enum err by_status = status >= 500 ? ERR_UNAVAILABLE : ERR_REFUSED;

	for (size_t i = sizeof(errors) / sizeof(errors[0]); i-- > 0;) {
		if (errors[i] == ERR_OK || err_http(errors[i]) != status)
			continue;
		if (code != NULL && strcmp(err_name(errors[i]), code) == 0)
			return errors[i];
		if (status < 500 && errors[i] != ERR_REVOKED) /* said only by name */
			by_status = errors[i];
	}
	return by_status;
}

enum err
order_result(int status, struct span reply)
{
	struct problem p = {0};

	if (status >= 200 && status < 300)
		return ERR_OK;
	const bool read = json_decode(reply, &problem_table, &p) == ERR_OK;

	err_forget();
	enum err e = error_of(p.code, status);

	if (read && p.detail != NULL)
		e = err_because(e, "%s", p.detail);
	else
		e = err_because(e, "the service answered %d %s", status, p.title != NULL ? p.title : err_text(e));
	json_free(&problem_table, &p);
	return e;
}

static enum err
call(struct cli *c, const struct http_call *request, struct writer *reply)
{
	AUTO(writer) answer = writer_new(MAX_ORDER_REPLY);
	struct http_call with_anchor = *request;
	int status;

	with_anchor.ca_file = cli_value(c, "--tls-ca");
	TRY(http_call(&with_anchor, &status, &answer));
	TRY(order_result(status, writer_span(&answer)));
	writer_bytes(reply, writer_span(&answer));
	return writer_done(reply);
}

enum err
order_send(struct cli *c, struct card *card, const struct order *o, struct writer *reply)
{
	AUTO(writer) jws = writer_new(64 << 10);
	AUTO(writer) url = writer_new(MAX_ORDER_URL);

	TRY(act_sign(card, o->act, o->base, o->body, cli_now(c), &jws));
	writer_format(&url, "%s%s", o->base, o->path);
	TRY(writer_done(&url));
	const struct http_call request = {
		.method = "POST",
		.url = (const char *)writer_span(&url).ptr,
		.content_type = "application/jose",
		.body = writer_span(&jws),
		.timeout_ms = 15000,
	};

	return call(c, &request, reply);
}

enum err
order_read(struct cli *c, struct card *card, const struct order *o, struct writer *reply)
{
	AUTO(writer) header = writer_new(64 << 10);
	AUTO(writer) url = writer_new(MAX_ORDER_URL);

	writer_text(&header, "Authorization: Bearer ");
	TRY(act_sign(card, o->act, o->base, SPAN("{}"), cli_now(c), &header));
	writer_format(&url, "%s%s", o->base, o->path);
	TRY(writer_done(&url));
	const char *const headers[] = {(const char *)writer_span(&header).ptr, NULL};
	const struct http_call request = {.method = "GET",
		.url = (const char *)writer_span(&url).ptr,
		.headers = headers,
		.timeout_ms = 15000};

	return call(c, &request, reply);
}

enum err
order_get(struct cli *c, const char *url, struct writer *reply)
{
	const struct http_call request = {.method = "GET", .url = url};

	return call(c, &request, reply);
}

enum err
order_post(struct cli *c, const char *url, const char *content_type, struct span body, struct writer *reply)
{
	const struct http_call request = {.method = "POST",
		.url = url,
		.content_type = content_type,
		.body = body,
		.timeout_ms = 15000};

	return call(c, &request, reply);
}
