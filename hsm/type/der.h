/* der: what the X.509 and OCSP types share: the part that is signed, made a whole that libcrypto can read. Not for others. */
#ifndef MOHAR_HSM_TYPE_DER_H
#define MOHAR_HSM_TYPE_DER_H

#include <openssl/x509.h>

#include "hsm/type/type.h"

enum { KEY_IDENTIFIER_LEN = 20, MAX_DER_ALGORITHM = 128 };

/* SEQUENCE { object, the key's AlgorithmIdentifier, BIT STRING of one zero byte }: a Certificate, CertificateList or BasicOCSPResponse around
 * object. Appended. */
MUST_USE enum err der_enclose(struct span object, const struct algorithm *a, struct writer *out);

/* The tag of the first member of the SEQUENCE that object is; -1 if it is none. Tells TBSCertificate (0xa0) from TBSCertList (0x02). */
int der_first_tag(struct span object);

/* Do the bytes that libcrypto writes for what it read equal object? Anything else was not DER, or held more than was understood. Frees der. */
MUST_USE enum err der_same(unsigned char *der, int len, struct span object);

/* Seconds since 1970. ERR_MALFORMED. */
MUST_USE enum err der_time(const ASN1_TIME *t, unix_time *out);

/* The key's AlgorithmIdentifier as DER, appended. */
MUST_USE enum err der_algorithm(const struct algorithm *a, struct writer *out);

/* Is the AlgorithmIdentifier inside the signed part the key's own? (RFC 5280 4.1.1.2, 5.1.1.2) */
MUST_USE enum err der_algorithm_is(const X509_ALGOR *inside, const struct algorithm *a);

/* Does id name this key: the SHA-1 of its bits (RFC 5280 4.2.1.2), or the leftmost 160 bits of their SHA-256 (RFC 7093 2)? */
bool der_identifies(const ASN1_OCTET_STRING *id, const EVP_PKEY *key);

#endif
