#include "x509/asn1.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <time.h>

#include "x509/own.h"
#include "x509/weak_key.h"
#include "x509/x509.h"

enum err
der_append(unsigned char *der, int len, struct writer *w)
{
	CRYPTO_OK(len > 0, "DER");
	writer_bytes(w, span_at(der, (size_t)len));
	OPENSSL_free(der);
	return writer_done(w);
}

enum err
asn1_time_read(const ASN1_TIME *t, unix_time *out)
{
	struct tm tm;

	if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
		return own_failed(ERR_MALFORMED, "RFC 5280 4.1.2.5: not a time");
	*out = timegm(&tm);
	return ERR_OK;
}

enum err
serial_make(struct span bytes, ASN1_INTEGER **out)
{
	OWN(BIGNUM) n = BN_bin2bn(bytes.ptr, (int)bytes.len, NULL);

	CRYPTO_OK(n, "serial");
	REQUIRE_WHY(!BN_is_zero(n) && bytes.len <= 20 && !(bytes.len == 20 && bytes.ptr[0] & 0x80), ERR_MALFORMED,
		"RFC 5280 4.1.2.2: a serial is positive and at most 20 bytes");
	*out = BN_to_ASN1_INTEGER(n, NULL);
	CRYPTO_OK(*out, "serial");
	return ERR_OK;
}

enum err
serial_read(const ASN1_INTEGER *n, uint8_t out[20], size_t *len)
{
	const int size = ASN1_STRING_length(n);

	REQUIRE_WHY(ASN1_STRING_type(n) == V_ASN1_INTEGER && size >= 0 && size <= 20, ERR_MALFORMED,
		"RFC 5280 4.1.2.2: a serial is positive and at most 20 bytes");
	const size_t used = (size_t)size, pad = used < SERIAL_LEN ? SERIAL_LEN - used : 0;

	memset(out, 0, pad);
	memcpy(out + pad, ASN1_STRING_get0_data(n), used);
	*len = pad + used;
	return ERR_OK;
}

/* A handle of mohar-hsmd's RSA keys signs with one digest only, and says which. */
static const EVP_MD *
mandatory_digest(const EVP_PKEY *key)
{
	enum { MANDATORY = 2 }; /* what EVP_PKEY_get_default_digest_name returns then */
	char name[16] = "";
	const EVP_MD *md = NULL;

	if (EVP_PKEY_get_default_digest_name((EVP_PKEY *)(uintptr_t)key, name, sizeof(name)) == MANDATORY)
		md = EVP_get_digestbyname(name);
	return md == NULL ? EVP_sha256() : md;
}

enum err
digest_for(const EVP_PKEY *key, const EVP_MD **out)
{
	char type[16];

	TRY(key_type(key, type));
	if (strncmp(type, "Ed", 2) == 0)
		*out = NULL;
	else if (strcmp(type, "P-384") == 0)
		*out = EVP_sha384();
	else if (strcmp(type, "P-521") == 0)
		*out = EVP_sha512();
	else
		*out = mandatory_digest(key);
	return ERR_OK;
}

enum err
name_make(const struct name_part *parts, size_t count, X509_NAME *name)
{
	for (size_t i = 0; i < count; i++) {
		const int nid = OBJ_txt2nid(parts[i].type);
		const struct span value = span_of(parts[i].value);

		REQUIRE_WHY(nid != NID_undef, ERR_MALFORMED, "RFC 5280 4.1.2.4: attribute %s is not known",
			parts[i].type);
		REQUIRE_WHY(value.len > 0 && span_is_text(value), ERR_MALFORMED,
			"RFC 5280 4.1.2.4: the value of %s is empty or not text", parts[i].type);
		if (X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, value.ptr, (int)value.len, -1, 0) != 1)
			return own_failed(ERR_MALFORMED,
				"RFC 5280 A.1: an attribute is too long, or of characters it may not have");
	}
	return ERR_OK;
}

enum err
certificate_parse(struct span der, X509 **out)
{
	const uint8_t *p = der.ptr;

	REQUIRE_WHY(der.len <= MAX_CERTIFICATE, ERR_TOO_LONG, "RFC 5280 4.1: a certificate of more than %d bytes",
		MAX_CERTIFICATE);
	OWN(X509) x = d2i_X509(NULL, &p, (long)der.len);

	if (!x)
		return own_failed(ERR_MALFORMED, "RFC 5280 4.1: not a certificate");
	REQUIRE_WHY(p == der.ptr + der.len, ERR_MALFORMED, "RFC 5280 4.1: bytes after the certificate");
	*out = x;
	x = NULL;
	return ERR_OK;
}

static enum err
pem_open(struct span pem, BIO **out)
{
	REQUIRE_WHY(pem.len <= MAX_CRL, ERR_TOO_LONG, "RFC 7468 2: a PEM text of more than %d bytes", MAX_CRL);
	*out = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	REQUIRE(*out, ERR_NO_MEMORY);
	return ERR_OK;
}

/* The next certificate block of the text; NULL at the end. Other blocks are passed over by libcrypto. */
static enum err
pem_next(BIO *bio, X509 **out)
{
	unsigned char *der = NULL;
	char *label = NULL;
	long len = 0;

	*out = NULL;
	if (PEM_bytes_read_bio(&der, &len, &label, PEM_STRING_X509, bio, NULL, NULL) != 1) {
		const int reason = ERR_GET_REASON(ERR_peek_last_error());

		ERR_clear_error();
		REQUIRE_WHY(reason == PEM_R_NO_START_LINE, ERR_MALFORMED, "RFC 7468 2: a broken PEM block");
		return ERR_OK;
	}
	const enum err e = certificate_parse(span_at(der, (size_t)len), out);

	OPENSSL_free(der);
	OPENSSL_free(label);
	return e;
}

enum err
certificate_pem(struct span pem, X509 **out)
{
	OWN(BIO) bio = NULL;

	TRY(pem_open(pem, &bio));
	TRY(pem_next(bio, out));
	REQUIRE_WHY(*out, ERR_MALFORMED, "RFC 7468 5: no certificate in the PEM text");
	return ERR_OK;
}

enum err
certificates_pem(struct span pem, STACK_OF(X509) * *out)
{
	OWN(BIO) bio = NULL;
	STACK_OF(X509) *list = sk_X509_new_null();
	X509 *x = NULL;
	enum err e = pem_open(pem, &bio);

	while (e == ERR_OK) {
		e = pem_next(bio, &x);
		if (e != ERR_OK || !x)
			break;
		if (!list || !sk_X509_push(list, x)) {
			X509_free(x);
			e = ERR_NO_MEMORY;
		}
	}
	if (e == ERR_OK && sk_X509_num(list) < 1)
		e = err_because(ERR_MALFORMED, "RFC 7468 5: no certificate in the PEM text");
	if (e == ERR_OK)
		*out = list;
	else
		sk_X509_pop_free(list, X509_free);
	return e;
}

enum err
certificate_der(const X509 *x, struct writer *w)
{
	unsigned char *der = NULL;
	const int len = i2d_X509(x, &der);

	return der_append(der, len, w);
}

enum err
certificate_pem_write(const X509 *x, struct writer *w)
{
	OWN(BIO) bio = BIO_new(BIO_s_mem());
	char *text;

	REQUIRE(bio, ERR_NO_MEMORY);
	CRYPTO_OK(PEM_write_bio_X509(bio, x) == 1, "PEM");
	const long len = BIO_get_mem_data(bio, &text);

	writer_bytes(w, span_at(text, (size_t)len));
	return writer_done(w);
}
