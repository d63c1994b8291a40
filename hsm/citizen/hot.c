#include "hsm/citizen/hot.h"

#include <stdlib.h>
#include <string.h>

enum err
hot_init(struct hot *h, size_t most)
{
	*h = (struct hot){.most = most, .room = 64};
	while (h->room < most)
		h->room *= 2;
	h->buckets = calloc(h->room, sizeof(struct hot_key *));
	REQUIRE(h->buckets != NULL, ERR_NO_MEMORY);
	(void)pthread_mutex_init(&h->lock, NULL);
	return ERR_OK;
}

static struct hot_key **
bucket(struct hot *h, const struct sha256 *name)
{
	uint32_t n;

	memcpy(&n, name->bytes, sizeof(n));
	return &h->buckets[n & (h->room - 1)];
}

/* ---- under the lock ---- */

static void
age_unlink(struct hot *h, struct hot_key *k)
{
	if (k->older != NULL)
		k->older->newer = k->newer;
	else
		h->oldest = k->newer;
	if (k->newer != NULL)
		k->newer->older = k->older;
	else
		h->newest = k->older;
}

static void
age_link(struct hot *h, struct hot_key *k)
{
	k->newer = NULL;
	k->older = h->newest;
	if (h->newest != NULL)
		h->newest->newer = k;
	else
		h->oldest = k;
	h->newest = k;
}

static struct hot_key *
find(struct hot *h, const struct sha256 *name)
{
	struct hot_key *k = *bucket(h, name);

	while (k != NULL && memcmp(k->name.bytes, name->bytes, SHA256_LEN) != 0)
		k = k->next;
	if (k != NULL) {
		age_unlink(h, k);
		age_link(h, k);
		k->users++;
	}
	return k;
}

static void
list(struct hot *h, struct hot_key *k)
{
	struct hot_key **at = bucket(h, &k->name);

	k->next = *at;
	*at = k;
	k->listed = true;
	age_link(h, k);
	h->count++;
}

/* Takes k off the list. True if nobody has it: then it is the caller's to destroy, without the lock. */
static bool
unlist(struct hot *h, struct hot_key *k)
{
	struct hot_key **at = bucket(h, &k->name);

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	k->next = NULL;
	k->listed = false;
	age_unlink(h, k);
	h->count--;
	return k->users == 0;
}

/* ---- without ---- */

static void
destroy(struct hot_key *k, struct session *s)
{
	nested_drop(&k->object, s);
	(void)pthread_mutex_destroy(&k->lock);
	citizen_key_free(&k->citizen);
	free(k);
}

struct hot_key *
hot_find(struct hot *h, const struct sha256 *name)
{
	struct hot_key *k;

	(void)pthread_mutex_lock(&h->lock);
	k = find(h, name);
	(void)pthread_mutex_unlock(&h->lock);
	return k;
}

enum err
hot_add(struct hot *h, const struct sha256 *name, struct citizen_key **citizen, struct session *s, struct hot_key **out)
{
	struct hot_key *made = calloc(1, sizeof(*made)), *gone = NULL;

	REQUIRE(made != NULL, ERR_NO_MEMORY);
	*made = (struct hot_key){.citizen = *citizen, .name = *name, .users = 1};
	*citizen = NULL;
	(void)pthread_mutex_init(&made->lock, NULL);
	(void)pthread_mutex_lock(&h->lock);
	*out = find(h, name);
	if (*out != NULL) {
		gone = made;
	} else {
		if (h->count >= h->most) {
			gone = h->oldest;
			if (!unlist(h, gone))
				gone = NULL;
		}
		list(h, made);
		*out = made;
	}
	(void)pthread_mutex_unlock(&h->lock);
	if (gone != NULL)
		destroy(gone, s);
	return ERR_OK;
}

void
hot_give(struct hot *h, struct session *s, struct hot_key **k)
{
	struct hot_key *key = *k;
	bool last;

	if (key == NULL)
		return;
	*k = NULL;
	(void)pthread_mutex_lock(&h->lock);
	last = --key->users == 0 && !key->listed;
	(void)pthread_mutex_unlock(&h->lock);
	if (last)
		destroy(key, s);
}

void
hot_retire(struct hot *h, struct session *s, struct span id)
{
	struct hot_key *gone = NULL;

	(void)pthread_mutex_lock(&h->lock);
	for (struct hot_key *k = h->oldest, *newer; k != NULL; k = newer) {
		newer = k->newer;
		if (span_equal(k->citizen->blob.id, id) && unlist(h, k)) {
			k->next = gone;
			gone = k;
		}
	}
	(void)pthread_mutex_unlock(&h->lock);
	while (gone != NULL) {
		struct hot_key *next = gone->next;

		destroy(gone, s);
		gone = next;
	}
}
