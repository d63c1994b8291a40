#include "http/kept.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct kept_entry {
	struct MHD_Response *response; /* a reference of our own */
	struct reply reply;            /* what it was made of; texts and bytes are copies in the arena */
	struct arena arena;
	struct kept_entry *older;
};

struct kept {
	size_t count;
	atomic_uint entries;
	_Atomic(struct kept_entry *) newest[];
};

enum err
kept_new(size_t count, struct kept **out)
{
	struct kept *k = calloc(1, sizeof(*k) + count * sizeof(k->newest[0]));

	REQUIRE(k != NULL, ERR_NO_MEMORY);
	k->count = count;
	*out = k;
	return ERR_OK;
}

static void
entry_free(struct kept_entry *e)
{
	if (e->response != NULL)
		MHD_destroy_response(e->response);
	arena_release(&e->arena);
	free(e);
}

void
kept_free(struct kept **k)
{
	struct kept_entry *older;

	if (*k == NULL)
		return;
	for (size_t i = 0; i < (*k)->count; i++)
		for (struct kept_entry *e = atomic_load(&(*k)->newest[i]); e != NULL; e = older) {
			older = e->older;
			entry_free(e);
		}
	free(*k);
	*k = NULL;
}

bool
kept_fits(const struct exchange *x)
{
	const struct reply *r = &x->reply;

	return r->is_static && r->done == NULL && r->status == 200 && r->bytes.len <= MAX_KEPT_BYTES &&
		x->request.param_count == 0;
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
same(const struct reply *a, const struct reply *b)
{
	if (a->max_age != b->max_age || a->is_public != b->is_public || a->header_count != b->header_count ||
		!span_equal(a->bytes, b->bytes) || !same_text(a->etag, b->etag) ||
		!same_text(a->content_type, b->content_type))
		return false;
	for (size_t i = 0; i < a->header_count; i++)
		if (!same_text(a->headers[i].name, b->headers[i].name) ||
			!same_text(a->headers[i].value, b->headers[i].value))
			return false;
	return true;
}

struct MHD_Response *
kept_find(const struct kept *k, size_t place, const struct reply *r)
{
	const struct kept_entry *e = atomic_load_explicit(&k->newest[place], memory_order_acquire);

	return e != NULL && same(&e->reply, r) ? e->response : NULL;
}

/* NULL stays NULL. False if memory is short. */
static bool
copy_text(struct arena *a, const char **text)
{
	if (*text != NULL)
		*text = arena_text(a, span_of(*text));
	return *text != NULL;
}

/* Copies what r borrows into the entry's arena. */
static bool
copy_reply(struct kept_entry *e, const struct reply *r)
{
	const char *bytes = arena_text(&e->arena, r->bytes);
	bool ok = bytes != NULL;

	e->reply = *r;
	e->reply.bytes = span_at(bytes, r->bytes.len);
	ok = (r->etag == NULL || copy_text(&e->arena, &e->reply.etag)) && ok;
	ok = (r->content_type == NULL || copy_text(&e->arena, &e->reply.content_type)) && ok;
	for (size_t i = 0; i < r->header_count; i++)
		ok = copy_text(&e->arena, &e->reply.headers[i].name) &&
			copy_text(&e->arena, &e->reply.headers[i].value) && ok;
	return ok;
}

struct kept_entry *
kept_prepare(struct kept *k, const struct reply *r)
{
	struct kept_entry *e;

	if (atomic_fetch_add(&k->entries, 1) >= MAX_KEPT) {
		atomic_fetch_sub(&k->entries, 1);
		return NULL;
	}
	e = calloc(1, sizeof(*e));
	if (e != NULL && copy_reply(e, r))
		e->response = MHD_create_response_from_buffer(e->reply.bytes.len, (void *)(uintptr_t)e->reply.bytes.ptr,
			MHD_RESPMEM_PERSISTENT);
	if (e != NULL && e->response == NULL) {
		entry_free(e);
		e = NULL;
	}
	return e;
}

struct MHD_Response *
kept_response(struct kept_entry *e)
{
	return e->response;
}

void
kept_publish(struct kept *k, size_t place, struct kept_entry *e)
{
	e->older = atomic_load(&k->newest[place]);
	while (!atomic_compare_exchange_weak(&k->newest[place], &e->older, e))
		;
}

void
kept_discard(struct kept *k, struct kept_entry *e)
{
	atomic_fetch_sub(&k->entries, 1);
	entry_free(e);
}
