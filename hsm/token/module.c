#include "hsm/token/token.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum { MAX_SLOTS = 64, TOKEN_LABEL_LEN = 32 };

struct token {
	CK_FUNCTION_LIST *calls;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE login; /* holds the login; never used for anything else, never logged out */
	bool pin_refused;        /* then the PIN is not tried again by this process */
	token_pin *pin;
	void *context;
	pthread_mutex_t objects;  /* finds and writes of token objects */
	pthread_mutex_t recovery; /* login, pin_refused */
};

CK_FUNCTION_LIST *
token_calls(const struct token *t)
{
	return t->calls;
}

CK_SLOT_ID
token_slot(const struct token *t)
{
	return t->slot;
}

void
token_lock(struct token *t)
{
	(void)pthread_mutex_lock(&t->objects);
}

void
token_unlock(struct token *t)
{
	(void)pthread_mutex_unlock(&t->objects);
}

static enum err
module_load(const char *path, CK_FUNCTION_LIST **out)
{
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
	CK_C_GetFunctionList get;
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_RV rv;

	REQUIRE_WHY(library != NULL, ERR_CONFIG, "module: %s; set 'module' to the HSM's PKCS#11 library", dlerror());
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	REQUIRE_WHY(get != NULL, ERR_CONFIG, "module %s is no PKCS#11 library: it has no C_GetFunctionList", path);
	rv = get(out);
	REQUIRE_WHY(rv == CKR_OK && *out != NULL, ERR_CONFIG, "module %s: C_GetFunctionList: 0x%lx", path, rv);
	rv = (*out)->C_Initialize(&args);
	REQUIRE_WHY(rv == CKR_OK, ERR_CONFIG,
		"module %s: C_Initialize: 0x%lx; is its own configuration there and readable?", path, rv);
	return ERR_OK;
}

/* PKCS#11 pads labels with blanks to 32 characters. */
static bool
label_is(const unsigned char padded[TOKEN_LABEL_LEN], const char *label)
{
	size_t len = TOKEN_LABEL_LEN;

	while (len > 0 && padded[len - 1] == ' ')
		len--;
	return span_is(span_at(padded, len), label);
}

static enum err
slot_find(struct token *t, const char *label)
{
	CK_SLOT_ID slots[MAX_SLOTS];
	CK_ULONG count = MAX_SLOTS;
	CK_TOKEN_INFO info;
	size_t found = 0;
	CK_RV rv = t->calls->C_GetSlotList(CK_TRUE, slots, &count);

	REQUIRE_WHY(rv == CKR_OK, ERR_CONFIG, "C_GetSlotList: 0x%lx", rv);
	for (CK_ULONG i = 0; i < count; i++) {
		if (t->calls->C_GetTokenInfo(slots[i], &info) != CKR_OK || !(info.flags & CKF_TOKEN_INITIALIZED) ||
			!label_is(info.label, label))
			continue;
		t->slot = slots[i];
		found++;
	}
	REQUIRE_WHY(found != 0, ERR_CONFIG,
		"there is no token '%s': initialise it (softhsm2-util --init-token), or set 'token'", label);
	REQUIRE_WHY(found == 1, ERR_CONFIG, "there are %zu tokens '%s': one must go, or be renamed", found, label);
	return ERR_OK;
}

static enum err
login(struct token *t)
{
	struct secret *pin = NULL;
	CK_RV rv;

	REQUIRE_WHY(!t->pin_refused, ERR_UNAUTHENTICATED, "the token refused the PIN before; it is not tried again");
	TRY(t->pin(t->context, &pin));
	rv = t->calls->C_Login(t->login, CKU_USER, secret_bytes(pin), secret_span(pin).len);
	secret_free(&pin);
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return ERR_OK;
	switch (rv) {
	case CKR_PIN_INCORRECT:
	case CKR_PIN_INVALID:
	case CKR_PIN_LEN_RANGE:
		t->pin_refused = true;
		return err_because(ERR_UNAUTHENTICATED,
			"the token refuses the PIN (0x%lx); it was tried once and is not tried again: "
			"correct pin_file before the token locks itself",
			rv);
	case CKR_PIN_LOCKED:
	case CKR_PIN_EXPIRED:
	case CKR_USER_PIN_NOT_INITIALIZED:
		t->pin_refused = true;
		return err_because(ERR_UNAUTHENTICATED,
			"the token's PIN is locked, expired or not set (0x%lx): its security officer must reset it",
			rv);
	default:
		return err_because(ERR_UNAVAILABLE, "C_Login: 0x%lx", rv);
	}
}

static enum err
login_open(struct token *t)
{
	const CK_RV rv = t->calls->C_OpenSession(t->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &t->login);

	REQUIRE_WHY(rv == CKR_OK, ERR_UNAVAILABLE, "C_OpenSession: 0x%lx", rv);
	return login(t);
}

enum err
token_open(const struct token_settings *s, struct token **out)
{
	struct token *t = calloc(1, sizeof(*t));
	enum err e;

	REQUIRE(t != NULL, ERR_NO_MEMORY);
	t->pin = s->pin;
	t->context = s->context;
	(void)pthread_mutex_init(&t->objects, NULL);
	(void)pthread_mutex_init(&t->recovery, NULL);
	e = module_load(s->module, &t->calls);
	if (e == ERR_OK)
		e = slot_find(t, s->label);
	if (e == ERR_OK)
		e = login_open(t);
	if (e != ERR_OK) {
		free(t); /* the module stays loaded: the process is about to leave */
		return e;
	}
	*out = t;
	return ERR_OK;
}

enum err
session_open(struct token *t, struct session *out)
{
	struct session s = {.token = t};
	const CK_RV rv = t->calls->C_OpenSession(t->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s.handle);

	REQUIRE_WHY(rv == CKR_OK, ERR_UNAVAILABLE, "C_OpenSession: 0x%lx", rv);
	s.open = true;
	*out = s;
	return ERR_OK;
}

void
session_close(struct session *s)
{
	if (s->open)
		(void)s->token->calls->C_CloseSession(s->handle);
	s->open = false;
}

/* Under recovery: is anybody logged in? If the HSM closed its sessions the login went with them. */
static enum err
login_mend(struct token *t)
{
	CK_SESSION_INFO info = {0};
	const CK_RV rv = t->calls->C_GetSessionInfo(t->login, &info);

	if (rv == CKR_OK && info.state == CKS_RW_USER_FUNCTIONS)
		return ERR_OK;
	log_warn("token", "the login is gone (0x%lx): logging in again", rv);
	if (rv == CKR_OK)
		return login(t);
	return login_open(t);
}

enum err
session_recover(struct session *s)
{
	struct token *t = s->token;
	enum err e;

	session_close(s);
	(void)pthread_mutex_lock(&t->recovery);
	e = login_mend(t);
	(void)pthread_mutex_unlock(&t->recovery);
	if (e == ERR_OK)
		e = session_open(t, s);
	if (e != ERR_OK) {
		log_refusal("token", e, "recovering a session");
		return err_because(ERR_UNAVAILABLE, "the HSM does not answer");
	}
	s->lost = false;
	return ERR_OK;
}
