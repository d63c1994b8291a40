#include "../test.h"

#include "keyring/frame.h"

static struct span
sign_body(struct writer *w)
{
	field_write(w, FIELD_LABEL, SPAN("idp-token"));
	field_write(w, FIELD_OBJECT, SPAN("object"));
	return writer_span(w);
}

CASE(what_is_written_is_read)
{
	AUTO(writer) w = writer_new(256), frames = writer_new(256);
	struct frame_head head;
	struct fields f;
	const struct span body = sign_body(&w);

	frame_write(&frames, OP_SIGN, 7, body);
	assert_ok(frame_head_read(span_at(frames.ptr, FRAME_HEAD), &head));
	assert_int_equal(head.op, OP_SIGN);
	assert_int_equal(head.id, 7);
	assert_int_equal(head.len, body.len);
	assert_false(head.more);
	assert_ok(request_read(OP_SIGN, body, &f));
	assert_span(f.at[FIELD_LABEL], "idp-token");
	assert_span(f.at[FIELD_OBJECT], "object");
}

CASE(a_body_beyond_a_frame_goes_in_several)
{
	static uint8_t body[3 * MAX_FRAME_BYTES - 1];
	AUTO(writer) frames = writer_new(1 << 20);
	struct frame_head head;
	size_t at = 0, count = 0, bytes = 0;

	frame_write(&frames, OP_SIGN, 1, span_at(body, sizeof(body)));
	while (at < frames.len) {
		assert_ok(frame_head_read(span_at(frames.ptr + at, FRAME_HEAD), &head));
		at += FRAME_HEAD + head.len;
		bytes += head.len;
		count++;
		assert_int_equal(head.more, at < frames.len);
	}
	assert_int_equal(count, 3);
	assert_int_equal(bytes, sizeof(body));
}

CASE(a_request_truncated_at_every_byte_is_malformed)
{
	AUTO(writer) w = writer_new(256);
	struct fields f;
	const struct span body = sign_body(&w);

	for (size_t len = 0; len < body.len; len++)
		assert_err(request_read(OP_SIGN, span_at(body.ptr, len), &f), ERR_MALFORMED);
}

CASE(repeated_and_unordered_fields_are_malformed)
{
	AUTO(writer) twice = writer_new(256), unordered = writer_new(256);
	struct fields f;

	(void)sign_body(&twice);
	field_write(&twice, FIELD_OBJECT, SPAN("again"));
	assert_err(request_read(OP_SIGN, writer_span(&twice), &f), ERR_MALFORMED);
	field_write(&unordered, FIELD_OBJECT, SPAN("object"));
	field_write(&unordered, FIELD_LABEL, SPAN("idp-token"));
	assert_err(request_read(OP_SIGN, writer_span(&unordered), &f), ERR_MALFORMED);
}

CASE(surplus_and_unknown_fields_are_malformed)
{
	AUTO(writer) surplus = writer_new(256), unknown = writer_new(256);
	struct fields f;

	field_write(&surplus, FIELD_LABEL, SPAN("a"));
	assert_err(request_read(OP_STATUS, writer_span(&surplus), &f), ERR_MALFORMED);
	writer_u8(&unknown, FIELDS + 1);
	writer_block32(&unknown, SPAN("x"));
	assert_err(request_read(OP_STATUS, writer_span(&unknown), &f), ERR_MALFORMED);
}

CASE(an_unknown_op_is_unsupported)
{
	struct fields f;

	assert_err(request_read(0, SPAN(""), &f), ERR_UNSUPPORTED);
	assert_err(request_read(99, SPAN(""), &f), ERR_UNSUPPORTED);
}

CASE(a_label_that_is_none_is_malformed)
{
	static const char *const labels[] = {"", "A", "a b", "../x", "a\n",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	struct fields f;

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		AUTO(writer) w = writer_new(256);

		field_write(&w, FIELD_LABEL, span_of(labels[i]));
		assert_err(request_read(OP_PUBKEY, writer_span(&w), &f), ERR_MALFORMED);
	}
}

CASE(a_head_with_wrong_length_or_version_is_refused)
{
	struct frame_head head;

	assert_err(frame_head_read(SPAN("\x00\x00\x00\x05\x01\x01\x00\x00\x00\x00"), &head), ERR_MALFORMED);
	assert_err(frame_head_read(SPAN("\x00\x00\xff\xfd\x01\x01\x00\x00\x00\x00"), &head), ERR_TOO_LONG);
	assert_err(frame_head_read(SPAN("\x00\x00\x00\x06\x02\x01\x00\x00\x00\x00"), &head), ERR_UNSUPPORTED);
	assert_err(frame_head_read(SPAN("\x00\x00\x00\x06\x01\x01\x00\x00\x00"), &head), ERR_MALFORMED);
}

CASE(errors_travel_by_numbers_of_their_own)
{
	assert_int_equal(code_of(ERR_OK), 0);
	assert_int_equal(code_of(ERR_REFUSED), 4);
	assert_int_equal(code_of(ERR_UNAVAILABLE), 12);
	assert_err(code_error(code_of(ERR_TOO_MANY)), ERR_TOO_MANY);
	assert_err(code_error(200), ERR_UNAVAILABLE);
	assert_err(code_error(code_of(ERR_USED)), ERR_USED);
	assert_err(code_error(code_of(ERR_UNTRUSTED)), ERR_UNAVAILABLE); /* one that does not travel */
}

RUN(cmocka_unit_test(what_is_written_is_read), cmocka_unit_test(a_body_beyond_a_frame_goes_in_several),
	cmocka_unit_test(a_request_truncated_at_every_byte_is_malformed),
	cmocka_unit_test(repeated_and_unordered_fields_are_malformed),
	cmocka_unit_test(surplus_and_unknown_fields_are_malformed), cmocka_unit_test(an_unknown_op_is_unsupported),
	cmocka_unit_test(a_label_that_is_none_is_malformed),
	cmocka_unit_test(a_head_with_wrong_length_or_version_is_refused),
	cmocka_unit_test(errors_travel_by_numbers_of_their_own))
