/* p11fault: a PKCS#11 module between mohar-hsmd and the real one (P11FAULT_MODULE) that fails by rules (file P11FAULT_RULES, read at each call, so that a
 * test can change them): lines `FUNCTION CODE COUNT`, meaning: the next COUNT calls of FUNCTION answer CODE (hex) instead of being made. FUNCTION may be
 * C_Sign, C_SignInit, C_UnwrapKey, C_OpenSession, C_Login, C_GetSessionInfo, C_GetMechanismInfo, C_FindObjectsInit; `lie` makes C_Sign flip a bit of a good signature;
 * `lose` closes every session behind the caller's back, as an HSM that restarts does. What is left of the counts is kept in this process. */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <p11-kit/pkcs11.h>

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST mine;
static CK_SLOT_ID slot_seen;

enum { MAX_RULES = 8 };
static atomic_int used[MAX_RULES];
static char seen[1024];

/* The code that this call answers; CKR_OK: make it. */
static CK_RV
rule(const char *function)
{
	char text[sizeof(seen)] = "", name[64], *line, *rest;
	const char *path = getenv("P11FAULT_RULES");
	FILE *f = path == NULL ? NULL : fopen(path, "re");
	unsigned long code;
	int count, n = 0;

	if (f == NULL)
		return CKR_OK;
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	(void)fclose(f);
	if (strcmp(text, seen) != 0) { /* new rules: count anew */
		memcpy(seen, text, sizeof(seen));
		for (int i = 0; i < MAX_RULES; i++)
			atomic_store(&used[i], 0);
	}
	for (line = strtok_r(text, "\n", &rest); line != NULL && n < MAX_RULES; line = strtok_r(NULL, "\n", &rest), n++)
		if (sscanf(line, "%63s %lx %d", name, &code, &count) == 3 && strcmp(name, function) == 0 &&
			atomic_fetch_add(&used[n], 1) < count)
			return code == 0 ? CKR_VENDOR_DEFINED : code;
	return CKR_OK;
}

#define TRY_RULE(function)                             \
	do {                                           \
		const CK_RV rule_rv_ = rule(function); \
		if (rule_rv_ != CKR_OK)                \
			return rule_rv_;               \
	} while (0)

static CK_RV
sign(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len)
{
	CK_RV rv;

	if (rule("lose") != CKR_OK)
		(void)real->C_CloseAllSessions(slot_seen);
	TRY_RULE("C_Sign");
	rv = real->C_Sign(s, in, in_len, out, out_len);
	if (rv == CKR_OK && out != NULL && rule("lie") != CKR_OK)
		out[*out_len - 1] ^= 1;
	return rv;
}

static CK_RV
sign_init(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE k)
{
	TRY_RULE("C_SignInit");
	return real->C_SignInit(s, m, k);
}

static CK_RV
unwrap_key(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE by, CK_BYTE *wrapped, CK_ULONG len,
	CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *out)
{
	TRY_RULE("C_UnwrapKey");
	return real->C_UnwrapKey(s, m, by, wrapped, len, template, count, out);
}

static CK_RV
open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify, CK_SESSION_HANDLE *out)
{
	slot_seen = slot;
	TRY_RULE("C_OpenSession");
	return real->C_OpenSession(slot, flags, app, notify, out);
}

static CK_RV
login(CK_SESSION_HANDLE s, CK_USER_TYPE type, CK_BYTE *pin, CK_ULONG len)
{
	TRY_RULE("C_Login");
	return real->C_Login(s, type, pin, len);
}

static CK_RV
session_info(CK_SESSION_HANDLE s, CK_SESSION_INFO *info)
{
	TRY_RULE("C_GetSessionInfo");
	return real->C_GetSessionInfo(s, info);
}

static CK_RV
find_init(CK_SESSION_HANDLE s, CK_ATTRIBUTE *t, CK_ULONG n)
{
	TRY_RULE("C_FindObjectsInit");
	return real->C_FindObjectsInit(s, t, n);
}

static CK_RV
mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	TRY_RULE("C_GetMechanismInfo");
	return real->C_GetMechanismInfo(slot, type, info);
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
	mine.C_Sign = sign;
	mine.C_SignInit = sign_init;
	mine.C_GetMechanismInfo = mechanism_info;
	mine.C_UnwrapKey = unwrap_key;
	mine.C_OpenSession = open_session;
	mine.C_Login = login;
	mine.C_GetSessionInfo = session_info;
	mine.C_FindObjectsInit = find_init;
	*out = &mine;
	return CKR_OK;
}
