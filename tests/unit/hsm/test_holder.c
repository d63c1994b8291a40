#include "person.h"

#include <dlfcn.h>

#include <p11-kit/pkcs11.h>

#include "hsm/policy/policy.h"
#include "policy/purpose.h"

/* Somebody with the token and its PIN, past mohar-hsmd, with every key of keys.json: what the keys say of themselves, and what the token does not let be done with them. Which
 * key is for what is read from keys.json, so that a new one is looked at too. */
static struct trial {
	struct rig *rig;
	struct policy policy;
	struct keyring *signer;
	struct person born;
} trial;

static struct holder {
	CK_FUNCTION_LIST *calls;
	CK_SESSION_HANDLE session;
} holder;

enum { MAX_FOUND = 64 };

static void
holder_open(void)
{
	CK_C_GetFunctionList get;
	void *library = dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW | RTLD_LOCAL);
	CK_SLOT_ID slots[8];
	CK_ULONG count = 8;

	if (library == NULL)
		return;
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	assert_int_equal(get(&holder.calls), CKR_OK);
	assert_int_equal(holder.calls->C_Initialize(NULL), CKR_OK);
	assert_int_equal(holder.calls->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
	assert_int_equal(holder.calls->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
				 &holder.session),
		CKR_OK);
	assert_int_equal(holder.calls->C_Login(holder.session, CKU_USER, (CK_UTF8CHAR_PTR)(uintptr_t) "12345678", 8),
		CKR_OK);
}

static int
set_up(void **state)
{
	char path[128];

	trial.rig = rig_new();
	*state = trial.rig;
	if (trial.rig == NULL)
		return 0;
	rig_up(trial.rig, NULL);
	rig_generate(trial.rig, NULL);
	rig_path(trial.rig, "keys.json", path);
	assert_ok(policy_read(path, &trial.policy));
	trial.signer = rig_keyring(trial.rig, UID_SIGNER);
	person_birth(trial.rig, trial.signer, &trial.born);
	holder_open();
	return 0;
}

static int
tear_down(void **state)
{
	if (*state == NULL)
		return 0;
	if (holder.calls != NULL)
		(void)holder.calls->C_Finalize(NULL);
	person_free(&trial.born);
	keyring_free(&trial.signer);
	policy_free(&trial.policy);
	rig_free((struct rig **)state);
	return 0;
}

static void
holder_of(void **state)
{
	(void)rig_of(state);
	if (holder.calls == NULL) {
		print_message("skipped: SoftHSM is elsewhere\n");
		skip();
	}
}

/* The private or secret half under that label. */
static CK_OBJECT_HANDLE
closed_half(const char *label)
{
	static CK_OBJECT_CLASS classes[] = {CKO_PRIVATE_KEY, CKO_SECRET_KEY};
	CK_OBJECT_HANDLE out = CK_INVALID_HANDLE, found;

	for (size_t i = 0; i < 2; i++) {
		CK_ATTRIBUTE wanted[] = {{CKA_LABEL, (void *)(uintptr_t)label, strlen(label)},
			{CKA_CLASS, &classes[i], sizeof(classes[i])}};
		CK_ULONG count = 0;

		assert_int_equal(holder.calls->C_FindObjectsInit(holder.session, wanted, 2), CKR_OK);
		assert_int_equal(holder.calls->C_FindObjects(holder.session, &found, 1, &count), CKR_OK);
		assert_int_equal(holder.calls->C_FindObjectsFinal(holder.session), CKR_OK);
		if (count == 1)
			out = found;
	}
	if (out == CK_INVALID_HANDLE)
		fail_msg("the token has no key '%s'", label);
	return out;
}

static int
flag(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL value = 0xee;
	CK_ATTRIBUTE attribute = {type, &value, sizeof(value)};

	return holder.calls->C_GetAttributeValue(holder.session, object, &attribute, 1) == CKR_OK ? value : -1;
}

static const struct key_rule *
rule_at(size_t i)
{
	return (const struct key_rule *)trial.policy.file.keys.items + i;
}

/* ---- what they say ---- */

