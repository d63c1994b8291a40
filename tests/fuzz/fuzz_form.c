/* What strangers put into a query, a form, a cookie, Authorization and Accept-Language: the first byte chooses, the rest is read. What a form gives must be
 * text, its names different, and the same after being written and read again. */
/* covers: lib/http/form.c lib/http/cookie.c lib/http/authorization.c lib/http/language.c */
#include <stdlib.h>
#include <string.h>

#include "http/client.h"
#include "http/exchange.h"
#include "http/reply.h"

static void
read_again(struct exchange *x, const struct form *f)
{
	AUTO(writer) w = writer_new(1 << 22);
	struct form again;

	for (size_t i = 0; i < f->count; i++)
		form_write(&w, f->fields[i].name, f->fields[i].value);
	if (f->count > 0 && form_read(writer_span(&w), &x->request.arena, &again) != ERR_OK)
		abort();
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(form_value(&again, f->fields[i].name), f->fields[i].value) != 0)
			abort();
}

/* What came as a cookie can be set again as one. */
static void
cookie(struct exchange *x, const char *value)
{
	if (value == NULL)
		return;
	reply_cookie(&x->reply, "s", value, "Lax", -1);
	reply_cookie(&x->reply, "__Host-s", value, "Strict", 60);
	if (x->reply.broken)
		abort();
	reply_cookie(&x->reply, "s=", value, "Lax", -1);
	if (!x->reply.broken)
		abort();
}

static void
try_header(struct exchange *x, const char *name, struct span value)
{
	static const char *const languages[] = {"en", "dz", NULL};
	const char *a, *b;

	if (memchr(value.ptr, '\0', value.len) != NULL)
		return;
	x->request.headers[0] = (struct http_header){name, arena_text(&x->request.arena, value)};
	x->request.header_count = 1;
	if (request_basic(&x->request, &a, &b) == ERR_OK && a[0] == '\0')
		abort();
	(void)!request_bearer(&x->request, &a);
	cookie(x, request_cookie(&x->request, "s"));
	if (request_language(&x->request, languages) == NULL)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exchange *x = exchange_new(NULL, "/", NULL);
	const struct span rest = size > 0 ? span_at(data + 1, size - 1) : (struct span){data, 0};
	struct form f;

	if (size > 0 && data[0] == 'C')
		try_header(x, "Cookie", rest);
	else if (size > 0 && data[0] == 'A')
		try_header(x, "Authorization", rest);
	else if (size > 0 && data[0] == 'L')
		try_header(x, "Accept-Language", rest);
	else if (size > 0 && form_read(rest, &x->request.arena, &f) == ERR_OK)
		read_again(x, &f);
	exchange_free(&x);
	return 0;
}
