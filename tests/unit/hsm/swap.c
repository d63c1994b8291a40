#include "swap.h"

#include <dlfcn.h>
#include <sys/wait.h>

#include <p11-kit/pkcs11.h>

enum { MAX_SLOTS = 16, MAX_FOUND = 4, ID_LEN = 16 };

static CK_FUNCTION_LIST *p11;
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

#define MUST(call)                             \
	do {                                   \
		if ((call) != CKR_OK)          \
			_exit(__LINE__ % 255); \
	} while (0)

static CK_SESSION_HANDLE
session_on(const char *token)
{
	CK_SLOT_ID slots[MAX_SLOTS];
	CK_ULONG n = MAX_SLOTS;
	CK_SESSION_HANDLE s;

	MUST(p11->C_GetSlotList(CK_TRUE, slots, &n));
	for (CK_ULONG i = 0; i < n; i++) {
		CK_TOKEN_INFO info;

		MUST(p11->C_GetTokenInfo(slots[i], &info));
		if (memcmp(info.label, token, strlen(token)) != 0 || info.label[strlen(token)] != ' ')
			continue;
		MUST(p11->C_OpenSession(slots[i], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s));
		MUST(p11->C_Login(s, CKU_USER, (CK_BYTE *)(uintptr_t) "12345678", 8));
		return s;
	}
	_exit(254);
}

/* False: there is none of that class. */
static bool
take_away(CK_SESSION_HANDLE s, CK_OBJECT_CLASS class, const char *label, CK_BYTE id[ID_LEN], CK_KEY_TYPE *type)
{
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)},
		{CKA_LABEL, (void *)(uintptr_t)label, strlen(label)}};
	CK_ATTRIBUTE known[] = {{CKA_ID, id, ID_LEN}, {CKA_KEY_TYPE, type, sizeof(*type)}};
	CK_OBJECT_HANDLE found[MAX_FOUND];
	CK_ULONG n = 0;

	MUST(p11->C_FindObjectsInit(s, template, 2));
	MUST(p11->C_FindObjects(s, found, MAX_FOUND, &n));
	MUST(p11->C_FindObjectsFinal(s));
	if (n != 1)
		return false;
	MUST(p11->C_GetAttributeValue(s, found[0], known, 2));
	MUST(p11->C_DestroyObject(s, found[0]));
	return true;
}

static void
secret_make(CK_SESSION_HANDLE s, const char *label, CK_BYTE *id, CK_KEY_TYPE type)
{
	const bool aes = type == CKK_AES;
	CK_MECHANISM mechanism = {aes ? CKM_AES_KEY_GEN : CKM_GENERIC_SECRET_KEY_GEN, NULL, 0};
	CK_ULONG len = 32;
	CK_ATTRIBUTE template[] = {{CKA_LABEL, (void *)(uintptr_t)label, strlen(label)}, {CKA_ID, id, ID_LEN},
		{CKA_TOKEN, &yes, sizeof(yes)}, {CKA_PRIVATE, &yes, sizeof(yes)}, {CKA_SENSITIVE, &yes, sizeof(yes)},
		{CKA_EXTRACTABLE, &no, sizeof(no)}, {CKA_VALUE_LEN, &len, sizeof(len)},
		{CKA_SIGN, aes ? &no : &yes, sizeof(yes)}, {CKA_WRAP, aes ? &yes : &no, sizeof(yes)},
		{CKA_UNWRAP, aes ? &yes : &no, sizeof(yes)}};
	CK_OBJECT_HANDLE made;

	MUST(p11->C_GenerateKey(s, &mechanism, template, 10, &made));
}

static void
pair_make(CK_SESSION_HANDLE s, const char *label, CK_BYTE *id)
{
	static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
	CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE public_half[] = {{CKA_LABEL, (void *)(uintptr_t)label, strlen(label)}, {CKA_ID, id, ID_LEN},
		{CKA_TOKEN, &yes, sizeof(yes)}, {CKA_EC_PARAMS, p256, sizeof(p256)}};
	CK_ATTRIBUTE private_half[] = {{CKA_LABEL, (void *)(uintptr_t)label, strlen(label)}, {CKA_ID, id, ID_LEN},
		{CKA_TOKEN, &yes, sizeof(yes)}, {CKA_PRIVATE, &yes, sizeof(yes)}, {CKA_SIGN, &yes, sizeof(yes)}};
	CK_OBJECT_HANDLE made[2];

	MUST(p11->C_GenerateKeyPair(s, &mechanism, public_half, 4, private_half, 5, &made[0], &made[1]));
}

/* The library's state is this process's own: a child's. */
static _Noreturn void
child(const char *token, const char *label)
{
	void *library = dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get;
	CK_BYTE id[ID_LEN];
	CK_KEY_TYPE type;
	CK_SESSION_HANDLE s;

	if (library == NULL)
		_exit(253);
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	MUST(get(&p11));
	MUST(p11->C_Initialize(NULL));
	s = session_on(token);
	if (take_away(s, CKO_SECRET_KEY, label, id, &type)) {
		secret_make(s, label, id, type);
	} else if (take_away(s, CKO_PRIVATE_KEY, label, id, &type)) {
		if (!take_away(s, CKO_PUBLIC_KEY, label, id, &type))
			_exit(252);
		pair_make(s, label, id);
	} else {
		_exit(251);
	}
	MUST(p11->C_Finalize(NULL));
	_exit(0);
}

void
swap_key(const struct rig *r, const char *token, const char *label)
{
	const pid_t pid = fork();
	int status = 0;

	(void)r;
	if (pid == 0)
		child(token, label);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}
