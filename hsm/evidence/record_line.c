#include "hsm/evidence/record_line.h"

#include <string.h>

#include "base/span.h"

static const char hex[] = "0123456789abcdef";
static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Bounds are by arithmetic: labels have 64 characters, the detail MAX_RECORD_DETAIL, each at most six bytes long when escaped. */
_Static_assert(MAX_RECORD_LINE > 6 * MAX_RECORD_DETAIL + 512, "a line has room");

static char *
put(char *at, const char *text)
{
	return stpcpy(at, text);
}

static char *
put_number(char *at, int64_t n)
{
	char digits[24];
	size_t count = 0;
	uint64_t left = n < 0 ? 0 : (uint64_t)n;

	do {
		digits[count++] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	while (count > 0)
		*at++ = digits[--count];
	return at;
}

static char *
put_hex(char *at, const struct sha256 *hash)
{
	for (size_t i = 0; i < SHA256_LEN; i++) {
		*at++ = hex[hash->bytes[i] >> 4];
		*at++ = hex[hash->bytes[i] & 15];
	}
	return at;
}

/* 32 bytes are ten times three, and two. */
static char *
put_base64url(char *at, const struct sha256 *hash)
{
	const uint8_t *b = hash->bytes;

	for (size_t i = 0; i < 30; i += 3) {
		const uint32_t n = (uint32_t)b[i] << 16 | (uint32_t)b[i + 1] << 8 | b[i + 2];

		*at++ = base64url[n >> 18];
		*at++ = base64url[n >> 12 & 63];
		*at++ = base64url[n >> 6 & 63];
		*at++ = base64url[n & 63];
	}
	*at++ = base64url[b[30] >> 2];
	*at++ = base64url[(b[30] & 3) << 4 | b[31] >> 4];
	*at++ = base64url[(b[31] & 15) << 2];
	return at;
}

/* As JSON wants it; what is no UTF-8 becomes '?'. */
static char *
put_escaped(char *at, const char *text)
{
	struct span left = span_of(text);

	if (left.len > MAX_RECORD_DETAIL)
		left.len = MAX_RECORD_DETAIL;
	while (left.len > 0) {
		const uint8_t c = left.ptr[0];
		const size_t len = span_character(left);

		if (c == '"' || c == '\\') {
			*at++ = '\\';
			*at++ = (char)c;
		} else if (c < 0x20) {
			at = put(at, "\\u00");
			*at++ = hex[c >> 4];
			*at++ = hex[c & 15];
		} else if (len == 0) {
			*at++ = '?';
		} else {
			memcpy(at, left.ptr, len);
			at += len;
		}
		left = span_at(left.ptr + (len == 0 ? 1 : len), left.len - (len == 0 ? 1 : len));
	}
	return at;
}

static char *
put_members(char *at, const struct record *r, uint64_t n, int64_t at_ms)
{
	at = put_number(put(at, "{\"n\":"), (int64_t)n);
	at = put_number(put(at, ",\"at\":"), at_ms);
	at = put(put(at, ",\"op\":\""), r->op);
	if (r->key != NULL)
		at = put(put(at, "\",\"key\":\""), r->key);
	at = put_number(put(at, "\",\"uid\":"), (int64_t)r->uid);
	if (r->object != NULL)
		at = put(put_base64url(put(at, ",\"sha256\":\""), r->object), "\"");
	if (r->detail != NULL && r->detail[0] != '\0')
		at = put(put_escaped(put(at, ",\"detail\":\""), r->detail), "\"");
	if (r->count > 0)
		at = put_number(put(at, ",\"count\":"), (int64_t)r->count);
	return put(put(put(at, ",\"outcome\":\""), err_name(r->outcome)), "\"}");
}

size_t
record_line(char out[MAX_RECORD_LINE], const struct record *r, const struct chain_head *head, int64_t at_ms,
	struct chain_head *next)
{
	char *const json = out + CHAIN_HASH_TEXT + 1;
	char *end = put_members(json, r, head->count + 1, at_ms);

	next->count = head->count + 1;
	next->hash = chain_next(&head->hash, span_at(json, (size_t)(end - json)));
	*put_hex(out, &next->hash) = ' ';
	*end++ = '\n';
	return (size_t)(end - out);
}
