#include "hsm/breaker.h"

#include "base/log.h"

void
breaker_init(struct breaker *b)
{
	*b = (struct breaker){0};
	(void)pthread_mutex_init(&b->lock, NULL);
}

enum err
breaker_ask(struct breaker *b, int64_t now)
{
	bool allowed;

	(void)pthread_mutex_lock(&b->lock);
	allowed = b->failures < BREAKER_FAILURES || now >= b->closed_again;
	if (allowed && b->failures >= BREAKER_FAILURES)
		b->closed_again = now + BREAKER_PAUSE; /* this one tries; the others stay out */
	(void)pthread_mutex_unlock(&b->lock);
	REQUIRE_WHY(allowed, ERR_UNAVAILABLE, "the HSM failed %d times in a row: it is left alone for a moment",
		BREAKER_FAILURES);
	return ERR_OK;
}

void
breaker_tell(struct breaker *b, bool worked, int64_t now)
{
	bool opened = false, closed = false;

	(void)pthread_mutex_lock(&b->lock);
	if (worked) {
		closed = b->failures >= BREAKER_FAILURES;
		b->failures = 0;
	} else {
		b->failures++;
		opened = b->failures == BREAKER_FAILURES;
		b->closed_again = now + BREAKER_PAUSE;
	}
	(void)pthread_mutex_unlock(&b->lock);
	if (opened)
		log_error("breaker", "open: the HSM failed %d times in a row", BREAKER_FAILURES);
	if (closed)
		log_warn("breaker", "closed: the HSM answers again");
}

bool
breaker_is_open(struct breaker *b)
{
	bool open;

	(void)pthread_mutex_lock(&b->lock);
	open = b->failures >= BREAKER_FAILURES;
	(void)pthread_mutex_unlock(&b->lock);
	return open;
}
