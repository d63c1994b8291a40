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

/* What is sent in pieces comes together again. */
static void
send(uint8_t op, struct span body)
{
	AUTO(writer) sent = writer_new(2 * MAX_MESSAGE), whole = writer_new(MAX_MESSAGE);
	struct frame_head head = {.more = true};
	struct span left;

	frame_write(&sent, op, 7, body);
	for (left = writer_span(&sent); head.more; left = span_at(left.ptr + head.len, left.len - head.len)) {
		if (left.len < FRAME_HEAD || frame_head_read(span_at(left.ptr, FRAME_HEAD), &head) != ERR_OK)
			abort();
		left = span_at(left.ptr + FRAME_HEAD, left.len - FRAME_HEAD);
		if (head.op != op || head.id != 7 || head.len > left.len)
			abort();
		writer_bytes(&whole, span_at(left.ptr, head.len));
	}
	if (left.len != 0 || !span_equal(writer_span(&whole), body))
		abort();
}

static void
read_digests(struct span field)
{
	struct digests d;

	if (digests_read(field, &d) != ERR_OK)
		return;
	for (size_t i = 0; i < d.count; i++)
		if (digest_at(&d, i).len != field.ptr[0] || digest_at(&d, i).ptr < field.ptr ||
			digest_at(&d, i).ptr + field.ptr[0] > field.ptr + field.len)
			abort();
}

/* Numbers that have a meaning keep it. */
static void
numbers(uint8_t n)
{
	const enum err e = code_error(n);

	if (code_error(code_of(e)) != e || op_name(n)[0] == '\0')
		abort();
	(void)op_is_long(n);
	(void)code_of((enum err)n);
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
	numbers(data[5]);
	read_digests(body);
	send(data[5] & 0x7f, body);
	if (request_read(data[5], body, &f) == ERR_OK)
		same_again(&f, body);
	if (reply_read(body, &f) == ERR_OK)
		same_again(&f, body);
	err_forget();
	return 0;
}
