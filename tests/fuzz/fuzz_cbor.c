/* CBOR from authenticators: a whole item, then the same bytes by every typed reader, then as authenticator data and COSE key. */
/* covers: lib/webauthn/cbor.c lib/webauthn/authdata.c lib/webauthn/key.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "webauthn/authdata.h"
#include "webauthn/cbor.h"
#include "webauthn/key.h"
#include "webauthn/webauthn.h"

/* What is accepted lies within the input, and the cursor moved by exactly its length. */
static void
read_item(struct span input)
{
	struct reader r = reader_over(input);
	struct span item;

	if (cbor_item(&r, &item) != ERR_OK) {
		if (r.left.ptr != input.ptr || r.left.len != input.len)
			abort();
		return;
	}
	if (item.ptr != input.ptr || item.len == 0 || item.len + r.left.len != input.len)
		abort();
}

/* An accepted integer, text or byte string has one encoding: writing it gives the bytes that were read. */
static void
write_again(struct span input)
{
	AUTO(writer) w = writer_new(input.len + 16);
	struct reader r = reader_over(input);
	struct span out;
	size_t count;
	int64_t n;

	if (cbor_int(&r, &n) == ERR_OK)
		cbor_write_int(&w, n);
	else if (cbor_bytes(&r, &out) == ERR_OK)
		cbor_write_bytes(&w, out);
	else if (cbor_text(&r, &out) == ERR_OK)
		cbor_write_text(&w, out);
	else if (cbor_array(&r, &count) == ERR_OK)
		cbor_write_array(&w, count);
	else if (cbor_map(&r, &count) == ERR_OK)
		cbor_write_map(&w, count);
	else
		return;
	if (!span_equal(writer_span(&w), span_at(input.ptr, input.len - r.left.len)))
		abort();
}

/* A tag is written for seals, and never read. */
static void
tagged(struct span input)
{
	AUTO(writer) w = writer_new(input.len + 16);
	struct span item;
	struct reader r;

	cbor_write_tag(&w, input.len);
	writer_bytes(&w, input);
	r = reader_over(writer_span(&w));
	if (cbor_item(&r, &item) == ERR_OK)
		abort();
}

/* A key that was taken is for one algorithm, has its point if it is on a curve, and takes no bytes for a signature. */
static void
use_key(struct span cose, const struct webauthn_key *key)
{
	static const uint8_t nothing[256];
	struct span x, y;

	if (webauthn_key_algorithm(key) == 0 || webauthn_key_verify(key, cose, span_at(nothing, 64)) == ERR_OK ||
		webauthn_key_verify(key, cose, span_at(nothing, sizeof(nothing))) == ERR_OK)
		abort();
	if (webauthn_key_point(cose, &x, &y) == ERR_OK && x.len != y.len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span input = span_at(data, size);
	AUTO(webauthn_key) *key = NULL;
	struct authdata a;

	read_item(input);
	write_again(input);
	tagged(input);
	if (authdata_parse(input, &a) == ERR_OK) {
		if (a.has_credential && a.credential_id.len > MAX_CREDENTIAL_ID)
			abort();
		if (authdata_check(&a, "example.org", true) == ERR_OK &&
			(authdata_check(&a, "example.org", false) != ERR_OK ||
				authdata_check(&a, "example.com", false) == ERR_OK))
			abort();
	}
	if (webauthn_key_parse(input, &key) == ERR_OK)
		use_key(input, key);
	return 0;
}
