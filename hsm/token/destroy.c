#include "hsm/token/token.h"

#include <string.h>

enum { MAX_FOUND = 8 };

/* Under the object lock. Data objects may bear any label: they are no keys. */
static enum err
class_destroy(struct session *s, CK_OBJECT_CLASS class, const char *label)
{
	CK_FUNCTION_LIST *c = token_calls(s->token);
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE template[] = {
		{CKA_CLASS, &class, sizeof(class)},
		{CKA_TOKEN, &yes, sizeof(yes)},
		{CKA_LABEL, (void *)(uintptr_t)label, strlen(label)},
	};
	CK_OBJECT_HANDLE found[MAX_FOUND];
	CK_ULONG n = 0;
	enum err e;

	TRY(returned(s, "C_FindObjectsInit", c->C_FindObjectsInit(s->handle, template, 3)));
	e = returned(s, "C_FindObjects", c->C_FindObjects(s->handle, found, MAX_FOUND, &n));
	(void)c->C_FindObjectsFinal(s->handle);
	for (CK_ULONG i = 0; i < n && e == ERR_OK; i++)
		e = returned(s, "C_DestroyObject", c->C_DestroyObject(s->handle, found[i]));
	return e;
}

static enum err
destroy_one(struct session *s, const char *label)
{
	static const CK_OBJECT_CLASS classes[] = {CKO_PRIVATE_KEY, CKO_SECRET_KEY, CKO_PUBLIC_KEY};
	enum err e = ERR_OK;

	token_lock(s->token);
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]) && e == ERR_OK; i++)
		e = class_destroy(s, classes[i], label);
	token_unlock(s->token);
	return e;
}

enum err
token_key_destroy(struct session *s, const char *label)
{
	struct session other;
	enum err e;

	TRY(session_ready(s));
	if (token_count(s->token) == 1)
		return destroy_one(s, label);
	REQUIRE_WHY(!token_is_alone(s->token), ERR_UNAVAILABLE,
		"one of the two tokens is down: key '%s' would survive there", label);
	TRY(token_other_open(s->token, 1 - s->seat, &other));
	e = destroy_one(&other, label);
	token_other_close(&other);
	TRY(e);
	return destroy_one(s, label);
}
