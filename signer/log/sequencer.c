#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "signer/log/growth.h"
#include "signer/log/kept.h"
#include "signer/log/log.h"
#include "signer/log/news.h"
#include "signer/log/store.h"

enum { LOCK_NUMBER = 0x6d6f6861, /* "moha": one number for the one sequencer of a database */ RETRY_MS = 2000 };

/* The batch under way: both trees' edges, and which rows it took of each outbox. Too large for the stack. */
struct batch {
	struct growth trees[LOG_TREES];
	bool open[LOG_TREES];
	struct db_param taken[LOG_SCHEMA_COUNT][LOG_BATCH];
	size_t taken_count[LOG_SCHEMA_COUNT];
	struct news news;
};

static void
batch_free(struct batch **b)
{
	if (*b != NULL)
		news_free(&(*b)->news);
	free(*b);
	*b = NULL;
}

/* Appends a leaf; the tree is read when its first one comes, so that looking at empty outboxes costs next to nothing. */
static enum err
append(struct db *db, struct batch *b, enum log_tree tree, const char *schema, const struct uuid *event,
	struct span entry)
{
	if (!b->open[tree])
		TRY(growth_open(db, tree, &b->trees[tree]));
	b->open[tree] = true;
	return growth_add(db, &b->trees[tree], schema, event, entry);
}

/* A row of an outbox goes to its tree, if it is what its entry says. */
static enum err
take_row(struct db *db, struct batch *b, const char *schema, const struct log_taken *row)
{
	const struct span entry = span_at(row->entry.ptr, row->entry.len);
	const struct sha256 leaf = leaf_hash(entry);

	REQUIRE_WHY(row->tree == LOG_TREE_PUBLIC || row->tree == LOG_TREE_PRIVATE, ERR_CORRUPT,
		"log: outbox of %s: no tree %lld", schema, (long long)row->tree);
	REQUIRE_WHY(span_equal(span_at(row->leaf.ptr, row->leaf.len), sha256_span(&leaf)), ERR_CORRUPT,
		"log: outbox of %s: a leaf is not its entry's", schema);
	news_add(&b->news, entry);
	return append(db, b, (enum log_tree)row->tree, schema, &row->event, entry);
}

/* Before the entries that they borrow are gone. */
static enum err
flush(struct db *db, struct batch *b)
{
	for (unsigned tree = 0; tree < LOG_TREES; tree++)
		if (b->open[tree])
			TRY(growth_flush(db, &b->trees[tree]));
	return ERR_OK;
}

static enum err
take_outbox(struct db *db, struct batch *b, const char *schema, size_t *count)
{
	const struct db_param params[] = {db_int(LOG_BATCH)};
	const enum log_schema which = log_schema_of(schema);
	const size_t n = (size_t)LOG_TAKE + which;
	struct json_list rows;
	enum err e = ERR_OK;

	TRY(db_all(db, n, params, &rows));
	for (size_t i = 0; e == ERR_OK && i < rows.count; i++) {
		const struct log_taken *row = &((const struct log_taken *)rows.items)[i];

		b->taken[which][i] = db_int(row->seq);
		e = take_row(db, b, schema, row);
	}
	if (e == ERR_OK)
		e = flush(db, b);
	b->taken_count[which] = rows.count;
	*count += rows.count;
	db_rows_free(&log_statements[n], &rows);
	return e;
}

