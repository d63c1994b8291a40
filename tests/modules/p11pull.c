/* p11pull: a PKCS#11 module between `mohar card` and the real one (P11PULL_MODULE) that stands for a card pulled out: at the P11PULL_AT-th call that changes what is on the card (1: the
 * first), before it (P11PULL_WHEN=before) or after it (after), the process dies as by kill -9. Without P11PULL_AT it appends the name of each such call to the file P11PULL_COUNT.
 * P11PULL_FLAGS (hex) is added to every CK_TOKEN_INFO's flags, and P11PULL_LOGINS gets one line for each C_Login: for PIN counters, which SoftHSM does not have. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST mine;

static void
append(const char *variable, const char *line)
{
	const char *path = getenv(variable);
	const int fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;

	if (fd < 0)
		return;
	(void)dprintf(fd, "%s\n", line);
	(void)close(fd);
}

/* Of this process: the module is loaded anew for every phase, the environment stays. */
static long
calls(long more)
{
	const char *before = getenv("P11PULL_CALLS");
	const long n = (before != NULL ? strtol(before, NULL, 10) : 0) + more;
	char text[24];

	(void)snprintf(text, sizeof(text), "%ld", n);
	(void)setenv("P11PULL_CALLS", text, 1);
	return n;
}

static void
pull(const char *when)
{
	const char *at = getenv("P11PULL_AT"), *wanted = getenv("P11PULL_WHEN");

	if (at != NULL && wanted != NULL && strcmp(when, wanted) == 0 && calls(0) == strtol(at, NULL, 10))
		(void)raise(SIGKILL);
}

static void
begin(const char *name)
{
	(void)calls(1);
	append("P11PULL_COUNT", name);
	pull("before");
}

#define CHANGE(name, own, parameters, arguments)       \
	static CK_RV own parameters                    \
	{                                              \
		begin(#name);                          \
		const CK_RV rv = real->name arguments; \
		pull("after");                         \
		return rv;                             \
	}

CHANGE(C_InitToken, init_token, (CK_SLOT_ID slot, CK_UTF8CHAR_PTR pin, CK_ULONG len, CK_UTF8CHAR_PTR label),
	(slot, pin, len, label))
CHANGE(C_InitPIN, init_pin, (CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR pin, CK_ULONG len), (session, pin, len))
CHANGE(C_GenerateKeyPair, generate_pair,
	(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR a, CK_ULONG n, CK_ATTRIBUTE_PTR b,
		CK_ULONG m, CK_OBJECT_HANDLE_PTR first, CK_OBJECT_HANDLE_PTR second),
	(session, mechanism, a, n, b, m, first, second))
CHANGE(C_CreateObject, create_object,
	(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR t, CK_ULONG n, CK_OBJECT_HANDLE_PTR out), (session, t, n, out))
CHANGE(C_DestroyObject, destroy_object, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object), (session, object))
CHANGE(C_SetAttributeValue, set_value,
	(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR t, CK_ULONG n), (session, object, t, n))

static CK_RV
token_info(CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info)
{
	const char *flags = getenv("P11PULL_FLAGS");
	const CK_RV rv = real->C_GetTokenInfo(slot, info);

	if (rv == CKR_OK && flags != NULL)
		info->flags |= strtoul(flags, NULL, 16);
	return rv;
}

static CK_RV
login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG len)
{
	append("P11PULL_LOGINS", user == CKU_SO ? "officer" : user == CKU_USER ? "user" : "again");
	return real->C_Login(session, user, pin, len);
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR out)
{
	const char *path = getenv("P11PULL_MODULE");
	void *library = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	CK_C_GetFunctionList list;

	if (library == NULL)
		return CKR_GENERAL_ERROR;
	*(void **)&list = dlsym(library, "C_GetFunctionList");
	if (list == NULL || list(&real) != CKR_OK)
		return CKR_GENERAL_ERROR;
	mine = *real;
	mine.C_InitToken = init_token;
	mine.C_InitPIN = init_pin;
	mine.C_GenerateKeyPair = generate_pair;
	mine.C_CreateObject = create_object;
	mine.C_DestroyObject = destroy_object;
	mine.C_SetAttributeValue = set_value;
	mine.C_GetTokenInfo = token_info;
	mine.C_Login = login;
	*out = &mine;
	return CKR_OK;
}
