#include "tests/unit/idp/test.h"

#include "base/encode.h"
#include "idp/registry/number.h"

static struct span
hex(const char *text, uint8_t *room, size_t max)
{
	size_t len;

	assert_int_equal(hex_read(span_of(text), room, max, &len), ERR_OK);
	return span_at(room, len);
}

/* The Galois/Counter Mode of Operation (McGrew, Viega), test case 16: AES-256 with additional data, 60 bytes of plain text. */
static void
gcm_vector_is_met(void **state)
{
	uint8_t key[32], nonce[12], aad[20], plain[60];
	AUTO(writer) out = writer_new(128);
	AUTO(writer) text = writer_new(256);

	(void)state;
	assert_int_equal(
		number_encrypt(hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", key,
				       sizeof(key)),
			hex("cafebabefacedbaddecaf888", nonce, sizeof(nonce)),
			hex("feedfacedeadbeeffeedfacedeadbeefabaddad2", aad, sizeof(aad)),
			hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
				plain, sizeof(plain)),
			&out),
		ERR_OK);
	hex_write(&text, writer_span(&out));
	assert_string_equal((const char *)writer_span(&text).ptr,
		"cafebabefacedbaddecaf888"
		"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
		"76fc6ece0f4e1768cddf8853bb2d551b");
}

static const uint8_t key[32] = {1}, nonce[NUMBER_NONCE_LEN] = {2};

static void
what_is_sealed_opens_again(void **state)
{
	AUTO(writer) blob = writer_new(MAX_NUMBER_BLOB);
	struct secret *plain;

	(void)state;
	assert_int_equal(number_encrypt(span_at(key, 32), span_at(nonce, sizeof(nonce)), SPAN("person"),
				 SPAN("12345678901"), &blob),
		ERR_OK);
	assert_int_equal(number_decrypt(span_at(key, 32), SPAN("person"), writer_span(&blob), &plain), ERR_OK);
	assert_true(span_is(secret_span(plain), "12345678901"));
	secret_free(&plain);
}

static void
another_persons_blob_or_one_flipped_bit_does_not_open(void **state)
{
	AUTO(writer) blob = writer_new(MAX_NUMBER_BLOB);
	struct secret *plain = NULL;

	(void)state;
	assert_int_equal(number_encrypt(span_at(key, 32), span_at(nonce, sizeof(nonce)), SPAN("person"),
				 SPAN("12345678901"), &blob),
		ERR_OK);
	assert_int_equal(number_decrypt(span_at(key, 32), SPAN("nosrep"), writer_span(&blob), &plain), ERR_CORRUPT);
	for (size_t i = 0; i < blob.len; i++) {
		blob.ptr[i] ^= 1;
		assert_int_equal(number_decrypt(span_at(key, 32), SPAN("person"), writer_span(&blob), &plain),
			ERR_CORRUPT);
		blob.ptr[i] ^= 1;
	}
	for (size_t len = 0; len < blob.len; len++)
		assert_int_equal(number_decrypt(span_at(key, 32), SPAN("person"), span_at(blob.ptr, len), &plain),
			ERR_CORRUPT);
	assert_null(plain);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gcm_vector_is_met),
		cmocka_unit_test(what_is_sealed_opens_again),
		cmocka_unit_test(another_persons_blob_or_one_flipped_bit_does_not_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
