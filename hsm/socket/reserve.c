#include "hsm/socket/reserve.h"

#include <unistd.h>

enum { FEW = 2 /* one of which may be at something long */, REST = 1000000 /* ticks */ };

void
reserve_init(struct reserve *r, size_t all)
{
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);
	const size_t few = processors > FEW ? (size_t)processors : FEW;

	*r = (struct reserve){.few = few < all ? few : all, .all = all};
	(void)pthread_mutex_init(&r->lock, NULL);
	(void)pthread_cond_init(&r->called, NULL);
	atomic_store(&r->wanted, r->few);
}

void
reserve_wait(struct reserve *r, size_t i)
{
	if (i < atomic_load(&r->wanted))
		return;
	(void)pthread_mutex_lock(&r->lock);
	while (i >= atomic_load(&r->wanted))
		(void)pthread_cond_wait(&r->called, &r->lock);
	(void)pthread_mutex_unlock(&r->lock);
}

bool
reserve_call(struct reserve *r, int64_t now)
{
	if (atomic_load(&r->wanted) == r->all)
		return false;
	(void)pthread_mutex_lock(&r->lock);
	atomic_store(&r->needed_lately, now);
	atomic_store(&r->wanted, r->all);
	(void)pthread_cond_broadcast(&r->called);
	(void)pthread_mutex_unlock(&r->lock);
	return true;
}

void
reserve_tell(struct reserve *r, bool needed, int64_t now)
{
	if (needed)
		atomic_store(&r->needed_lately, now);
	else if (now - atomic_load(&r->needed_lately) > REST)
		atomic_store(&r->wanted, r->few);
}
