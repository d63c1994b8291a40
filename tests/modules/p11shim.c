/* p11shim: a PKCS#11 module between a browser and a card, for tests in which nobody can type a PIN. It passes everything on to the real module
 * (P11SHIM_MODULE), shows only the token labelled P11SHIM_TOKEN, logs in by itself with P11SHIM_PIN whenever a session is opened, and hides that a
 * login is needed. Each is required. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <p11-kit/pkcs11.h>

enum { MAX_SLOTS = 64, LABEL_LEN = 32 };

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST mine;

/* Labels are padded with spaces (PKCS#11 3.2). */
static int
is_ours(CK_SLOT_ID slot)
{
	const char *wanted = getenv("P11SHIM_TOKEN");
	CK_TOKEN_INFO info;
	CK_UTF8CHAR label[LABEL_LEN];

	if (wanted == NULL || strlen(wanted) > LABEL_LEN || real->C_GetTokenInfo(slot, &info) != CKR_OK)
		return 0;
	memset(label, ' ', sizeof(label));
	memcpy(label, wanted, strlen(wanted));
	return memcmp(label, info.label, sizeof(label)) == 0;
}

static CK_RV
slot_list(CK_BBOOL present, CK_SLOT_ID *out, CK_ULONG *count)
{
	CK_SLOT_ID all[MAX_SLOTS];
	CK_ULONG n = MAX_SLOTS, found = 0;
	const CK_RV rv = real->C_GetSlotList(present, all, &n);

	if (rv != CKR_OK)
		return rv;
	for (CK_ULONG i = 0; i < n; i++) {
		if (!is_ours(all[i]))
			continue;
		if (out != NULL && found == *count)
			return CKR_BUFFER_TOO_SMALL;
		if (out != NULL)
			out[found] = all[i];
		found++;
	}
	*count = found;
	return CKR_OK;
}

static CK_RV
token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	const CK_RV rv = real->C_GetTokenInfo(slot, info);

	if (rv == CKR_OK)
		info->flags &= ~(CK_FLAGS)CKF_LOGIN_REQUIRED;
	return rv;
}

static CK_RV
open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify, CK_SESSION_HANDLE *out)
{
	char *pin = getenv("P11SHIM_PIN");
	CK_RV rv = real->C_OpenSession(slot, flags, app, notify, out);

	if (rv != CKR_OK || pin == NULL)
		return rv;
	rv = real->C_Login(*out, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin));
	return rv == CKR_USER_ALREADY_LOGGED_IN ? CKR_OK : rv;
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	const char *path = getenv("P11SHIM_MODULE");
	CK_C_GetFunctionList get;
	void *library = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (library == NULL)
		return CKR_GENERAL_ERROR;
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	if (get == NULL || get(&real) != CKR_OK)
		return CKR_GENERAL_ERROR;
	mine = *real;
	mine.C_GetSlotList = slot_list;
	mine.C_GetTokenInfo = token_info;
	mine.C_OpenSession = open_session;
	*out = &mine;
	return CKR_OK;
}
