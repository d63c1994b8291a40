#include "cli/card/token.h"

#include <string.h>

#include <openssl/x509.h>

#include "base/encode.h"
#include "cli/card/module.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { SERIAL_FIELD_LEN = 16 };

/* ---- init ---- */

static enum err
blank_slot(const struct card_module *m, CK_SLOT_ID *out)
{
	CK_SLOT_ID slots[MAX_CARD_SLOTS];
	CK_ULONG count;

	TRY(card_module_slots(m, slots, &count));
	for (CK_ULONG i = 0; i < count; i++) {
		CK_TOKEN_INFO info;

		if (card_module_calls(m)->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
			(info.flags & CKF_TOKEN_INITIALIZED) == 0) {
			*out = slots[i];
			return ERR_OK;
		}
	}
	return err_because(ERR_NOT_FOUND, "no blank token is in any reader");
}

/* Asked before anything is written: a label without a PIN would be a card that nobody can use or begin again. */
static enum err
pin_fits(const CK_TOKEN_INFO *info, const char *what, const struct secret *pin)
{
	const size_t len = secret_span(pin).len;

	REQUIRE_WHY(info->ulMaxPinLen == 0 || (len >= info->ulMinPinLen && len <= info->ulMaxPinLen), ERR_MALFORMED,
		"%s: this card takes %lu to %lu characters; nothing was written", what, info->ulMinPinLen,
		info->ulMaxPinLen);
	return ERR_OK;
}

static enum err
init_blank(const struct card_module *m, const char *label, const struct secret *so_pin, const struct secret *pin)
{
	CK_UTF8CHAR padded[CARD_LABEL_LEN];
	CK_TOKEN_INFO info;
	CK_SLOT_ID slot;
	const enum err found = card_module_find(m, label, &slot);
	const struct span so = secret_span(so_pin);

	REQUIRE_WHY(found == ERR_NOT_FOUND, ERR_EXISTS, "a token labelled '%s' exists already; choose another label",
		label);
	err_forget();
	REQUIRE_WHY(label[0] != '\0' && strlen(label) <= CARD_LABEL_LEN, ERR_MALFORMED,
		"a token's label has 1 to %d bytes", CARD_LABEL_LEN);
	TRY(blank_slot(m, &slot));
	TRY(card_module_result(card_module_calls(m)->C_GetTokenInfo(slot, &info), "C_GetTokenInfo"));
	TRY(pin_fits(&info, "--so-pin", so_pin));
	TRY(pin_fits(&info, "--pin", pin));
	memset(padded, ' ', sizeof(padded));
	memcpy(padded, label, strlen(label));
	return card_module_result(card_module_calls(m)->C_InitToken(slot, (CK_UTF8CHAR_PTR)(uintptr_t)so.ptr, so.len,
					  padded),
		"C_InitToken");
}

static enum err
init_pin(const struct card_module *m, const char *label, const struct secret *so_pin, const struct secret *pin,
	char *serial)
{
	const struct span digits = secret_span(pin);
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO info;

	TRY(card_module_find(m, label, &slot));
	TRY(card_module_session(m, slot, CKU_SO, so_pin, &session));
	TRY(card_module_result(card_module_calls(m)->C_InitPIN(session, (CK_UTF8CHAR_PTR)(uintptr_t)digits.ptr,
				       digits.len),
		"C_InitPIN"));
	TRY(card_module_result(card_module_calls(m)->C_GetTokenInfo(slot, &info), "C_GetTokenInfo"));
	card_module_trim(info.serialNumber, sizeof(info.serialNumber), serial);
	return ERR_OK;
}

enum err
card_token_init(const char *module, const char *label, const struct secret *so_pin, const struct secret *pin,
	char *serial)
{
	struct card_module *m;

	TRY(card_module_open(module, &m));
	enum err e = init_blank(m, label, so_pin, pin);

	card_module_free(&m);
	if (e != ERR_OK)
		return e;
	/* Some modules number their slots anew after C_InitToken: start again and look for the label. */
	TRY(card_module_open(module, &m));
	e = init_pin(m, label, so_pin, pin, serial);
	card_module_free(&m);
	return e;
}

/* ---- pin ---- */

static enum err
set_pin(const struct card_module *m, const char *label, const struct secret *pin, const struct secret *new_pin)
{
	const struct span before = secret_span(pin), after = secret_span(new_pin);
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;

	TRY(card_module_find(m, label, &slot));
	TRY(card_module_session(m, slot, CKU_USER, pin, &session));
	return card_module_result(card_module_calls(m)->C_SetPIN(session, (CK_UTF8CHAR_PTR)(uintptr_t)before.ptr,
					  before.len, (CK_UTF8CHAR_PTR)(uintptr_t)after.ptr, after.len),
		"C_SetPIN");
}

enum err
card_token_pin(const char *module, const char *label, const struct secret *pin, const struct secret *new_pin)
{
	struct card_module *m;

	TRY(card_module_open(module, &m));
	const enum err e = set_pin(m, label, pin, new_pin);

	card_module_free(&m);
	return e;
}

