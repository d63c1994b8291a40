#include "person.h"

#include <dlfcn.h>

#include <p11-kit/pkcs11.h>

/* What somebody sees of citizens' keys who has the token and its PIN, and goes past mohar-hsmd. */
static const char label[] = "citizen-keys";

static struct trial {
	struct rig *rig;
	struct keyring *signer;
	struct person born;
} trial;

static int
set_up(void **state)
{
	trial.rig = rig_new();
	*state = trial.rig;
	if (trial.rig == NULL)
		return 0;
	rig_up(trial.rig, NULL);
	rig_generate(trial.rig, "citizen-keys");
	rig_generate(trial.rig, "citizen-seal");
	trial.signer = rig_keyring(trial.rig, UID_SIGNER);
	person_birth(trial.rig, trial.signer, &trial.born);
	return 0;
}

static int
tear_down(void **state)
{
	person_free(&trial.born);
	keyring_free(&trial.signer);
	rig_free((struct rig **)state);
	return 0;
}

static struct holder {
	CK_FUNCTION_LIST *calls;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE master;
} holder;

static void
holder_open(void)
{
	CK_C_GetFunctionList get;
	void *library = dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW | RTLD_LOCAL);
	CK_SLOT_ID slots[8];
	CK_ULONG count = 8, found;
	CK_ATTRIBUTE name = {CKA_LABEL, (void *)(uintptr_t)label, sizeof(label) - 1};

	if (library == NULL) {
		print_message("skipped: SoftHSM is elsewhere\n");
		skip();
	}
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	assert_int_equal(get(&holder.calls), CKR_OK);
	assert_int_equal(holder.calls->C_Initialize(NULL), CKR_OK);
	assert_int_equal(holder.calls->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
	assert_int_equal(holder.calls->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
				 &holder.session),
		CKR_OK);
	assert_int_equal(holder.calls->C_Login(holder.session, CKU_USER, (CK_UTF8CHAR_PTR)(uintptr_t) "12345678", 8),
		CKR_OK);
	assert_int_equal(holder.calls->C_FindObjectsInit(holder.session, &name, 1), CKR_OK);
	assert_int_equal(holder.calls->C_FindObjects(holder.session, &holder.master, 1, &found), CKR_OK);
	assert_int_equal(found, 1);
	assert_int_equal(holder.calls->C_FindObjectsFinal(holder.session), CKR_OK);
}

static CK_RV
holder_unwrap(CK_BBOOL token, CK_BBOOL sensitive, CK_BBOOL extractable, CK_OBJECT_HANDLE *out)
{
	const struct blob b = person_blob(&trial.born);
	CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = CKK_EC;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_KEY_TYPE, &type, sizeof(type)},
		{CKA_TOKEN, &token, 1}, {CKA_PRIVATE, &yes, 1}, {CKA_SENSITIVE, &sensitive, 1},
		{CKA_EXTRACTABLE, &extractable, 1}, {CKA_SIGN, &yes, 1}, {CKA_DERIVE, &no, 1}, {CKA_COPYABLE, &no, 1}};

	return holder.calls->C_UnwrapKey(holder.session, &mechanism, holder.master, (CK_BYTE *)(uintptr_t)b.wrapped.ptr,
		b.wrapped.len, template, sizeof(template) / sizeof(template[0]), out);
}

/* What remains to the PIN's holder is using a key, past mohar-hsmd: docs/THREATS.md says so. Having it, they cannot. */
CASE(the_pins_holder_cannot_take_a_citizens_key_out)
{
	uint8_t bytes[256];
	CK_ATTRIBUTE value = {CKA_VALUE, bytes, sizeof(bytes)};
	CK_MECHANISM wrap = {CKM_AES_KEY_WRAP_PAD, NULL, 0}, ecb = {CKM_AES_ECB, NULL, 0};
	CK_ULONG len = sizeof(bytes);
	CK_OBJECT_HANDLE object;

	(void)rig_of(state);
	holder_open();
	assert_int_not_equal(holder_unwrap(CK_FALSE, CK_FALSE, CK_FALSE, &object), CKR_OK);
	assert_int_not_equal(holder_unwrap(CK_FALSE, CK_TRUE, CK_TRUE, &object), CKR_OK);
	assert_int_not_equal(holder_unwrap(CK_TRUE, CK_TRUE, CK_FALSE, &object), CKR_OK);
	assert_int_equal(holder_unwrap(CK_FALSE, CK_TRUE, CK_FALSE, &object), CKR_OK);
	assert_int_not_equal(holder.calls->C_GetAttributeValue(holder.session, object, &value, 1), CKR_OK);
	assert_int_not_equal(holder.calls->C_WrapKey(holder.session, &wrap, holder.master, object, bytes, &len),
		CKR_OK);
	value.ulValueLen = sizeof(bytes);
	assert_int_not_equal(holder.calls->C_GetAttributeValue(holder.session, holder.master, &value, 1), CKR_OK);
	assert_int_not_equal(holder.calls->C_DecryptInit(holder.session, &ecb, holder.master), CKR_OK);
	assert_int_not_equal(holder.calls->C_EncryptInit(holder.session, &ecb, holder.master), CKR_OK);
	(void)holder.calls->C_Finalize(NULL);
}

CASE(pkcs11_tool_shows_a_master_that_wraps_and_unwraps_only)
{
	char text[8192] = "", *at, *end;
	struct rig *r = rig_of(state);
	FILE *f;

	(void)r;
	if (access("/usr/bin/pkcs11-tool", X_OK) != 0 || access("/usr/lib/softhsm/libsofthsm2.so", R_OK) != 0) {
		print_message("skipped: needs opensc\n");
		skip();
	}
	f = popen(
		"pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label main --login --pin 12345678 -O 2>&1",
		"r");
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	(void)pclose(f);
	at = strstr(text, "citizen-keys");
	assert_non_null(at);
	end = strstr(at, "Object;");
	if (end != NULL)
		*end = '\0';
	assert_non_null(strstr(at, "wrap, unwrap"));
	assert_null(strstr(at, "encrypt"));
	assert_null(strstr(at, "decrypt"));
	assert_null(strstr(at, "sign"));
	assert_non_null(strstr(at, "sensitive"));
	assert_non_null(strstr(at, "never extractable"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pins_holder_cannot_take_a_citizens_key_out),
		cmocka_unit_test(pkcs11_tool_shows_a_master_that_wraps_and_unwraps_only),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
