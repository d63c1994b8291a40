/* p11fault: a PKCS#11 module between mohar-hsmd and the real one (P11FAULT_MODULE) that fails by rules, from a file (P11FAULT_RULES) that is read again when it
 * has changed, so that a test can tell a running daemon. A line is
 *
 *   FUNCTION CODE COUNT [call] [after=N] [delay=MS] [token=LABEL] [lie=flip|short|zero|point]
 *
 * For the next COUNT calls of FUNCTION (`any`: of all; COUNT *: for ever), after N that go well: waits MS milliseconds, then answers CODE (hex) instead of making the call; with `call`
 * makes it and answers CODE all the same. CODE 0: the call is made and its own code answered, after the delay, or with a lie in what it
 * gives: a bit of the last byte flipped, a length too short by one, all zeros, or (`point`) the last byte of attributes only. token: only on that token.
 *
 * Three more names stand for FUNCTION, at calls of C_Sign: `lie` flips a bit of the signature; `lose` closes every session behind the caller's back; `reset` finalizes the
 * module, as one that has crashed inside would be. What is left of the counts is kept in this process. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <p11-kit/pkcs11.h>

enum { MAX_RULES = 16, MAX_TEXT = 2048, LABEL_LEN = 32 };

enum lie { TRUTH, FLIP, SHORT, ZERO, POINT };

struct rule {
	char function[32], token[LABEL_LEN + 1];
	unsigned long code;
	long left, after, delay;
	bool call;
	enum lie lie;
};

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST mine;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* SoftHSM does not survive C_CloseAllSessions or C_Finalize while another thread is inside: read by every other call, written by those that we make behind the caller's back. */
static pthread_rwlock_t inside = PTHREAD_RWLOCK_INITIALIZER;
static struct rule rules[MAX_RULES];
static size_t count;
static struct timespec seen;
static off_t seen_size;
static ino_t seen_file;

static void
option(struct rule *r, const char *text)
{
	static const char *const lies[] =
		{[FLIP] = "lie=flip", [SHORT] = "lie=short", [ZERO] = "lie=zero", [POINT] = "lie=point"};

	if (strcmp(text, "call") == 0)
		r->call = true;
	else if (strncmp(text, "after=", 6) == 0)
		r->after = atol(text + 6);
	else if (strncmp(text, "delay=", 6) == 0)
		r->delay = atol(text + 6);
	else if (strncmp(text, "token=", 6) == 0)
		(void)snprintf(r->token, sizeof(r->token), "%s", text + 6);
	for (enum lie lie = FLIP; lie <= POINT; lie++)
		if (strcmp(text, lies[lie]) == 0)
			r->lie = lie;
}

static void
line_read(char *line)
{
	struct rule *r = &rules[count];
	char *rest, *name = strtok_r(line, " ", &rest), *code = strtok_r(NULL, " ", &rest),
		    *times = strtok_r(NULL, " ", &rest);

	if (times == NULL)
		return;
	*r = (struct rule){.code = strtoul(code, NULL, 16), .left = times[0] == '*' ? -1 : atol(times)};
	(void)snprintf(r->function, sizeof(r->function), "%s", name);
	for (char *text = strtok_r(NULL, " ", &rest); text != NULL; text = strtok_r(NULL, " ", &rest))
		option(r, text);
	count++;
}

/* Under the lock. */
static void
rules_read(void)
{
	const char *path = getenv("P11FAULT_RULES");
	char text[MAX_TEXT], *rest;
	struct stat st;
	FILE *f;

	if (path == NULL || stat(path, &st) != 0) {
		count = 0;
		return;
	}
	if (st.st_mtim.tv_sec == seen.tv_sec && st.st_mtim.tv_nsec == seen.tv_nsec && st.st_size == seen_size &&
		st.st_ino == seen_file)
		return;
	f = fopen(path, "re");
	if (f == NULL)
		return;
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	(void)fclose(f);
	seen = st.st_mtim;
	seen_size = st.st_size;
	seen_file = st.st_ino;
	count = 0;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL && count < MAX_RULES;
		line = strtok_r(NULL, "\n", &rest))
		line_read(line);
}

static CK_RV
left(CK_RV rv)
{
	(void)pthread_rwlock_unlock(&inside);
	return rv;
}

/* One call of the real module. */
#define MADE(call) ((void)pthread_rwlock_rdlock(&inside), left(call))

/* Under the lock: SoftHSM asks gmtime() for the token's clock, whose answer all threads share. */
static bool
slot_is(CK_SLOT_ID slot, const char *label)
{
	CK_TOKEN_INFO info;
	unsigned char padded[LABEL_LEN];

	memset(padded, ' ', sizeof(padded));
	memcpy(padded, label, strlen(label));
	return MADE(real->C_GetTokenInfo(slot, &info)) == CKR_OK && memcmp(info.label, padded, sizeof(padded)) == 0;
}

