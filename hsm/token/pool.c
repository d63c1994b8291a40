/* Two tokens with the same keys: one works, the other is ready to. */
#include "base/log.h"
#include "hsm/token/seat.h"

uint64_t
token_era(const struct token *t)
{
	return atomic_load(&t->era);
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
	return seat == atomic_load(&t->active) ? TOKEN_WORKS : TOKEN_READY;
}

static size_t
other(const struct token *t)
{
	return 1 - atomic_load(&t->active);
}

bool
token_fail_over(struct token *t, size_t failed)
{
	bool gone = false, moved = false;

	if (t->count < 2)
		return false;
	(void)pthread_mutex_lock(&t->state);
	if (failed != atomic_load(&t->active)) {
		gone = true; /* another thread was faster */
	} else if (atomic_load(&t->seats[1 - failed].up)) {
		atomic_store(&t->seats[failed].up, false);
		atomic_store(&t->active, 1 - failed);
		atomic_fetch_add(&t->era, 1);
		gone = moved = true;
	}
	(void)pthread_mutex_unlock(&t->state);
	if (moved)
		log_error("token", "'%s' failed: '%s' works in its place", t->seats[failed].label,
			t->seats[1 - failed].label);
	return gone;
}

/* Whatever it still has of ours is void: everything is closed, and the login had again. */
static enum err
login_anew(struct token *t, struct seat *seat)
{
	enum err e = ERR_UNAUTHENTICATED;

	(void)pthread_mutex_lock(&seat->lock);
	if (!seat->pin_refused) {
		(void)t->calls->C_CloseAllSessions(seat->slot);
		seat->login = CK_INVALID_HANDLE;
		e = login_open(t, seat);
	}
	(void)pthread_mutex_unlock(&seat->lock);
	return e;
}

enum err
token_other_open(struct token *t, struct session *out)
{
	const size_t i = other(t);

	REQUIRE(t->count == 2, ERR_NOT_FOUND);
	if (!atomic_load(&t->seats[i].up))
		TRY(login_anew(t, &t->seats[i]));
	TRY(session_open_at(t, i, out));
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
	changed = s->seat != atomic_load(&t->active) && atomic_load(&t->seats[s->seat].up) != up;
	if (changed)
		atomic_store(&t->seats[s->seat].up, up);
	(void)pthread_mutex_unlock(&t->state);
	if (changed && up)
		log_warn("token", "'%s' is back, with the keys that it had", t->seats[s->seat].label);
	else if (changed)
		log_error("token", "'%s' failed: '%s' works alone", t->seats[s->seat].label,
			t->seats[1 - s->seat].label);
}
