#include "hsm/evidence/memory.h"

#include <string.h>
#include <time.h>

#include "base/encode.h"
#include "base/log.h"
#include "json/json.h"

enum { MAX_MEMORY = 1024 };

static const char label[] = "mohar-journal";

struct remembered {
	int64_t count;
	char *hash;
	int64_t segment, record, size; /* of the record of operations */
	char *record_hash;
};

static const struct json_row rows[] = {
	{"count", JSON_INT, JSON_REQUIRED, offsetof(struct remembered, count), .min = 0, .max = 1LL << 50},
	{"hash", JSON_TEXT, JSON_REQUIRED, offsetof(struct remembered, hash), .max = 64},
	{"segment", JSON_INT, JSON_OPTIONAL, offsetof(struct remembered, segment), .min = 0, .max = 1LL << 50},
	{"record", JSON_INT, JSON_OPTIONAL, offsetof(struct remembered, record), .min = 0, .max = 1LL << 50},
	{"record_hash", JSON_TEXT, JSON_OPTIONAL, offsetof(struct remembered, record_hash), .max = 64},
	{"size", JSON_INT, JSON_OPTIONAL, offsetof(struct remembered, size), .min = 0, .max = 1LL << 50},
};
static const struct json_table table = {"journal object", rows, sizeof(rows) / sizeof(rows[0]),
	sizeof(struct remembered), false};

enum err
memory_seal(struct session *s, struct journal *j, struct records *r)
{
	AUTO(writer) value = writer_new(MAX_MEMORY);
	/* The journal after the records: what it says of their segments is then not older. */
	const struct record_mark mark = r == NULL ? (struct record_mark){0} : record_kept(r);
	const struct chain_head head = journal_head(j);
	struct json_writer w = json_to(&value);

	json_object(&w, NULL);
	json_int(&w, "count", (int64_t)head.count);
	json_hex(&w, "hash", sha256_span(&head.hash));
	if (mark.segment > 0) {
		json_int(&w, "segment", mark.segment);
		json_int(&w, "record", (int64_t)mark.head.count);
		json_hex(&w, "record_hash", sha256_span(&mark.head.hash));
		json_int(&w, "size", mark.size);
	}
	json_object_end(&w);
	TRY(writer_done(&value));
	return token_data_put(s, label, writer_span(&value));
}

static enum err
hash_read(const char *text, struct sha256 *out)
{
	size_t len;

	REQUIRE(text != NULL && hex_read(span_of(text), out->bytes, SHA256_LEN, &len) == ERR_OK && len == SHA256_LEN,
		ERR_CORRUPT);
	return ERR_OK;
}

static enum err
remembered_read(const struct remembered *r, struct chain_head *head, struct record_mark *records)
{
	*records = (struct record_mark){.segment = r->segment, .size = r->size, .head.count = (uint64_t)r->record};
	head->count = (uint64_t)r->count;
	TRY(hash_read(r->hash, &head->hash));
	return r->segment > 0 ? hash_read(r->record_hash, &records->head.hash) : ERR_OK;
}

enum err
memory_read(struct session *s, struct chain_head *journal, struct record_mark *records)
{
	AUTO(writer) value = writer_new(MAX_MEMORY);
	struct remembered r;
	enum err e;

	TRY(token_data_get(s, label, &value));
	TRY(json_decode(writer_span(&value), &table, &r));
	e = remembered_read(&r, journal, records);
	json_free(&table, &r);
	return e;
}

/* ---- the thread ---- */
static struct {
	pthread_mutex_t lock; /* held while sealing, and for good at the end */
	struct session *session;
	struct journal *journal;
	struct records *records;
	uint64_t sealed, sealed_records; /* lines, the last time */
} keeper = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void
keep(void)
{
	const uint64_t count = journal_head(keeper.journal).count, records = record_kept(keeper.records).head.count;

	if (count == keeper.sealed && records == keeper.sealed_records)
		return;
	if (session_ready(keeper.session) != ERR_OK)
		return;
	if (memory_seal(keeper.session, keeper.journal, keeper.records) == ERR_OK) {
		keeper.sealed = count;
		keeper.sealed_records = records;
	} else {
		log_refusal("journal", ERR_UNAVAILABLE, "its head was not stored in the token; trying again");
	}
}

static void *
keeper_main(void *unused)
{
	const struct timespec pause = {MEMORY_SECONDS, 0};

	(void)unused;
	for (;;) {
		token_enter(keeper.session->token);
		(void)pthread_mutex_lock(&keeper.lock);
		keep();
		(void)pthread_mutex_unlock(&keeper.lock);
		token_leave(keeper.session->token);
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

enum err
memory_keep(struct session *s, struct journal *j, struct records *r)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int failed;

	keeper.session = s;
	keeper.journal = j;
	keeper.records = r;
	failed = pthread_attr_init(&attributes);
	failed |= pthread_attr_setstacksize(&attributes, 256 << 10);
	failed |= pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	failed |= pthread_create(&thread, &attributes, keeper_main, NULL);
	REQUIRE_WHY(failed == 0, ERR_NO_MEMORY, "starting a thread: %s", strerror(failed));
	return ERR_OK;
}

void
memory_end(void)
{
	if (keeper.session == NULL)
		return;
	record_flush(keeper.records);
	(void)pthread_mutex_lock(&keeper.lock);
	keep();
}