/* The private tree's new root becomes a leaf of the public one, so that whoever watches that one watches both. */
static enum err
publish_private_root(struct tlog *l, struct db *db, struct batch *b)
{
	struct stored_tiles stored = {.db = db, .tree = LOG_TREE_PRIVATE};
	AUTO(tile_cache) tiles = {.source = tiles_source(&stored)};
	const struct merkle_store store = tile_store(&tiles);
	AUTO(writer) public_part = writer_new(200);
	AUTO(event) event = {.leaf = {{0}}};
	struct json_writer j = json_to(&public_part);
	struct sha256 root;

	TRY(merkle_root(&store, b->trees[LOG_TREE_PRIVATE].size, &root));
	json_object(&j, NULL);
	json_bytes64(&j, "root", sha256_span(&root));
	json_int(&j, "size", (int64_t)b->trees[LOG_TREE_PRIVATE].size);
	json_object_end(&j);
	TRY(writer_done(&public_part));
	TRY(event_make(&event, "log", "tree.private", LOG_TREE_PUBLIC, clock_now(l->options.clock),
		writer_span(&public_part), SPAN("{}")));
	TRY(append(db, b, LOG_TREE_PUBLIC, "log", &event.id, writer_span(&event.entry)));
	return flush(db, b);
}

/* Last: a row may leave its outbox only when its leaf stands, and the tree has grown over it (trigger outbox_is_logged). */
static enum err
drop_taken(struct db *db, const struct batch *b)
{
	for (size_t which = 0; which < LOG_SCHEMA_COUNT; which++)
		if (b->taken_count[which] > 0)
			TRY(db_run_rows(db, (size_t)LOG_DROP + which, b->taken[which], b->taken_count[which]));
	return ERR_OK;
}

static enum err
fill(struct tlog *l, struct db *db, struct batch *b, size_t *count)
{
	for (const char *const *schema = l->options.schemas; *schema != NULL; schema++)
		TRY(take_outbox(db, b, *schema, count));
	if (b->open[LOG_TREE_PRIVATE]) {
		TRY(growth_close(db, &b->trees[LOG_TREE_PRIVATE]));
		TRY(publish_private_root(l, db, b));
	}
	if (b->open[LOG_TREE_PUBLIC])
		TRY(growth_close(db, &b->trees[LOG_TREE_PUBLIC]));
	return drop_taken(db, b);
}

enum err
sequencer_batch(struct tlog *l, size_t *count)
{
	const struct db_param lock[] = {db_int(LOCK_NUMBER)};
	__attribute__((cleanup(batch_free))) struct batch *b = NULL;
	AUTO(db) *db = NULL;
	struct log_flag ours;
	size_t taken = 0;

	*count = 0;
	TRY(db_lease(l->pool, &db)); /* given back with a transaction open, it is rolled back */
	TRY(db_begin(db));
	TRY(db_one(db, LOG_LOCK, lock, &ours));
	if (!ours.yes)
		return ERR_OK;
	TRY(kept_check(l, db));
	b = malloc(sizeof(*b)); /* not calloc: only the edges that are opened are touched */
	REQUIRE(b != NULL, ERR_NO_MEMORY);
	memset(b->open, 0, sizeof(b->open));
	memset(b->taken_count, 0, sizeof(b->taken_count));
	b->news = news_new();
	TRY(fill(l, db, b, &taken));
	if (taken == 0)
		return ERR_OK;
	TRY(db_commit(db));
	news_tell(&b->news);
	*count = taken;
	return ERR_OK;
}

/* C2SP tlog-checkpoint: a log must not sign what is inconsistent with what it signed. Both roots come from the same tiles; here it is looked at that the old
 * one still does. */
static enum err
check_grown(struct tlog *l, const struct merkle_store *store, const struct log_note *newest, enum log_tree tree)
{
	struct checkpoint old;
	struct sha256 root;

	if (newest->note == NULL)
		return ERR_OK;
	TRY(checkpoint_verify(span_of(newest->note), l->origins[tree], l->key, &old));
	TRY(merkle_root(store, old.size, &root));
	REQUIRE_WHY(span_equal(sha256_span(&root), sha256_span(&old.root)), ERR_CORRUPT,
		"log: the tree no longer contains its checkpoint of size %llu", (unsigned long long)old.size);
	return ERR_OK;
}

