#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "hsm/token/seat.h"

enum { MAX_SLOTS = 64, TOKEN_LABEL_LEN = 32 };

/* CK_C_INITIALIZE_ARGS, and one word more: NSS reads its parameters where the standard reserves a pointer, and its reserved pointer behind that. */
struct arguments {
	CK_C_INITIALIZE_ARGS standard;
	void *reserved;
};

CK_FUNCTION_LIST *
token_calls(const struct token *t)
{
	return t->calls;
}

CK_SLOT_ID
token_slot(const struct token *t)
{
	return atomic_load(&t->seats[atomic_load(&t->active)].slot);
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

enum err
module_initialize(struct token *t)
{
	struct arguments args = {
		.standard = {.flags = CKF_OS_LOCKING_OK, .pReserved = (void *)(uintptr_t)t->parameters}};
	const CK_RV rv = t->calls->C_Initialize(&args);

	REQUIRE_WHY(rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED, ERR_UNAVAILABLE, "C_Initialize: 0x%lx", rv);
	return ERR_OK;
}

bool
token_is_nss(const struct token *t)
{
	return t->nss;
}

static bool
says_nss(const struct token *t)
{
	static const char maker[] = "Mozilla Foundation";
	CK_INFO info;

	return t->calls->C_GetInfo(&info) == CKR_OK && memcmp(info.manufacturerID, maker, sizeof(maker) - 1) == 0;
}

static enum err
module_load(struct token *t, const char *path)
{
	CK_C_GetFunctionList get;
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_RV rv;

	REQUIRE_WHY(library != NULL, ERR_CONFIG, "module: %s; set 'module' to the HSM's PKCS#11 library", dlerror());
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	REQUIRE_WHY(get != NULL, ERR_CONFIG, "module %s is no PKCS#11 library: it has no C_GetFunctionList", path);
	rv = get(&t->calls);
	REQUIRE_WHY(rv == CKR_OK && t->calls != NULL, ERR_CONFIG, "module %s: C_GetFunctionList: 0x%lx", path, rv);
	if (module_initialize(t) != ERR_OK)
		return err_because(ERR_CONFIG,
			"module %s cannot be initialised; is its own configuration there and readable?", path);
	t->nss = says_nss(t);
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

/* Under the object lock: SoftHSM's C_GetTokenInfo asks gmtime(), whose answer all threads share. */
static enum err
slots_look(struct token *t, struct seat *seat)
{
	CK_SLOT_ID slots[MAX_SLOTS];
	CK_ULONG count = MAX_SLOTS;
	CK_TOKEN_INFO info;
	size_t found = 0;
	CK_RV rv = t->calls->C_GetSlotList(CK_TRUE, slots, &count);

	REQUIRE_WHY(rv == CKR_OK, ERR_UNAVAILABLE, "C_GetSlotList: 0x%lx", rv);
	for (CK_ULONG i = 0; i < count; i++) {
		if (t->calls->C_GetTokenInfo(slots[i], &info) != CKR_OK || !(info.flags & CKF_TOKEN_INITIALIZED) ||
			!label_is(info.label, seat->label))
			continue;
		atomic_store(&seat->slot, slots[i]);
		found++;
	}
	REQUIRE_WHY(found != 0, ERR_CONFIG,
		"there is no token '%s': initialise it (softhsm2-util --init-token), or set 'token'", seat->label);
	REQUIRE_WHY(found == 1, ERR_CONFIG, "there are %zu tokens '%s': one must go, or be renamed", found,
		seat->label);
	return ERR_OK;
}

enum err
slot_find(struct token *t, struct seat *seat)
{
	enum err e;

	token_lock(t);
	e = slots_look(t, seat);
	token_unlock(t);
	return e;
}

/* A wrong PIN is told at once; a token that is not there is the other's to replace. */
static enum err
seat_open(struct token *t, struct seat *seat)
{
	enum err e = slot_find(t, seat);

	if (e == ERR_OK)
		e = login_open(t, seat);
	if (e == ERR_OK) {
		atomic_store(&seat->up, true);
		return ERR_OK;
	}
	if (t->count == 1 || e == ERR_UNAUTHENTICATED)
		return e;
	log_refusal("token", e, seat->label);
	return ERR_OK;
}

/* Both are tried; the first that is there works. */
static enum err
seats_open(struct token *t)
{
	for (size_t i = 0; i < t->count; i++)
		TRY(seat_open(t, &t->seats[i]));
	for (size_t i = t->count; i-- > 0;)
		if (atomic_load(&t->seats[i].up))
			atomic_store(&t->active, i);
	REQUIRE_WHY(atomic_load(&t->seats[atomic_load(&t->active)].up), ERR_UNAVAILABLE,
		"neither token '%s' nor its mirror '%s' can be used", t->seats[0].label, t->seats[1].label);
	return ERR_OK;
}

static void
gate_init(struct token *t)
{
	pthread_rwlockattr_t attributes;

	(void)pthread_rwlockattr_init(&attributes);
	(void)pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	(void)pthread_rwlock_init(&t->gate, &attributes);
}

enum err
token_open(const struct token_settings *s, struct token **out)
{
	struct token *t = calloc(1, sizeof(*t));
	enum err e;

	REQUIRE(t != NULL, ERR_NO_MEMORY);
	t->pin = s->pin;
	t->context = s->context;
	t->parameters = s->parameters != NULL && s->parameters[0] != '\0' ? s->parameters : NULL;
	t->seats[0].label = s->label;
	t->count = 1;
	if (s->mirror != NULL && s->mirror[0] != '\0')
		t->seats[t->count++].label = s->mirror;
	t->share = s->share && t->count == 2;
	for (size_t i = 0; i < MAX_TOKENS; i++)
		era_end(t, i);
	(void)pthread_mutex_init(&t->objects, NULL);
	(void)pthread_mutex_init(&t->state, NULL);
	for (size_t i = 0; i < MAX_TOKENS; i++)
		(void)pthread_mutex_init(&t->seats[i].lock, NULL);
	gate_init(t);
	e = module_load(t, s->module);
	if (e == ERR_OK)
		e = seats_open(t);
	if (e != ERR_OK) {
		free(t); /* the module stays loaded: the process is about to leave */
		return e;
	}
	*out = t;
	return ERR_OK;
}

/* ---- the module begun anew ---- */

void
token_enter(struct token *t)
{
	(void)pthread_rwlock_rdlock(&t->gate);
}

void
token_leave(struct token *t)
{
	(void)pthread_rwlock_unlock(&t->gate);
}

/* ThreadSanitizer (gcc 12) knows nothing of pthread_rwlock_clockwrlock, and would call whatever it guards a race. */
#ifdef __SANITIZE_THREAD__
#define GATE_CLOCK CLOCK_REALTIME
#define gate_wait(gate, until) pthread_rwlock_timedwrlock((gate), (until))
#else
#define GATE_CLOCK CLOCK_MONOTONIC
#define gate_wait(gate, until) pthread_rwlock_clockwrlock((gate), CLOCK_MONOTONIC, (until))
#endif

bool
token_exclude(struct token *t, int milliseconds)
{
	struct timespec until;

	(void)clock_gettime(GATE_CLOCK, &until);
	until.tv_nsec += (milliseconds % 1000) * 1000000L;
	until.tv_sec += milliseconds / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	return gate_wait(&t->gate, &until) == 0;
}

void
token_doubt(struct token *t)
{
	atomic_store(&t->doubted, true);
}

bool
token_doubted(struct token *t)
{
	return atomic_load(&t->doubted) && atomic_exchange(&t->doubted, false);
}

enum err
token_restart(struct token *t)
{
	CK_RV rv;

	for (size_t i = 0; i < t->count; i++)
		era_end(t, i);
	rv = t->calls->C_Finalize(NULL);
	REQUIRE_WHY(rv == CKR_OK || rv == CKR_CRYPTOKI_NOT_INITIALIZED, ERR_UNAVAILABLE, "C_Finalize: 0x%lx", rv);
	TRY(module_initialize(t));
	for (size_t i = 0; i < t->count; i++) {
		struct seat *seat = &t->seats[i];
		enum err e;

		if (!atomic_load(&seat->up))
			continue;
		e = slot_find(t, seat);
		if (e == ERR_OK)
			e = login_open(t, seat);
		if (e != ERR_OK && !token_fail_over(t, i))
			return e;
	}
	return ERR_OK;
}
