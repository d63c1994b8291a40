#include "audit/cosignature.h"

#include <string.h>

enum { TIME_LEN = 8, SIGNATURE_LEN = 64, MAX_MESSAGE_HEAD = 64 };

/* timestamped_signature over "cosignature/v1", the time and the note's text, each on its line. */
static enum err
line_verify(const struct note_line *line, const struct note_key *witness, struct span text, unix_time *at)
{
	AUTO(writer) message = writer_new(MAX_NOTE + MAX_MESSAGE_HEAD);
	struct reader r = reader_over(span_at(line->bytes, line->len));
	struct span signature;
	uint64_t time;

	REQUIRE_WHY(line->len == TIME_LEN + SIGNATURE_LEN && reader_u64(&r, &time) == ERR_OK && time > 0 &&
			time <= INT64_MAX,
		ERR_BAD_SIGNATURE, "C2SP tlog-cosignature: %s: expected a time and an Ed25519 signature",
		witness->name);
	TRY(reader_bytes(&r, SIGNATURE_LEN, &signature));
	writer_format(&message, "cosignature/v1\ntime %llu\n", (unsigned long long)time);
	writer_bytes(&message, text);
	TRY(writer_done(&message));
	REQUIRE_WHY(note_verifies(witness->key, writer_span(&message), signature), ERR_BAD_SIGNATURE,
		"C2SP tlog-cosignature: the cosignature of %s does not verify", witness->name);
	*at = (unix_time)time;
	return ERR_OK;
}

static enum err
find(struct span text, struct span lines, const struct note_key *witness, struct note_line *line, unix_time *at)
{
	struct reader r = reader_over(lines);

	while (r.left.len > 0) {
		TRY(note_line_next(&r, line));
		if (note_line_is_by(line, witness))
			return line_verify(line, witness, text, at);
	}
	return err_because(ERR_NOT_FOUND, "C2SP tlog-cosignature: %s has not cosigned", witness->name);
}

enum err
cosignature_check(struct span note, const struct note_key *witness, unix_time *at)
{
	struct span text, signatures;
	struct note_line line;

	TRY(note_split(note, &text, &signatures));
	return find(text, signatures, witness, &line, at);
}

enum err
cosignature_take(struct span note, struct span lines, const struct note_key *witness, struct writer *out)
{
	struct span text, signatures;
	struct note_line line;
	unix_time at;

	TRY(note_split(note, &text, &signatures));
	TRY(find(text, lines, witness, &line, &at));
	return note_line_write(witness, span_at(line.bytes, line.len), out);
}
