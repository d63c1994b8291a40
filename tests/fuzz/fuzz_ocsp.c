/* OCSP requests from strangers, and answers from a network that lies. libcrypto must read every CertID that our own reader let through. */
/* covers: lib/x509/ocsp.c */
#include <openssl/ec.h>
#include <openssl/ocsp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "x509/ocsp.h"

static X509 *issuer;

/* A certificate to ask about; nobody has signed for it. */
static void
open_issuer(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	issuer = X509_new();
	if (!key || !issuer || !X509_set_pubkey(issuer, key) || !ASN1_INTEGER_set(X509_get_serialNumber(issuer), 1) ||
		!ASN1_TIME_set(X509_getm_notBefore(issuer), 0) ||
		!ASN1_TIME_set(X509_getm_notAfter(issuer), 2000000000) || X509_sign(issuer, key, EVP_sha256()) <= 0)
		abort();
	EVP_PKEY_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ocsp_question q;

	if (!issuer)
		open_issuer();
	if (ocsp_parse(span_at(data, size), &q) == ERR_OK) {
		const uint8_t *p = q.cert_id.ptr;
		OCSP_CERTID *id = d2i_OCSP_CERTID(NULL, &p, (long)q.cert_id.len);

		if (!id || p != q.cert_id.ptr + q.cert_id.len || q.serial_len < SERIAL_LEN ||
			q.serial_len > sizeof(q.serial))
			abort();
		OCSP_CERTID_free(id);
		(void)ocsp_is_for(&q, issuer);
	}
	if (ocsp_check(span_at(data, size), issuer, issuer, SPAN("0123456789abcdef"), 1767225600) == ERR_OK)
		abort();
	return 0;
}
