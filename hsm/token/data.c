#include "hsm/token/token.h"

#include <string.h>

#include "base/log.h"
#include "base/reader.h"

/* A value is stored behind a u64 that counts up with every put. There are two objects of a label only if a put was cut short between making the new one
 * and taking the old one away; then the higher number is the truth. */
enum { MAX_DATA = 16 << 10, MAX_COPIES = 8 };

/* What keeps a value: a data object. NSS's database holds none, and never shows CKA_VALUE of what it holds: there it is the CKA_ID of a generic secret that is for nothing else, which
 * whoever writes that file can change without the PIN. */
static CK_OBJECT_CLASS
class_of(const struct token *t)
{
	return token_is_nss(t) ? CKO_SECRET_KEY : CKO_DATA;
}

static CK_ATTRIBUTE_TYPE
place_of(const struct token *t)
{
	return token_is_nss(t) ? CKA_ID : CKA_VALUE;
}

struct copies {
	CK_OBJECT_HANDLE objects[MAX_COPIES];
	CK_ULONG count;
	uint64_t number;     /* the highest */
	struct writer value; /* its value; owned */
};

static void
copies_free(struct copies *c)
{
	writer_free(&c->value);
}

/* An object that cannot be read was cut short in its own making: passed over, and taken away by the next put. */
static void
copy_read(struct session *s, CK_OBJECT_HANDLE object, struct copies *c)
{
	uint8_t bytes[MAX_DATA];
	CK_ATTRIBUTE attribute = {place_of(s->token), bytes, sizeof(bytes)};
	struct reader r;
	uint64_t number;

	if (token_calls(s->token)->C_GetAttributeValue(s->handle, object, &attribute, 1) != CKR_OK ||
		attribute.ulValueLen > sizeof(bytes))
		return;
	r = reader_over(span_at(bytes, attribute.ulValueLen));
	if (reader_u64(&r, &number) != ERR_OK || number <= c->number)
		return;
	c->number = number;
	writer_reset(&c->value);
	writer_bytes(&c->value, r.left);
}

/* Under the object lock. */
static enum err
copies_find(struct session *s, const char *label, struct copies *c)
{
	CK_FUNCTION_LIST *calls = token_calls(s->token);
	CK_OBJECT_CLASS class = class_of(s->token);
	CK_ATTRIBUTE template[] = {
		{CKA_CLASS, &class, sizeof(class)},
		{CKA_LABEL, (void *)(uintptr_t)label, strlen(label)},
	};
	enum err e;

	TRY(returned(s, "C_FindObjectsInit", calls->C_FindObjectsInit(s->handle, template, 2)));
	e = returned(s, "C_FindObjects", calls->C_FindObjects(s->handle, c->objects, MAX_COPIES, &c->count));
	(void)calls->C_FindObjectsFinal(s->handle);
	TRY(e);
	for (CK_ULONG i = 0; i < c->count; i++)
		copy_read(s, c->objects[i], c);
	return writer_done(&c->value);
}

enum err
token_data_get(struct session *s, const char *label, struct writer *value)
{
	AUTO(copies) c = {.value = writer_new(MAX_DATA)};
	enum err e;

	TRY(session_ready(s));
	token_lock(s->token);
	e = copies_find(s, label, &c);
	token_unlock(s->token);
	TRY(e);
	REQUIRE_WHY(c.number > 0, ERR_NOT_FOUND, "the token does not hold '%s'", label);
	writer_bytes(value, writer_span(&c.value));
	return writer_done(value);
}

static enum err
copy_make(struct session *s, const char *label, struct span bytes)
{
	CK_OBJECT_CLASS class = class_of(s->token);
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_BYTE secret[KEY_ID_LEN];
	CK_ATTRIBUTE template[] = {
		{CKA_CLASS, &class, sizeof(class)},
		{CKA_TOKEN, &yes, sizeof(yes)},
		{CKA_PRIVATE, &yes, sizeof(yes)},
		{CKA_MODIFIABLE, &no, sizeof(no)},
		{CKA_LABEL, (void *)(uintptr_t)label, strlen(label)},
		{place_of(s->token), (void *)(uintptr_t)bytes.ptr, bytes.len},
		/* From here on for a secret. */
		{CKA_KEY_TYPE, &type, sizeof(type)},
		{CKA_SENSITIVE, &no, sizeof(no)},
		{CKA_EXTRACTABLE, &yes, sizeof(yes)},
		{CKA_VALUE, secret, sizeof(secret)},
	};
	CK_OBJECT_HANDLE made;

	if (class == CKO_SECRET_KEY)
		TRY(token_random(s, secret, sizeof(secret)));
	return returned(s, "C_CreateObject",
		token_calls(s->token)->C_CreateObject(s->handle, template, class == CKO_SECRET_KEY ? 10 : 6, &made));
}

static enum err
put_one(struct session *s, const char *label, struct span value)
{
	AUTO(copies) c = {.value = writer_new(MAX_DATA)};
	AUTO(writer) bytes = writer_new(MAX_DATA);
	enum err e;

	token_lock(s->token);
	e = copies_find(s, label, &c);
	if (e == ERR_OK) {
		writer_u64(&bytes, c.number + 1);
		writer_bytes(&bytes, value);
		e = writer_done(&bytes);
	}
	if (e == ERR_OK)
		e = copy_make(s, label, writer_span(&bytes));
	for (CK_ULONG i = 0; i < c.count && e == ERR_OK; i++)
		e = returned(s, "C_DestroyObject", token_calls(s->token)->C_DestroyObject(s->handle, c.objects[i]));
	token_unlock(s->token);
	return e;
}

/* What one remembers both remember, or the one that does not is not gone over to before it has been brought up to date. */
static void
put_other(struct token *t, size_t seat, const char *label, struct span value)
{
	struct session other;

	if (token_count(t) == 1 || token_is_alone(t))
		return;
	if (token_other_open(t, 1 - seat, &other) != ERR_OK) {
		err_forget();
		return; /* it is found out when it is needed */
	}
	if (put_one(&other, label, value) != ERR_OK) {
		log_refusal("token", ERR_UNAVAILABLE, token_label(t, other.seat));
		token_other_set(&other, false);
	}
	token_other_close(&other);
}

enum err
token_data_put(struct session *s, const char *label, struct span value)
{
	TRY(session_ready(s));
	TRY(put_one(s, label, value));
	if (!s->pinned)
		put_other(s->token, s->seat, label, value);
	return ERR_OK;
}
