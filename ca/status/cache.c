#include "ca/status/cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"

enum { SHARDS = 16, MAX_CERT_ID = 256, CACHE_LINE = 64 };

/* An entry as it is kept; what callers see comes first, so that one pointer is both. */
struct kept {
	struct ocsp_entry seen;
	atomic_uint holders;        /* the cache is one of them while it is in */
	struct kept *chain;         /* next in the bucket */
	struct kept *newer, *older; /* by last use */
	bool used;                  /* since it was signed */
	uint8_t serial[SERIAL_LEN + 4];
	size_t serial_len;
	struct span cert_id;
	uint8_t bytes[]; /* response, then CertID */
};

struct shard {
	_Alignas(CACHE_LINE) pthread_mutex_t lock;
	struct kept **buckets;
	size_t bucket_count, count, max;
	struct kept *newest, *oldest;
	uint64_t hits, misses, epoch;
};

struct ocsp_cache {
	struct shard shards[SHARDS];
};

/* Only serials that we issued get in, and those are random: their own bytes are the hash. */
static uint64_t
hash_of(struct span serial)
{
	uint64_t h = 0;

	memcpy(&h, serial.ptr + serial.len - sizeof(h), sizeof(h));
	return h;
}

static struct shard *
shard_of(struct ocsp_cache *c, uint64_t hash)
{
	return &c->shards[hash % SHARDS];
}

static struct kept **
bucket_of(struct shard *s, uint64_t hash)
{
	return &s->buckets[hash / SHARDS % s->bucket_count];
}

enum err
ocsp_cache_new(size_t max, struct ocsp_cache **out)
{
	struct ocsp_cache *c = aligned_alloc(CACHE_LINE, sizeof(*c));

	REQUIRE(c != NULL, ERR_NO_MEMORY);
	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *s = &c->shards[i];

		pthread_mutex_init(&s->lock, NULL);
		s->max = max / SHARDS + 1;
		s->bucket_count = s->max;
		s->buckets = calloc(s->bucket_count, sizeof(struct kept *));
		if (s->buckets == NULL) {
			ocsp_cache_free(&c);
			return ERR_NO_MEMORY;
		}
	}
	*out = c;
	return ERR_OK;
}

void
ocsp_entry_release(void *entry)
{
	struct kept *k = entry;

	if (k != NULL && atomic_fetch_sub_explicit(&k->holders, 1, memory_order_acq_rel) == 1)
		free(k);
}

/* ---- under the shard's lock ---- */

static void
unlink_use(struct shard *s, struct kept *k)
{
	*(k->newer != NULL ? &k->newer->older : &s->newest) = k->older;
	*(k->older != NULL ? &k->older->newer : &s->oldest) = k->newer;
	k->newer = k->older = NULL;
}

static void
link_newest(struct shard *s, struct kept *k)
{
	k->newer = NULL;
	k->older = s->newest;
	*(s->newest != NULL ? &s->newest->newer : &s->oldest) = k;
	s->newest = k;
}

static void
take_out(struct shard *s, struct kept *k)
{
	struct kept **at = bucket_of(s, hash_of(span_at(k->serial, k->serial_len)));

	while (*at != k)
		at = &(*at)->chain;
	*at = k->chain;
	unlink_use(s, k);
	s->count--;
	ocsp_entry_release(k);
}

static struct kept *
look_up(struct shard *s, uint64_t hash, struct span cert_id)
{
	struct kept *k = *bucket_of(s, hash);

	while (k != NULL && !span_equal(k->cert_id, cert_id))
		k = k->chain;
	return k;
}

/* ---- */

void
ocsp_cache_clear(struct ocsp_cache *c)
{
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *s = &c->shards[i];

		pthread_mutex_lock(&s->lock);
		s->epoch++;
		while (s->oldest != NULL)
			take_out(s, s->oldest);
		pthread_mutex_unlock(&s->lock);
	}
}

void
ocsp_cache_free(struct ocsp_cache **c)
{
	if (*c == NULL)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *s = &(*c)->shards[i];

		while (s->oldest != NULL)
			take_out(s, s->oldest);
		free(s->buckets);
		pthread_mutex_destroy(&s->lock);
	}
	free(*c);
	*c = NULL;
}

const struct ocsp_entry *
ocsp_cache_find(struct ocsp_cache *c, const struct ocsp_question *q, unix_time now)
{
	const uint64_t hash = hash_of(span_at(q->serial, q->serial_len));
	struct shard *s = shard_of(c, hash);
	const struct ocsp_entry *found = NULL;

	pthread_mutex_lock(&s->lock);
	struct kept *k = look_up(s, hash, q->cert_id);

	if (k != NULL && now < k->seen.next_update && now >= k->seen.this_update) {
		atomic_fetch_add_explicit(&k->holders, 1, memory_order_relaxed);
		k->used = true;
		if (s->newest != k) {
			unlink_use(s, k);
			link_newest(s, k);
		}
		found = &k->seen;
		s->hits++;
	} else {
		s->misses++;
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}

static void
write_date(unix_time t, char out[HTTP_DATE_LEN + 1])
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
		"Dec"};
	AUTO(writer) w = writer_new(64);
	struct tm tm;

	gmtime_r(&t, &tm);
	writer_format(&w, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday % 7], tm.tm_mday,
		months[tm.tm_mon % 12], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	out[0] = '\0';
	strncat(out, (const char *)writer_span(&w).ptr, HTTP_DATE_LEN);
}

