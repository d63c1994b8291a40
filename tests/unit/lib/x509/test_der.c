#include "tests/unit/lib/test.h"

#include "x509/der.h"

static enum err
sequence(struct span bytes)
{
	struct reader r = reader_over(bytes);
	struct span contents;

	TRY(der_read(&r, DER_SEQUENCE, &contents));
	return reader_done(&r);
}

CASE(lengths_have_one_form)
{
	uint8_t bytes[300] = {0x30, 0x81, 0x80};

	assert_ok(sequence(SPAN("\x30\x00")));
	assert_ok(sequence(SPAN("\x30\x01x")));
	assert_ok(sequence(span_at(bytes, 3 + 0x80)));
	assert_err(sequence(SPAN("\x30\x81\x01x")), ERR_MALFORMED);     /* long form of a short length */
	assert_err(sequence(SPAN("\x30\x82\x00\x01x")), ERR_MALFORMED); /* a zero in front */
	assert_err(sequence(SPAN("\x30\x80\x00\x00")), ERR_MALFORMED);  /* indefinite */
	assert_err(sequence(SPAN("\x30\x85\x00\x00\x00\x00\x00")), ERR_MALFORMED);
	assert_err(sequence(SPAN("\x30\x84\xff\xff\xff\xff")), ERR_MALFORMED);
	assert_err(sequence(SPAN("\x30")), ERR_MALFORMED);
	assert_err(sequence(SPAN("")), ERR_MALFORMED);
}

CASE(another_tag_leaves_the_cursor_alone)
{
	struct reader r = reader_over(SPAN("\x04\x01x"));
	struct span contents, element;

	assert_err(der_read(&r, DER_SEQUENCE, &contents), ERR_MALFORMED);
	assert_int_equal(r.left.len, 3);
	assert_ok(der_read_optional(&r, DER_CONTEXT_0, &contents));
	assert_int_equal(contents.len, 0);
	assert_int_equal(r.left.len, 3);
	assert_ok(der_read_any(&r, &element));
	assert_int_equal(element.len, 3);
	assert_ok(reader_done(&r));
	assert_err(der_read_any(&r, &element), ERR_MALFORMED);
}

RUN(cmocka_unit_test(lengths_have_one_form), cmocka_unit_test(another_tag_leaves_the_cursor_alone))