CASE(every_key_is_closed_and_for_its_purpose_only)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		const char *name;
	} uses[] = {{CKA_SIGN, "sign"}, {CKA_DECRYPT, "decrypt"}, {CKA_ENCRYPT, "encrypt"}, {CKA_WRAP, "wrap"},
		{CKA_UNWRAP, "unwrap"}, {CKA_DERIVE, "derive"}};

	holder_of(state);
	for (size_t i = 0; i < trial.policy.file.keys.count; i++) {
		const char *label = rule_at(i)->label, *purpose = rule_at(i)->purpose;
		const bool wraps = strcmp(purpose, "wrap") == 0 || strcmp(purpose, "citizen-keys") == 0;
		const CK_OBJECT_HANDLE k = closed_half(label);

		assert_int_equal(flag(k, CKA_PRIVATE), CK_TRUE);
		assert_int_equal(flag(k, CKA_SENSITIVE), CK_TRUE);
		assert_int_equal(flag(k, CKA_ALWAYS_SENSITIVE), CK_TRUE);
		assert_int_equal(flag(k, CKA_EXTRACTABLE), CK_FALSE);
		assert_int_equal(flag(k, CKA_NEVER_EXTRACTABLE), CK_TRUE);
		assert_int_equal(flag(k, CKA_LOCAL), CK_TRUE);
		assert_int_equal(flag(k, CKA_MODIFIABLE), CK_FALSE);
		for (size_t n = 0; n < sizeof(uses) / sizeof(uses[0]); n++) {
			const bool use = uses[n].type == CKA_SIGN
				? !wraps
				: (uses[n].type == CKA_WRAP || uses[n].type == CKA_UNWRAP) && wraps;

			if ((flag(k, uses[n].type) == CK_TRUE) != use)
				fail_msg("key '%s' (%s): %s is %s", label, purpose, uses[n].name,
					use ? "missing" : "too much");
		}
	}
}

CASE(the_private_part_of_no_key_can_be_read)
{
	static const CK_ATTRIBUTE_TYPE parts[] = {CKA_VALUE, CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_PRIME_2,
		CKA_COEFFICIENT};

	holder_of(state);
	for (size_t i = 0; i < trial.policy.file.keys.count; i++)
		for (size_t n = 0; n < sizeof(parts) / sizeof(parts[0]); n++) {
			uint8_t bytes[1024] = {0};
			CK_ATTRIBUTE part = {parts[n], bytes, sizeof(bytes)};

			assert_int_not_equal(holder.calls->C_GetAttributeValue(holder.session,
						     closed_half(rule_at(i)->label), &part, 1),
				CKR_OK);
			for (size_t b = 0; b < sizeof(bytes); b++)
				assert_int_equal(bytes[b], 0);
		}
}

/* Has it a private half? Of a secret key OpenSC does not show that it makes MACs. */
static bool
signs(const struct key_rule *rule)
{
	return purpose_find(rule->purpose)->kind == ALGORITHM_SIGN;
}

/* OpenSC's eyes: as somebody who audits a token would look. */
CASE(pkcs11_tool_shows_every_key_sensitive_and_for_its_purpose_only)
{
	static char text[64 << 10];
	size_t seen = 0;
	FILE *f;

	holder_of(state);
	if (access("/usr/bin/pkcs11-tool", X_OK) != 0) {
		print_message("skipped: needs opensc\n");
		skip();
	}
	f = popen(
		"pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label main --login --pin 12345678 -O 2>/dev/null",
		"r");
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	(void)pclose(f);
	for (char *at = text, *end; at != NULL; at = end) {
		char label[128] = "", usage[256] = "";
		const struct key_rule *rule;
		const char *line;
		bool wraps;

		end = strstr(at + 1, " Object");
		if (end != NULL)
			end[0] = '\0';
		line = strstr(at, "label:");
		if (line != NULL)
			(void)sscanf(line, "label: %127s", label);
		line = strstr(at, "Usage:");
		if (line != NULL)
			(void)sscanf(line, "Usage: %255[^\n]", usage);
		rule = policy_key(&trial.policy, span_of(label));
		if (rule != NULL && strstr(at, "sensitive") != NULL) {
			seen++;
			wraps = strcmp(rule->purpose, "wrap") == 0 || strcmp(rule->purpose, "citizen-keys") == 0;
			if (strstr(at, "always sensitive") == NULL || strstr(at, "never extractable") == NULL ||
				strstr(at, "local") == NULL || strstr(usage, "derive") != NULL ||
				strstr(usage, "crypt") != NULL || (strstr(usage, "wrap") != NULL) != wraps ||
				(wraps && strstr(usage, "sign") != NULL) || (signs(rule) && strcmp(usage, "sign") != 0))
				fail_msg("key '%s' (%s): pkcs11-tool shows\n%s", label, rule->purpose, at);
		}
		if (end != NULL)
			end++;
	}
	assert_int_equal(seen, trial.policy.file.keys.count);
}

/* ---- what they do not let be done ---- */