static enum err
sign_note(struct tlog *l, const struct checkpoint *c, struct writer *note)
{
	AUTO(writer) text = writer_new(MAX_CHECKPOINT);
	AUTO(writer) signature = writer_new(MAX_SIGNATURE);
	struct checkpoint back;

	TRY(checkpoint_text(c, &text));
	TRY(keyring_sign(l->options.keyring, l->options.key_label, writer_span(&text), SPAN(""), &signature));
	TRY(checkpoint_note(c, writer_span(&l->spki), writer_span(&signature), note));
	return checkpoint_verify(writer_span(note), c->origin, l->key, &back);
}

/* Signs the tree at its committed size if it has outgrown its newest checkpoint. */
static enum err
sign_tree(struct tlog *l, struct db *db, enum log_tree tree, const struct log_note *newest)
{
	struct stored_tiles stored = {.db = db, .tree = tree};
	AUTO(tile_cache) tiles = {.source = tiles_source(&stored)};
	const struct merkle_store store = tile_store(&tiles);
	AUTO(writer) note = writer_new(MAX_CHECKPOINT);
	struct checkpoint c = {.size = 0};
	struct log_number size;

	TRY(db_one(db, LOG_TREE_SIZE, (const struct db_param[]){db_int(tree)}, &size));
	if (size.n <= newest->size)
		return ERR_OK;
	TRY(kept_check(l, db));
	TRY(check_grown(l, &store, newest, tree));
	memcpy(c.origin, l->origins[tree], sizeof(c.origin));
	c.size = (uint64_t)size.n;
	TRY(merkle_root(&store, c.size, &c.root));
	TRY(sign_note(l, &c, &note));
	return db_run(db, LOG_CHECKPOINT_ADD,
		(const struct db_param[]){db_int(tree), db_int(size.n), db_text((const char *)writer_span(&note).ptr)},
		NULL);
}

