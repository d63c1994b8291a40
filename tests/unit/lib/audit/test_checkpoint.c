#include "tests/unit/lib/test.h"

#include <openssl/x509.h>

#include "audit/checkpoint.h"
#include "base/encode.h"

static const char origin[] = "mohar.example/log";

static EVP_PKEY *
new_key(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	assert_non_null(key);
	return key;
}

static void
sign(EVP_PKEY *key, struct span text, uint8_t out[64])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	size_t len = 64;

	assert_int_equal(EVP_DigestSignInit(md, NULL, NULL, NULL, key), 1);
	assert_int_equal(EVP_DigestSign(md, out, &len, text.ptr, text.len), 1);
	EVP_MD_CTX_free(md);
}

static struct checkpoint
known(void)
{
	struct checkpoint c = {.size = 20852163};
	size_t len;

	strcpy(c.origin, "example.com/behind-the-sofa");
	assert_ok(base64_read(SPAN("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="), c.root.bytes, sizeof(c.root.bytes),
		&len));
	return c;
}

static void
make_note(const char *name, EVP_PKEY *key, struct writer *out)
{
	AUTO(writer) text = writer_new(MAX_CHECKPOINT);
	struct checkpoint c = known();
	unsigned char *spki = NULL;
	uint8_t signature[64];
	const int len = i2d_PUBKEY(key, &spki);

	strcpy(c.origin, name);
	assert_ok(checkpoint_text(&c, &text));
	sign(key, writer_span(&text), signature);
	assert_ok(checkpoint_note(&c, span_at(spki, (size_t)len), span_at(signature, sizeof(signature)), out));
	OPENSSL_free(spki);
}

/* The example of C2SP tlog-checkpoint. */
CASE(the_specifications_example_is_written_and_read)
{
	static const char text[] =
		"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
	const struct checkpoint c = known();
	AUTO(writer) w = writer_new(MAX_CHECKPOINT);
	struct checkpoint back;

	assert_ok(checkpoint_text(&c, &w));
	assert_span(writer_span(&w), text);
	assert_ok(checkpoint_text_parse(writer_span(&w), &back));
	assert_string_equal(back.origin, c.origin);
	assert_true(back.size == c.size);
	assert_memory_equal(back.root.bytes, c.root.bytes, 32);
}

/* The key of the examples of Go's golang.org/x/mod/sumdb/note: PeterNeumann+c74f20a3+ARpc2Qc... */
CASE(a_key_id_is_that_of_other_implementations)
{
	static const uint8_t head[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21,
		0x00}; /* RFC 8410 4 */
	AUTO(writer) spki = writer_new(100);
	AUTO(writer) note = writer_new(MAX_CHECKPOINT);
	struct checkpoint c = known();
	uint8_t bytes[80], signature[64] = {0};
	const char *at;
	size_t len;

	assert_ok(base64_read(SPAN("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"), bytes, sizeof(bytes), &len));
	assert_int_equal(len, 33);
	writer_bytes(&spki, span_at(head, sizeof(head)));
	writer_bytes(&spki, span_at(bytes + 1, 32));
	strcpy(c.origin, "PeterNeumann");
	assert_ok(checkpoint_note(&c, writer_span(&spki), span_at(signature, sizeof(signature)), &note));
	at = strstr((const char *)note.ptr, "\n\n\xe2\x80\x94 PeterNeumann ");
	assert_non_null(at);
	at += strlen("\n\n\xe2\x80\x94 PeterNeumann ");
	assert_ok(base64_read(span_at(at, strlen(at) - 1), bytes, sizeof(bytes), &len));
	assert_int_equal(len, 68);
	assert_memory_equal(bytes, "\xc7\x4f\x20\xa3", 4);
}

