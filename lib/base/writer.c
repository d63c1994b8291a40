#include "base/writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

enum { FIRST_ROOM = 256 };

struct writer
writer_new(size_t max)
{
	return (struct writer){.max = max};
}

/* Moves to memory of at least need bytes. Not realloc: it could leave a copy of what is written behind, unwiped. */
static bool
grow(struct writer *w, size_t need)
{
	size_t room = w->room == 0 ? FIRST_ROOM : w->room;
	uint8_t *ptr;

	while (room < need)
		room = room > SIZE_MAX / 2 ? need : room * 2;
	ptr = malloc(room);
	if (ptr == NULL)
		return false;
	if (w->ptr != NULL) {
		memcpy(ptr, w->ptr, w->len);
		OPENSSL_cleanse(w->ptr, w->len);
		free(w->ptr);
	}
	w->ptr = ptr;
	w->room = room;
	return true;
}

/* Room for len more bytes and the terminator; NULL after a failure. */
static uint8_t *
reserve(struct writer *w, size_t len)
{
	if (w->failed != ERR_OK)
		return NULL;
	if (len > w->max - w->len) {
		w->failed = ERR_TOO_LONG;
		return NULL;
	}
	if (len >= SIZE_MAX - w->len || (w->len + len + 1 > w->room && !grow(w, w->len + len + 1))) {
		w->failed = ERR_NO_MEMORY;
		return NULL;
	}
	return w->ptr + w->len;
}

static void
advance(struct writer *w, size_t len)
{
	w->len += len;
	w->ptr[w->len] = '\0';
}

void
writer_bytes(struct writer *w, struct span bytes)
{
	uint8_t *at = reserve(w, bytes.len);

	if (at == NULL)
		return;
	if (bytes.len > 0)
		memcpy(at, bytes.ptr, bytes.len);
	advance(w, bytes.len);
}

void
writer_text(struct writer *w, const char *text)
{
	writer_bytes(w, span_of(text));
}

void
writer_format(struct writer *w, const char *format, ...)
{
	va_list args;
	uint8_t *at;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	at = len < 0 ? NULL : reserve(w, (size_t)len);
	if (at == NULL) {
		if (len < 0 && w->failed == ERR_OK)
			w->failed = ERR_MALFORMED;
		return;
	}
	va_start(args, format);
	(void)vsnprintf((char *)at, (size_t)len + 1, format, args);
	va_end(args);
	advance(w, (size_t)len);
}

/* Network order. */
static void
write_number(struct writer *w, size_t width, uint64_t n)
{
	uint8_t *at = reserve(w, width);

	if (at == NULL)
		return;
	for (size_t i = width; i > 0; i--, n >>= 8)
		at[i - 1] = (uint8_t)n;
	advance(w, width);
}

void
writer_u8(struct writer *w, uint8_t n)
{
	write_number(w, 1, n);
}

void
writer_u16(struct writer *w, uint16_t n)
{
	write_number(w, 2, n);
}

void
writer_u32(struct writer *w, uint32_t n)
{
	write_number(w, 4, n);
}

void
writer_u64(struct writer *w, uint64_t n)
{
	write_number(w, 8, n);
}

/* The length in width bytes, then the bytes. */
static void
write_block(struct writer *w, size_t width, uint64_t max, struct span bytes)
{
	if (bytes.len > max) {
		if (w->failed == ERR_OK)
			w->failed = ERR_TOO_LONG;
		return;
	}
	write_number(w, width, bytes.len);
	writer_bytes(w, bytes);
}

void
writer_block16(struct writer *w, struct span bytes)
{
	write_block(w, 2, UINT16_MAX, bytes);
}

void
writer_block32(struct writer *w, struct span bytes)
{
	write_block(w, 4, UINT32_MAX, bytes);
}

struct span
writer_span(const struct writer *w)
{
	return w->ptr == NULL ? SPAN("") : span_at(w->ptr, w->len);
}

enum err
writer_done(const struct writer *w)
{
	return w->failed;
}

void
writer_reset(struct writer *w)
{
	w->len = 0;
	w->failed = ERR_OK;
	if (w->ptr != NULL)
		w->ptr[0] = '\0';
}

enum err
writer_take(struct writer *w, uint8_t **ptr, size_t *len)
{
	TRY(writer_done(w));
	if (w->ptr == NULL) {
		writer_bytes(w, SPAN(""));
		TRY(writer_done(w));
	}
	*ptr = w->ptr;
	*len = w->len;
	w->ptr = NULL;
	w->len = w->room = 0;
	return ERR_OK;
}

void
writer_free(struct writer *w)
{
	if (w->ptr != NULL)
		OPENSSL_cleanse(w->ptr, w->room);
	free(w->ptr);
	*w = (struct writer){.max = w->max};
}