static bool
session_is(CK_SESSION_HANDLE s, const char *label)
{
	CK_SESSION_INFO info;

	return MADE(real->C_GetSessionInfo(s, &info)) == CKR_OK && slot_is(info.slotID, label);
}

/* The rule for this call: code 0 and no lie if there is none. s or slot: whichever the function has. */
static struct rule
rule_for(const char *function, CK_SESSION_HANDLE s, const CK_SLOT_ID *slot)
{
	struct rule out = {0};

	(void)pthread_mutex_lock(&lock);
	rules_read();
	for (size_t i = 0; i < count; i++) {
		struct rule *r = &rules[i];

		if (r->left == 0 ||
			(strcmp(r->function, function) != 0 && (strcmp(r->function, "any") != 0 || function[1] != '_')))
			continue;
		if (r->token[0] != '\0' && !(slot != NULL ? slot_is(*slot, r->token) : session_is(s, r->token)))
			continue;
		if (r->after > 0) {
			r->after--;
			continue;
		}
		if (r->left > 0)
			r->left--;
		out = *r;
		break;
	}
	(void)pthread_mutex_unlock(&lock);
	if (out.delay > 0)
		(void)nanosleep(&(struct timespec){out.delay / 1000, out.delay % 1000 * 1000000}, NULL);
	return out;
}

static bool
skips(const struct rule *r)
{
	return r->code != 0 && !r->call;
}

static CK_RV
answer(const struct rule *r, CK_RV rv)
{
	return r->code != 0 ? r->code : rv;
}

static void
lie(const struct rule *r, CK_BYTE *out, CK_ULONG *len)
{
	if (out == NULL || *len == 0 || *len == CK_UNAVAILABLE_INFORMATION)
		return;
	if (r->lie == FLIP)
		out[*len - 1] ^= 1;
	if (r->lie == SHORT)
		(*len)--;
	if (r->lie == ZERO)
		memset(out, 0, *len);
}

/* A function of a session that gives no bytes back. */
#define PLAIN(name, lower, parameters, arguments)                                   \
	static CK_RV lower parameters                                               \
	{                                                                           \
		const struct rule r = rule_for(#name, session, NULL);               \
                                                                                    \
		return skips(&r) ? r.code : answer(&r, MADE(real->name arguments)); \
	}

/* One that writes bytes to out, and their count to len. */
#define GIVING(name, lower, parameters, arguments)                    \
	static CK_RV lower parameters                                 \
	{                                                             \
		const struct rule r = rule_for(#name, session, NULL); \
		CK_RV rv;                                             \
                                                                      \
		if (skips(&r))                                        \
			return r.code;                                \
		rv = MADE(real->name arguments);                      \
		if (rv == CKR_OK)                                     \
			lie(&r, out, len);                            \
		return answer(&r, rv);                                \
	}

PLAIN(C_CloseSession, close_session, (CK_SESSION_HANDLE session), (session))
PLAIN(C_GetSessionInfo, session_info, (CK_SESSION_HANDLE session, CK_SESSION_INFO *info), (session, info))
PLAIN(C_Login, login, (CK_SESSION_HANDLE session, CK_USER_TYPE type, CK_BYTE *pin, CK_ULONG n), (session, type, pin, n))
PLAIN(C_FindObjectsInit, find_init, (CK_SESSION_HANDLE session, CK_ATTRIBUTE *t, CK_ULONG n), (session, t, n))
PLAIN(C_FindObjects, find, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *out, CK_ULONG most, CK_ULONG *n),
	(session, out, most, n))
PLAIN(C_FindObjectsFinal, find_final, (CK_SESSION_HANDLE session), (session))
PLAIN(C_SignInit, sign_init, (CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE k), (session, m, k))
PLAIN(C_GenerateKey, generate_key,
	(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *out),
	(session, m, t, n, out))
PLAIN(C_GenerateKeyPair, generate_pair,
	(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_ATTRIBUTE *a, CK_ULONG an, CK_ATTRIBUTE *b, CK_ULONG bn,
		CK_OBJECT_HANDLE *public, CK_OBJECT_HANDLE *private),
	(session, m, a, an, b, bn, public, private))
PLAIN(C_UnwrapKey, unwrap_key,
	(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE by, CK_BYTE *wrapped, CK_ULONG n, CK_ATTRIBUTE *t,
		CK_ULONG tn, CK_OBJECT_HANDLE *out),
	(session, m, by, wrapped, n, t, tn, out))
PLAIN(C_CreateObject, create_object, (CK_SESSION_HANDLE session, CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *out),
	(session, t, n, out))
PLAIN(C_DestroyObject, destroy_object, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object), (session, object))
PLAIN(C_GenerateRandom, generate_random, (CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG n), (session, out, n))
GIVING(C_WrapKey, wrap_key,
	(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE by, CK_OBJECT_HANDLE key, CK_BYTE *out,
		CK_ULONG *len),
	(session, m, by, key, out, len))

