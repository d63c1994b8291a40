/* own: libcrypto objects that free themselves when their scope ends, and libcrypto's error queue turned into ours.
 * Used by x509 and jose: OWN(X509) x = X509_new(). */
#ifndef MOHAR_X509_OWN_H
#define MOHAR_X509_OWN_H

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/err.h"

#define OWN(type) __attribute__((cleanup(type##_drop))) type *

#define OWN_TYPE(type)                           \
	static inline void type##_drop(type **p) \
	{                                        \
		type##_free(*p);                 \
		*p = NULL;                       \
	}

OWN_TYPE(ASN1_INTEGER)
OWN_TYPE(ASN1_OBJECT)
OWN_TYPE(ASN1_OCTET_STRING)
OWN_TYPE(ASN1_TIME)
OWN_TYPE(AUTHORITY_KEYID)
OWN_TYPE(BASIC_CONSTRAINTS)
OWN_TYPE(BIO)
OWN_TYPE(ECDSA_SIG)
OWN_TYPE(EVP_MD_CTX)
OWN_TYPE(EVP_PKEY)
OWN_TYPE(EVP_PKEY_CTX)
OWN_TYPE(GENERAL_NAMES)
OWN_TYPE(OCSP_BASICRESP)
OWN_TYPE(OCSP_CERTID)
OWN_TYPE(OCSP_REQUEST)
OWN_TYPE(OCSP_RESPONSE)
OWN_TYPE(OSSL_PARAM)
OWN_TYPE(OSSL_PARAM_BLD)
OWN_TYPE(X509)
OWN_TYPE(X509_CRL)
OWN_TYPE(X509_EXTENSION)
OWN_TYPE(X509_NAME)
OWN_TYPE(X509_REQ)
OWN_TYPE(X509_REVOKED)
OWN_TYPE(X509_STORE)
OWN_TYPE(X509_STORE_CTX)

/* BN_free is the one whose name is not its type's. */
static inline void
BIGNUM_drop(BIGNUM **p)
{
	BN_clear_free(*p);
	*p = NULL;
}

/* The library number under which an enum err and its reason travel through libcrypto's queue: from mohar-hsmd, by the provider of lib/keyring. */
enum { OWN_ERR_LIB = 224 };

/* Remembers what failed with libcrypto's own reason, empties libcrypto's queue, returns e; or what mohar-hsmd said, if the queue holds that. */
enum err own_failed(enum err e, const char *what);

/* Refuses unless cond holds: with ERR_CRYPTO, or with what mohar-hsmd said. */
#define CRYPTO_OK(cond, what)                                                    \
	do {                                                                     \
		if (!(cond)) {                                                   \
			const enum err failed_ = own_failed(ERR_CRYPTO, (what)); \
			return failed_ == ERR_OK ? ERR_CRYPTO : failed_;         \
		}                                                                \
	} while (0)

#endif
