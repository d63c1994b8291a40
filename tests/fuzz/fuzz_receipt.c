/* Receipts from strangers: parsed, checked against a key that signed nothing, written back. */
/* covers: lib/audit/receipt.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "audit/receipt.h"

static const uint8_t some_key[32] = {0x1a, 0x5c, 0xd9, 0x07, 0x14, 0x3c, 0x38, 0x4c, 0x41, 0xe8, 0x30, 0xc1, 0xbc, 0xe1,
	0x2a, 0xa8, 0x81, 0x7e, 0xc5, 0x64, 0x9a, 0xaa, 0xbf, 0x2c, 0x31, 0x38, 0x8b, 0x35, 0xb2, 0xd7, 0x44, 0xd6};

/* What a lying receipt makes of the folding: any answer but a crash. */
static void
fold(const struct receipt *r)
{
	const struct sha256 root = merkle_empty();
	const struct sha256 leaf = leaf_hash(span_at(r->entry.ptr, r->entry.len));

	if (merkle_inclusion_check(&leaf, r->index, r->size, &r->proof, &root) == ERR_OK)
		abort(); /* SHA-256 of nothing is no tree's root */
	if (merkle_consistency_check(r->index, r->size, &r->proof, &leaf, &root) == ERR_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static EVP_PKEY *key;
	AUTO(writer) w = writer_new(2 * MAX_RECEIPT);
	struct receipt r, again;

	if (key == NULL)
		key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, some_key, sizeof(some_key));
	if (receipt_parse(span_at(data, size), &r) != ERR_OK)
		return 0;
	if (receipt_check(&r, "PeterNeumann", key) == ERR_OK)
		abort();
	fold(&r);
	if (receipt_write(&r, &w) != ERR_OK)
		abort();
	if (w.len <= MAX_RECEIPT) {
		if (receipt_parse(writer_span(&w), &again) != ERR_OK)
			abort();
		receipt_free(&again);
	}
	receipt_free(&r);
	return 0;
}
