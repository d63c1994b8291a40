#include "hsm/memory.h"

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
};

static const struct json_row rows[] = {
	{"count", JSON_INT, JSON_REQUIRED, offsetof(struct remembered, count), .min = 0, .max = 1LL << 50},
	{"hash", JSON_TEXT, JSON_REQUIRED, offsetof(struct remembered, hash), .max = 64},
};
static const struct json_table table = {"journal object", rows, 2, sizeof(struct remembered), false};

enum err
memory_seal(struct session *s, struct journal *j)
{
	AUTO(writer) value = writer_new(MAX_MEMORY);
	const struct journal_head head = journal_head(j);
	struct json_writer w = json_to(&value);

	json_object(&w, NULL);
	json_int(&w, "count", (int64_t)head.count);
	json_hex(&w, "hash", sha256_span(&head.hash));
	json_object_end(&w);
	TRY(writer_done(&value));
	return token_data_put(s, label, writer_span(&value));
}

enum err
memory_check(struct session *s, const char *path)
{
	AUTO(writer) value = writer_new(MAX_MEMORY);
	struct remembered r;
	struct journal_head head;
	size_t len;
	enum err e;

	TRY(token_data_get(s, label, &value));
	TRY(json_decode(writer_span(&value), &table, &r));
	head.count = (uint64_t)r.count;
	e = hex_read(span_of(r.hash), head.hash.bytes, SHA256_LEN, &len);
	json_free(&table, &r);
	REQUIRE(e == ERR_OK && len == SHA256_LEN, ERR_CORRUPT);
	return journal_holds(path, &head);
}

/* ---- the thread ---- */
static struct {
	pthread_mutex_t lock; /* held while sealing, and for good at the end */
	struct session *session;
	struct journal *journal;
	uint64_t sealed; /* lines, the last time */
} keeper = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void
keep(void)
{
	const uint64_t count = journal_head(keeper.journal).count;

	if (count == keeper.sealed)
		return;
	if (keeper.session->lost && session_recover(keeper.session) != ERR_OK)
		return;
	if (memory_seal(keeper.session, keeper.journal) == ERR_OK)
		keeper.sealed = count;
	else
		log_refusal("journal", ERR_UNAVAILABLE, "its head was not stored in the token; trying again");
}

static void *
keeper_main(void *unused)
{
	const struct timespec pause = {MEMORY_SECONDS, 0};

	(void)unused;
	for (;;) {
		(void)pthread_mutex_lock(&keeper.lock);
		keep();
		(void)pthread_mutex_unlock(&keeper.lock);
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

enum err
memory_keep(struct session *s, struct journal *j)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int failed;

	keeper.session = s;
	keeper.journal = j;
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
	(void)pthread_mutex_lock(&keeper.lock);
	keep();
}
