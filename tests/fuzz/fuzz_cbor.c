/* CBOR from authenticators: a whole item, then the same bytes by every typed reader, then as authenticator data and COSE key. */
/* covers: lib/webauthn/cbor.c lib/webauthn/authdata.c lib/webauthn/key.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "webauthn/authdata.h"
#include "webauthn/cbor.h"
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
	int64_t n;

	if (cbor_int(&r, &n) == ERR_OK)
		cbor_write_int(&w, n);
	else if (cbor_bytes(&r, &out) == ERR_OK)
		cbor_write_bytes(&w, out);
	else if (cbor_text(&r, &out) == ERR_OK)
		cbor_write_text(&w, out);
	else
		return;
	if (!span_equal(writer_span(&w), span_at(input.ptr, input.len - r.left.len)))
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
	if (authdata_parse(input, &a) == ERR_OK && a.has_credential && a.credential_id.len > MAX_CREDENTIAL_ID)
		abort();
	if (webauthn_key_parse(input, &key) == ERR_OK && webauthn_key_algorithm(key) == 0)
		abort();
	return 0;
}
