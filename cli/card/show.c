#include "cli/card/token.h"

#include <string.h>

#include <openssl/x509.h>

#include "base/encode.h"
#include "cli/card/module.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { SERIAL_FIELD_LEN = 16, DAY = 24 * 60 * 60 };

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
	cli_bool(t->c, "pin_each_time", card_module_true(t->m, t->session, key, CKA_ALWAYS_AUTHENTICATE));
	cli_item_end(t->c);
}

/* Without a PIN only the public half is seen, which says nothing of the private one. */
static void
tell_public_key(const struct telling *t, CK_OBJECT_HANDLE key)
{
	cli_item(t->c, "keys");
	tell_value(t, "id", key, CKA_ID, true);
	tell_value(t, "label", key, CKA_LABEL, false);
	cli_text(t->c, "attributes", "with --pin");
	cli_item_end(t->c);
}

static void
tell_validity(struct cli *c, const X509 *x)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) != 1)
		return;
	cli_time(c, "not_after", timegm(&tm));
	cli_int(c, "days_left", (timegm(&tm) - cli_now(c)) / DAY);
}

/* What a person may do with it. */
static const char *
use_of(X509 *x)
{
	const uint32_t usage = X509_get_key_usage(x);

	if ((X509_get_extension_flags(x) & EXFLAG_CA) != 0)
		return "authority";
	if (usage == UINT32_MAX)
		return "any";
	if ((usage & KU_NON_REPUDIATION) != 0)
		return (usage & KU_DIGITAL_SIGNATURE) != 0 ? "log in and sign" : "sign";
	return (usage & KU_DIGITAL_SIGNATURE) != 0 ? "log in" : "other";
}

/* A person's certificates and, in a list of their own, the CA's. */
static void
tell_certificate_in(const struct telling *t, CK_OBJECT_HANDLE object, bool authorities)
{
	AUTO(writer) der = writer_new(MAX_CARD_VALUE);
	char serial[2 * 20 + 1], subject[256], issuer[256];
	OWN(X509) x = NULL;

	card_module_value(t->m, t->session, object, CKA_VALUE, &der);
	const bool read = certificate_parse(writer_span(&der), &x) == ERR_OK;

	if ((read && strcmp(use_of(x), "authority") == 0) != authorities)
		return;
	cli_item(t->c, authorities ? "authorities" : "certificates");
	tell_value(t, "id", object, CKA_ID, true);
	if (read) {
		if (certificate_serial_hex(x, serial) == ERR_OK)
			cli_text(t->c, "serial", serial);
		cli_text(t->c, "subject", X509_NAME_oneline(X509_get_subject_name(x), subject, sizeof(subject)));
		cli_text(t->c, "issuer", X509_NAME_oneline(X509_get_issuer_name(x), issuer, sizeof(issuer)));
		cli_text(t->c, "use", use_of(x));
		tell_validity(t->c, x);
	}
	cli_item_end(t->c);
}

static void
tell_certificate(const struct telling *t, CK_OBJECT_HANDLE object)
{
	tell_certificate_in(t, object, false);
}

static void
tell_authority(const struct telling *t, CK_OBJECT_HANDLE object)
{
	tell_certificate_in(t, object, true);
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

/* PKCS#11 has no number of tries, only these words (CK_TOKEN_INFO, PKCS#11 2.40 3.2). */
static const char *
tries_of(CK_FLAGS flags, CK_FLAGS low, CK_FLAGS final, CK_FLAGS locked)
{
	if ((flags & locked) != 0)
		return "locked";
	if ((flags & final) != 0)
		return "ONE try left";
	return (flags & low) != 0 ? "a wrong one was tried" : "all tries left, or not told";
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
	cli_text(c, "pin",
		(info.flags & CKF_USER_PIN_INITIALIZED) == 0
			? "not set"
			: tries_of(info.flags, CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_LOCKED));
	cli_text(c, "puk", tries_of(info.flags, CKF_SO_PIN_COUNT_LOW, CKF_SO_PIN_FINAL_TRY, CKF_SO_PIN_LOCKED));
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
	TRY(pin != NULL ? tell_objects(&t, CKO_PRIVATE_KEY, tell_key)
			: tell_objects(&t, CKO_PUBLIC_KEY, tell_public_key));
	TRY(tell_objects(&t, CKO_CERTIFICATE, tell_certificate));
	return tell_objects(&t, CKO_CERTIFICATE, tell_authority);
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
