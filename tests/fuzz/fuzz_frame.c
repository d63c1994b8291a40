/* What mohar-hsmd and its clients read from the socket: heads, requests, replies. What is accepted must be written the same way again. */
/* covers: lib/keyring/frame.c */
#include <stdint.h>
#include <stdlib.h>

#include "keyring/frame.h"

static void
same_again(const struct fields *f, struct span body)
{
	AUTO(writer) w = writer_new(MAX_MESSAGE);

	for (int i = 0; i < FIELDS; i++)
		if (f->present & 1U << i)
			field_write(&w, (enum field)i, f->at[i]);
	if (writer_done(&w) != ERR_OK || !span_equal(writer_span(&w), body))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame_head head;
	struct fields f;
	struct span body;

	if (size < FRAME_HEAD)
		return 0;
	if (frame_head_read(span_at(data, FRAME_HEAD), &head) == ERR_OK && head.len > MAX_FRAME_BYTES)
		abort();
	body = span_at(data + FRAME_HEAD, size - FRAME_HEAD);
	if (request_read(data[5], body, &f) == ERR_OK)
		same_again(&f, body);
	if (reply_read(body, &f) == ERR_OK)
		same_again(&f, body);
	err_forget();
	return 0;
}
