#include "hsm/token/token.h"

enum { DATA_KEY_LEN = 32, MAX_BLOB = 64 };

/* The data key is for the caller, who encrypts with it outside: it is born readable, lives as a session object, and goes at once. */
static enum err
value_read(struct session *s, CK_OBJECT_HANDLE object, struct secret **out)
{
	CK_ATTRIBUTE value = {CKA_VALUE, NULL, DATA_KEY_LEN};
	enum err e;

	TRY(secret_new(DATA_KEY_LEN, out));
	value.pValue = secret_bytes(*out);
	e = returned(s, "C_GetAttributeValue",
		token_calls(s->token)->C_GetAttributeValue(s->handle, object, &value, 1));
	if (e == ERR_OK && value.ulValueLen != DATA_KEY_LEN)
		e = err_because(ERR_CORRUPT, "a data key of %lu bytes", value.ulValueLen);
	if (e != ERR_OK)
		secret_free(out);
	return e;
}

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static enum err
data_key_make(struct session *s, CK_OBJECT_HANDLE *out)
{
	CK_ULONG len = DATA_KEY_LEN;
	CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
	CK_ATTRIBUTE template[] = {
		{CKA_VALUE_LEN, &len, sizeof(len)},
		{CKA_TOKEN, &no, sizeof(no)},
		{CKA_PRIVATE, &yes, sizeof(yes)},
		{CKA_SENSITIVE, &no, sizeof(no)},
		{CKA_EXTRACTABLE, &yes, sizeof(yes)},
	};

	return returned(s, "C_GenerateKey",
		token_calls(s->token)->C_GenerateKey(s->handle, &mechanism, template, 5, out));
}

static enum err
wrap_made(struct session *s, CK_OBJECT_HANDLE master, CK_OBJECT_HANDLE made, struct writer *blob,
	struct secret **data_key)
{
	CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
	uint8_t bytes[MAX_BLOB];
	CK_ULONG len = sizeof(bytes);

	TRY(returned(s, "C_WrapKey",
		token_calls(s->token)->C_WrapKey(s->handle, &mechanism, master, made, bytes, &len)));
	writer_bytes(blob, span_at(bytes, len));
	TRY(writer_done(blob));
	return value_read(s, made, data_key);
}

enum err
token_wrap(struct session *s, CK_OBJECT_HANDLE master, struct writer *blob, struct secret **data_key)
{
	CK_OBJECT_HANDLE made;
	enum err e;

	TRY(data_key_make(s, &made));
	e = wrap_made(s, master, made, blob, data_key);
	(void)token_calls(s->token)->C_DestroyObject(s->handle, made);
	return e;
}

static enum err
unwrap(struct session *s, CK_OBJECT_HANDLE master, struct span blob, CK_OBJECT_HANDLE *made, CK_RV *rv)
{
	CK_FUNCTION_LIST *c = token_calls(s->token);
	CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_AES;
	CK_ATTRIBUTE template[] = {
		{CKA_CLASS, &class, sizeof(class)},
		{CKA_KEY_TYPE, &type, sizeof(type)},
		{CKA_TOKEN, &no, sizeof(no)},
		{CKA_PRIVATE, &yes, sizeof(yes)},
		{CKA_SENSITIVE, &no, sizeof(no)},
		{CKA_EXTRACTABLE, &yes, sizeof(yes)},
	};

	*rv = c->C_UnwrapKey(s->handle, &mechanism, master, (CK_BYTE *)(uintptr_t)blob.ptr, blob.len, template, 6,
		made);
	return returned(s, "C_UnwrapKey", *rv);
}

/* Codes that say of a blob and of a sick HSM alike that something is wrong: SoftHSM has the first for a blob that does not verify, NSS others. */
static bool
is_ambiguous(CK_RV rv)
{
	return rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED || rv == CKR_DEVICE_ERROR;
}

/* Does the key open what it has just wrapped? */
static enum err
works(struct session *s, CK_OBJECT_HANDLE master)
{
	AUTO(writer) blob = writer_new(MAX_BLOB);
	AUTO(secret) *data_key = NULL;
	CK_OBJECT_HANDLE made;
	CK_RV rv;

	TRY(token_wrap(s, master, &blob, &data_key));
	TRY(unwrap(s, master, writer_span(&blob), &made, &rv));
	(void)token_calls(s->token)->C_DestroyObject(s->handle, made);
	return ERR_OK;
}

/* The blob's fault, or the HSM's? One that opens a blob of its own, and not this one, twice, is well. */
static enum err
unwrap_surely(struct session *s, CK_OBJECT_HANDLE master, struct span blob, CK_OBJECT_HANDLE *made)
{
	CK_RV first, second;
	enum err e = unwrap(s, master, blob, made, &first);

	if (e != ERR_OK && is_ambiguous(first)) {
		s->lost = false; /* another code follows if the session is gone */
		TRY(works(s, master));
		e = unwrap(s, master, blob, made, &second);
		if (e != ERR_OK && second == first) {
			s->lost = false;
			e = ERR_MALFORMED;
		}
	}
	return e == ERR_MALFORMED ? err_because(ERR_CORRUPT, "that blob was not wrapped by this key") : e;
}

enum err
token_unwrap(struct session *s, CK_OBJECT_HANDLE master, struct span blob, struct secret **data_key)
{
	CK_OBJECT_HANDLE made;
	enum err e;

	REQUIRE_WHY(blob.len > 0 && blob.len <= MAX_BLOB, ERR_CORRUPT, "that is no wrapped key");
	TRY(unwrap_surely(s, master, blob, &made));
	e = value_read(s, made, data_key);
	(void)token_calls(s->token)->C_DestroyObject(s->handle, made);
	return e;
}
