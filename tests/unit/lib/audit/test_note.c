#include "tests/unit/lib/test.h"

#include "audit/cosignature.h"
#include "audit/note.h"

static const char vkey[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

/* The example of C2SP signed-note. */
static const char example[] =
	"This is an example message.\n\n"
	"\xe2\x80\x94 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

CASE(the_specifications_note_verifies_by_its_verifier_key)
{
	struct span text, signatures;
	struct reader r;
	struct note_line line;
	struct note_key key;

	assert_ok(note_vkey_read(SPAN(vkey), &key));
	assert_ok(note_split(SPAN(example), &text, &signatures));
	r = reader_over(signatures);
	assert_ok(note_line_next(&r, &line));
	assert_true(note_line_is_by(&line, &key));
	assert_true(note_verifies(key.key, text, span_at(line.bytes, line.len)));
	assert_false(note_verifies(key.key, span_at(text.ptr, text.len - 1), span_at(line.bytes, line.len)));
	note_key_free(&key);
}

CASE(a_verifier_key_is_written_as_it_was_read)
{
	AUTO(writer) w = writer_new(MAX_VKEY);
	struct note_key key;

	assert_ok(note_vkey_read(SPAN(vkey), &key));
	assert_ok(note_vkey_write(&key, &w));
	assert_span(writer_span(&w), vkey);
	note_key_free(&key);
}

/* Each with one thing wrong. */
CASE(a_verifier_key_with_another_id_type_or_form_is_refused)
{
	static const struct {
		const char *text;
		enum err e;
	} bad[] = {
		{"example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", ERR_MISMATCH},
		{"example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", ERR_MISMATCH},
		{"example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", ERR_UNSUPPORTED},
		{"example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", ERR_MALFORMED},
		{"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3Q==", ERR_MALFORMED},
		{"example.com/foo+530d90+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", ERR_MALFORMED},
		{"+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", ERR_MALFORMED},
		{"example.com/foo", ERR_MALFORMED},
		{"", ERR_MALFORMED},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct note_key key;

		assert_err(note_vkey_read(span_of(bad[i].text), &key), bad[i].e);
	}
}

/* ---- a witness of our own ---- */
static const char head[] = "mohar.example/log\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

static void
cosign(struct note_key *witness, uint64_t time, const char *text, struct writer *line)
{
	AUTO(writer) message = writer_new(1000);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t bytes[72];
	size_t len = 64;

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(time >> (56 - 8 * i));
	writer_format(&message, "cosignature/v1\ntime %llu\n%s", (unsigned long long)time, text);
	assert_int_equal(EVP_DigestSignInit(md, NULL, NULL, NULL, witness->key), 1);
	assert_int_equal(EVP_DigestSign(md, bytes + 8, &len, writer_span(&message).ptr, message.len), 1);
	EVP_MD_CTX_free(md);
	assert_ok(note_line_write(witness, span_at(bytes, sizeof(bytes)), line));
}

static void
new_witness(const char *name, struct note_key *out)
{
	assert_ok(note_key_of(span_of(name), NOTE_COSIGNATURE, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), out));
}

CASE(a_cosignature_counts_for_its_witness_and_its_text_only)
{
	AUTO(writer) note = writer_new(MAX_NOTE);
	AUTO(writer) lines = writer_new(MAX_NOTE);
	struct note_key one, two;
	unix_time at;

	new_witness("w1.example", &one);
	new_witness("w2.example", &two);
	cosign(&one, 1700000000, head, &lines);
	writer_format(&note, "%s\n", head);
	assert_err(cosignature_check(writer_span(&note), &one, &at), ERR_NOT_FOUND);
	assert_ok(cosignature_take(writer_span(&note), writer_span(&lines), &one, &note));
	assert_ok(cosignature_check(writer_span(&note), &one, &at));
	assert_int_equal(at, 1700000000);
	assert_err(cosignature_check(writer_span(&note), &two, &at), ERR_NOT_FOUND);
	note.ptr[20] ^= 1; /* another size */
	assert_err(cosignature_check(writer_span(&note), &one, &at), ERR_BAD_SIGNATURE);
	note_key_free(&one);
	note_key_free(&two);
}

CASE(every_changed_byte_of_a_cosignature_is_noticed)
{
	AUTO(writer) note = writer_new(MAX_NOTE);
	struct note_key one;
	size_t from;

	new_witness("w1.example", &one);
	writer_format(&note, "%s\n", head);
	from = note.len;
	cosign(&one, 1700000000, head, &note);
	for (size_t i = from; i < note.len; i++) {
		unix_time at;

		note.ptr[i] ^= 2;
		assert_int_not_equal(cosignature_check(writer_span(&note), &one, &at), ERR_OK);
		note.ptr[i] ^= 2;
	}
	note_key_free(&one);
}

CASE(a_signature_of_a_strange_type_and_size_is_passed_over)
{
	AUTO(writer) note = writer_new(MAX_NOTE);
	uint8_t long_one[2428] = {1};
	struct note_key one, large;
	unix_time at;

	new_witness("w1.example", &one);
	new_witness("pq.example", &large);
	writer_format(&note, "%s\n", head);
	assert_ok(note_line_write(&large, span_at(long_one, sizeof(long_one)), &note));
	cosign(&one, 1700000000, head, &note);
	assert_ok(cosignature_check(writer_span(&note), &one, &at));
	assert_err(cosignature_check(writer_span(&note), &large, &at), ERR_BAD_SIGNATURE);
	note_key_free(&one);
	note_key_free(&large);
}

RUN(cmocka_unit_test(the_specifications_note_verifies_by_its_verifier_key),
	cmocka_unit_test(a_verifier_key_is_written_as_it_was_read),
	cmocka_unit_test(a_verifier_key_with_another_id_type_or_form_is_refused),
	cmocka_unit_test(a_cosignature_counts_for_its_witness_and_its_text_only),
	cmocka_unit_test(every_changed_byte_of_a_cosignature_is_noticed),
	cmocka_unit_test(a_signature_of_a_strange_type_and_size_is_passed_over))
