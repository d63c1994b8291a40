#include "hsm/policy/rate.h"

enum { MILLION = 1000000 };

void
rate_init(struct rate *r, int64_t per_second, int64_t burst)
{
	*r = (struct rate){.per_second = per_second, .burst = burst > 0 ? burst : per_second};
	r->millionths = r->burst * MILLION;
	(void)pthread_mutex_init(&r->lock, NULL);
}

enum err
rate_take(struct rate *r, int64_t now)
{
	int64_t gap;
	bool taken;

	if (r->per_second == 0)
		return ERR_OK;
	(void)pthread_mutex_lock(&r->lock);
	gap = r->at == 0 || now < r->at ? 0 : now - r->at;
	if (gap > r->burst * MILLION / r->per_second + 1) /* full again: no need to multiply, and no overflow */
		r->millionths = r->burst * MILLION;
	else
		r->millionths += gap * r->per_second;
	if (r->millionths > r->burst * MILLION)
		r->millionths = r->burst * MILLION;
	r->at = now;
	taken = r->millionths >= MILLION;
	if (taken)
		r->millionths -= MILLION;
	(void)pthread_mutex_unlock(&r->lock);
	REQUIRE_WHY(taken, ERR_TOO_MANY, "more than %lld a second with this key", (long long)r->per_second);
	return ERR_OK;
}
