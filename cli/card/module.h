/* card_module: a PKCS#11 module called directly, for what libp11 cannot do: initialising a token, making an EC key, changing a PIN, reading
 * attributes back. Used by cli/card_*.c in phases of their own: while one of these is open no struct card may be (RECIPES.md says why). */
#ifndef MOHAR_CLI_CARD_MODULE_H
#define MOHAR_CLI_CARD_MODULE_H

#include <p11-kit/pkcs11.h>

#include "base/secret.h"
#include "base/writer.h"

enum { MAX_CARD_SLOTS = 256, MAX_CARD_OBJECTS = 64, MAX_CARD_VALUE = 16 << 10, CARD_LABEL_LEN = 32 };

struct card_module;

/* Loads and initialises. ERR_NOT_FOUND (no such file, not a module), ERR_UNAVAILABLE. The caller frees, which finalises and unloads. */
MUST_USE enum err card_module_open(const char *path, struct card_module **out);
void card_module_free(struct card_module **m);
CK_FUNCTION_LIST_PTR card_module_calls(const struct card_module *m);

/* A return value in our terms, its PKCS#11 name in the reason: PIN wrong ERR_REFUSED, locked ERR_TOO_MANY, gone ERR_UNAVAILABLE. */
MUST_USE enum err card_module_result(CK_RV rv, const char *what);

/* Slots with a token. */
MUST_USE enum err card_module_slots(const struct card_module *m, CK_SLOT_ID slots[MAX_CARD_SLOTS], CK_ULONG *count);
/* The slot whose initialised token has this label. ERR_NOT_FOUND; ERR_EXISTS if two have it. */
MUST_USE enum err card_module_find(const struct card_module *m, const char *label, CK_SLOT_ID *out);

/* PKCS#11's fields are padded with blanks and not terminated: trimmed into out, which has len + 1 bytes. */
void card_module_trim(const unsigned char *field, size_t len, char *out);

/* A session, logged in as user (CKU_USER, CKU_SO) if pin is not NULL. The module's end closes it. */
MUST_USE enum err card_module_session(const struct card_module *m, CK_SLOT_ID slot, CK_USER_TYPE user,
	const struct secret *pin, CK_SESSION_HANDLE *out);

/* Objects that match the template; at most MAX_CARD_OBJECTS. */
MUST_USE enum err card_module_objects(const struct card_module *m, CK_SESSION_HANDLE session, CK_ATTRIBUTE *match,
	CK_ULONG match_count, CK_OBJECT_HANDLE objects[MAX_CARD_OBJECTS], CK_ULONG *count);
/* One attribute's bytes, appended; nothing is appended if the object has none. */
void card_module_value(const struct card_module *m, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
	CK_ATTRIBUTE_TYPE type, struct writer *out);
bool card_module_true(const struct card_module *m, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
	CK_ATTRIBUTE_TYPE type);

#endif
