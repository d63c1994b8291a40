#include "base/log.h"
#include "hsm/token/seat.h"

/* Under the seat's lock. The session is there. */
static enum err
login(struct token *t, struct seat *seat)
{
	struct secret *pin = NULL;
	CK_RV rv;

	REQUIRE_WHY(!seat->pin_refused, ERR_UNAUTHENTICATED, "the token refused the PIN before; it is not tried again");
	TRY(t->pin(t->context, &pin));
	rv = t->calls->C_Login(seat->login, CKU_USER, secret_bytes(pin), secret_span(pin).len);
	secret_free(&pin);
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return ERR_OK;
	switch (rv) {
	case CKR_PIN_INCORRECT:
	case CKR_PIN_INVALID:
	case CKR_PIN_LEN_RANGE:
		seat->pin_refused = true;
		return err_because(ERR_UNAUTHENTICATED,
			"the token refuses the PIN (0x%lx); it was tried once and is not tried again: "
			"correct pin_file before the token locks itself",
			rv);
	case CKR_PIN_LOCKED:
	case CKR_PIN_EXPIRED:
	case CKR_USER_PIN_NOT_INITIALIZED:
		seat->pin_refused = true;
		return err_because(ERR_UNAUTHENTICATED,
			"the token's PIN is locked, expired or not set (0x%lx): its security officer must reset it",
			rv);
	default:
		return err_because(ERR_UNAVAILABLE, "C_Login: 0x%lx", rv);
	}
}

static CK_RV
handle_open(struct token *t, const struct seat *seat, CK_SESSION_HANDLE *out)
{
	return t->calls->C_OpenSession(atomic_load(&seat->slot), CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, out);
}

/* A token that was taken out and put back may be in another slot. */
enum err
login_open(struct token *t, struct seat *seat)
{
	CK_RV rv = handle_open(t, seat, &seat->login);

	atomic_fetch_add(&seat->logins, 1);
	if (rv != CKR_OK) {
		TRY(slot_find(t, seat));
		rv = handle_open(t, seat, &seat->login);
	}
	if (rv != CKR_OK)
		seat->login = CK_INVALID_HANDLE;
	REQUIRE_WHY(rv == CKR_OK, ERR_UNAVAILABLE, "C_OpenSession: 0x%lx", rv);
	return login(t, seat);
}

/* Under the seat's lock: is anybody logged in? If the HSM closed its sessions the login went with them. All sessions and handles are void then. What the HSM may have left of them is not
 * closed: other threads may be inside, which not every library survives. */
static enum err
login_mend(struct token *t, size_t i)
{
	struct seat *seat = &t->seats[i];
	CK_SESSION_INFO info = {0};
	CK_RV rv = t->calls->C_GetSessionInfo(seat->login, &info);

	if (rv == CKR_OK && info.state == CKS_RW_USER_FUNCTIONS)
		return ERR_OK;
	REQUIRE_WHY(!seat->pin_refused, ERR_UNAUTHENTICATED, "the token refused the PIN before; it is not tried again");
	if (atomic_load(&seat->up)) /* one that is down is tried four times a second */
		log_warn("token", "%s: the login is gone (0x%lx): logging in again", seat->label, rv);
	if (rv == CKR_CRYPTOKI_NOT_INITIALIZED)
		TRY(module_initialize(t));
	seat->login = CK_INVALID_HANDLE;
	era_end(t, i);
	return login_open(t, seat);
}

enum err
login_again(struct token *t, size_t seat)
{
	enum err e;

	(void)pthread_mutex_lock(&t->seats[seat].lock);
	e = login_mend(t, seat);
	(void)pthread_mutex_unlock(&t->seats[seat].lock);
	return e;
}

/* Era and login are asked before: what changes meanwhile makes the session void. */
static enum err
open_at(struct session *s, size_t i)
{
	struct seat *seat = &s->token->seats[i];
	const uint64_t era = atomic_load(&seat->era), logins = atomic_load(&seat->logins);
	const CK_RV rv = handle_open(s->token, seat, &s->handle);

	REQUIRE_WHY(rv == CKR_OK, ERR_UNAVAILABLE, "C_OpenSession: 0x%lx", rv);
	s->seat = i;
	s->era = era;
	s->login = logins;
	s->open = true;
	s->lost = false;
	return ERR_OK;
}

enum err
session_open_at(struct token *t, size_t seat, struct session *out)
{
	*out = (struct session){.token = t};
	return open_at(out, seat);
}

enum err
session_open(struct token *t, struct session *out)
{
	return session_open_at(t, atomic_load(&t->active), out);
}

/* A handle of a login that is over may be another session's by now; and a token that is down may keep us waiting. */
void
session_close(struct session *s)
{
	const struct seat *seat = &s->token->seats[s->seat];

	if (s->open && s->login == atomic_load(&seat->logins) && atomic_load(&seat->up))
		(void)s->token->calls->C_CloseSession(s->handle);
	s->open = false;
}

bool
session_stands(const struct session *s)
{
	return s->open && !s->lost && (s->pinned || s->era == atomic_load(&s->token->seats[s->seat].era));
}

void
session_goto(struct session *s, size_t seat)
{
	struct session_place here;

	if (seat == s->seat || s->pinned || seat >= s->token->count)
		return;
	if (s->stays && atomic_load(&s->token->seats[s->seat].up))
		session_close(s); /* with what lies in it */
	here = (struct session_place){s->handle, s->open, s->lost, s->era, s->login};
	s->handle = s->away.handle;
	s->open = s->away.open;
	s->lost = s->away.lost;
	s->era = s->away.era;
	s->login = s->away.login;
	s->away = here;
	s->seat = seat;
}

void
session_turn(struct session *s)
{
	size_t to;

	if (!s->token->share)
		return;
	to = s->stays ? s->home : s->turn++ % 2;
	if (!atomic_load(&s->token->seats[to].up))
		to = 1 - to;
	if (atomic_load(&s->token->seats[to].up))
		session_goto(s, to);
}

enum err
session_ready(struct session *s)
{
	return session_stands(s) ? ERR_OK : session_recover(s);
}

/* The one that it is on, or where else it should be. */
static size_t
seat_for(const struct session *s)
{
	const struct token *t = s->token;

	return t->share && atomic_load(&t->seats[s->seat].up) ? s->seat : atomic_load(&t->active);
}

static enum err
recover(struct session *s)
{
	session_close(s);
	s->lost = true;
	TRY(login_again(s->token, s->seat));
	return open_at(s, s->seat);
}

enum err
session_recover(struct session *s)
{
	enum err e;

	REQUIRE_WHY(!s->pinned, ERR_UNAVAILABLE, "the token does not answer");
	session_goto(s, seat_for(s));
	e = recover(s);
	if (e != ERR_OK) {
		if (e != ERR_UNAUTHENTICATED)
			token_doubt(s->token);
		log_refusal("token", e, "recovering a session");
		return err_because(ERR_UNAVAILABLE, "the HSM does not answer");
	}
	return ERR_OK;
}
