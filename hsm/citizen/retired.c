#include "hsm/citizen/retired.h"

#include <stdlib.h>
#include <string.h>

struct retired_row {
	uint8_t id[RETIRED_ID_LEN];
	uint32_t generation; /* 0: the row is free */
};

enum { ROOM_FIRST = 64 };

void
retired_init(struct retired *r)
{
	*r = (struct retired){0};
	(void)pthread_mutex_init(&r->lock, NULL);
}

void
retired_end(struct retired *r)
{
	free(r->rows);
	*r = (struct retired){0};
}

/* The row of id, or the free one where it belongs. Ids are random; room is a power of two and never full. */
static struct retired_row *
place(struct retired_row *rows, size_t room, const uint8_t *id)
{
	uint64_t hash;
	size_t i;

	memcpy(&hash, id, sizeof(hash));
	for (i = hash & (room - 1); rows[i].generation != 0 && memcmp(rows[i].id, id, RETIRED_ID_LEN) != 0;)
		i = (i + 1) & (room - 1);
	return &rows[i];
}

static enum err
grow(struct retired *r)
{
	const size_t room = r->room == 0 ? ROOM_FIRST : 2 * r->room;
	struct retired_row *rows = calloc(room, sizeof(*rows));

	REQUIRE(rows != NULL, ERR_NO_MEMORY);
	for (size_t i = 0; i < r->room; i++)
		if (r->rows[i].generation != 0)
			*place(rows, room, r->rows[i].id) = r->rows[i];
	free(r->rows);
	r->rows = rows;
	r->room = room;
	return ERR_OK;
}

enum err
retired_promise(struct retired *r)
{
	enum err e = ERR_OK;

	(void)pthread_mutex_lock(&r->lock);
	if (4 * (r->count + r->promised + 1) > 3 * r->room)
		e = grow(r);
	if (e == ERR_OK)
		r->promised++;
	(void)pthread_mutex_unlock(&r->lock);
	return e;
}

void
retired_unpromise(struct retired *r)
{
	(void)pthread_mutex_lock(&r->lock);
	r->promised--;
	(void)pthread_mutex_unlock(&r->lock);
}

void
retired_set(struct retired *r, const uint8_t id[RETIRED_ID_LEN], uint32_t generation)
{
	struct retired_row *row;

	(void)pthread_mutex_lock(&r->lock);
	r->promised--;
	row = place(r->rows, r->room, id);
	r->count += row->generation == 0;
	memcpy(row->id, id, RETIRED_ID_LEN);
	if (row->generation < generation)
		row->generation = generation;
	(void)pthread_mutex_unlock(&r->lock);
}

uint32_t
retired_up_to(struct retired *r, const uint8_t id[RETIRED_ID_LEN])
{
	uint32_t generation = 0;

	(void)pthread_mutex_lock(&r->lock);
	if (r->room > 0)
		generation = place(r->rows, r->room, id)->generation;
	(void)pthread_mutex_unlock(&r->lock);
	return generation;
}
