#include "audit/merkle.h"

#include <string.h>

struct sha256
merkle_node(const struct sha256 *left, const struct sha256 *right)
{
	const struct span parts[] = {SPAN("\x01"), sha256_span(left), sha256_span(right)};

	return sha256_of_parts(parts, 3);
}

struct sha256
merkle_empty(void)
{
	return sha256_of(SPAN(""));
}

static bool
same(const struct sha256 *a, const struct sha256 *b)
{
	return span_equal(sha256_span(a), sha256_span(b));
}

/* The largest power of two smaller than n, n > 1 (RFC 9162 2.1.1), as its exponent. */
static unsigned
split_level(uint64_t n)
{
	return 63 - (unsigned)__builtin_clzll(n - 1);
}

/* The hash of leaves [begin, end), a range as the splits of RFC 9162 2.1.1 make them: its left parts are full subtrees, which the store has. */
static enum err
range_hash(const struct merkle_store *s, uint64_t begin, uint64_t end, struct sha256 *out)
{
	const uint64_t n = end - begin;
	struct sha256 left, right;
	uint64_t half;

	if ((n & (n - 1)) == 0) {
		const unsigned level = (unsigned)__builtin_ctzll(n);

		return s->hash(s->context, level, begin >> level, out);
	}
	half = (uint64_t)1 << split_level(n);
	TRY(range_hash(s, begin, begin + half, &left));
	TRY(range_hash(s, begin + half, end, &right));
	*out = merkle_node(&left, &right);
	return ERR_OK;
}

enum err
merkle_root(const struct merkle_store *s, uint64_t size, struct sha256 *out)
{
	if (size == 0) {
		*out = merkle_empty();
		return ERR_OK;
	}
	return range_hash(s, 0, size, out);
}

static enum err
push(const struct merkle_store *s, uint64_t begin, uint64_t end, struct merkle_proof *p)
{
	REQUIRE(p->count < MAX_PROOF, ERR_TOO_LONG);
	TRY(range_hash(s, begin, end, &p->nodes[p->count]));
	p->count++;
	return ERR_OK;
}

/* Proofs are collected on the way down and told on the way up. */
static void
reverse(struct merkle_proof *p)
{
	for (size_t i = 0; i < p->count / 2; i++) {
		const struct sha256 kept = p->nodes[i];

		p->nodes[i] = p->nodes[p->count - 1 - i];
		p->nodes[p->count - 1 - i] = kept;
	}
}

enum err
merkle_inclusion(const struct merkle_store *s, uint64_t index, uint64_t size, struct merkle_proof *out)
{
	uint64_t begin = 0, end = size;

	out->count = 0;
	REQUIRE_WHY(index < size, ERR_MALFORMED, "RFC 9162 2.1.3.1: no leaf %llu in a tree of %llu",
		(unsigned long long)index, (unsigned long long)size);
	while (end - begin > 1) {
		const uint64_t middle = begin + ((uint64_t)1 << split_level(end - begin));

		if (index < middle) {
			TRY(push(s, middle, end, out));
			end = middle;
		} else {
			TRY(push(s, begin, middle, out));
			begin = middle;
		}
	}
	reverse(out);
	return ERR_OK;
}

enum err
merkle_consistency(const struct merkle_store *s, uint64_t first, uint64_t second, struct merkle_proof *out)
{
	uint64_t begin = 0, end = second;

	out->count = 0;
	REQUIRE_WHY(first <= second, ERR_MALFORMED, "RFC 9162 2.1.4.1: a tree of %llu is no part of one of %llu",
		(unsigned long long)first, (unsigned long long)second);
	if (first == 0)
		return ERR_OK; /* every tree contains the empty one */
	while (end != first) {
		const uint64_t middle = begin + ((uint64_t)1 << split_level(end - begin));

		if (first <= middle) {
			TRY(push(s, middle, end, out));
			end = middle;
		} else {
			TRY(push(s, begin, middle, out));
			begin = middle;
		}
	}
	if (begin != 0)
		TRY(push(s, begin, end, out)); /* else it is the old root, which the verifier has */
	reverse(out);
	return ERR_OK;
}