/* The newest checkpoint; size 0 and no note if there is none. */
static enum err
newest_note(struct db *db, enum log_tree tree, struct log_note *out)
{
	const enum err e = db_one(db, LOG_CHECKPOINT_NEWEST, (const struct db_param[]){db_int(tree)}, out);

	if (e == ERR_NOT_FOUND)
		*out = (struct log_note){.size = 0};
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err
sign_newest(struct tlog *l, struct db *db, enum log_tree tree)
{
	struct log_note newest;
	enum err e;

	TRY(newest_note(db, tree, &newest));
	e = sign_tree(l, db, tree, &newest);
	db_row_free(&log_statements[LOG_CHECKPOINT_NEWEST], &newest);
	return e;
}

enum err
sequencer_sign(struct tlog *l)
{
	AUTO(db) *db = NULL;
	enum err first = ERR_OK;

	TRY(db_lease(l->pool, &db));
	for (unsigned tree = 0; tree < LOG_TREES; tree++) {
		const enum err e = sign_newest(l, db, (enum log_tree)tree);

		first = first == ERR_OK ? e : first; /* one tree's trouble is not the other's */
	}
	return first;
}

static enum err
show_head(struct tlog *l, enum log_tree tree, const struct log_note *newest)
{
	struct signed_head *head = &l->heads[tree];
	struct checkpoint c;

	if (newest->note == NULL || (uint64_t)newest->size <= head->size)
		return ERR_OK;
	TRY(checkpoint_verify(span_of(newest->note), l->origins[tree], l->key, &c));
	REQUIRE_WHY(c.size == (uint64_t)newest->size, ERR_CORRUPT, "log: a checkpoint is stored under another size");
	TRY(kept_note(l, tree, &c, span_of(newest->note)));
	(void)pthread_mutex_lock(&l->mutex);
	writer_reset(&head->note);
	writer_text(&head->note, newest->note);
	head->size = c.size;
	(void)pthread_cond_broadcast(&l->wake); /* the witnesses' threads */
	(void)pthread_mutex_unlock(&l->mutex);
	return ERR_OK;
}

/* The newest checkpoint that enough witnesses have cosigned: shown, if it is newer than the one that is. */
static enum err
show_witnessed(struct tlog *l, const struct log_cosigned *row)
{
	AUTO(writer) note = writer_new(MAX_CHECKPOINT);
	struct checkpoint c;

	writer_format(&note, "%s%s", row->note, row->lines);
	TRY(writer_done(&note));
	TRY(checkpoint_verify(writer_span(&note), l->origins[LOG_TREE_PUBLIC], l->key, &c));
	TRY(log_policy_check(l->options.policy, writer_span(&note), NULL));
	(void)pthread_mutex_lock(&l->mutex);
	if (c.size > l->witnessed.size) {
		writer_reset(&l->witnessed.note);
		writer_bytes(&l->witnessed.note, writer_span(&note));
		l->witnessed.size = c.size;
	}
	(void)pthread_mutex_unlock(&l->mutex);
	return ERR_OK;
}

static enum err
refresh_witnessed(struct tlog *l, struct db *db)
{
	uint64_t size = 0;
	struct json_list rows;

	if (l->options.policy == NULL)
		return ERR_OK;
	(void)pthread_mutex_lock(&l->mutex);
	size = l->witnessed.size;
	(void)pthread_mutex_unlock(&l->mutex);
	TRY(db_all(db, LOG_COSIGNED, (const struct db_param[]){db_int((int64_t)size)}, &rows));
	for (size_t i = 0; i < rows.count; i++)
		if (show_witnessed(l, &((const struct log_cosigned *)rows.items)[i]) == ERR_OK)
			break;
	err_forget(); /* too few yet */
	db_rows_free(&log_statements[LOG_COSIGNED], &rows);
	return ERR_OK;
}

enum err
sequencer_refresh(struct tlog *l)
{
	AUTO(db) *db = NULL;

	TRY(db_lease(l->pool, &db));
	for (unsigned tree = 0; tree < LOG_TREES; tree++) {
		struct log_note newest;
		enum err e;

		TRY(newest_note(db, (enum log_tree)tree, &newest));
		e = show_head(l, (enum log_tree)tree, &newest);
		db_row_free(&log_statements[LOG_CHECKPOINT_NEWEST], &newest);
		TRY(e);
	}
	return refresh_witnessed(l, db);
}

/* Everything that is due, until the outboxes are empty. */
static enum err
work(struct tlog *l)
{
	size_t count;

	do {
		enum err e = sequencer_batch(l, &count);

		if (e == ERR_OK)
			e = sequencer_sign(l);
		TRY(sequencer_refresh(l)); /* whatever happened here: another instance may have signed */
		TRY(e);
	} while (count >= LOG_BATCH && !__atomic_load_n(&l->stopping, __ATOMIC_RELAXED));
	return ERR_OK;
}

/* Sleeps for ms, or until it is time to stop. Returns whether to go on. */
static bool
rest(struct tlog *l, int ms)
{
	struct timespec until;
	bool stopping;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_mutex_lock(&l->mutex);
	while (!l->stopping)
		if (pthread_cond_clockwait(&l->wake, &l->mutex, CLOCK_MONOTONIC, &until) != 0)
			break;
	stopping = l->stopping;
	(void)pthread_mutex_unlock(&l->mutex);
	return !stopping;
}

void *
sequencer_run(void *tlog)
{
	struct tlog *l = tlog;
	enum err before = ERR_OK;
	bool on = true;

	while (on) {
		const enum err e = work(l);

		/* One line when it begins to fail and one when it is over, not one every interval. */
		if (e != ERR_OK && e != before)
			log_refusal("log", e, "sequencer");
		else if (e == ERR_OK && before != ERR_OK)
			log_info("log", "the sequencer works again");
		err_forget();
		before = e;
		on = rest(l, e == ERR_OK ? l->options.interval_ms : RETRY_MS);
	}
	return NULL;
}
