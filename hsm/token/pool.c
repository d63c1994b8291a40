/* Two tokens with the same keys: one works, the other is ready to; or both work in turn. */
#include "base/log.h"
#include "hsm/token/seat.h"

uint64_t
token_era(const struct token *t, size_t seat)
{
	return atomic_load(&t->seats[seat].era);
}

void
era_end(struct token *t, size_t seat)
{
	atomic_store(&t->seats[seat].era, atomic_fetch_add(&t->eras, 1) + 1);
}

size_t
token_count(const struct token *t)
{
	return t->count;
}

const char *
token_label(const struct token *t, size_t seat)
{
	return t->seats[seat].label;
}

enum token_state
token_state(const struct token *t, size_t seat)
{
	if (!atomic_load(&t->seats[seat].up))
		return TOKEN_DOWN;
	return t->share || seat == atomic_load(&t->active) ? TOKEN_WORKS : TOKEN_READY;
}

bool
token_is_alone(const struct token *t)
{
	return t->count == 2 && (!atomic_load(&t->seats[0].up) || !atomic_load(&t->seats[1].up));
}

size_t
token_other(const struct token *t)
{
	return 1 - atomic_load(&t->active);
}

unsigned long long
token_served(const struct token *t, size_t seat)
{
	return atomic_load(&t->seats[seat].served);
}

void
token_count_up(struct token *t, size_t seat)
{
	atomic_fetch_add(&t->seats[seat].served, 1);
}

bool
token_fail_over(struct token *t, size_t failed)
{
	bool gone = false, moved = false;

	if (t->count < 2)
		return false;
	(void)pthread_mutex_lock(&t->state);
	if (t->share ? !atomic_load(&t->seats[failed].up) : failed != atomic_load(&t->active)) {
		gone = true; /* another thread was faster */
	} else if (atomic_load(&t->seats[1 - failed].up)) {
		atomic_store(&t->seats[failed].up, false);
		atomic_store(&t->active, 1 - failed);
		era_end(t, failed);
		gone = moved = true;
	}
	(void)pthread_mutex_unlock(&t->state);
	if (moved)
		log_error("token", "'%s' failed: '%s' works in its place", t->seats[failed].label,
			t->seats[1 - failed].label);
	return gone;
}

enum err
token_other_open(struct token *t, size_t seat, struct session *out)
{
	REQUIRE(t->count == 2, ERR_NOT_FOUND);
	if (!atomic_load(&t->seats[seat].up))
		TRY(login_again(t, seat));
	TRY(session_open_at(t, seat, out));
	out->pinned = true;
	return ERR_OK;
}

void
token_other_close(struct session *s)
{
	if (s->open)
		(void)s->token->calls->C_CloseSession(s->handle);
	s->open = false;
}

void
token_other_set(struct session *s, bool up)
{
	struct token *t = s->token;
	bool changed;

	(void)pthread_mutex_lock(&t->state);
	changed = (up || atomic_load(&t->seats[1 - s->seat].up)) && atomic_load(&t->seats[s->seat].up) != up;
	if (changed)
		atomic_store(&t->seats[s->seat].up, up);
	if (changed && !up) {
		atomic_store(&t->active, 1 - s->seat);
		era_end(t, s->seat);
	}
	(void)pthread_mutex_unlock(&t->state);
	if (changed && up)
		log_warn("token", "'%s' is back, with the keys that it had", t->seats[s->seat].label);
	else if (changed)
		log_error("token", "'%s' failed: '%s' works alone", t->seats[s->seat].label,
			t->seats[1 - s->seat].label);
}