enum err
merkle_inclusion_check(const struct sha256 *leaf, uint64_t index, uint64_t size, const struct merkle_proof *p,
	const struct sha256 *root)
{
	struct sha256 r = *leaf;
	uint64_t fn = index, sn = size - 1;

	REQUIRE_WHY(index < size && p->count <= MAX_PROOF, ERR_MISMATCH,
		"RFC 9162 2.1.3.2: the index is beyond the tree");
	for (size_t i = 0; i < p->count; i++) {
		REQUIRE_WHY(sn != 0, ERR_MISMATCH, "RFC 9162 2.1.3.2: the inclusion path is too long");
		if ((fn & 1) != 0 || fn == sn) {
			r = merkle_node(&p->nodes[i], &r);
			for (; (fn & 1) == 0 && fn != 0; fn >>= 1)
				sn >>= 1;
		} else {
			r = merkle_node(&r, &p->nodes[i]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	REQUIRE_WHY(sn == 0, ERR_MISMATCH, "RFC 9162 2.1.3.2: the inclusion path is too short");
	REQUIRE_WHY(same(&r, root), ERR_MISMATCH, "RFC 9162 2.1.3.2: the inclusion path does not lead to the root");
	return ERR_OK;
}

/* RFC 9162 2.1.4.2 for 0 < first < second: folds the path into both roots. */
static enum err
fold_consistency(uint64_t first, uint64_t second, const struct merkle_proof *p, const struct sha256 *old_root,
	const struct sha256 *new_root)
{
	const bool whole = (first & (first - 1)) == 0; /* then the path begins with the old root, untold */
	uint64_t fn = first - 1, sn = second - 1;
	struct sha256 fr, sr;

	REQUIRE_WHY(p->count >= 1 && p->count <= MAX_PROOF, ERR_MISMATCH,
		"RFC 9162 2.1.4.2: the consistency path is empty");
	for (; (fn & 1) != 0; fn >>= 1)
		sn >>= 1;
	fr = sr = whole ? *old_root : p->nodes[0];
	for (size_t i = whole ? 0 : 1; i < p->count; i++) {
		REQUIRE_WHY(sn != 0, ERR_MISMATCH, "RFC 9162 2.1.4.2: the consistency path is too long");
		if ((fn & 1) != 0 || fn == sn) {
			fr = merkle_node(&p->nodes[i], &fr);
			sr = merkle_node(&p->nodes[i], &sr);
			for (; (fn & 1) == 0 && fn != 0; fn >>= 1)
				sn >>= 1;
		} else {
			sr = merkle_node(&sr, &p->nodes[i]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	REQUIRE_WHY(sn == 0, ERR_MISMATCH, "RFC 9162 2.1.4.2: the consistency path is too short");
	REQUIRE_WHY(same(&fr, old_root) && same(&sr, new_root), ERR_MISMATCH,
		"RFC 9162 2.1.4.2: the trees are not consistent");
	return ERR_OK;
}

enum err
merkle_consistency_check(uint64_t first, uint64_t second, const struct merkle_proof *p, const struct sha256 *old_root,
	const struct sha256 *new_root)
{
	const struct sha256 empty = merkle_empty();

	REQUIRE_WHY(first <= second, ERR_MISMATCH, "RFC 9162 2.1.4.2: the log has shrunk");
	if (first != 0 && first != second)
		return fold_consistency(first, second, p, old_root, new_root);
	REQUIRE_WHY(p->count == 0, ERR_MISMATCH, "RFC 9162 2.1.4.2: the consistency path is too long");
	REQUIRE_WHY(same(old_root, first == 0 ? &empty : new_root), ERR_MISMATCH,
		"RFC 9162 2.1.4.2: the trees are not consistent");
	REQUIRE_WHY(second != 0 || same(new_root, &empty), ERR_MISMATCH,
		"RFC 9162 2.1.1: the root of no leaves is another");
	return ERR_OK;
}
