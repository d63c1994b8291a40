/* Receipts from strangers: parsed, checked against the log's key and another, written back. */
/* covers: lib/audit/receipt.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "audit/receipt.h"
#include "tests/fuzz/country.h"

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
	AUTO(writer) w = writer_new(2 * MAX_RECEIPT);
	struct receipt r, again;

	if (receipt_parse(span_at(data, size), &r) != ERR_OK)
		return 0;
	if (receipt_check(&r, COUNTRY_ORIGIN, country()->log) == ERR_OK)
		promise(r.index < r.size);
	promise(receipt_check(&r, COUNTRY_ORIGIN, country()->land) != ERR_OK);
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
