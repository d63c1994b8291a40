#include "base/rate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/random.h"

enum { MILLION = 1000000, MAX_ROWS = 1 << 22 };

/* Time that goes back gives nothing, nor does it when it comes again. */
static void
bucket_fill(struct bucket *b, int64_t per_second, int64_t burst, int64_t now)
{
	const int64_t full = burst * MILLION;

	if (now <= b->at)
		return;
	if (now - b->at > full / per_second) /* full again: no need to multiply, and no overflow */
		b->millionths = full;
	else
		b->millionths += (now - b->at) * per_second;
	if (b->millionths > full)
		b->millionths = full;
	b->at = now;
}

static bool
bucket_take(struct bucket *b, bool take)
{
	if (b->millionths < MILLION)
		return false;
	if (take)
		b->millionths -= MILLION;
	return true;
}

/* ---- one ---- */

void
rate_init(struct rate *r, int64_t per_second, int64_t burst)
{
	*r = (struct rate){.per_second = per_second, .burst = burst > 0 ? burst : per_second};
	r->bucket = (struct bucket){r->burst * MILLION, INT64_MIN / 2};
	(void)pthread_mutex_init(&r->lock, NULL);
}

enum err
rate_take(struct rate *r, int64_t now)
{
	bool taken;

	if (r->per_second == 0)
		return ERR_OK;
	(void)pthread_mutex_lock(&r->lock);
	bucket_fill(&r->bucket, r->per_second, r->burst, now);
	taken = bucket_take(&r->bucket, true);
	(void)pthread_mutex_unlock(&r->lock);
	REQUIRE_WHY(taken, ERR_TOO_MANY, "more than %lld a second", (long long)r->per_second);
	return ERR_OK;
}

/* ---- one for each key ---- */

struct row {
	uint64_t key; /* 0: free */
	struct bucket bucket;
};
_Static_assert(sizeof(struct row) == RATES_BYTES, "what a row costs is told");

struct rates {
	pthread_mutex_t lock;
	int64_t per_second, burst;
	uint8_t secret[16]; /* so that nobody chooses keys that fall upon each other */
	size_t mask;        /* over groups of RATES_WAYS rows */
	struct row rows[];
};

enum err
rates_new(size_t rows, int64_t per_second, int64_t burst, struct rates **out)
{
	size_t groups = 1;
	struct rates *r;

	REQUIRE_WHY(rows > 0 && rows <= MAX_ROWS, ERR_CONFIG, "1 to %d rows of limits", MAX_ROWS);
	while (groups * RATES_WAYS < rows)
		groups *= 2;
	r = calloc(1, sizeof(*r) + groups * RATES_WAYS * sizeof(struct row));
	REQUIRE(r != NULL, ERR_NO_MEMORY);
	r->per_second = per_second;
	r->burst = burst > 0 ? burst : per_second;
	r->mask = groups - 1;
	random_bytes(r->secret, sizeof(r->secret));
	(void)pthread_mutex_init(&r->lock, NULL);
	*out = r;
	return ERR_OK;
}

void
rates_free(struct rates **r)
{
	if (*r == NULL)
		return;
	(void)pthread_mutex_destroy(&(*r)->lock);
	free(*r);
	*r = NULL;
}

static uint64_t
key_hash(const struct rates *r, struct span key)
{
	uint8_t text[sizeof(r->secret) + SHA256_LEN];
	const struct sha256 inner = sha256_of(key);
	struct sha256 hash;
	uint64_t out;

	memcpy(text, r->secret, sizeof(r->secret));
	memcpy(text + sizeof(r->secret), inner.bytes, SHA256_LEN);
	hash = sha256_of(span_at(text, sizeof(text)));
	memcpy(&out, hash.bytes, sizeof(out));
	return out != 0 ? out : 1;
}

/* The key's row, filled up to now; a new one takes the place of the fullest. */
static struct row *
row_of(struct rates *r, uint64_t key, int64_t now)
{
	struct row *const group = r->rows + (key & r->mask) * RATES_WAYS;
	struct row *fullest = group;

	for (size_t i = 0; i < RATES_WAYS; i++) {
		struct row *const row = group + i;

		if (row->key == 0)
			row->bucket = (struct bucket){r->burst * MILLION, now};
		bucket_fill(&row->bucket, r->per_second, r->burst, now);
		if (row->key == key)
			return row;
		if (row->bucket.millionths > fullest->bucket.millionths)
			fullest = row;
	}
	*fullest = (struct row){key, {r->burst * MILLION, now}};
	return fullest;
}

static enum err
ask(struct rates *r, struct span key, int64_t now, bool take)
{
	uint64_t hash;
	bool taken;

	if (r == NULL || r->per_second == 0)
		return ERR_OK;
	hash = key_hash(r, key);
	(void)pthread_mutex_lock(&r->lock);
	taken = bucket_take(&row_of(r, hash, now)->bucket, take);
	(void)pthread_mutex_unlock(&r->lock);
	REQUIRE_WHY(taken, ERR_TOO_MANY, "too many attempts: wait a little, then try again");
	return ERR_OK;
}

enum err
rates_take(struct rates *r, struct span key, int64_t now)
{
	return ask(r, key, now, true);
}

enum err
rates_look(struct rates *r, struct span key, int64_t now)
{
	return ask(r, key, now, false);
}
