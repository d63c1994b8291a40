#include "http/send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/answer.h"

static bool
has_etag(const char *list, const char *etag)
{
	if (strncmp(etag, "W/", 2) == 0)
		etag += 2;
	while (*list != '\0') {
		list += strspn(list, " \t,");
		if (*list == '*')
			return true;
		if (strncmp(list, "W/", 2) == 0)
			list += 2;
		if (strncmp(list, etag, strlen(etag)) == 0)
			return true;
		list += strcspn(list, ",");
	}
	return false;
}

static bool
is_fresh(const struct exchange *x)
{
	const char *list;

	if (x->reply.etag == NULL || x->reply.status != 200 ||
		(strcmp(x->request.method, "GET") != 0 && strcmp(x->request.method, "HEAD") != 0))
		return false;
	list = request_header(&x->request, "If-None-Match");
	return list != NULL && has_etag(list, x->reply.etag);
}

/* Hands the body's memory over to libmicrohttpd. */
static struct MHD_Response *
with_body(struct reply *r)
{
	struct MHD_Response *response;
	uint8_t *ptr = NULL;
	size_t len = 0;

	if (r->is_static) {
		if (r->done == NULL)
			return MHD_create_response_from_buffer(r->bytes.len, (void *)(uintptr_t)r->bytes.ptr,
				MHD_RESPMEM_PERSISTENT);
		response = MHD_create_response_from_buffer_with_free_callback_cls(r->bytes.len,
			(void *)(uintptr_t)r->bytes.ptr, r->done, r->done_context);
		if (response != NULL)
			r->done = NULL; /* libmicrohttpd calls it now */
		return response;
	}
	if (r->content_type == NULL || writer_take(&r->body, &ptr, &len) != ERR_OK)
		return MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
	response = MHD_create_response_from_buffer(len, ptr, MHD_RESPMEM_MUST_FREE);
	if (response == NULL)
		free(ptr);
	return response;
}

static bool
put(struct MHD_Response *response, const char *name, const char *value)
{
	return MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool
put_caching(struct MHD_Response *response, const struct reply *r)
{
	char text[48];

	if (reply_find(r, "Cache-Control") != NULL)
		return true;
	if (r->max_age <= 0)
		return put(response, "Cache-Control", "no-store");
	(void)snprintf(text, sizeof(text), "%s, max-age=%d", r->is_public ? "public" : "private", r->max_age);
	return put(response, "Cache-Control", text);
}

/* Browsers keep HSTS a host, not a port: on localhost it would take plain HTTP from everything else on the machine. */
static bool
is_localhost(const struct request *r)
{
	const char *host = request_header(r, "Host");
	const size_t len = host == NULL ? 0 : strcspn(host, ":");

	return len >= 9 && strncasecmp(host + len - 9, "localhost", 9) == 0 && (len == 9 || host[len - 10] == '.');
}

static bool
put_headers(struct MHD_Response *response, const struct reply *r, const struct http_header *defaults, bool hsts)
{
	bool ok = put_caching(response, r);

	if (r->content_type != NULL)
		ok = ok && put(response, "Content-Type", r->content_type);
	if (r->etag != NULL)
		ok = ok && put(response, "ETag", r->etag);
	for (size_t i = 0; i < r->header_count; i++)
		ok = ok && put(response, r->headers[i].name, r->headers[i].value);
	for (; defaults->name != NULL; defaults++)
		if (r->header_count == 0 || reply_find(r, defaults->name) == NULL)
			ok = ok && put(response, defaults->name, defaults->value);
	if (hsts)
		ok = ok && put(response, "Strict-Transport-Security", "max-age=63072000");
	return ok;
}

/* The kept response for x, made if there is none. NULL: none can be kept. */
static struct MHD_Response *
kept_for(struct exchange *x, const struct http_header *defaults, bool hsts, struct kept *kept)
{
	const size_t place = (size_t)(x->request.route - x->server->options.routes) * 2 + hsts;
	struct MHD_Response *response = kept_find(kept, place, &x->reply);
	struct kept_entry *entry;

	if (response != NULL)
		return response;
	entry = kept_prepare(kept, &x->reply);
	if (entry == NULL)
		return NULL;
	response = kept_response(entry);
	if (!put_headers(response, &x->reply, defaults, hsts)) {
		kept_discard(kept, entry);
		return NULL;
	}
	kept_publish(kept, place, entry);
	return response;
}

enum MHD_Result
reply_send(struct exchange *x, const struct http_header *defaults, bool tls, struct kept *kept)
{
	const bool hsts = tls && !is_localhost(&x->request);
	struct MHD_Response *response;
	enum MHD_Result sent = MHD_NO;

	if (is_fresh(x)) {
		x->reply.status = 304;
		reply_release(&x->reply);
		x->reply.content_type = NULL;
	}
	response = kept_fits(x) ? kept_for(x, defaults, hsts, kept) : NULL;
	if (response != NULL)
		return MHD_queue_response(x->request.connection, (unsigned)x->reply.status, response);
	response = with_body(&x->reply);
	if (response == NULL)
		return MHD_NO;
	if (put_headers(response, &x->reply, defaults, hsts))
		sent = MHD_queue_response(x->request.connection, (unsigned)x->reply.status, response);
	MHD_destroy_response(response);
	return sent;
}
