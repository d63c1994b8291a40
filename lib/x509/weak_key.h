/* weak_key: public keys that nobody should trust although they parse. Used by csr_parse, jwk_parse and whatever else takes a key
 * from outside. */
#ifndef MOHAR_X509_WEAK_KEY_H
#define MOHAR_X509_WEAK_KEY_H

#include <openssl/evp.h>

#include "base/span.h"

enum { MIN_RSA_BITS = 2048, MAX_RSA_BITS = 8192, MIN_RSA_EXPONENT = 65537 };

/* "P-256", "P-384", "P-521", "RSA-<bits>", "Ed25519", "Ed448" into out. ERR_UNSUPPORTED for anything else. Asks the key by name only, so
 * that provider handles answer too. */
MUST_USE enum err key_type(const EVP_PKEY *key, char out[16]);

/* ERR_OK, or ERR_REFUSED with the reason: RSA shorter than 2048 or longer than 8192 bits, an even or small exponent (FIPS 186-5 A.1.1),
 * an even modulus, the ROCA fingerprint (CVE-2017-15361), an Edwards key of small order, a point off its curve; ERR_UNSUPPORTED for other types. */
MUST_USE enum err weak_key_check(EVP_PKEY *key);

/* The costly half, about a millisecond for RSA, for keys that are to be certified: ERR_REFUSED if the modulus has a factor below 2^16, or primes so close that Fermat's
 * method finds them in a hundred steps. Other types: ERR_OK. Threads may ask at once. */
MUST_USE enum err weak_key_search(const EVP_PKEY *key);

#endif
