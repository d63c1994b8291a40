#include "hsm/process/recycle.h"

#include <malloc.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { PUT_OFF = 100 /* unwraps */, MEND_PAUSE = 500000 /* ticks */ };

bool
recycle_is_due(const struct service *s)
{
	const unsigned long long limit = (unsigned long long)s->settings.recycle_after;

	return limit > 0 && atomic_load(&s->unwraps) - atomic_load(&s->recycled_at) >= limit &&
		!atomic_load(&s->recycling);
}

static enum err
begin_anew(struct service *s, struct session *session)
{
	TRY(token_restart(s->token));
	TRY(session_ready(session));
	return keys_again(&s->keys, session);
}

/* Others wait at the gate with their requests: let in, they would only fail. Their clients ask the next worker. */
static _Noreturn void
break_off(struct service *s, enum err e)
{
	log_refusal("recycle", e, "the HSM's library was not to be had again");
	atomic_store(&s->broken, true);
	for (;;)
		(void)pause();
}

/* Everybody is out. */
static void
run(struct service *s, struct session *session)
{
	const int64_t began = clock_ticks();
	const enum err e = begin_anew(s, session);

	if (e != ERR_OK)
		break_off(s, e);
	(void)malloc_trim(0);
	atomic_store(&s->recycled_at, atomic_load(&s->unwraps));
	atomic_fetch_add(&s->recycles, 1);
	log_info("recycle", "the HSM's library was begun anew in %lld ms", (long long)(clock_ticks() - began) / 1000);
}

void
recycle_run(struct service *s, struct session *session)
{
	if (atomic_exchange(&s->recycling, true))
		return;
	/* A little of the deadline, so that those who wait meanwhile are answered within theirs. */
	if (token_exclude(s->token, (int)(s->settings.deadline_ms / 8 + 1))) {
		run(s, session);
		token_leave(s->token);
	} else {
		atomic_fetch_add(&s->recycled_at, PUT_OFF);
	}
	atomic_store(&s->recycling, false);
}

void
recycle_mend(struct service *s)
{
	const int64_t now = clock_ticks();
	enum err e;

	if (now - atomic_load(&s->mended) < MEND_PAUSE || !token_doubted(s->token))
		return;
	if (atomic_exchange(&s->recycling, true))
		return;
	atomic_store(&s->mended, now);
	if (token_exclude(s->token, (int)(s->settings.deadline_ms / 8 + 1))) {
		log_warn("recycle",
			"token or key is gone, or another key in its place: the HSM's library is begun anew");
		e = token_restart(s->token);
		token_leave(s->token);
		if (e != ERR_OK)
			log_refusal("recycle", e, "");
		err_forget();
	}
	atomic_store(&s->recycling, false);
}
