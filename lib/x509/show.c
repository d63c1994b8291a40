/* What is read out of a certificate or key to name it: serial, subject attributes, key hash and type. */
#include <string.h>

#include "base/encode.h"
#include "x509/asn1.h"
#include "x509/own.h"
#include "x509/weak_key.h"
#include "x509/x509.h"

enum err
certificate_spki(const X509 *x, struct writer *w)
{
	unsigned char *der = NULL;
	const int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);

	return der_append(der, len, w);
}

enum err
spki_hash(const EVP_PKEY *key, struct sha256 *out)
{
	unsigned char *der = NULL;
	const int len = i2d_PUBKEY(key, &der);

	CRYPTO_OK(len > 0, "SubjectPublicKeyInfo");
	*out = sha256_of(span_at(der, (size_t)len));
	OPENSSL_free(der);
	return ERR_OK;
}

enum err
spki_type(struct span spki, char out[16])
{
	const uint8_t *p = spki.ptr;
	OWN(EVP_PKEY) key = d2i_PUBKEY(NULL, &p, (long)spki.len);

	if (!key || p != spki.ptr + spki.len)
		return own_failed(ERR_MALFORMED, "RFC 5280 4.1.2.7: not a SubjectPublicKeyInfo");
	return key_type(key, out);
}

enum err
certificate_attribute(const X509 *x, const char *type, char **out)
{
	const X509_NAME *name = X509_get_subject_name(x);
	const int nid = OBJ_txt2nid(type), at = X509_NAME_get_index_by_NID(name, nid, -1);
	unsigned char *utf8 = NULL;

	REQUIRE_WHY(nid != NID_undef && at >= 0, ERR_NOT_FOUND, "RFC 5280 4.1.2.6: the subject has no %s", type);
	REQUIRE_WHY(X509_NAME_get_index_by_NID(name, nid, at) < 0, ERR_MALFORMED,
		"RFC 5280 4.1.2.6: the subject has more than one %s", type);
	const int len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));

	if (len < 0)
		return own_failed(ERR_MALFORMED, "RFC 5280 4.1.2.4: a subject attribute is not text");
	const enum err e = span_text(span_at(utf8, (size_t)len), out);

	OPENSSL_free(utf8);
	return e;
}

enum err
certificate_serial_hex(const X509 *x, char out[2 * 20 + 1])
{
	uint8_t serial[20];
	size_t len;
	AUTO(writer) hex = writer_new(2 * sizeof(serial));

	TRY(serial_read(X509_get0_serialNumber(x), serial, &len));
	hex_write(&hex, span_at(serial, len));
	TRY(writer_done(&hex));
	memcpy(out, writer_span(&hex).ptr, 2 * len + 1);
	return ERR_OK;
}
