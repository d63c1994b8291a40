/* Texts from strangers: base64url, base64, hex, times, UUIDs. One text for one value: what is read must be written back as it was. */
/* covers: lib/base/encode.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

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
