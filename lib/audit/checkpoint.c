#include "audit/checkpoint.h"

#include <string.h>

#include <openssl/x509.h>

#include "base/encode.h"
#include "base/reader.h"

enum { SIGNATURE_LEN = 64, ROOT_TEXT_LEN = 44, MAX_SIZE_DIGITS = 19 };

static const char context[] = "C2SP tlog-checkpoint";

enum err
checkpoint_text(const struct checkpoint *c, struct writer *out)
{
	REQUIRE_WHY(note_is_name(span_of(c->origin)), ERR_MALFORMED,
		"%s: the origin is empty, or has a space or plus in it", context);
	writer_format(out, "%s\n%llu\n", c->origin, (unsigned long long)c->size);
	base64_write(out, sha256_span(&c->root));
	writer_u8(out, '\n');
	return writer_done(out);
}

/* Decimal without leading zeroes, below 10^19. */
static enum err
read_size(struct span line, uint64_t *out)
{
	uint64_t n = 0;

	REQUIRE(line.len >= 1 && line.len <= MAX_SIZE_DIGITS, ERR_MALFORMED);
	REQUIRE(line.ptr[0] != '0' || line.len == 1, ERR_MALFORMED);
	for (size_t i = 0; i < line.len; i++) {
		REQUIRE(line.ptr[i] >= '0' && line.ptr[i] <= '9', ERR_MALFORMED);
		n = n * 10 + (uint64_t)(line.ptr[i] - '0');
	}
	*out = n;
	return ERR_OK;
}

static enum err
parse_text(struct span text, struct checkpoint *c)
{
	struct reader r = reader_over(text);
	struct span line;
	size_t len;

	TRY(reader_until(&r, '\n', &line));
	REQUIRE(note_is_name(line), ERR_MALFORMED);
	memcpy(c->origin, line.ptr, line.len);
	TRY(reader_until(&r, '\n', &line));
	TRY(read_size(line, &c->size));
	TRY(reader_until(&r, '\n', &line));
	REQUIRE(line.len == ROOT_TEXT_LEN, ERR_MALFORMED);
	TRY(base64_read(line, c->root.bytes, sizeof(c->root.bytes), &len));
	REQUIRE(len == sizeof(c->root.bytes), ERR_MALFORMED);
	return reader_done(&r);
}

enum err
checkpoint_text_parse(struct span text, struct checkpoint *out)
{
	struct checkpoint c = {.size = 0};

	REQUIRE_WHY(parse_text(text, &c) == ERR_OK, ERR_MALFORMED,
		"%s: expected origin, size and root, each on its line, and nothing else", context);
	*out = c;
	return ERR_OK;
}

enum err
checkpoint_note(const struct checkpoint *c, struct span spki, struct span signature, struct writer *out)
{
	const unsigned char *at = spki.ptr;
	EVP_PKEY *key = spki.len > MAX_CHECKPOINT ? NULL : d2i_PUBKEY(NULL, &at, (long)spki.len);
	struct note_key log;
	enum err e;

	REQUIRE_WHY(key != NULL, ERR_MALFORMED, "%s: the log's public key cannot be read", context);
	e = note_key_of(span_of(c->origin), NOTE_SIGNATURE, key, &log);
	EVP_PKEY_free(key);
	TRY(e);
	REQUIRE_WHY(signature.len == SIGNATURE_LEN, ERR_MALFORMED, "%s: an Ed25519 signature has %d bytes", context,
		SIGNATURE_LEN);
	TRY(checkpoint_text(c, out));
	writer_u8(out, '\n');
	return note_line_write(&log, signature, out);
}

/* The log's own line must be there and verify; others' are passed over (signed-note: unknown keys are ignored). */
static enum err
check_signatures(const struct note_key *log, struct span signatures, struct span text)
{
	struct reader r = reader_over(signatures);
	bool found = false;
	struct note_line line;

	while (r.left.len > 0) {
		TRY(note_line_next(&r, &line));
		if (!note_line_is_by(&line, log))
			continue;
		REQUIRE(note_verifies(log->key, text, span_at(line.bytes, line.len)), ERR_BAD_SIGNATURE);
		found = true;
	}
	REQUIRE(found, ERR_BAD_SIGNATURE);
	return ERR_OK;
}

enum err
checkpoint_verify(struct span note, const char *origin, EVP_PKEY *key, struct checkpoint *out)
{
	struct span text, signatures;
	struct note_key log;
	struct checkpoint c;
	enum err e = note_split(note, &text, &signatures);

	REQUIRE_WHY(e == ERR_OK, e, "C2SP signed-note: expected text, a blank line and signatures, %d bytes at most",
		MAX_NOTE);
	TRY(checkpoint_text_parse(text, &c));
	REQUIRE_WHY(strcmp(c.origin, origin) == 0, ERR_MISMATCH, "%s: the origin is that of another log", context);
	TRY(note_key_of(span_of(origin), NOTE_SIGNATURE, key, &log));
	e = check_signatures(&log, signatures, text);
	REQUIRE_WHY(e != ERR_BAD_SIGNATURE, e, "C2SP signed-note: no signature of the log's key verifies");
	REQUIRE_WHY(e == ERR_OK, e, "C2SP signed-note: a signature line is not well formed");
	*out = c;
	return ERR_OK;
}
