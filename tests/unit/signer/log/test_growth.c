#include "tests/unit/lib/test.h"

#include "signer/log/growth.h"
#include "signer/log/store.h"
#include "tests/unit/lib/db/scratch.h"
#include "tests/unit/signer/log/country.h"

static struct db_pool *pool;

static int
setup(void **state)
{
	char conninfo[300];

	if (country_setup(state) != 0)
		return -1;
	if (scratch_conninfo() == NULL)
		return 0;
	(void)snprintf(conninfo, sizeof(conninfo), "%s user=mohar_signerd", scratch_conninfo());
	return db_pool_open(conninfo, 2, log_statements, LOG_STATEMENTS, &pool) == ERR_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	db_pool_free(&pool);
	return country_teardown(state);
}

/* The full subtree of a level over equal leaves. */
static struct sha256
equal_leaves(unsigned level)
{
	struct sha256 h = leaf_hash(SPAN("x"));

	while (level-- > 0)
		h = merkle_node(&h, &h);
	return h;
}

static void
plant_edge(struct db *db, unsigned level, uint64_t index, size_t width)
{
	struct tile *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->index = index;
	t->width = width;
	for (size_t i = 0; i < width; i++)
		t->hashes[i] = equal_leaves(8 * level);
	assert_ok(tile_write(db, LOG_TREE_PUBLIC, level, t));
	free(t);
}

static enum err
add_one(struct db *db)
{
	struct growth *g = malloc(sizeof(*g));
	const struct uuid event = uuid_random();
	enum err e = growth_open(db, LOG_TREE_PUBLIC, g);

	if (e == ERR_OK)
		e = growth_add(db, g, "ca", &event, SPAN("x"));
	if (e == ERR_OK)
		e = growth_close(db, g);
	free(g);
	return e;
}

static struct sha256
root_at(struct db *db, uint64_t size)
{
	struct stored_tiles stored = {.db = db, .tree = LOG_TREE_PUBLIC};
	AUTO(tile_cache) cache = {.source = tiles_source(&stored)};
	const struct merkle_store store = tile_store(&cache);
	struct sha256 root;

	assert_ok(merkle_root(&store, size, &root));
	return root;
}

CASE(the_leaf_that_fills_tiles_of_two_levels_starts_a_third)
{
	NEEDS_POSTGRES();
	AUTO(db) *db = NULL;
	struct sha256 left = equal_leaves(16), right = equal_leaves(0), root;
	struct tile t;

	assert_ok(db_lease(pool, &db));
	plant_edge(db, 0, 255, 255);
	plant_edge(db, 1, 0, 255);
	(void)ask("UPDATE log.tree SET size = 65535 WHERE id = 0");
	assert_ok(add_one(db));
	root = root_at(db, 65536);
	assert_memory_equal(root.bytes, left.bytes, 32);
	assert_ok(tile_read(db, LOG_TREE_PUBLIC, 2, 0, &t));
	assert_int_equal(t.width, 1);
	assert_ok(add_one(db));
	root = root_at(db, 65537);
	right = merkle_node(&left, &right);
	assert_memory_equal(root.bytes, right.bytes, 32);
	assert_ok(tile_read(db, LOG_TREE_PUBLIC, 0, 256, &t));
	assert_int_equal(t.width, 1);
}

CASE(an_edge_that_is_not_its_trees_is_corrupt)
{
	NEEDS_POSTGRES();
	AUTO(db) *db = NULL;

	assert_ok(db_lease(pool, &db));
	(void)ask("UPDATE log.tree SET size = size + 1 WHERE id = 0");
	assert_err(add_one(db), ERR_CORRUPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_leaf_that_fills_tiles_of_two_levels_starts_a_third),
		cmocka_unit_test(an_edge_that_is_not_its_trees_is_corrupt),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
