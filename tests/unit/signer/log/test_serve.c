#include "tests/unit/lib/test.h"

#include "base/reader.h"
#include "http/exchange.h"
#include "tests/unit/lib/db/scratch.h"
#include "tests/unit/signer/log/country.h"

/* The whole tree once more from its entries, by nothing but hashing. */
static struct sha256
hash_entries(const struct sha256 *leaves, uint64_t count)
{
	uint64_t k = 1;
	struct sha256 left, right;

	if (count == 1)
		return leaves[0];
	while (k * 2 < count)
		k *= 2;
	left = hash_entries(leaves, k);
	right = hash_entries(leaves + k, count - k);
	return merkle_node(&left, &right);
}

/* A GET of the log; the body is the caller's to look at until the next call. */
static struct exchange *x;

static enum err
get(struct tlog *l, const char *rest, struct span *body)
{
	enum err e;

	exchange_free(&x);
	x = exchange_new(NULL, "/log/", NULL);
	assert_non_null(x);
	e = tlog_serve(l, rest, &x->reply);
	*body = writer_span(&x->reply.body);
	return e;
}

CASE(tiles_and_entries_lead_anybody_to_the_signed_root)
{
	NEEDS_POSTGRES();
	struct tlog *l = open_log(50);
	struct sha256 *leaves;
	struct checkpoint c;
	struct span body;
	struct sha256 root;
	size_t have = 0;

	act_often(2600); /* more than two batches; ten full tiles and a level above */
	wait_until_sequenced(l);
	assert_ok(get(l, "checkpoint", &body));
	assert_ok(checkpoint_verify(body, origin, key, &c));
	assert_true(c.size >= 2600);
	leaves = calloc(c.size, sizeof(*leaves));
	assert_non_null(leaves);
	for (uint64_t tile = 0; tile <= c.size / 256; tile++) {
		const unsigned width = tile == c.size / 256 ? (unsigned)(c.size % 256) : 256;
		char path[64];
		struct reader r;

		if (width == 0)
			break;
		(void)snprintf(path, sizeof(path), width == 256 ? "tile/entries/%03u" : "tile/entries/%03u.p/%u",
			(unsigned)tile, width);
		assert_ok(get(l, path, &body));
		r = reader_over(body);
		for (unsigned i = 0; i < width; i++) {
			struct span entry;

			assert_ok(reader_block16(&r, MAX_ENTRY, &entry));
			leaves[have++] = leaf_hash(entry);
		}
		assert_ok(reader_done(&r));
		(void)snprintf(path, sizeof(path), width == 256 ? "tile/0/%03u" : "tile/0/%03u.p/%u", (unsigned)tile,
			width);
		assert_ok(get(l, path, &body));
		assert_int_equal(body.len, width * 32);
		assert_memory_equal(body.ptr, &leaves[have - width], width * 32);
	}
	assert_true(have == c.size);
	root = hash_entries(leaves, c.size);
	assert_memory_equal(root.bytes, c.root.bytes, 32);
	assert_ok(get(l, "tile/1/000.p/10", &body));
	root = hash_entries(leaves + 256 * 3, 256);
	assert_memory_equal(body.ptr + 3 * 32, root.bytes, 32);
	free(leaves);
	tlog_free(&l);
}

CASE(what_is_beyond_the_signed_tree_is_not_served)
{
	NEEDS_POSTGRES();
	struct tlog *l = open_log(0);
	char path[64];
	struct span body;
	uint64_t size;

	sequence_all(l);
	assert_ok(tlog_head(l, LOG_TREE_PUBLIC, &size, NULL));
	(void)snprintf(path, sizeof(path), "tile/0/%03u.p/%u", (unsigned)(size / 256), (unsigned)(size % 256) + 1);
	assert_err(get(l, path, &body), ERR_NOT_FOUND);
	(void)snprintf(path, sizeof(path), "tile/0/%03u", (unsigned)(size / 256));
	assert_err(get(l, path, &body), ERR_NOT_FOUND);
	(void)snprintf(path, sizeof(path), "tile/entries/%03u", (unsigned)(size / 256) + 1);
	assert_err(get(l, path, &body), ERR_NOT_FOUND);
	assert_err(get(l, "tile/2/000", &body), ERR_NOT_FOUND);
	assert_err(get(l, "tile/63/000", &body), ERR_NOT_FOUND);
	assert_err(get(l, "tile/0/x999/x999/x999/x999/x999/999", &body), ERR_NOT_FOUND);
	assert_err(get(l, "../checkpoint", &body), ERR_NOT_FOUND);
	exchange_free(&x);
	tlog_free(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tiles_and_entries_lead_anybody_to_the_signed_root),
		cmocka_unit_test(what_is_beyond_the_signed_tree_is_not_served),
	};
	return cmocka_run_group_tests(tests, country_setup, country_teardown);
}
