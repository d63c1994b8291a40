#include "hsm/citizen/ledger.h"

#include <stdlib.h>
#include <string.h>

struct ledger_row {
	struct sha256 name;
	uint8_t owner[LEDGER_OWNER_LEN];
	int64_t until;
	uint32_t next_name, next_owner; /* in the chains; next_name also in the list of unused ones */
	uint32_t older, newer;
};

enum err
ledger_init(struct ledger *l)
{
	*l = (struct ledger){.rows = calloc(LEDGER_ROOM + 1, sizeof(*l->rows)),
		.by_name = calloc(LEDGER_ROOM, sizeof(*l->by_name)),
		.by_owner = calloc(LEDGER_ROOM, sizeof(*l->by_owner))};
	(void)pthread_mutex_init(&l->lock, NULL);
	if (l->rows != NULL && l->by_name != NULL && l->by_owner != NULL)
		return ERR_OK;
	ledger_end(l);
	return ERR_NO_MEMORY;
}

void
ledger_end(struct ledger *l)
{
	free(l->rows);
	free(l->by_name);
	free(l->by_owner);
	*l = (struct ledger){0};
}

static uint32_t
bucket(const uint8_t *bytes)
{
	uint32_t n;

	memcpy(&n, bytes, sizeof(n));
	return n % LEDGER_ROOM;
}

static uint32_t
find(const struct ledger *l, const struct sha256 *name)
{
	uint32_t i = l->by_name[bucket(name->bytes)];

	while (i != 0 && memcmp(l->rows[i].name.bytes, name->bytes, SHA256_LEN) != 0)
		i = l->rows[i].next_name;
	return i;
}

/* How many an owner has, and which was entered first: a chain begins with the newest. */
static size_t
count_of(const struct ledger *l, const uint8_t *owner, uint32_t *first)
{
	size_t count = 0;

	for (uint32_t i = l->by_owner[bucket(owner)]; i != 0; i = l->rows[i].next_owner)
		if (memcmp(l->rows[i].owner, owner, LEDGER_OWNER_LEN) == 0) {
			*first = i;
			count++;
		}
	return count;
}

static void
drop(struct ledger *l, uint32_t i)
{
	struct ledger_row *r = &l->rows[i];
	uint32_t *at = &l->by_name[bucket(r->name.bytes)];

	while (*at != i)
		at = &l->rows[*at].next_name;
	*at = r->next_name;
	at = &l->by_owner[bucket(r->owner)];
	while (*at != i)
		at = &l->rows[*at].next_owner;
	*at = r->next_owner;
	if (r->older != 0)
		l->rows[r->older].newer = r->newer;
	else
		l->oldest = r->newer;
	if (r->newer != 0)
		l->rows[r->newer].older = r->older;
	else
		l->newest = r->older;
	*r = (struct ledger_row){.next_name = l->unused};
	l->unused = i;
}

static uint32_t
row_new(struct ledger *l)
{
	const uint32_t i = l->unused;

	if (i != 0) {
		l->unused = l->rows[i].next_name;
		return i;
	}
	return l->begun < LEDGER_ROOM ? ++l->begun : 0;
}

static void
link_in(struct ledger *l, uint32_t i)
{
	struct ledger_row *r = &l->rows[i];
	uint32_t *names = &l->by_name[bucket(r->name.bytes)], *owners = &l->by_owner[bucket(r->owner)];

	r->next_name = *names;
	r->next_owner = *owners;
	*names = *owners = i;
	r->older = l->newest;
	if (l->newest != 0)
		l->rows[l->newest].newer = i;
	else
		l->oldest = i;
	l->newest = i;
}

static enum err
enter(struct ledger *l, const struct ledger_row *row, size_t per_owner, int64_t now)
{
	uint32_t i, first = 0;

	while (l->oldest != 0 && now >= l->rows[l->oldest].until)
		drop(l, l->oldest);
	REQUIRE(find(l, &row->name) == 0, ERR_EXISTS);
	if (per_owner != 0 && count_of(l, row->owner, &first) >= per_owner)
		drop(l, first);
	i = row_new(l);
	if (i == 0 && per_owner != 0) {
		drop(l, l->oldest);
		i = row_new(l);
	}
	REQUIRE(i != 0, ERR_TOO_MANY);
	l->rows[i] = *row;
	link_in(l, i);
	return ERR_OK;
}

enum err
ledger_enter(struct ledger *l, const struct sha256 *name, struct span owner, size_t per_owner, int64_t now,
	int64_t until)
{
	struct ledger_row row = {.name = *name, .until = until};
	enum err e;

	REQUIRE(owner.len == LEDGER_OWNER_LEN, ERR_MALFORMED);
	memcpy(row.owner, owner.ptr, LEDGER_OWNER_LEN);
	(void)pthread_mutex_lock(&l->lock);
	e = enter(l, &row, per_owner, now);
	(void)pthread_mutex_unlock(&l->lock);
	return e;
}

enum err
ledger_take(struct ledger *l, const struct sha256 *name, int64_t now)
{
	enum err e = ERR_USED;
	uint32_t i;

	(void)pthread_mutex_lock(&l->lock);
	i = find(l, name);
	if (i != 0) {
		e = now >= l->rows[i].until ? ERR_EXPIRED : ERR_OK;
		drop(l, i);
	}
	(void)pthread_mutex_unlock(&l->lock);
	return e;
}
