#include "cli/card/card.h"

#include <string.h>

#include "cli/card/module.h"
#include "cli/card/session.h"

#define VALUE(type, bytes, len)                           \
	{                                                 \
		(type), (void *)(uintptr_t)(bytes), (len) \
	}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const CK_OBJECT_CLASS certificate_class = CKO_CERTIFICATE;
/* CKA_CERTIFICATE_CATEGORY, PKCS#11 2.20 10.6.2. */
enum { CATEGORY_HOLDER = 1, CATEGORY_AUTHORITY = 2 };

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

/* The certificates under a CKA_ID. */
static enum err
find(const struct card_module *m, CK_SESSION_HANDLE session, struct span id, CK_OBJECT_HANDLE found[MAX_CARD_OBJECTS],
	CK_ULONG *count)
{
	CK_ATTRIBUTE match[] = {VALUE(CKA_CLASS, &certificate_class, sizeof(certificate_class)),
		VALUE(CKA_ID, id.ptr, id.len)};

	return card_module_objects(m, session, match, COUNT(match), found, count);
}

static enum err
create(const struct card_module *m, CK_SESSION_HANDLE session, struct span id, const char *label, CK_ULONG category,
	const struct parts *p)
{
	static const CK_CERTIFICATE_TYPE type = CKC_X_509;
	static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE certificate[] = {
		VALUE(CKA_CLASS, &certificate_class, sizeof(certificate_class)),
		VALUE(CKA_CERTIFICATE_TYPE, &type, sizeof(type)),
		VALUE(CKA_TOKEN, &yes, sizeof(yes)),
		VALUE(CKA_PRIVATE, &no, sizeof(no)),
		VALUE(CKA_ID, id.ptr, id.len),
		VALUE(CKA_LABEL, label, strlen(label)),
		VALUE(CKA_CERTIFICATE_CATEGORY, &category, sizeof(category)),
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
	CK_OBJECT_HANDLE old[MAX_CARD_OBJECTS];
	CK_ULONG count;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;

	TRY(card_module_find(m, at->token, &slot));
	TRY(card_module_session(m, slot, CKU_USER, at->pin, &session));
	TRY(find(m, session, span_at(&id, 1), old, &count));
	TRY(create(m, session, span_at(&id, 1), label, CATEGORY_HOLDER, p));
	/* A card pulled out here has two, of which libp11 and we take the later. */
	for (CK_ULONG i = 0; i < count; i++)
		TRY(card_module_result(card_module_calls(m)->C_DestroyObject(session, old[i]), "C_DestroyObject"));
	return ERR_OK;
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

/* ---- the CA's ---- */

static enum err
write_authority(const struct card_module *m, CK_SESSION_HANDLE session, X509 *x)
{
	struct parts parts = {0};
	uint8_t id[EVP_MAX_MD_SIZE];
	char name[64] = "CA";
	CK_OBJECT_HANDLE found[MAX_CARD_OBJECTS];
	unsigned len = 0;
	CK_ULONG count;

	REQUIRE(X509_pubkey_digest(x, EVP_sha1(), id, &len) == 1, ERR_CRYPTO);
	TRY(find(m, session, span_at(id, len), found, &count));
	if (count > 0)
		return ERR_OK;
	(void)X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name, sizeof(name));
	enum err e = parts_of(x, &parts);

	if (e == ERR_OK)
		e = create(m, session, span_at(id, len), name, CATEGORY_AUTHORITY, &parts);
	parts_free(&parts);
	return e;
}

enum err
card_write_chain(const struct card_place *at, STACK_OF(X509) * chain)
{
	struct card_session s;
	enum err e = card_session_open(at, &s);

	for (int i = 0; e == ERR_OK && i < sk_X509_num(chain); i++)
		e = write_authority(s.module, s.session, sk_X509_value(chain, i));
	card_session_free(&s);
	return e;
}
