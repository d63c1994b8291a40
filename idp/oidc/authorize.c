#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "idp/oidc/endpoints.h"
#include "idp/oidc/interaction.h"
#include "idp/oidc/redirect.h"
#include "idp/page.h"
#include "idp/store/store.h"

#define PAR_PREFIX "urn:ietf:params:oauth:request_uri:" /* RFC 9126 2.2 */

/* A pushed request: once, by its own client. What else stands in the query is not looked at (RFC 9101 5). */
static enum err
read_pushed(struct idp *d, const struct client *c, const char *request_uri, struct authorization_text *out)
{
	const struct sha256 hash = sha256_of(span_of(request_uri));
	const struct db_param p[] = {db_bytes(sha256_span(&hash)), db_text(c->row.id), db_time(clock_now(&d->clock))};
	AUTO(text_row) row = {0};

	TRY(db_pool_one(d->db, ST_PAR_USE, p, &row));
	return json_decode(span_of(row.text), &authorization_text_table, out);
}

static enum err
read_query(const struct request *request, struct authorization_text *out)
{
	*out = (struct authorization_text){0};
	for (size_t i = 0; i < authorization_text_table.count; i++) {
		const struct json_row *row = &authorization_text_table.rows[i];
		const char *value = request_query(request, row->name);

		if (value != NULL && value[0] != '\0') /* RFC 6749 3.1: a parameter without a value is as if omitted */
			TRY(span_text(span_of(value), (char **)((char *)out + row->offset)));
	}
	return ERR_OK;
}

static enum err
proceed(struct idp *d, const struct request *request, struct reply *reply, struct client **client,
	struct authorization_text *text, bool pushed)
{
	struct authorization a;
	const char *code;
	enum err e;

	if (!redirect_registered(*client, text->redirect_uri))
		return page_error(d, request, reply, 400, "error_redirect");
	e = authorization_check(text, *client, &d->assurance, d->claims, pushed, &a, &code);
	if (e == ERR_NO_MEMORY)
		return e;
	if (e != ERR_OK)
		return redirect_error(d, reply, *client, text, code);
	struct client *taken = *client;
	*client = NULL;
	return interaction_begin(d, request, reply, taken, &a);
}

static enum err
authorize(struct idp *d, const struct request *request, struct reply *reply, struct client **client,
	struct authorization_text *text)
{
	const char *client_id = request_query(request, "client_id");
	const char *request_uri = request_query(request, "request_uri");
	const bool pushed = request_uri != NULL && span_starts(span_of(request_uri), SPAN(PAR_PREFIX));
	enum err e;

	e = client_id != NULL ? client_find(d, client_id, client) : ERR_NOT_FOUND;
	if (e == ERR_NOT_FOUND)
		return page_error(d, request, reply, 400, "error_client");
	TRY(e);
	e = pushed ? read_pushed(d, *client, request_uri, text) : read_query(request, text);
	if (pushed && e == ERR_NOT_FOUND)
		return page_error(d, request, reply, 400, "error_pushed");
	TRY(e);
	return proceed(d, request, reply, client, text, pushed);
}

enum err
authorize_handler(void *daemon, struct request *request, struct reply *reply)
{
	AUTO(client) *client = NULL;
	AUTO(authorization_text) text = {0};

	return authorize(daemon, request, reply, &client, &text);
}

enum err
authorize_post_handler(void *daemon, struct request *request, struct reply *reply)
{
	static const char *const none[] = {NULL};
	AUTO(writer) to = writer_new(MAX_AUTHORIZATION);

	(void)daemon;
	REQUIRE_WHY(request_query_other(request, none) == NULL, ERR_MALFORMED,
		"the parameters come in the form or in the query, not in both");
	for (size_t i = 0; i < request_body(request).len; i++)
		REQUIRE_WHY(request_body(request).ptr[i] > ' ' && request_body(request).ptr[i] <= '~' &&
				strchr("\"<>\\#", request_body(request).ptr[i]) == NULL,
			ERR_MALFORMED, "RFC 6749 3.1: the body is no application/x-www-form-urlencoded form");
	writer_text(&to, "/authorize?");
	writer_bytes(&to, request_body(request));
	TRY(writer_done(&to));
	reply_redirect(reply, (const char *)writer_span(&to).ptr);
	return ERR_OK;
}