static struct kept *
make(const struct ocsp_filling *f)
{
	const struct ocsp_question *q = f->question;
	struct kept *k = calloc(1, sizeof(*k) + f->response.len + q->cert_id.len);
	AUTO(writer) etag = writer_new(OCSP_ETAG_LEN);
	const struct sha256 hash = sha256_of(f->response);

	if (k == NULL)
		return NULL;
	memcpy(k->bytes, f->response.ptr, f->response.len);
	memcpy(k->bytes + f->response.len, q->cert_id.ptr, q->cert_id.len);
	k->seen.response = span_at(k->bytes, f->response.len);
	k->cert_id = span_at(k->bytes + f->response.len, q->cert_id.len);
	k->seen.status = f->answer->status;
	k->seen.this_update = f->answer->this_update;
	k->seen.next_update = f->answer->next_update;
	memcpy(k->serial, q->serial, q->serial_len);
	k->serial_len = q->serial_len;
	hex_write(&etag, span_at(hash.bytes, OCSP_ETAG_LEN / 2));
	memcpy(k->seen.etag, writer_span(&etag).ptr, OCSP_ETAG_LEN);
	write_date(f->answer->this_update, k->seen.last_modified);
	atomic_init(&k->holders, 2); /* the cache and the caller */
	return k;
}

uint64_t
ocsp_cache_epoch(struct ocsp_cache *c, struct span serial)
{
	struct shard *s = shard_of(c, hash_of(serial));

	pthread_mutex_lock(&s->lock);
	const uint64_t epoch = s->epoch;

	pthread_mutex_unlock(&s->lock);
	return epoch;
}

bool
ocsp_cache_has(struct ocsp_cache *c, const struct ocsp_question *q, unix_time until)
{
	const uint64_t hash = hash_of(span_at(q->serial, q->serial_len));
	struct shard *s = shard_of(c, hash);

	pthread_mutex_lock(&s->lock);
	const struct kept *k = look_up(s, hash, q->cert_id);
	const bool has = k != NULL && k->seen.next_update >= until;

	pthread_mutex_unlock(&s->lock);
	return has;
}

static void
put_in(struct shard *s, uint64_t hash, struct kept *k)
{
	struct kept *old = look_up(s, hash, k->cert_id), **bucket;

	if (old != NULL)
		take_out(s, old);
	while (s->count >= s->max)
		take_out(s, s->oldest);
	bucket = bucket_of(s, hash);
	k->chain = *bucket;
	*bucket = k;
	link_newest(s, k);
	s->count++;
}

enum err
ocsp_cache_put(struct ocsp_cache *c, const struct ocsp_filling *f, const struct ocsp_entry **out)
{
	const uint64_t hash = hash_of(span_at(f->question->serial, f->question->serial_len));
	struct shard *s = shard_of(c, hash);

	REQUIRE(f->question->cert_id.len <= MAX_CERT_ID, ERR_TOO_LONG);
	struct kept *k = make(f);

	REQUIRE(k != NULL, ERR_NO_MEMORY);
	pthread_mutex_lock(&s->lock);
	const bool current = s->epoch == f->epoch;

	if (current)
		put_in(s, hash, k);
	pthread_mutex_unlock(&s->lock);
	*out = current ? &k->seen : NULL;
	if (!current)
		free(k);
	return ERR_OK;
}

bool
ocsp_cache_forget(struct ocsp_cache *c, struct span serial)
{
	const uint64_t hash = hash_of(serial);
	struct shard *s = shard_of(c, hash);
	bool dropped = false;

	pthread_mutex_lock(&s->lock);
	s->epoch++;
	for (struct kept *k = *bucket_of(s, hash), *next; k != NULL; k = next) {
		next = k->chain;
		if (span_equal(span_at(k->serial, k->serial_len), serial)) {
			take_out(s, k);
			dropped = true;
		}
	}
	pthread_mutex_unlock(&s->lock);
	return dropped;
}

enum err
ocsp_cache_due(struct ocsp_cache *c, unix_time now, size_t max, struct writer *out)
{
	for (size_t i = 0; i < SHARDS && max > 0; i++) {
		struct shard *s = &c->shards[i];

		pthread_mutex_lock(&s->lock);
		for (struct kept *k = s->newest; k != NULL && max > 0; k = k->older) {
			const unix_time half = k->seen.this_update + (k->seen.next_update - k->seen.this_update) / 2;

			if (k->used && now >= half) {
				writer_block16(out, k->cert_id);
				max--;
			}
		}
		pthread_mutex_unlock(&s->lock);
	}
	return writer_done(out);
}

struct ocsp_cache_numbers
ocsp_cache_numbers(struct ocsp_cache *c)
{
	struct ocsp_cache_numbers n = {0};

	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *s = &c->shards[i];

		pthread_mutex_lock(&s->lock);
		n.entries += s->count;
		n.hits += s->hits;
		n.misses += s->misses;
		pthread_mutex_unlock(&s->lock);
	}
	return n;
}