CASE(a_note_verifies_by_its_key_and_by_no_other)
{
	AUTO(writer) note = writer_new(MAX_CHECKPOINT);
	EVP_PKEY *key = new_key(), *other = new_key();
	struct checkpoint c;

	make_note(origin, key, &note);
	assert_ok(checkpoint_verify(writer_span(&note), origin, key, &c));
	assert_true(c.size == 20852163);
	assert_err(checkpoint_verify(writer_span(&note), origin, other, &c), ERR_BAD_SIGNATURE);
	assert_err(checkpoint_verify(writer_span(&note), "mohar.example/other", key, &c), ERR_MISMATCH);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

CASE(every_flipped_byte_of_a_note_is_refused)
{
	AUTO(writer) note = writer_new(MAX_CHECKPOINT);
	EVP_PKEY *key = new_key();
	struct checkpoint c;

	make_note(origin, key, &note);
	for (size_t i = 0; i < note.len; i++) {
		note.ptr[i] ^= 0x01;
		assert_int_not_equal(checkpoint_verify(writer_span(&note), origin, key, &c), ERR_OK);
		note.ptr[i] ^= 0x01;
	}
	for (size_t len = 0; len < note.len; len++)
		assert_int_not_equal(checkpoint_verify(span_at(note.ptr, len), origin, key, &c), ERR_OK);
	EVP_PKEY_free(key);
}

CASE(a_witness_beside_the_log_is_passed_over_and_alone_is_not_enough)
{
	static const char witness[] =
		"\xe2\x80\x94 witness.example.com/w1 "
		"jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
	AUTO(writer) note = writer_new(MAX_CHECKPOINT);
	AUTO(writer) alone = writer_new(MAX_CHECKPOINT);
	EVP_PKEY *key = new_key();
	const uint8_t *blank;
	struct checkpoint c;

	make_note(origin, key, &note);
	blank = memmem(note.ptr, note.len, "\n\n", 2);
	writer_bytes(&alone, span_at(note.ptr, (size_t)(blank - note.ptr) + 2));
	writer_text(&alone, witness);
	writer_text(&note, witness);
	assert_ok(checkpoint_verify(writer_span(&note), origin, key, &c));
	assert_err(checkpoint_verify(writer_span(&alone), origin, key, &c), ERR_BAD_SIGNATURE);
	writer_text(&note, "x\n");
	assert_err(checkpoint_verify(writer_span(&note), origin, key, &c), ERR_MALFORMED);
	EVP_PKEY_free(key);
}

CASE(other_spellings_of_the_text_are_refused)
{
	static const char *const bad[] = {
		"",
		"\n",
		"a\n1\n",
		"a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
		"a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
		"a\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
		"a\n99999999999999999999\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
		"a\n\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
		"\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
		"a b\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
		"a+b\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
		"a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
		"a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n",
		"a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nextension\n",
		"a\n1\nCsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=\n",
	};
	struct checkpoint c;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(checkpoint_text_parse(span_of(bad[i]), &c), ERR_MALFORMED);
}

CASE(an_origin_with_a_space_or_plus_is_not_written)
{
	AUTO(writer) w = writer_new(MAX_CHECKPOINT);
	struct checkpoint c = known();

	strcpy(c.origin, "a b");
	assert_err(checkpoint_text(&c, &w), ERR_MALFORMED);
	strcpy(c.origin, "a+b");
	assert_err(checkpoint_text(&c, &w), ERR_MALFORMED);
	c.origin[0] = '\0';
	assert_err(checkpoint_text(&c, &w), ERR_MALFORMED);
}

RUN(cmocka_unit_test(the_specifications_example_is_written_and_read),
	cmocka_unit_test(a_key_id_is_that_of_other_implementations),
	cmocka_unit_test(a_note_verifies_by_its_key_and_by_no_other),
	cmocka_unit_test(every_flipped_byte_of_a_note_is_refused),
	cmocka_unit_test(a_witness_beside_the_log_is_passed_over_and_alone_is_not_enough),
	cmocka_unit_test(other_spellings_of_the_text_are_refused),
	cmocka_unit_test(an_origin_with_a_space_or_plus_is_not_written))
