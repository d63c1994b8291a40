#include "tests/unit/lib/test.h"

#include "base/encode.h"

struct vector {
	const char *bytes, *base64, *base64url;
};

/* RFC 4648 10, and two bytes that need letters 62 and 63. */
static const struct vector vectors[] = {
	{"", "", ""},
	{"f", "Zg==", "Zg"},
	{"fo", "Zm8=", "Zm8"},
	{"foo", "Zm9v", "Zm9v"},
	{"foob", "Zm9vYg==", "Zm9vYg"},
	{"fooba", "Zm9vYmE=", "Zm9vYmE"},
	{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
	{"\xfb\xff", "+/8=", "-_8"},
};

CASE(rfc_4648_vectors_both_ways)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		AUTO(writer) plain = writer_new(100);
		AUTO(writer) url = writer_new(100);
		uint8_t bytes[16];
		size_t len;

		base64_write(&plain, span_of(vectors[i].bytes));
		base64url_write(&url, span_of(vectors[i].bytes));
		assert_span(writer_span(&plain), vectors[i].base64);
		assert_span(writer_span(&url), vectors[i].base64url);
		assert_ok(base64_read(writer_span(&plain), bytes, sizeof(bytes), &len));
		assert_span(span_at(bytes, len), vectors[i].bytes);
		assert_ok(base64url_read(writer_span(&url), bytes, sizeof(bytes), &len));
		assert_span(span_at(bytes, len), vectors[i].bytes);
	}
}

CASE(every_length_comes_back)
{
	uint8_t bytes[500], back[500];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37);
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		AUTO(writer) w = writer_new(1000);
		size_t got;

		base64url_write(&w, span_at(bytes, len));
		assert_ok(base64url_read(writer_span(&w), back, sizeof(back), &got));
		assert_true(span_equal(span_at(back, got), span_at(bytes, len)));
		assert_ok(base64url_exactly(writer_span(&w), back, len));
	}
}

CASE(two_texts_never_mean_one_value)
{
	static const char *const bad[] = {"Zh", "Zm9=", "Zg==", "Zm8=", "Z", "Zm9vY", "Zm 8", "Zm9v\n", "Zm+v", "Zm/v",
		"Zm9\x80", "Zn9", "=", "===="};
	uint8_t bytes[16];
	size_t len;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(base64url_read(span_of(bad[i]), bytes, sizeof(bytes), &len), ERR_MALFORMED);
}

CASE(base64_needs_its_padding_and_no_more)
{
	static const char *const bad[] = {"Zg", "Zg=", "Zg===", "Z===", "====", "Zm9v====", "Zh==", "Zg==Zg==", "Zm-v",
		"=Zg="};
	uint8_t bytes[16];
	size_t len;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(base64_read(span_of(bad[i]), bytes, sizeof(bytes), &len), ERR_MALFORMED);
}

CASE(a_small_buffer_is_not_overrun)
{
	uint8_t bytes[3] = {1, 2, 3};
	size_t len;

	assert_err(base64url_read(SPAN("Zm9v"), bytes, 2, &len), ERR_TOO_LONG);
	assert_err(hex_read(SPAN("aabbcc"), bytes, 2, &len), ERR_TOO_LONG);
	assert_int_equal(bytes[2], 3);
	assert_err(base64url_exactly(SPAN("Zm9v"), bytes, 2), ERR_MALFORMED);
	assert_err(base64url_exactly(SPAN("Zm8"), bytes, 3), ERR_MALFORMED);
}

CASE(hex_is_lower_case_and_even)
{
	AUTO(writer) w = writer_new(10);
	uint8_t bytes[4];
	size_t len;

	hex_write(&w, SPAN("\x00\xaf\x10"));
	assert_span(writer_span(&w), "00af10");
	assert_ok(hex_read(SPAN("00af10"), bytes, sizeof(bytes), &len));
	assert_int_equal(len, 3);
	assert_err(hex_read(SPAN("00AF"), bytes, sizeof(bytes), &len), ERR_MALFORMED);
	assert_err(hex_read(SPAN("00a"), bytes, sizeof(bytes), &len), ERR_MALFORMED);
	assert_err(hex_read(SPAN("0x"), bytes, sizeof(bytes), &len), ERR_MALFORMED);
}

CASE(taken_bytes_survive_and_a_refusal_owns_nothing)
{
	uint8_t *bytes = NULL;
	size_t len;

	assert_ok(base64url_take(SPAN("Zm9vYg"), &bytes, &len));
	assert_span(span_at(bytes, len), "foob");
	free(bytes);
	bytes = NULL;
	assert_err(base64url_take(SPAN("Zm9vY!"), &bytes, &len), ERR_MALFORMED);
	assert_null(bytes);
}

RUN(cmocka_unit_test(rfc_4648_vectors_both_ways), cmocka_unit_test(every_length_comes_back),
	cmocka_unit_test(two_texts_never_mean_one_value), cmocka_unit_test(base64_needs_its_padding_and_no_more),
	cmocka_unit_test(a_small_buffer_is_not_overrun), cmocka_unit_test(hex_is_lower_case_and_even),
	cmocka_unit_test(taken_bytes_survive_and_a_refusal_owns_nothing))