/* ---- show ---- */

struct telling {
	const struct card_module *m;
	CK_SESSION_HANDLE session;
	struct cli *c;
};

static void
tell_value(const struct telling *t, const char *name, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, bool hex)
{
	AUTO(writer) value = writer_new(MAX_CARD_VALUE);

	card_module_value(t->m, t->session, object, type, &value);
	if (hex)
		cli_hex(t->c, name, writer_span(&value));
	else
		cli_text(t->c, name, span_is_text(writer_span(&value)) ? (const char *)writer_span(&value).ptr : "");
}

static void
tell_key(const struct telling *t, CK_OBJECT_HANDLE key)
{
	cli_item(t->c, "keys");
	tell_value(t, "id", key, CKA_ID, true);
	tell_value(t, "label", key, CKA_LABEL, false);
	cli_bool(t->c, "local", card_module_true(t->m, t->session, key, CKA_LOCAL));
	cli_bool(t->c, "sensitive", card_module_true(t->m, t->session, key, CKA_SENSITIVE));
	cli_bool(t->c, "extractable", card_module_true(t->m, t->session, key, CKA_EXTRACTABLE));
	cli_bool(t->c, "never_extractable", card_module_true(t->m, t->session, key, CKA_NEVER_EXTRACTABLE));
	cli_item_end(t->c);
}

static void
tell_validity(struct cli *c, const X509 *x)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1)
		cli_time(c, "not_after", timegm(&tm));
}

static void
tell_certificate(const struct telling *t, CK_OBJECT_HANDLE object)
{
	AUTO(writer) der = writer_new(MAX_CARD_VALUE);
	char serial[2 * 20 + 1], subject[256], issuer[256];
	OWN(X509) x = NULL;

	cli_item(t->c, "certificates");
	tell_value(t, "id", object, CKA_ID, true);
	card_module_value(t->m, t->session, object, CKA_VALUE, &der);
	if (certificate_parse(writer_span(&der), &x) == ERR_OK) {
		if (certificate_serial_hex(x, serial) == ERR_OK)
			cli_text(t->c, "serial", serial);
		cli_text(t->c, "subject", X509_NAME_oneline(X509_get_subject_name(x), subject, sizeof(subject)));
		cli_text(t->c, "issuer", X509_NAME_oneline(X509_get_issuer_name(x), issuer, sizeof(issuer)));
		tell_validity(t->c, x);
	}
	cli_item_end(t->c);
}

static enum err
tell_objects(const struct telling *t, CK_OBJECT_CLASS class, void (*tell)(const struct telling *, CK_OBJECT_HANDLE))
{
	CK_ATTRIBUTE match[] = {{CKA_CLASS, &class, sizeof(class)}};
	CK_OBJECT_HANDLE objects[MAX_CARD_OBJECTS];
	CK_ULONG count;

	TRY(card_module_objects(t->m, t->session, match, 1, objects, &count));
	for (CK_ULONG i = 0; i < count; i++)
		tell(t, objects[i]);
	return ERR_OK;
}

static void
tell_token(const struct card_module *m, CK_SLOT_ID slot, struct cli *c)
{
	char text[64];
	CK_TOKEN_INFO info;

	if (card_module_calls(m)->C_GetTokenInfo(slot, &info) != CKR_OK)
		return;
	cli_item(c, "tokens");
	card_module_trim(info.label, sizeof(info.label), text);
	cli_text(c, "label", text);
	card_module_trim(info.serialNumber, SERIAL_FIELD_LEN, text);
	cli_text(c, "serial", text);
	card_module_trim(info.model, sizeof(info.model), text);
	cli_text(c, "model", text);
	cli_bool(c, "blank", (info.flags & CKF_TOKEN_INITIALIZED) == 0);
	cli_bool(c, "pin_set", (info.flags & CKF_USER_PIN_INITIALIZED) != 0);
	cli_bool(c, "pin_locked", (info.flags & CKF_USER_PIN_LOCKED) != 0);
	cli_item_end(c);
}

static enum err
tell_all(const struct card_module *m, const char *label, const struct secret *pin, struct cli *c)
{
	CK_SLOT_ID slots[MAX_CARD_SLOTS], slot;
	CK_ULONG count;
	struct telling t = {.m = m, .c = c};

	if (label == NULL) {
		TRY(card_module_slots(m, slots, &count));
		for (CK_ULONG i = 0; i < count; i++)
			tell_token(m, slots[i], c);
		return ERR_OK;
	}
	TRY(card_module_find(m, label, &slot));
	tell_token(m, slot, c);
	TRY(card_module_session(m, slot, CKU_USER, pin, &t.session));
	TRY(tell_objects(&t, pin != NULL ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY, tell_key));
	return tell_objects(&t, CKO_CERTIFICATE, tell_certificate);
}

enum err
card_token_tell(const char *module, const char *label, const struct secret *pin, struct cli *c)
{
	struct card_module *m;

	TRY(card_module_open(module, &m));
	const enum err e = tell_all(m, label, pin, c);

	card_module_free(&m);
	return e;
}
