#include "signer/log/kept.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "signer/log/growth.h"
#include "signer/log/store.h"

static const char *const names[LOG_TREES] = {[LOG_TREE_PUBLIC] = "public", [LOG_TREE_PRIVATE] = "private"};

static bool
is_wanted(const struct tlog *l)
{
	return l->options.kept != NULL && l->options.kept[0] != '\0';
}

static enum err
path_of(const struct tlog *l, unsigned tree, char out[MAX_KEPT_PATH])
{
	const int n = snprintf(out, MAX_KEPT_PATH, "%s/%s.checkpoint", l->options.kept, names[tree]);

	REQUIRE_WHY(n > 0 && n < MAX_KEPT_PATH, ERR_CONFIG, "log_kept: the path is too long");
	return ERR_OK;
}

static enum err
read_one(struct tlog *l, unsigned tree)
{
	AUTO(writer) note = writer_new(MAX_CHECKPOINT);
	char path[MAX_KEPT_PATH];
	struct checkpoint c;
	enum err e;

	TRY(path_of(l, tree, path));
	e = file_read(path, MAX_CHECKPOINT, &note);
	if (e == ERR_NOT_FOUND) {
		err_forget();
		return ERR_OK;
	}
	TRY(e);
	TRY(checkpoint_verify(writer_span(&note), l->origins[tree], l->key, &c));
	l->kept[tree] = (struct kept_head){.size = c.size, .root = c.root};
	return ERR_OK;
}

enum err
kept_open(struct tlog *l)
{
	for (unsigned tree = 0; is_wanted(l) && tree < LOG_TREES; tree++)
		TRY(read_one(l, tree));
	return ERR_OK;
}

static enum err
check_one(const struct tlog *l, struct db *db, unsigned tree, struct kept_head *kept)
{
	struct stored_tiles stored = {.db = db, .tree = (enum log_tree)tree};
	AUTO(tile_cache) tiles = {.source = tiles_source(&stored)};
	const struct merkle_store store = tile_store(&tiles);
	struct log_number size;
	struct sha256 root;

	TRY(db_one(db, LOG_TREE_SIZE, (const struct db_param[]){db_int((int64_t)tree)}, &size));
	REQUIRE_WHY((uint64_t)size.n >= kept->size, ERR_CORRUPT,
		"log: the %s tree in the database has %lld leaves, but %llu were signed (%s): it is an older copy",
		names[tree], (long long)size.n, (unsigned long long)kept->size, l->options.kept);
	if (kept->holds)
		return ERR_OK;
	TRY(merkle_root(&store, kept->size, &root));
	REQUIRE_WHY(span_equal(sha256_span(&root), sha256_span(&kept->root)), ERR_CORRUPT,
		"log: the %s tree in the database is not the one of size %llu that was signed (%s)", names[tree],
		(unsigned long long)kept->size, l->options.kept);
	kept->holds = true;
	return ERR_OK;
}

enum err
kept_check(struct tlog *l, struct db *db)
{
	for (unsigned tree = 0; tree < LOG_TREES; tree++)
		if (l->kept[tree].size > 0)
			TRY(check_one(l, db, tree, &l->kept[tree]));
	return ERR_OK;
}

enum err
kept_note(struct tlog *l, enum log_tree tree, const struct checkpoint *c, struct span note)
{
	char path[MAX_KEPT_PATH];

	if (!is_wanted(l) || c->size <= l->kept[tree].size)
		return ERR_OK;
	TRY(path_of(l, tree, path));
	TRY(file_write(path, note, 0600));
	l->kept[tree] = (struct kept_head){.size = c->size, .root = c->root, .holds = true};
	return ERR_OK;
}