static CK_RV
sign(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG n, CK_BYTE *out, CK_ULONG *len)
{
	const struct rule lose = rule_for("lose", session, NULL), reset = rule_for("reset", session, NULL),
			  flip = rule_for("lie", session, NULL), r = rule_for("C_Sign", session, NULL);
	CK_SESSION_INFO info;
	CK_RV rv;

	if (lose.code != 0 || reset.code != 0)
		(void)pthread_rwlock_wrlock(&inside);
	if (lose.code != 0 && real->C_GetSessionInfo(session, &info) == CKR_OK)
		(void)real->C_CloseAllSessions(info.slotID);
	if (reset.code != 0)
		(void)real->C_Finalize(NULL);
	if (lose.code != 0 || reset.code != 0)
		(void)pthread_rwlock_unlock(&inside);
	if (skips(&r))
		return r.code;
	rv = MADE(real->C_Sign(session, in, n, out, len));
	if (rv == CKR_OK)
		lie(flip.code != 0 ? &(struct rule){.lie = FLIP} : &r, out, len);
	return answer(&r, rv);
}

static CK_RV
attributes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *t, CK_ULONG n)
{
	const struct rule r = rule_for("C_GetAttributeValue", session, NULL);
	CK_RV rv;

	if (skips(&r))
		return r.code;
	rv = MADE(real->C_GetAttributeValue(session, object, t, n));
	for (CK_ULONG i = 0; rv == CKR_OK && i < n; i++)
		if (r.lie != POINT)
			lie(&r, t[i].pValue, &t[i].ulValueLen);
		else if (t[i].type == CKA_EC_POINT)
			lie(&(struct rule){.lie = FLIP}, t[i].pValue, &t[i].ulValueLen);
	return answer(&r, rv);
}

static CK_RV
open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify, CK_SESSION_HANDLE *out)
{
	const struct rule r = rule_for("C_OpenSession", 0, &slot);

	return skips(&r) ? r.code : answer(&r, MADE(real->C_OpenSession(slot, flags, app, notify, out)));
}

static CK_RV
close_all(CK_SLOT_ID slot)
{
	const struct rule r = rule_for("C_CloseAllSessions", 0, &slot);

	return skips(&r) ? r.code : answer(&r, real->C_CloseAllSessions(slot));
}

static CK_RV
slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *n)
{
	const struct rule r = rule_for("C_GetSlotList", 0, NULL);

	return skips(&r) ? r.code : answer(&r, MADE(real->C_GetSlotList(present, slots, n)));
}

static CK_RV
token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	const struct rule r = rule_for("C_GetTokenInfo", 0, &slot);
	CK_RV rv;

	if (skips(&r))
		return r.code;
	(void)pthread_mutex_lock(&lock);
	rv = MADE(real->C_GetTokenInfo(slot, info));
	(void)pthread_mutex_unlock(&lock);
	return answer(&r, rv);
}

static CK_RV
mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	const struct rule r = rule_for("C_GetMechanismInfo", 0, &slot);

	return skips(&r) ? r.code : answer(&r, MADE(real->C_GetMechanismInfo(slot, type, info)));
}

static CK_RV
initialize(void *arguments)
{
	const struct rule r = rule_for("C_Initialize", 0, NULL);

	return skips(&r) ? r.code : answer(&r, real->C_Initialize(arguments));
}

static CK_RV
finalize(void *reserved)
{
	const struct rule r = rule_for("C_Finalize", 0, NULL);

	return skips(&r) ? r.code : answer(&r, real->C_Finalize(reserved));
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	const char *path = getenv("P11FAULT_MODULE");
	CK_C_GetFunctionList get;
	void *library = dlopen(path == NULL ? "" : path, RTLD_NOW | RTLD_LOCAL);

	if (library == NULL)
		return CKR_GENERAL_ERROR;
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	if (get == NULL || get(&real) != CKR_OK)
		return CKR_GENERAL_ERROR;
	mine = *real;
	mine.C_Initialize = initialize;
	mine.C_Finalize = finalize;
	mine.C_GetSlotList = slot_list;
	mine.C_GetTokenInfo = token_info;
	mine.C_GetMechanismInfo = mechanism_info;
	mine.C_OpenSession = open_session;
	mine.C_CloseSession = close_session;
	mine.C_CloseAllSessions = close_all;
	mine.C_GetSessionInfo = session_info;
	mine.C_Login = login;
	mine.C_FindObjectsInit = find_init;
	mine.C_FindObjects = find;
	mine.C_FindObjectsFinal = find_final;
	mine.C_GetAttributeValue = attributes;
	mine.C_SignInit = sign_init;
	mine.C_Sign = sign;
	mine.C_GenerateKey = generate_key;
	mine.C_GenerateKeyPair = generate_pair;
	mine.C_WrapKey = wrap_key;
	mine.C_UnwrapKey = unwrap_key;
	mine.C_CreateObject = create_object;
	mine.C_DestroyObject = destroy_object;
	mine.C_GenerateRandom = generate_random;
	*out = &mine;
	return CKR_OK;
}
