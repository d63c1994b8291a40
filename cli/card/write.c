#include "cli/card/card.h"

#include <string.h>

#include "cli/card/module.h"

#define VALUE(type, bytes, len)                           \
	{                                                 \
		(type), (void *)(uintptr_t)(bytes), (len) \
	}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const CK_OBJECT_CLASS certificate_class = CKO_CERTIFICATE;

/* What a certificate object says of itself beside the certificate. */
struct parts {
	unsigned char *subject, *issuer, *serial, *whole;
	int subject_len, issuer_len, serial_len, whole_len;
};

static void
parts_free(struct parts *p)
{
	OPENSSL_free(p->subject);
	OPENSSL_free(p->issuer);
	OPENSSL_free(p->serial);
	OPENSSL_free(p->whole);
}

static enum err
parts_of(X509 *x, struct parts *p)
{
	p->subject_len = i2d_X509_NAME(X509_get_subject_name(x), &p->subject);
	p->issuer_len = i2d_X509_NAME(X509_get_issuer_name(x), &p->issuer);
	p->serial_len = i2d_ASN1_INTEGER(X509_get0_serialNumber(x), &p->serial);
	p->whole_len = i2d_X509(x, &p->whole);
	REQUIRE(p->subject_len > 0 && p->issuer_len > 0 && p->serial_len > 0 && p->whole_len > 0, ERR_NO_MEMORY);
	return ERR_OK;
}

/* A renewed certificate takes the place of the old one. */
static enum err
remove_old(const struct card_module *m, CK_SESSION_HANDLE session, uint8_t id)
{
	CK_ATTRIBUTE match[] = {VALUE(CKA_CLASS, &certificate_class, sizeof(certificate_class)), VALUE(CKA_ID, &id, 1)};
	CK_OBJECT_HANDLE old[MAX_CARD_OBJECTS];
	CK_ULONG count;

	TRY(card_module_objects(m, session, match, COUNT(match), old, &count));
	for (CK_ULONG i = 0; i < count; i++)
		TRY(card_module_result(card_module_calls(m)->C_DestroyObject(session, old[i]), "C_DestroyObject"));
	return ERR_OK;
}

static enum err
create(const struct card_module *m, CK_SESSION_HANDLE session, uint8_t id, const char *label, const struct parts *p)
{
	static const CK_CERTIFICATE_TYPE type = CKC_X_509;
	static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE certificate[] = {
		VALUE(CKA_CLASS, &certificate_class, sizeof(certificate_class)),
		VALUE(CKA_CERTIFICATE_TYPE, &type, sizeof(type)),
		VALUE(CKA_TOKEN, &yes, sizeof(yes)),
		VALUE(CKA_PRIVATE, &no, sizeof(no)),
		VALUE(CKA_ID, &id, 1),
		VALUE(CKA_LABEL, label, strlen(label)),
		VALUE(CKA_SUBJECT, p->subject, (CK_ULONG)p->subject_len),
		VALUE(CKA_ISSUER, p->issuer, (CK_ULONG)p->issuer_len),
		VALUE(CKA_SERIAL_NUMBER, p->serial, (CK_ULONG)p->serial_len),
		VALUE(CKA_VALUE, p->whole, (CK_ULONG)p->whole_len),
	};
	CK_OBJECT_HANDLE object;

	return card_module_result(card_module_calls(m)->C_CreateObject(session, certificate, COUNT(certificate),
					  &object),
		"C_CreateObject");
}

static enum err
write_in(const struct card_module *m, const struct card_place *at, uint8_t id, const char *label, const struct parts *p)
{
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;

	TRY(card_module_find(m, at->token, &slot));
	TRY(card_module_session(m, slot, CKU_USER, at->pin, &session));
	TRY(remove_old(m, session, id));
	return create(m, session, id, label, p);
}

enum err
card_write(const struct card_place *at, uint8_t id, const char *label, X509 *x)
{
	struct parts parts = {0};
	struct card_module *m = NULL;
	enum err e = parts_of(x, &parts);

	if (e == ERR_OK)
		e = card_module_open(at->module, &m);
	if (e == ERR_OK)
		e = write_in(m, at, id, label, &parts);
	card_module_free(&m);
	parts_free(&parts);
	return e;
}
