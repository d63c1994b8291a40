#include "http/exchange.h"

#include <string.h>
#include <strings.h>

const char *
request_method(const struct request *r)
{
	return r->method;
}

const char *
request_path(const struct request *r)
{
	return r->path;
}

const char *
request_param(const struct request *r, const char *name)
{
	for (size_t i = 0; i < r->param_count; i++)
		if (span_is(span_at(r->param_names[i], r->param_name_lens[i]), name))
			return r->params[i];
	return NULL;
}

const char *
request_header(const struct request *r, const char *name)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (strcasecmp(r->headers[i].name, name) == 0)
			return r->headers[i].value;
	return NULL;
}

struct span
request_body(const struct request *r)
{
	return writer_span(&r->body);
}

const char *
request_query(const struct request *r, const char *name)
{
	return form_value(&r->query, name);
}

const char *
request_form(const struct request *r, const char *name)
{
	return form_value(&r->form, name);
}

const char *
request_query_other(const struct request *r, const char *const *names)
{
	for (size_t i = 0; i < r->query.count; i++) {
		const char *const *name = names;

		while (*name != NULL && strcmp(*name, r->query.fields[i].name) != 0)
			name++;
		if (*name == NULL)
			return r->query.fields[i].name;
	}
	return NULL;
}

const char *
request_query_raw(const struct request *r)
{
	return r->query_raw;
}

void
request_attach(struct request *r, void *thing, void (*free_it)(void *))
{
	if (r->attached != NULL && r->free_attached != NULL)
		r->free_attached(r->attached);
	r->attached = thing;
	r->free_attached = free_it;
}

void *
request_attached(const struct request *r)
{
	return r->attached;
}
