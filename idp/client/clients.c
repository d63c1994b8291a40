#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "idp/client/client.h"
#include "idp/idp.h"
#include "idp/store/store.h"

enum { SLOTS = MAX_CACHED_CLIENTS };

/* One slot a hash: a collision only costs a look-up. The lock owns the slots; a client itself never changes. */
struct clients {
	pthread_mutex_t lock;
	struct client *slots[SLOTS];
};

enum err
clients_new(struct clients **out)
{
	struct clients *c = calloc(1, sizeof(*c));

	REQUIRE(c != NULL, ERR_NO_MEMORY);
	pthread_mutex_init(&c->lock, NULL);
	*out = c;
	return ERR_OK;
}

void
clients_free(struct clients **c)
{
	if (*c == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		client_free(&(*c)->slots[i]);
	pthread_mutex_destroy(&(*c)->lock);
	free(*c);
	*c = NULL;
}

/* FNV-1a: ids are ours, nobody chooses them to collide. */
static struct client **
slot_of(struct clients *c, const char *id)
{
	uint32_t h = 2166136261u;

	for (; *id != '\0'; id++)
		h = (h ^ (uint8_t)*id) * 16777619u;
	return &c->slots[h % SLOTS];
}

static struct client *
cached(struct clients *c, const char *id, unix_time now)
{
	struct client *found = NULL;
	struct client **slot = slot_of(c, id);

	pthread_mutex_lock(&c->lock);
	if (*slot != NULL && strcmp((*slot)->row.id, id) == 0 && now - (*slot)->read_at < CLIENT_CACHE_SECONDS &&
		now >= (*slot)->read_at) {
		found = *slot;
		atomic_fetch_add(&found->references, 1);
	}
	pthread_mutex_unlock(&c->lock);
	return found;
}

static void
keep(struct clients *c, struct client *fresh)
{
	struct client **slot = slot_of(c, fresh->row.id);
	struct client *old;

	atomic_fetch_add(&fresh->references, 1);
	pthread_mutex_lock(&c->lock);
	old = *slot;
	*slot = fresh;
	pthread_mutex_unlock(&c->lock);
	client_free(&old);
}

static enum err
read_client(struct idp *d, const char *id, struct client **out)
{
	const struct db_param p[] = {db_text(id)};
	AUTO(client_row) row = {0};

	TRY(db_pool_one(d->db, ST_CLIENT_BY_ID, p, &row));
	TRY(client_of_row(&row, out));
	(*out)->read_at = clock_now(&d->clock);
	keep(d->clients, *out);
	return ERR_OK;
}

enum err
client_find(struct idp *d, const char *id, struct client **out)
{
	enum err e;

	*out = cached(d->clients, id, clock_now(&d->clock));
	if (*out != NULL)
		return ERR_OK;
	e = read_client(d, id, out);
	return e == ERR_NOT_FOUND ? err_because(e, "no client of that id") : e;
}

void
client_forget(struct idp *d, const char *id)
{
	struct client **slot = slot_of(d->clients, id);
	struct client *old;

	pthread_mutex_lock(&d->clients->lock);
	old = *slot;
	*slot = NULL;
	pthread_mutex_unlock(&d->clients->lock);
	client_free(&old);
}
