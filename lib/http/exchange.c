#include "http/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
	struct arena_block *next;
	max_align_t bytes[];
};

enum { ALIGN = sizeof(void *) };

void *
arena_take(struct arena *a, size_t len)
{
	const size_t need = (len + ALIGN - 1) / ALIGN * ALIGN;
	struct arena_block *block;
	size_t room = ARENA_BLOCK;
	char *at;

	if (need < len)
		return NULL;
	if (need > a->room - a->used) {
		if (need > room)
			room = need;
		block = malloc(sizeof(*block) + room);
		if (block == NULL)
			return NULL;
		block->next = a->blocks;
		a->blocks = block;
		a->at = (char *)block->bytes;
		a->used = 0;
		a->room = room;
	}
	at = a->at + a->used;
	a->used += need;
	return at;
}

char *
arena_text(struct arena *a, struct span text)
{
	char *copy = arena_take(a, text.len + 1);

	if (copy == NULL)
		return NULL;
	if (text.len > 0)
		memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return copy;
}

char *
arena_format(struct arena *a, const char *format, va_list args)
{
	va_list again;
	char *text;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		return NULL;
	text = arena_take(a, (size_t)len + 1);
	if (text != NULL)
		(void)vsnprintf(text, (size_t)len + 1, format, args);
	return text;
}

void
arena_release(struct arena *a)
{
	struct arena_block *next;

	for (struct arena_block *block = a->blocks; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
}

/* Cuts the target into path and query. */
static bool
set_target(struct request *r, const char *target)
{
	char *query;

	r->target = arena_text(&r->arena, span_of(target));
	if (r->target == NULL)
		return false;
	query = strchr(r->target, '?');
	if (query != NULL)
		*query++ = '\0';
	r->path = r->target;
	r->query_raw = query == NULL ? "" : query;
	return true;
}

struct exchange *
exchange_new(struct http_server *server, const char *target, struct MHD_Connection *connection)
{
	struct exchange *x = malloc(sizeof(*x));

	if (x == NULL)
		return NULL;
	memset(x, 0, offsetof(struct exchange, request.headers));
	memset((char *)x + offsetof(struct exchange, request.header_count), 0,
		offsetof(struct exchange, first) - offsetof(struct exchange, request.header_count));
	x->server = server;
	x->began = clock_ticks();
	x->request.connection = connection;
	x->request.arena = (struct arena){.at = x->first, .room = sizeof(x->first)};
	x->request.body = writer_new(0);
	x->reply.arena = &x->request.arena;
	x->reply.status = 200;
	x->reply.body = writer_new(MAX_REPLY);
	if (!set_target(&x->request, target == NULL ? "" : target))
		exchange_free(&x);
	return x;
}

void
exchange_free(struct exchange **x)
{
	if (*x == NULL)
		return;
	reply_release(&(*x)->reply);
	if ((*x)->request.attached != NULL && (*x)->request.free_attached != NULL)
		(*x)->request.free_attached((*x)->request.attached);
	writer_free(&(*x)->request.body);
	arena_release(&(*x)->request.arena);
	free(*x);
	*x = NULL;
}
