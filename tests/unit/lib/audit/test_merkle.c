#include "tests/unit/lib/test.h"

#include "audit/event.h"
#include "audit/merkle.h"
#include "base/encode.h"

enum { LEAVES = 8, MANY = 70 };

/* The eight leaves and the roots of their prefixes that the Certificate Transparency project tests its trees with. */
static const char *const leaves_hex[LEAVES] = {"", "00", "10", "2021", "3031", "40414243", "5051525354555657",
	"606162636465666768696a6b6c6d6e6f"};
static const char *const roots_hex[LEAVES] = {
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

/* A tree in memory, by the definition of RFC 9162 2.1.1 and no shortcut. */
static struct sha256 tree[MANY];
static size_t tree_size;

static struct sha256
by_definition(size_t begin, size_t end)
{
	struct sha256 left, right;
	size_t k = 1;

	if (end - begin == 1)
		return tree[begin];
	while (k * 2 < end - begin)
		k *= 2;
	left = by_definition(begin, begin + k);
	right = by_definition(begin + k, end);
	return merkle_node(&left, &right);
}

static enum err
stored(void *context, unsigned level, uint64_t index, struct sha256 *out)
{
	const uint64_t begin = index << level, end = (index + 1) << level;

	(void)context;
	REQUIRE(end <= tree_size, ERR_NOT_FOUND); /* only full subtrees are stored */
	*out = by_definition(begin, end);
	return ERR_OK;
}

static const struct merkle_store store = {stored, NULL};

static void
plant_known(void)
{
	for (size_t i = 0; i < LEAVES; i++) {
		uint8_t bytes[16];
		size_t len;

		assert_ok(hex_read(span_of(leaves_hex[i]), bytes, sizeof(bytes), &len));
		tree[i] = leaf_hash(span_at(bytes, len));
	}
	tree_size = LEAVES;
}

static void
plant_many(void)
{
	for (size_t i = 0; i < MANY; i++)
		tree[i] = leaf_hash(span_at(&i, sizeof(i)));
	tree_size = MANY;
}

static void
assert_hash(const struct sha256 *h, const char *hex)
{
	AUTO(writer) w = writer_new(64);

	hex_write(&w, sha256_span(h));
	assert_span(writer_span(&w), hex);
}

CASE(known_leaves_give_the_known_roots)
{
	const struct sha256 empty = merkle_empty();
	struct sha256 root;

	plant_known();
	assert_hash(&empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_ok(merkle_root(&store, 0, &root));
	assert_hash(&root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (size_t size = 1; size <= LEAVES; size++) {
		assert_ok(merkle_root(&store, size, &root));
		assert_hash(&root, roots_hex[size - 1]);
	}
}

/* From the same tests: the path of leaf 5 among 8, and of leaf 2 among 3. */
CASE(known_inclusion_paths)
{
	struct merkle_proof p;

	plant_known();
	assert_ok(merkle_inclusion(&store, 5, 8, &p));
	assert_int_equal(p.count, 3);
	assert_hash(&p.nodes[0], "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b");
	assert_hash(&p.nodes[1], "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0");
	assert_hash(&p.nodes[2], "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
	assert_ok(merkle_inclusion(&store, 2, 3, &p));
	assert_int_equal(p.count, 1);
	assert_hash(&p.nodes[0], "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
	assert_ok(merkle_inclusion(&store, 0, 1, &p));
	assert_int_equal(p.count, 0);
}

/* From the same tests: from 6 leaves to 8. */
CASE(known_consistency_path)
{
	struct merkle_proof p;

	plant_known();
	assert_ok(merkle_consistency(&store, 6, 8, &p));
	assert_int_equal(p.count, 3);
	assert_hash(&p.nodes[0], "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a");
	assert_hash(&p.nodes[1], "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0");
	assert_hash(&p.nodes[2], "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
	assert_ok(merkle_consistency(&store, 1, 1, &p));
	assert_int_equal(p.count, 0);
}

CASE(every_leaf_of_every_size_is_proved_and_no_other)
{
	plant_many();
	for (size_t size = 1; size <= MANY; size++) {
		struct sha256 root;

		assert_ok(merkle_root(&store, size, &root));
		for (size_t index = 0; index < size; index++) {
			struct merkle_proof p;

			assert_ok(merkle_inclusion(&store, index, size, &p));
			assert_ok(merkle_inclusion_check(&tree[index], index, size, &p, &root));
			assert_err(merkle_inclusion_check(&tree[(index + 1) % MANY], index, size, &p, &root),
				ERR_MISMATCH);
			if (size > 1)
				assert_err(merkle_inclusion_check(&tree[index], index ^ 1, size, &p, &root),
					ERR_MISMATCH);
			p.nodes[p.count++] = root;
			assert_err(merkle_inclusion_check(&tree[index], index, size, &p, &root), ERR_MISMATCH);
			p.count -= 1;
			if (p.count > 0) {
				p.count--;
				assert_err(merkle_inclusion_check(&tree[index], index, size, &p, &root), ERR_MISMATCH);
			}
		}
	}
}

CASE(every_pair_of_sizes_is_consistent_and_no_fork_is)
{
	plant_many();
	for (size_t second = 1; second <= MANY; second++) {
		struct sha256 new_root;

		assert_ok(merkle_root(&store, second, &new_root));
		for (size_t first = 0; first <= second; first++) {
			struct sha256 old_root, forked;
			struct merkle_proof p;

			assert_ok(merkle_root(&store, first, &old_root));
			assert_ok(merkle_consistency(&store, first, second, &p));
			assert_ok(merkle_consistency_check(first, second, &p, &old_root, &new_root));
			forked = old_root;
			forked.bytes[31] ^= 1;
			assert_err(merkle_consistency_check(first, second, &p, &forked, &new_root), ERR_MISMATCH);
			forked = new_root;
			forked.bytes[0] ^= 1;
			if (first != 0) /* everything is consistent with nothing */
				assert_err(merkle_consistency_check(first, second, &p, &old_root, &forked),
					ERR_MISMATCH);
			p.nodes[p.count++] = new_root;
			assert_err(merkle_consistency_check(first, second, &p, &old_root, &new_root), ERR_MISMATCH);
		}
	}
}

CASE(every_flipped_bit_of_a_path_is_refused)
{
	struct sha256 root, old_root;
	struct merkle_proof p;

	plant_known();
	assert_ok(merkle_root(&store, 8, &root));
	assert_ok(merkle_root(&store, 6, &old_root));
	assert_ok(merkle_inclusion(&store, 5, 8, &p));
	for (size_t bit = 0; bit < p.count * 256; bit++) {
		p.nodes[bit / 256].bytes[bit / 8 % 32] ^= (uint8_t)(1 << bit % 8);
		assert_err(merkle_inclusion_check(&tree[5], 5, 8, &p, &root), ERR_MISMATCH);
		p.nodes[bit / 256].bytes[bit / 8 % 32] ^= (uint8_t)(1 << bit % 8);
	}
	assert_ok(merkle_inclusion_check(&tree[5], 5, 8, &p, &root));
	assert_ok(merkle_consistency(&store, 6, 8, &p));
	for (size_t bit = 0; bit < p.count * 256; bit++) {
		p.nodes[bit / 256].bytes[bit / 8 % 32] ^= (uint8_t)(1 << bit % 8);
		assert_err(merkle_consistency_check(6, 8, &p, &old_root, &root), ERR_MISMATCH);
		p.nodes[bit / 256].bytes[bit / 8 % 32] ^= (uint8_t)(1 << bit % 8);
	}
}

CASE(what_is_beyond_the_tree_is_refused)
{
	struct merkle_proof p = {.count = 0};
	struct sha256 root;

	plant_known();
	assert_ok(merkle_root(&store, 8, &root));
	assert_err(merkle_inclusion(&store, 8, 8, &p), ERR_MALFORMED);
	assert_err(merkle_inclusion(&store, 0, 0, &p), ERR_MALFORMED);
	assert_err(merkle_consistency(&store, 9, 8, &p), ERR_MALFORMED);
	assert_err(merkle_inclusion_check(&tree[0], 0, 0, &p, &root), ERR_MISMATCH);
	assert_err(merkle_inclusion_check(&tree[0], 8, 8, &p, &root), ERR_MISMATCH);
	assert_err(merkle_consistency_check(9, 8, &p, &root, &root), ERR_MISMATCH);
	assert_err(merkle_consistency_check(7, 8, &p, &root, &root), ERR_MISMATCH);
	p.count = SIZE_MAX;
	assert_err(merkle_inclusion_check(&tree[0], 0, 8, &p, &root), ERR_MISMATCH);
}

RUN(cmocka_unit_test(known_leaves_give_the_known_roots), cmocka_unit_test(known_inclusion_paths),
	cmocka_unit_test(known_consistency_path), cmocka_unit_test(every_leaf_of_every_size_is_proved_and_no_other),
	cmocka_unit_test(every_pair_of_sizes_is_consistent_and_no_fork_is),
	cmocka_unit_test(every_flipped_bit_of_a_path_is_refused), cmocka_unit_test(what_is_beyond_the_tree_is_refused))
