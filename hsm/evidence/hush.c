#include "hsm/evidence/hush.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

void
hush_init(struct hush *h)
{
	*h = (struct hush){0};
	(void)pthread_mutex_init(&h->lock, NULL);
}

static void
tell(const struct hush_row *r)
{
	char who[24] = "strangers";

	if (r->who != HUSH_STRANGERS)
		(void)snprintf(who, sizeof(who), "uid=%ld", r->who);
	log_warn(r->what, "%" PRIu64 " more refusals of %s within a minute, of which no line was written",
		r->count - HUSH_LINES, who);
}

/* Its minute is over: the row is free again. True: there was something to tell. The lock is held. */
static bool
end(struct hush_row *r, int64_t now)
{
	const bool more = r->count > HUSH_LINES;

	if (r->what == NULL || now - r->since < HUSH_MINUTE)
		return false;
	if (more)
		tell(r);
	r->what = NULL;
	return more;
}

/* The lock is held. */
static struct hush_row *
row_of(struct hush *h, const char *what, long who)
{
	struct hush_row *room = NULL;

	for (size_t i = 0; i < HUSH_ROWS; i++) {
		struct hush_row *r = &h->rows[i];

		if (r->what != NULL && r->who == who && strcmp(r->what, what) == 0)
			return r;
		if (r->what == NULL && room == NULL)
			room = r;
	}
	return room != NULL ? room : &h->rows[HUSH_ROWS - 1];
}

bool
hush_may(struct hush *h, const char *what, long who, int64_t now)
{
	struct hush_row *r;
	bool may;

	(void)pthread_mutex_lock(&h->lock);
	r = row_of(h, what, who);
	(void)end(r, now);
	if (r->what == NULL)
		*r = (struct hush_row){.what = what, .who = who, .since = now};
	may = r->count++ < HUSH_LINES;
	(void)pthread_mutex_unlock(&h->lock);
	return may;
}

size_t
hush_tell(struct hush *h, int64_t now)
{
	size_t told = 0;

	(void)pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < HUSH_ROWS; i++)
		told += end(&h->rows[i], now);
	(void)pthread_mutex_unlock(&h->lock);
	return told;
}
