/* Texts from strangers: base64url, base64, hex, times, UUIDs. One text for one value: what is read must be written back as it was. */
/* covers: lib/base/encode.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/random.h"

enum { ROOM = 4096 };

static void
same(struct writer *w, struct span text)
{
	if (writer_done(w) != ERR_OK || !span_equal(writer_span(w), text))
		abort();
	writer_reset(w);
}

/* The same by the two other ways in. */
static void
take(struct span text)
{
	uint8_t exactly[32], *bytes = NULL;
	size_t len = 0;

	if (base64url_take(text, &bytes, &len) == ERR_OK) {
		if (base64url_exactly(text, exactly, sizeof(exactly)) == ERR_OK &&
			(len != sizeof(exactly) || memcmp(exactly, bytes, len) != 0))
			abort();
		free(bytes);
	} else if (base64url_exactly(text, exactly, sizeof(exactly)) == ERR_OK) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span text = span_at(data, size);
	AUTO(writer) w = writer_new((size_t)2 * ROOM);
	uint8_t bytes[ROOM];
	struct uuid id;
	unix_time at;
	size_t len;

	if (base64url_read(text, bytes, sizeof(bytes), &len) == ERR_OK) {
		base64url_write(&w, span_at(bytes, len));
		same(&w, text);
	}
	take(text);
	if (base64_read(text, bytes, sizeof(bytes), &len) == ERR_OK) {
		base64_write(&w, span_at(bytes, len));
		same(&w, text);
	}
	if (hex_read(text, bytes, sizeof(bytes), &len) == ERR_OK) {
		hex_write(&w, span_at(bytes, len));
		same(&w, text);
	}
	if (time_read(text, &at) == ERR_OK) {
		time_write(&w, at);
		same(&w, text);
	}
	if (uuid_read(text, &id) == ERR_OK) {
		uuid_write(&w, &id);
		same(&w, text);
	}
	return 0;
}
