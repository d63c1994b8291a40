#include "cli/card/module.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

struct card_module {
	void *library;
	CK_FUNCTION_LIST_PTR calls;
	bool initialised;
};

CK_FUNCTION_LIST_PTR
card_module_calls(const struct card_module *m)
{
	return m->calls;
}

enum err
card_module_result(CK_RV rv, const char *what)
{
	switch (rv) {
	case CKR_OK:
		return ERR_OK;
	case CKR_PIN_INCORRECT:
		return err_because(ERR_REFUSED,
			"%s: the PIN is wrong (CKR_PIN_INCORRECT); not tried again, so that the card is not locked",
			what);
	case CKR_PIN_LEN_RANGE:
	case CKR_PIN_INVALID:
		return err_because(ERR_REFUSED,
			"%s: the card does not take a PIN of this length or form (CKR_PIN_LEN_RANGE)", what);
	case CKR_PIN_LOCKED:
		return err_because(ERR_TOO_MANY,
			"%s: the PIN is locked (CKR_PIN_LOCKED); 'mohar card unblock' sets a new one", what);
	case CKR_TOKEN_NOT_PRESENT:
	case CKR_DEVICE_REMOVED:
		return err_because(ERR_UNAVAILABLE,
			"%s: the card is not in the reader; put it back and run the same command again", what);
	case CKR_MECHANISM_INVALID:
	case CKR_FUNCTION_NOT_SUPPORTED:
		return err_because(ERR_UNSUPPORTED, "%s: the card cannot do this (0x%lx)", what, rv);
	default:
		return err_because(ERR_UNAVAILABLE, "%s: the card answered 0x%lx", what, rv);
	}
}

static enum err
load(const char *path, struct card_module *m)
{
	CK_C_GetFunctionList list;

	m->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	REQUIRE_WHY(m->library != NULL, ERR_NOT_FOUND, "the card's module cannot be loaded: %s", dlerror());
	*(void **)&list = dlsym(m->library, "C_GetFunctionList");
	REQUIRE_WHY(list != NULL && list(&m->calls) == CKR_OK && m->calls != NULL, ERR_NOT_FOUND,
		"%s is not a PKCS#11 module", path);
	TRY(card_module_result(m->calls->C_Initialize(NULL), "C_Initialize"));
	m->initialised = true;
	return ERR_OK;
}

enum err
card_module_open(const char *path, struct card_module **out)
{
	struct card_module *m = calloc(1, sizeof(*m));

	REQUIRE(m != NULL, ERR_NO_MEMORY);
	const enum err e = load(path, m);

	if (e != ERR_OK)
		card_module_free(&m);
	*out = m;
	return e;
}

void
card_module_free(struct card_module **m)
{
	if (*m == NULL)
		return;
	if ((*m)->initialised)
		(*m)->calls->C_Finalize(NULL);
	if ((*m)->library != NULL)
		dlclose((*m)->library);
	free(*m);
	*m = NULL;
}

void
card_module_trim(const unsigned char *field, size_t len, char *out)
{
	while (len > 0 && (field[len - 1] == ' ' || field[len - 1] == '\0'))
		len--;
	memcpy(out, field, len);
	out[len] = '\0';
}

enum err
card_module_slots(const struct card_module *m, CK_SLOT_ID slots[MAX_CARD_SLOTS], CK_ULONG *count)
{
	*count = MAX_CARD_SLOTS;
	return card_module_result(m->calls->C_GetSlotList(CK_TRUE, slots, count), "C_GetSlotList");
}

enum err
card_module_find(const struct card_module *m, const char *label, CK_SLOT_ID *out)
{
	CK_SLOT_ID slots[MAX_CARD_SLOTS];
	CK_ULONG count, found = 0;

	TRY(card_module_slots(m, slots, &count));
	for (CK_ULONG i = 0; i < count; i++) {
		CK_TOKEN_INFO info;
		char name[CARD_LABEL_LEN + 1];

		if (m->calls->C_GetTokenInfo(slots[i], &info) != CKR_OK || (info.flags & CKF_TOKEN_INITIALIZED) == 0)
			continue;
		card_module_trim(info.label, sizeof(info.label), name);
		if (strcmp(name, label) != 0)
			continue;
		*out = slots[i];
		found++;
	}
	REQUIRE_WHY(found > 0, ERR_NOT_FOUND, "no token is labelled '%s'; 'mohar card show' lists them", label);
	REQUIRE_WHY(found == 1, ERR_EXISTS, "%lu tokens are labelled '%s'; take the others out", found, label);
	return ERR_OK;
}

enum err
card_module_session(const struct card_module *m, CK_SLOT_ID slot, CK_USER_TYPE user, const struct secret *pin,
	CK_SESSION_HANDLE *out)
{
	CK_RV rv = m->calls->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, out);

	if (rv == CKR_TOKEN_WRITE_PROTECTED)
		rv = m->calls->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, out);
	TRY(card_module_result(rv, "C_OpenSession"));
	if (pin == NULL)
		return ERR_OK;
	const struct span digits = secret_span(pin);

	rv = m->calls->C_Login(*out, user, (CK_UTF8CHAR_PTR)(uintptr_t)digits.ptr, digits.len);
	return rv == CKR_USER_ALREADY_LOGGED_IN ? ERR_OK : card_module_result(rv, "C_Login");
}

enum err
card_module_objects(const struct card_module *m, CK_SESSION_HANDLE session, CK_ATTRIBUTE *match, CK_ULONG match_count,
	CK_OBJECT_HANDLE objects[MAX_CARD_OBJECTS], CK_ULONG *count)
{
	*count = 0;
	TRY(card_module_result(m->calls->C_FindObjectsInit(session, match, match_count), "C_FindObjectsInit"));
	const CK_RV rv = m->calls->C_FindObjects(session, objects, MAX_CARD_OBJECTS, count);

	m->calls->C_FindObjectsFinal(session);
	return card_module_result(rv, "C_FindObjects");
}

void
card_module_value(const struct card_module *m, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
	CK_ATTRIBUTE_TYPE type, struct writer *out)
{
	uint8_t bytes[MAX_CARD_VALUE];
	CK_ATTRIBUTE attribute = {type, bytes, sizeof(bytes)};

	if (m->calls->C_GetAttributeValue(session, object, &attribute, 1) == CKR_OK &&
		attribute.ulValueLen <= sizeof(bytes))
		writer_bytes(out, span_at(bytes, attribute.ulValueLen));
}

bool
card_module_true(const struct card_module *m, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
	CK_ATTRIBUTE_TYPE type)
{
	AUTO(writer) value = writer_new(MAX_CARD_VALUE);

	card_module_value(m, session, object, type, &value);
	return writer_span(&value).len == 1 && writer_span(&value).ptr[0] == CK_TRUE;
}