CASE(no_key_takes_another_key_out)
{
	static CK_MECHANISM_TYPE types[] = {CKM_AES_KEY_WRAP_PAD, CKM_AES_KEY_WRAP};

	holder_of(state);
	for (size_t by = 0; by < trial.policy.file.keys.count; by++)
		for (size_t of = 0; of < trial.policy.file.keys.count; of++)
			for (size_t n = 0; n < 2; n++) {
				CK_MECHANISM mechanism = {types[n], NULL, 0};
				uint8_t bytes[4096];
				CK_ULONG len = sizeof(bytes);

				assert_int_not_equal(holder.calls->C_WrapKey(holder.session, &mechanism,
							     closed_half(rule_at(by)->label),
							     closed_half(rule_at(of)->label), bytes, &len),
					CKR_OK);
			}
}

/* With a wrapping key of one's own, whose value one knows. */
CASE(a_key_made_for_it_takes_no_key_out)
{
	uint8_t value[32] = {1}, bytes[4096];
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_AES;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_KEY_TYPE, &type, sizeof(type)},
		{CKA_VALUE, value, sizeof(value)}, {CKA_WRAP, &yes, 1}, {CKA_TRUSTED, &yes, 1}};
	CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
	CK_OBJECT_HANDLE own;

	holder_of(state);
	if (holder.calls->C_CreateObject(holder.session, template, 5, &own) != CKR_OK)
		assert_int_equal(holder.calls->C_CreateObject(holder.session, template, 4, &own), CKR_OK);
	for (size_t i = 0; i < trial.policy.file.keys.count; i++) {
		CK_ULONG len = sizeof(bytes);

		assert_int_not_equal(holder.calls->C_WrapKey(holder.session, &mechanism, own,
					     closed_half(rule_at(i)->label), bytes, &len),
			CKR_OK);
	}
	assert_int_equal(holder.calls->C_DestroyObject(holder.session, own), CKR_OK);
}

static const struct {
	CK_ATTRIBUTE_TYPE type;
	CK_BBOOL value;
} weaker[] = {{CKA_SENSITIVE, CK_FALSE}, {CKA_EXTRACTABLE, CK_TRUE}, {CKA_MODIFIABLE, CK_TRUE}, {CKA_COPYABLE, CK_TRUE},
	{CKA_DECRYPT, CK_TRUE}, {CKA_ENCRYPT, CK_TRUE}, {CKA_WRAP, CK_TRUE}, {CKA_UNWRAP, CK_TRUE},
	{CKA_DERIVE, CK_TRUE}, {CKA_SIGN, CK_TRUE}, {CKA_PRIVATE, CK_FALSE}, {CKA_TOKEN, CK_FALSE}};
enum { WEAKER = sizeof(weaker) / sizeof(weaker[0]) };

CASE(no_key_is_changed_or_copied_to_weaken_it)
{
	holder_of(state);
	for (size_t i = 0; i < trial.policy.file.keys.count; i++) {
		const CK_OBJECT_HANDLE k = closed_half(rule_at(i)->label);
		CK_OBJECT_HANDLE copy;
		CK_ATTRIBUTE empty[] = {{CKA_UNWRAP_TEMPLATE, NULL, 0}, {CKA_WRAP_TEMPLATE, NULL, 0},
			{CKA_ALLOWED_MECHANISMS, NULL, 0}};

		assert_int_not_equal(holder.calls->C_CopyObject(holder.session, k, NULL, 0, &copy), CKR_OK);
		for (size_t n = 0; n < WEAKER; n++) {
			CK_BBOOL value = weaker[n].value;
			CK_ATTRIBUTE change = {weaker[n].type, &value, sizeof(value)};

			if (flag(k, weaker[n].type) == value)
				continue;
			if (holder.calls->C_SetAttributeValue(holder.session, k, &change, 1) == CKR_OK ||
				flag(k, weaker[n].type) == value)
				fail_msg("key '%s': attribute %lx was changed", rule_at(i)->label, weaker[n].type);
			if (holder.calls->C_CopyObject(holder.session, k, &change, 1, &copy) == CKR_OK)
				fail_msg("key '%s': copied with attribute %lx changed", rule_at(i)->label,
					weaker[n].type);
		}
		for (size_t n = 0; n < 3; n++)
			assert_int_not_equal(holder.calls->C_SetAttributeValue(holder.session, k, &empty[n], 1),
				CKR_OK);
	}
}

/* ---- a citizen's key ---- */

static CK_RV
citizen_unwrap(CK_OBJECT_CLASS class, CK_KEY_TYPE type, CK_ATTRIBUTE *extra, CK_ULONG count, CK_OBJECT_HANDLE *out)
{
	const struct blob b = person_blob(&trial.born);
	CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
	CK_ATTRIBUTE template[16] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_KEY_TYPE, &type, sizeof(type)}};

	for (CK_ULONG i = 0; i < count; i++)
		template[2 + i] = extra[i];
	return holder.calls->C_UnwrapKey(holder.session, &mechanism, closed_half("citizen-keys"),
		(CK_BYTE *)(uintptr_t)b.wrapped.ptr, b.wrapped.len, template, 2 + count, out);
}

