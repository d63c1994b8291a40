#include "audit/checkpoint.h"

#include <string.h>

#include <openssl/x509.h>

#include "base/encode.h"
#include "base/reader.h"

enum { KEY_ID_LEN = 4, PUBLIC_LEN = 32, SIGNATURE_LEN = 64, ROOT_TEXT_LEN = 44, MAX_SIZE_DIGITS = 19 };

static const char dash[] = "\xe2\x80\x94 "; /* U+2014 and a space */

static const char context[] = "C2SP tlog-checkpoint";

/* As a key's name (C2SP signed-note): not empty, no spaces, no plus. */
static bool
is_origin(struct span origin)
{
	if (origin.len == 0 || origin.len > MAX_ORIGIN || !span_is_text(origin))
		return false;
	for (size_t i = 0; i < origin.len; i++)
		if (origin.ptr[i] <= ' ' || origin.ptr[i] == '+')
			return false;
	return true;
}

enum err
checkpoint_text(const struct checkpoint *c, struct writer *out)
{
	REQUIRE_WHY(is_origin(span_of(c->origin)), ERR_MALFORMED,
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
	REQUIRE(is_origin(line), ERR_MALFORMED);
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

/* SHA-256(name, newline, 0x01, public key), its first four bytes (C2SP signed-note, Ed25519 signatures). */
static enum err
key_id(struct span name, EVP_PKEY *key, uint8_t out[KEY_ID_LEN])
{
	uint8_t public_key[PUBLIC_LEN];
	size_t len = sizeof(public_key);
	struct sha256 h;

	REQUIRE_WHY(EVP_PKEY_is_a(key, "ED25519") == 1 && EVP_PKEY_get_raw_public_key(key, public_key, &len) == 1 &&
			len == sizeof(public_key),
		ERR_UNSUPPORTED, "%s: the log's key is not Ed25519", context);
	h = sha256_of_parts((const struct span[]){name, SPAN("\n\x01"), span_at(public_key, len)}, 3);
	memcpy(out, h.bytes, KEY_ID_LEN);
	return ERR_OK;
}

enum err
checkpoint_note(const struct checkpoint *c, struct span spki, struct span signature, struct writer *out)
{
	const unsigned char *at = spki.ptr;
	EVP_PKEY *key = spki.len > MAX_CHECKPOINT ? NULL : d2i_PUBKEY(NULL, &at, (long)spki.len);
	uint8_t bytes[KEY_ID_LEN + SIGNATURE_LEN];
	enum err e;

	REQUIRE_WHY(key != NULL, ERR_MALFORMED, "%s: the log's public key cannot be read", context);
	e = key_id(span_of(c->origin), key, bytes);
	EVP_PKEY_free(key);
	TRY(e);
	REQUIRE_WHY(signature.len == SIGNATURE_LEN, ERR_MALFORMED, "%s: an Ed25519 signature has %d bytes", context,
		SIGNATURE_LEN);
	memcpy(bytes + KEY_ID_LEN, signature.ptr, SIGNATURE_LEN);
	TRY(checkpoint_text(c, out));
	writer_format(out, "\n%s%s ", dash, c->origin);
	base64_write(out, span_at(bytes, sizeof(bytes)));
	writer_u8(out, '\n');
	return writer_done(out);
}

/* A note is text, a blank line, signatures; the last blank line parts them. */
static enum err
split_note(struct span note, struct span *text, struct span *signatures)
{
	REQUIRE(note.len <= MAX_CHECKPOINT, ERR_TOO_LONG);
	REQUIRE(span_is_text(note) && (note.len == 0 || memchr(note.ptr, '\t', note.len) == NULL), ERR_MALFORMED);
	for (size_t i = note.len; i >= 2; i--)
		if (note.ptr[i - 1] == '\n' && note.ptr[i - 2] == '\n') {
			*text = span_at(note.ptr, i - 1);
			*signatures = span_at(note.ptr + i, note.len - i);
			return ERR_OK;
		}
	return ERR_MALFORMED;
}

static bool
verifies(EVP_PKEY *key, struct span text, struct span signature)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	const bool good = md != NULL && EVP_DigestVerifyInit(md, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestVerify(md, signature.ptr, signature.len, text.ptr, text.len) == 1;

	EVP_MD_CTX_free(md);
	return good;
}

/* What a verifier knows: the log's name and key. */
struct signer {
	struct span name;
	EVP_PKEY *key;
	uint8_t id[KEY_ID_LEN];
};

/* Looks at one signature line. *found if it is the log's and verifies; another's is passed over (signed-note: unknown keys are ignored). */
static enum err
check_line(const struct signer *log, struct span line, struct span text, bool *found)
{
	struct reader r = reader_over(line);
	uint8_t bytes[MAX_CHECKPOINT];
	struct span name;
	size_t len;

	REQUIRE(span_starts(line, span_of(dash)), ERR_MALFORMED);
	TRY(reader_bytes(&r, strlen(dash), &name));
	TRY(reader_until(&r, ' ', &name));
	REQUIRE(is_origin(name), ERR_MALFORMED);
	TRY(base64_read(r.left, bytes, sizeof(bytes), &len));
	REQUIRE(len > KEY_ID_LEN, ERR_MALFORMED);
	if (!span_equal(name, log->name) || memcmp(bytes, log->id, KEY_ID_LEN) != 0)
		return ERR_OK;
	REQUIRE(verifies(log->key, text, span_at(bytes + KEY_ID_LEN, len - KEY_ID_LEN)), ERR_BAD_SIGNATURE);
	*found = true;
	return ERR_OK;
}

static enum err
check_signatures(const struct signer *log, struct span signatures, struct span text)
{
	struct reader r = reader_over(signatures);
	bool found = false;
	struct span line;

	while (r.left.len > 0) {
		TRY(reader_until(&r, '\n', &line));
		TRY(check_line(log, line, text, &found));
	}
	REQUIRE(found, ERR_BAD_SIGNATURE);
	return ERR_OK;
}

enum err
checkpoint_verify(struct span note, const char *origin, EVP_PKEY *key, struct checkpoint *out)
{
	struct signer log = {.name = span_of(origin), .key = key};
	struct span text, signatures;
	struct checkpoint c;
	enum err e = split_note(note, &text, &signatures);

	REQUIRE_WHY(e == ERR_OK, e, "C2SP signed-note: expected text, a blank line and signatures, %d bytes at most",
		MAX_CHECKPOINT);
	TRY(checkpoint_text_parse(text, &c));
	REQUIRE_WHY(strcmp(c.origin, origin) == 0, ERR_MISMATCH, "%s: the origin is that of another log", context);
	TRY(key_id(log.name, key, log.id));
	e = check_signatures(&log, signatures, text);
	REQUIRE_WHY(e != ERR_BAD_SIGNATURE, e, "C2SP signed-note: no signature of the log's key verifies");
	REQUIRE_WHY(e == ERR_OK, e, "C2SP signed-note: a signature line is not well formed");
	*out = c;
	return ERR_OK;
}
