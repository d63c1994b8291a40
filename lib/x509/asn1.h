/* asn1: what the files of x509 share about DER, PEM and times. Not for others. */
#ifndef MOHAR_X509_ASN1_H
#define MOHAR_X509_ASN1_H

#include <openssl/asn1.h>
#include <openssl/x509.h>

#include "base/clock.h"
#include "base/writer.h"

/* Appends len bytes that an i2d_ function made, and frees them with OPENSSL_free. len < 1 is ERR_CRYPTO. */
MUST_USE enum err der_append(unsigned char *der, int len, struct writer *w);

/* ERR_MALFORMED unless the time is one that RFC 5280 4.1.2.5 allows. */
MUST_USE enum err asn1_time_read(const ASN1_TIME *t, unix_time *out);

/* From 16 to 20 bytes, big-endian, positive, not zero: ERR_MALFORMED otherwise. The caller frees with ASN1_INTEGER_free. */
MUST_USE enum err serial_make(struct span bytes, ASN1_INTEGER **out);

/* The bytes of a serial, left-padded with zeros to SERIAL_LEN. ERR_MALFORMED if negative or longer than 20 bytes (RFC 5280 4.1.2.2). */
MUST_USE enum err serial_read(const ASN1_INTEGER *n, uint8_t out[20], size_t *len);

/* The digest for a signature by key: SHA-256 for P-256 and RSA (or the one that a handle demands), SHA-384 for P-384, SHA-512 for P-521, NULL for Edwards keys. */
MUST_USE enum err digest_for(const EVP_PKEY *key, const EVP_MD **out);

/* Adds names to *name as attributes (UTF-8; country and serialNumber printable). ERR_MALFORMED names what does not fit. */
struct name_part;
MUST_USE enum err name_make(const struct name_part *parts, size_t count, X509_NAME *name);

#endif
