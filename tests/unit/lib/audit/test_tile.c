#include "tests/unit/lib/test.h"

#include "audit/event.h"
#include "audit/tile.h"

/* A tree of equal leaves, as large as one likes: every full subtree of a level has one hash. */
static struct sha256 by_level[64];
static unsigned reads;
static uint64_t tree_size;

static void
plant(uint64_t size)
{
	by_level[0] = leaf_hash(SPAN("x"));
	for (unsigned level = 1; level < 64; level++)
		by_level[level] = merkle_node(&by_level[level - 1], &by_level[level - 1]);
	tree_size = size;
	reads = 0;
}

static enum err
read_tile(void *context, unsigned level, uint64_t index, struct tile *out)
{
	const uint64_t hashes = tile_hashes(tree_size, level);

	(void)context;
	reads++;
	REQUIRE(index * TILE_WIDTH < hashes, ERR_NOT_FOUND);
	out->index = index;
	out->width = hashes - index * TILE_WIDTH < TILE_WIDTH ? (size_t)(hashes - index * TILE_WIDTH) : TILE_WIDTH;
	for (size_t i = 0; i < out->width; i++)
		out->hashes[i] = by_level[8 * level];
	return ERR_OK;
}

static const struct tile_source source = {read_tile, NULL};

/* The root by the bits of the size, without a tile. */
static struct sha256
root_by_bits(uint64_t size)
{
	struct sha256 root = {{0}};
	bool some = false;

	for (unsigned level = 0; level < 64; level++) {
		if ((size >> level & 1) == 0)
			continue;
		root = some ? merkle_node(&by_level[level], &root) : by_level[level];
		some = true;
	}
	return root;
}

static const uint64_t sizes[] = {1, 2, 255, 256, 257, 65535, 65536, 65537, 70000, (1 << 24) + 5,
	((uint64_t)1 << 40) + 12345};

CASE(roots_over_tiles_of_every_level_are_right)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		AUTO(tile_cache) cache = {.source = source};
		const struct merkle_store store = tile_store(&cache);
		struct sha256 root, expected;

		plant(sizes[i]);
		expected = root_by_bits(sizes[i]);
		assert_ok(merkle_root(&store, sizes[i], &root));
		assert_memory_equal(root.bytes, expected.bytes, 32);
	}
}

CASE(a_proof_in_a_huge_tree_reads_few_tiles)
{
	const uint64_t size = ((uint64_t)1 << 40) + 12345,
		       indexes[] = {0, 1, 255, 256, 65536, (uint64_t)1 << 39, size - 1};
	const struct sha256 root = (plant(size), root_by_bits(size));

	for (size_t i = 0; i < sizeof(indexes) / sizeof(indexes[0]); i++) {
		AUTO(tile_cache) cache = {.source = source};
		const struct merkle_store store = tile_store(&cache);
		struct merkle_proof p;

		plant(size);
		assert_ok(merkle_inclusion(&store, indexes[i], size, &p));
		assert_ok(merkle_inclusion_check(&by_level[0], indexes[i], size, &p, &root));
		assert_in_range(reads, 1, 20);
	}
}

CASE(old_and_new_of_a_huge_tree_are_consistent)
{
	AUTO(tile_cache) cache = {.source = source};
	const struct merkle_store store = tile_store(&cache);
	const uint64_t first = 70000, second = ((uint64_t)1 << 33) + 7;
	struct sha256 old_root, new_root;
	struct merkle_proof p;

	plant(second);
	old_root = root_by_bits(first);
	new_root = root_by_bits(second);
	assert_ok(merkle_consistency(&store, first, second, &p));
	assert_ok(merkle_consistency_check(first, second, &p, &old_root, &new_root));
}

CASE(a_tile_shorter_than_its_tree_is_corrupt)
{
	AUTO(tile_cache) cache = {.source = source};
	const struct merkle_store store = tile_store(&cache);
	struct sha256 root;

	plant(300);
	assert_err(merkle_root(&store, 301, &root), ERR_CORRUPT);
	assert_err(merkle_root(&store, 600, &root), ERR_CORRUPT);
}

/* The specification's example: a tree of 70,000. */
CASE(a_tree_of_70000_has_the_tiles_the_specification_says)
{
	assert_true(tile_hashes(70000, 0) / 256 == 273 && tile_hashes(70000, 0) % 256 == 112);
	assert_true(tile_hashes(70000, 1) / 256 == 1 && tile_hashes(70000, 1) % 256 == 17);
	assert_true(tile_hashes(70000, 2) == 1 && tile_hashes(70000, 3) == 0);
	assert_true(tile_hashes(256, 0) == 256 && tile_hashes(256, 1) == 1);
	assert_true(tile_hashes(UINT64_MAX, 8) == 0 && tile_hashes(UINT64_MAX, 63) == 0);
}

RUN(cmocka_unit_test(roots_over_tiles_of_every_level_are_right),
	cmocka_unit_test(a_proof_in_a_huge_tree_reads_few_tiles),
	cmocka_unit_test(old_and_new_of_a_huge_tree_are_consistent),
	cmocka_unit_test(a_tile_shorter_than_its_tree_is_corrupt),
	cmocka_unit_test(a_tree_of_70000_has_the_tiles_the_specification_says))
