#include "ca/status/rate.h"

#include <pthread.h>
#include <stdlib.h>

enum { MICROSECONDS = 1000000 };

struct rate {
	pthread_mutex_t lock;
	int64_t per_second;
	int64_t left; /* in millionths */
	int64_t at;
};

enum err
rate_new(unsigned per_second, struct rate **out)
{
	struct rate *r = calloc(1, sizeof(*r));

	REQUIRE(r != NULL, ERR_NO_MEMORY);
	pthread_mutex_init(&r->lock, NULL);
	r->per_second = per_second;
	r->left = (int64_t)per_second * MICROSECONDS;
	r->at = INT64_MIN;
	*out = r;
	return ERR_OK;
}

void
rate_free(struct rate **r)
{
	if (*r == NULL)
		return;
	pthread_mutex_destroy(&(*r)->lock);
	free(*r);
	*r = NULL;
}

bool
rate_take(struct rate *r, int64_t ticks)
{
	const int64_t full = r->per_second * MICROSECONDS;

	pthread_mutex_lock(&r->lock);
	if (r->at != INT64_MIN && ticks > r->at) {
		const int64_t passed = ticks - r->at;

		r->left = passed >= MICROSECONDS || r->left + passed * r->per_second > full
			? full
			: r->left + passed * r->per_second;
	}
	if (r->at == INT64_MIN || ticks > r->at)
		r->at = ticks;
	const bool taken = r->left >= MICROSECONDS;

	if (taken)
		r->left -= MICROSECONDS;
	pthread_mutex_unlock(&r->lock);
	return taken;
}
