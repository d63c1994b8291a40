#include "signer/log/tiles.h"

#include <string.h>

#include "signer/log/store.h"

enum err
tile_read(struct db *db, enum log_tree tree, unsigned level, uint64_t index, struct tile *out)
{
	const struct db_param params[] = {db_int(tree), db_int(level), db_int((int64_t)index)};
	const size_t full = sizeof(out->hashes);
	struct log_hashes row;
	size_t len;

	TRY(db_one(db, LOG_TILE_READ, params, &row));
	len = row.hashes.len;
	if (len > 0 && len <= full && len % SHA256_LEN == 0)
		memcpy(out->hashes, row.hashes.ptr, len);
	db_row_free(&log_statements[LOG_TILE_READ], &row);
	REQUIRE_WHY(len > 0 && len <= full && len % SHA256_LEN == 0, ERR_CORRUPT, "log: tile %u/%llu has %zu bytes",
		level, (unsigned long long)index, len);
	out->index = index;
	out->width = len / SHA256_LEN;
	return ERR_OK;
}

enum err
tile_write(struct db *db, enum log_tree tree, unsigned level, const struct tile *t)
{
	const struct db_param params[] = {db_int(tree), db_int(level), db_int((int64_t)t->index),
		db_bytes(span_at(t->hashes, t->width * SHA256_LEN))};

	return db_run(db, LOG_TILE_WRITE, params, NULL);
}

static enum err
read_stored(void *context, unsigned level, uint64_t index, struct tile *out)
{
	const struct stored_tiles *t = context;

	return tile_read(t->db, t->tree, level, index, out);
}

struct tile_source
tiles_source(struct stored_tiles *t)
{
	return (struct tile_source){read_stored, t};
}
