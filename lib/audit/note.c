#include "audit/note.h"

#include <string.h>

#include "base/digest.h"
#include "base/encode.h"

enum { PUBLIC_LEN = 32 };

static const char dash[] = "\xe2\x80\x94 "; /* U+2014 and a space */

bool
note_is_name(struct span name)
{
	if (name.len == 0 || name.len > MAX_NOTE_NAME || !span_is_text(name))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= ' ' || name.ptr[i] == '+')
			return false;
	return true;
}

static enum err
public_bytes(EVP_PKEY *key, uint8_t out[PUBLIC_LEN])
{
	size_t len = PUBLIC_LEN;

	REQUIRE_WHY(EVP_PKEY_is_a(key, "ED25519") == 1 && EVP_PKEY_get_raw_public_key(key, out, &len) == 1 &&
			len == PUBLIC_LEN,
		ERR_UNSUPPORTED, "C2SP signed-note: the key is not Ed25519");
	return ERR_OK;
}

/* SHA-256(name, newline, type, public key), its first four bytes. */
enum err
note_key_of(struct span name, enum note_type type, EVP_PKEY *key, struct note_key *out)
{
	const uint8_t kind = (uint8_t)type;
	uint8_t public_key[PUBLIC_LEN];
	struct sha256 h;

	REQUIRE_WHY(note_is_name(name), ERR_MALFORMED,
		"C2SP signed-note: a key's name is empty, too long, or has a space or plus in it");
	TRY(public_bytes(key, public_key));
	h = sha256_of_parts((const struct span[]){name, SPAN("\n"), span_at(&kind, 1), span_at(public_key, PUBLIC_LEN)},
		4);
	*out = (struct note_key){.type = type, .key = key};
	memcpy(out->name, name.ptr, name.len);
	memcpy(out->id, h.bytes, NOTE_KEY_ID);
	return ERR_OK;
}

static enum err
vkey_parts(struct span text, struct span *name, uint8_t id[NOTE_KEY_ID], uint8_t material[1 + PUBLIC_LEN])
{
	struct reader r = reader_over(text);
	struct span hex;
	size_t len;

	TRY(reader_until(&r, '+', name));
	TRY(reader_until(&r, '+', &hex));
	TRY(hex_read(hex, id, NOTE_KEY_ID, &len));
	REQUIRE(len == NOTE_KEY_ID, ERR_MALFORMED);
	TRY(base64_read(r.left, material, 1 + PUBLIC_LEN, &len));
	REQUIRE(len == 1 + PUBLIC_LEN, ERR_MALFORMED);
	return ERR_OK;
}

enum err
note_vkey_read(struct span text, struct note_key *out)
{
	uint8_t material[1 + PUBLIC_LEN], id[NOTE_KEY_ID];
	struct span name;
	EVP_PKEY *key;
	enum err e;

	REQUIRE_WHY(vkey_parts(text, &name, id, material) == ERR_OK, ERR_MALFORMED,
		"C2SP signed-note: a verifier key is NAME+ID+KEY: 8 hexadecimal digits, then base64 of a type and 32 bytes");
	REQUIRE_WHY(material[0] == NOTE_SIGNATURE || material[0] == NOTE_COSIGNATURE, ERR_UNSUPPORTED,
		"C2SP signed-note: signatures of type 0x%02x are not known here, only Ed25519 (0x01, 0x04)",
		material[0]);
	key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, material + 1, PUBLIC_LEN);
	REQUIRE_WHY(key != NULL, ERR_MALFORMED, "C2SP signed-note: not an Ed25519 public key");
	e = note_key_of(name, (enum note_type)material[0], key, out);
	if (e == ERR_OK && memcmp(out->id, id, NOTE_KEY_ID) != 0)
		e = err_because(ERR_MISMATCH,
			"C2SP signed-note: the verifier key's ID is not that of its name and key");
	if (e != ERR_OK)
		EVP_PKEY_free(key);
	return e;
}

enum err
note_vkey_write(const struct note_key *k, struct writer *w)
{
	uint8_t material[1 + PUBLIC_LEN] = {(uint8_t)k->type};

	TRY(public_bytes(k->key, material + 1));
	writer_format(w, "%s+", k->name);
	hex_write(w, span_at(k->id, NOTE_KEY_ID));
	writer_u8(w, '+');
	base64_write(w, span_at(material, sizeof(material)));
	return writer_done(w);
}

void
note_key_free(struct note_key *k)
{
	EVP_PKEY_free(k->key);
	k->key = NULL;
}

enum err
note_split(struct span note, struct span *text, struct span *signatures)
{
	REQUIRE(note.len <= MAX_NOTE, ERR_TOO_LONG);
	REQUIRE(span_is_text(note) && (note.len == 0 || memchr(note.ptr, '\t', note.len) == NULL), ERR_MALFORMED);
	for (size_t i = note.len; i >= 2; i--)
		if (note.ptr[i - 1] == '\n' && note.ptr[i - 2] == '\n') {
			*text = span_at(note.ptr, i - 1);
			*signatures = span_at(note.ptr + i, note.len - i);
			return ERR_OK;
		}
	return ERR_MALFORMED;
}

enum err
note_line_next(struct reader *signatures, struct note_line *out)
{
	uint8_t bytes[MAX_NOTE];
	struct reader r;
	struct span line;
	size_t len;

	TRY(reader_until(signatures, '\n', &line));
	REQUIRE(span_starts(line, span_of(dash)), ERR_MALFORMED);
	r = reader_over(span_at(line.ptr + strlen(dash), line.len - strlen(dash)));
	TRY(reader_until(&r, ' ', &out->name));
	REQUIRE(note_is_name(out->name), ERR_MALFORMED);
	TRY(base64_read(r.left, bytes, sizeof(bytes), &len));
	REQUIRE(len > NOTE_KEY_ID, ERR_MALFORMED);
	memcpy(out->id, bytes, NOTE_KEY_ID);
	len -= NOTE_KEY_ID;
	out->len = len <= sizeof(out->bytes) ? len : 0;
	memcpy(out->bytes, bytes + NOTE_KEY_ID, out->len);
	return ERR_OK;
}

bool
note_line_is_by(const struct note_line *line, const struct note_key *key)
{
	return span_is(line->name, key->name) && memcmp(line->id, key->id, NOTE_KEY_ID) == 0;
}

enum err
note_line_write(const struct note_key *key, struct span signature, struct writer *w)
{
	AUTO(writer) bytes = writer_new(MAX_NOTE);

	writer_bytes(&bytes, span_at(key->id, NOTE_KEY_ID));
	writer_bytes(&bytes, signature);
	TRY(writer_done(&bytes));
	writer_format(w, "%s%s ", dash, key->name);
	base64_write(w, writer_span(&bytes));
	writer_u8(w, '\n');
	return writer_done(w);
}

bool
note_verifies(EVP_PKEY *key, struct span message, struct span signature)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	const bool good = md != NULL && EVP_DigestVerifyInit(md, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestVerify(md, signature.ptr, signature.len, message.ptr, message.len) == 1;

	EVP_MD_CTX_free(md);
	return good;
}