/* As bytes: a generic secret, an AES key, a certificate. */
CASE(a_citizens_key_is_not_unwrapped_as_something_that_shows_it)
{
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE open[] = {{CKA_SENSITIVE, &no, 1}, {CKA_EXTRACTABLE, &yes, 1}}, data[] = {{CKA_PRIVATE, &no, 1}};
	CK_OBJECT_HANDLE out;

	holder_of(state);
	assert_int_not_equal(citizen_unwrap(CKO_SECRET_KEY, CKK_GENERIC_SECRET, open, 2, &out), CKR_OK);
	assert_int_not_equal(citizen_unwrap(CKO_SECRET_KEY, CKK_GENERIC_SECRET, NULL, 0, &out), CKR_OK);
	assert_int_not_equal(citizen_unwrap(CKO_SECRET_KEY, CKK_AES, open, 2, &out), CKR_OK);
	assert_int_not_equal(citizen_unwrap(CKO_DATA, CKK_GENERIC_SECRET, data, 1, &out), CKR_OK);
	assert_int_not_equal(citizen_unwrap(CKO_PRIVATE_KEY, CKK_EC, open, 2, &out), CKR_OK);
}

/* What is unwrapped stays as closed as it was, and does not stay on the token. */
CASE(an_unwrapped_citizens_key_is_neither_opened_nor_kept)
{
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE keep[] = {{CKA_TOKEN, &yes, 1}}, derive[] = {{CKA_DERIVE, &yes, 1}},
		     closed[] = {{CKA_TOKEN, &no, 1}, {CKA_PRIVATE, &yes, 1}, {CKA_SENSITIVE, &yes, 1},
			     {CKA_EXTRACTABLE, &no, 1}, {CKA_SIGN, &yes, 1}, {CKA_DERIVE, &no, 1},
			     {CKA_COPYABLE, &no, 1}},
		     open[] = {{CKA_SENSITIVE, &no, 1}}, out[] = {{CKA_EXTRACTABLE, &yes, 1}};
	CK_ATTRIBUTE *changes[] = {keep, open, out, derive};
	uint8_t bytes[256];
	CK_MECHANISM wrap = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
	CK_OBJECT_HANDLE object, copy;
	CK_ULONG len = sizeof(bytes);

	holder_of(state);
	assert_int_equal(citizen_unwrap(CKO_PRIVATE_KEY, CKK_EC, closed, 7, &object), CKR_OK);
	assert_int_not_equal(citizen_unwrap(CKO_PRIVATE_KEY, CKK_EC, closed, 6, &copy), CKR_OK); /* to be copied */

	assert_int_equal(flag(object, CKA_TOKEN), CK_FALSE);
	assert_int_equal(flag(object, CKA_SENSITIVE), CK_TRUE);
	assert_int_equal(flag(object, CKA_EXTRACTABLE), CK_FALSE);
	assert_int_equal(flag(object, CKA_DERIVE), CK_FALSE);
	assert_int_not_equal(holder.calls->C_WrapKey(holder.session, &wrap, closed_half("citizen-keys"), object, bytes,
				     &len),
		CKR_OK);
	for (size_t i = 0; i < 4; i++) {
		/* SoftHSM unwraps to nothing that is not modifiable: that a key derives what is no signature, remains. */
		if (changes[i] != derive &&
			holder.calls->C_SetAttributeValue(holder.session, object, changes[i], 1) == CKR_OK)
			fail_msg("attribute %lx of an unwrapped key was changed", changes[i]->type);
		if (holder.calls->C_CopyObject(holder.session, object, changes[i], 1, &copy) == CKR_OK)
			fail_msg("an unwrapped key was copied with attribute %lx changed", changes[i]->type);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_closed_and_for_its_purpose_only),
		cmocka_unit_test(the_private_part_of_no_key_can_be_read),
		cmocka_unit_test(pkcs11_tool_shows_every_key_sensitive_and_for_its_purpose_only),
		cmocka_unit_test(no_key_takes_another_key_out),
		cmocka_unit_test(a_key_made_for_it_takes_no_key_out),
		cmocka_unit_test(no_key_is_changed_or_copied_to_weaken_it),
		cmocka_unit_test(a_citizens_key_is_not_unwrapped_as_something_that_shows_it),
		cmocka_unit_test(an_unwrapped_citizens_key_is_neither_opened_nor_kept),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
