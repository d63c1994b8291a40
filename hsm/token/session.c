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
	return t->calls->C_OpenSession(seat->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, out);
}

/* A token that was taken out and put back may be in another slot. */
enum err
login_open(struct token *t, struct seat *seat)
{
	CK_RV rv = handle_open(t, seat, &seat->login);

	if (rv != CKR_OK) {
		TRY(slot_find(t, seat));
		rv = handle_open(t, seat, &seat->login);
	}
	if (rv != CKR_OK)
		seat->login = CK_INVALID_HANDLE;
	REQUIRE_WHY(rv == CKR_OK, ERR_UNAVAILABLE, "C_OpenSession: 0x%lx", rv);
	return login(t, seat);
}

enum err
session_open_at(struct token *t, size_t seat, struct session *out)
{
	struct session s = {.token = t, .era = atomic_load(&t->era), .seat = seat};
	const CK_RV rv = handle_open(t, &t->seats[seat], &s.handle);

	REQUIRE_WHY(rv == CKR_OK, ERR_UNAVAILABLE, "C_OpenSession: 0x%lx", rv);
	s.open = true;
	*out = s;
	return ERR_OK;
}

enum err
session_open(struct token *t, struct session *out)
{
	const uint64_t era =
		atomic_load(&t->era); /* before the seat: one that changes meanwhile makes the session void */
	struct session s;

	TRY(session_open_at(t, atomic_load(&t->active), &s));
	s.era = era;
	s.spent = out->spent;
	*out = s;
	return ERR_OK;
}

/* A handle of an era that is over may be another session's by now. */
void
session_close(struct session *s)
{
	if (s->open && s->era == atomic_load(&s->token->era))
		(void)s->token->calls->C_CloseSession(s->handle);
	s->open = false;
}

bool
session_stands(const struct session *s)
{
	return s->open && !s->lost && (s->pinned || s->era == atomic_load(&s->token->era));
}

enum err
session_ready(struct session *s)
{
	return session_stands(s) ? ERR_OK : session_recover(s);
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
	log_warn("token", "%s: the login is gone (0x%lx): logging in again", seat->label, rv);
	if (rv == CKR_CRYPTOKI_NOT_INITIALIZED)
		TRY(module_initialize(t));
	seat->login = CK_INVALID_HANDLE;
	if (i == atomic_load(&t->active))
		atomic_fetch_add(&t->era, 1);
	return login_open(t, seat);
}

enum err
session_recover(struct session *s)
{
	struct token *t = s->token;
	const size_t i = atomic_load(&t->active);
	enum err e;

	REQUIRE_WHY(!s->pinned, ERR_UNAVAILABLE, "the token does not answer");
	session_close(s);
	s->lost = true;
	(void)pthread_mutex_lock(&t->seats[i].lock);
	e = login_mend(t, i);
	(void)pthread_mutex_unlock(&t->seats[i].lock);
	s->seat = i;
	if (e == ERR_OK)
		e = session_open(t, s);
	if (e != ERR_OK) {
		if (e != ERR_UNAUTHENTICATED)
			token_doubt(t);
		log_refusal("token", e, "recovering a session");
		return err_because(ERR_UNAVAILABLE, "the HSM does not answer");
	}
	s->lost = false;
	return ERR_OK;
}
