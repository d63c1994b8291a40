#include "hsm/token/answer.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/encode.h"
#include "hsm/token/citizen.h"

enum { MAX_SPKI = 200, SHORT = 16 /* digits of a hash that a reason shows */ };

static const char title[] = "mohar known answer v1"; /* with its NUL */

static enum err
hash_write(struct writer *text, const char *kind, struct span bytes)
{
	const struct sha256 hash = sha256_of(bytes);

	writer_format(text, "%s ", kind);
	hex_write(text, sha256_span(&hash));
	return writer_done(text);
}

static enum err
mac_ask(struct session *s, const char *label, const struct token_key *k, CK_OBJECT_HANDLE handle, struct writer *text)
{
	AUTO(writer) input = writer_new(sizeof(title) + 64);
	uint8_t tag[32];

	writer_bytes(&input, span_at(title, sizeof(title)));
	writer_text(&input, label);
	TRY(writer_done(&input));
	TRY(token_mac(s, k, handle, writer_span(&input), tag));
	return hash_write(text, "mac", span_at(tag, sizeof(tag)));
}

static enum err
wrap_ask(struct session *s, CK_OBJECT_HANDLE handle, struct writer *text)
{
	AUTO(writer) blob = writer_new(256);
	AUTO(secret) *data_key = NULL;
	struct sha256 hash;

	TRY(token_wrap(s, handle, &blob, &data_key));
	hash = sha256_of(secret_span(data_key));
	writer_text(text, "wrap ");
	base64url_write(text, writer_span(&blob));
	writer_u8(text, ' ');
	hex_write(text, sha256_span(&hash));
	return writer_done(text);
}

static enum err
master_ask(struct session *s, CK_OBJECT_HANDLE handle, struct writer *text)
{
	AUTO(writer) wrapped = writer_new(MAX_WRAPPED_CITIZEN);
	AUTO(writer) spki = writer_new(MAX_SPKI);

	TRY(token_citizen_make(s, handle, algorithm_find("P-256", ALGORITHM_SIGN), &wrapped, &spki));
	writer_text(text, "master ");
	base64url_write(text, writer_span(&wrapped));
	writer_u8(text, ' ');
	base64url_write(text, writer_span(&spki));
	return writer_done(text);
}

enum err
token_answer_ask(struct session *s, const char *label, const struct token_key *k, CK_OBJECT_HANDLE handle,
	struct writer *text)
{
	switch (k->algorithm->kind) {
	case ALGORITHM_SIGN:
		return hash_write(text, "spki", writer_span(&k->spki));
	case ALGORITHM_MAC:
		return mac_ask(s, label, k, handle, text);
	case ALGORITHM_WRAP:
		return wrap_ask(s, handle, text);
	case ALGORITHM_MASTER:
	default:
		return master_ask(s, handle, text);
	}
}

/* ---- asked again ---- */

/* Two words behind the kind, apart. */
static enum err
words_read(const char *text, struct span *first, struct span *second)
{
	const char *a = strchr(text, ' '), *b = a == NULL ? NULL : strchr(a + 1, ' ');

	REQUIRE_WHY(b != NULL, ERR_CORRUPT, "the journal's answer of that key is out of form");
	*first = span_at(a + 1, (size_t)(b - a - 1));
	*second = span_of(b + 1);
	return ERR_OK;
}

static enum err
bytes_read(struct span text, struct writer *out, size_t most)
{
	uint8_t bytes[MAX_WRAPPED_CITIZEN];
	size_t len;

	REQUIRE(most <= sizeof(bytes), ERR_TOO_LONG);
	TRY(base64url_read(text, bytes, most, &len));
	writer_bytes(out, span_at(bytes, len));
	return writer_done(out);
}

/* The wrapping tells whose it is (RFC 5649 3: the integrity check); its content once more. */
static enum err
wrap_check(struct session *s, CK_OBJECT_HANDLE handle, const char *text)
{
	AUTO(writer) blob = writer_new(256);
	AUTO(writer) hex = writer_new(2 * SHA256_LEN);
	AUTO(secret) *data_key = NULL;
	struct span first, second;
	struct sha256 hash;

	TRY(words_read(text, &first, &second));
	TRY(bytes_read(first, &blob, 256));
	TRY(token_unwrap(s, handle, writer_span(&blob), &data_key));
	hash = sha256_of(secret_span(data_key));
	hex_write(&hex, sha256_span(&hash));
	REQUIRE(span_equal(writer_span(&hex), second), ERR_CORRUPT);
	return ERR_OK;
}

/* What it wraps now, can it unwrap that? Else the token says nothing of older ones. */
static enum err
master_works(struct session *s, CK_OBJECT_HANDLE handle, const struct algorithm *a)
{
	AUTO(writer) wrapped = writer_new(MAX_WRAPPED_CITIZEN);
	AUTO(writer) spki = writer_new(MAX_SPKI);
	CK_OBJECT_HANDLE object;

	TRY(token_citizen_make(s, handle, a, &wrapped, &spki));
	TRY(token_citizen_unwrap(s, handle, a, writer_span(&wrapped), writer_span(&spki), &object));
	token_citizen_drop(s, object);
	return ERR_OK;
}

static enum err
master_check(struct session *s, CK_OBJECT_HANDLE handle, const char *text)
{
	const struct algorithm *a = algorithm_find("P-256", ALGORITHM_SIGN);
	AUTO(writer) wrapped = writer_new(MAX_WRAPPED_CITIZEN);
	AUTO(writer) spki = writer_new(MAX_SPKI);
	CK_OBJECT_HANDLE object;
	struct span first, second;

	TRY(words_read(text, &first, &second));
	TRY(bytes_read(first, &wrapped, MAX_WRAPPED_CITIZEN));
	TRY(bytes_read(second, &spki, MAX_SPKI));
	if (token_citizen_unwrap(s, handle, a, writer_span(&wrapped), writer_span(&spki), &object) == ERR_OK) {
		token_citizen_drop(s, object);
		return ERR_OK;
	}
	s->lost = false;
	TRY(master_works(s, handle, a));
	return ERR_CORRUPT;
}

static enum err
same(struct session *s, const char *label, const struct token_key *k, CK_OBJECT_HANDLE handle, const char *text,
	struct writer *now)
{
	if (k->algorithm->kind == ALGORITHM_WRAP)
		return wrap_check(s, handle, text);
	if (k->algorithm->kind == ALGORITHM_MASTER)
		return master_check(s, handle, text);
	TRY(token_answer_ask(s, label, k, handle, now));
	return span_is(writer_span(now), text) ? ERR_OK : ERR_CORRUPT;
}

enum err
token_answer_check(struct session *s, const char *label, const struct token_key *k, CK_OBJECT_HANDLE handle,
	const char *text)
{
	AUTO(writer) now = writer_new(MAX_ANSWER);
	const enum err e = same(s, label, k, handle, text, &now);
	const char *known = strchr(text, ' ');

	if (e != ERR_CORRUPT)
		return e;
	if (now.len > 0)
		return err_because(ERR_CORRUPT,
			"key '%s' on the token is another than the journal knows: SHA-256 %.*s…, not %.*s…", label,
			SHORT, (const char *)strchr((const char *)writer_span(&now).ptr, ' ') + 1, SHORT,
			known == NULL ? "" : known + 1);
	return err_because(ERR_CORRUPT,
		"key '%s' on the token is another than the journal knows: it does not open what that one wrapped",
		label);
}
