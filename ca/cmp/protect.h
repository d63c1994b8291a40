/* protect: protection of PKIMessages (RFC 9810 5.1.3): password-based MACs and signatures, checked and made. Used by cmp.c. Pure. */
#ifndef MOHAR_CA_CMP_PROTECT_H
#define MOHAR_CA_CMP_PROTECT_H

#include <openssl/evp.h>

#include "ca/cmp/fail.h"
#include "x509/x509.h"

enum { MIN_MAC_ITERATIONS = 100, MAX_MAC_ITERATIONS = 100000, MAX_MAC_LEN = 64 };

/* How a message is protected, by its algorithm's OID. */
enum cmp_protection { CMP_UNPROTECTED, CMP_PBM, CMP_PBMAC1, CMP_SIGNED };
enum cmp_protection cmp_protection_of(struct span alg);

/* Is mac the MAC of part by secret with that algorithm (PBM: RFC 9481 6.1.1; PBMAC1: RFC 9481 6.1.2, RFC 8018 7.1)? In constant time. BAD_ALG: an unknown digest, too many or too few rounds;
 * BAD_MESSAGE_CHECK. */
MUST_USE enum cmp_fail cmp_mac_check(struct span alg, struct span secret, struct span part, struct span mac);

/* An algorithm with fresh salt (AlgorithmIdentifier, DER appended), and the MAC by it. */
MUST_USE enum err cmp_mac_alg(enum cmp_protection kind, struct writer *alg);
MUST_USE enum err cmp_mac_make(struct span alg, struct span secret, struct span part, struct writer *mac);

/* Is bits key's signature over part by an algorithm with SHA-2, or by an Edwards key? BAD_ALG, BAD_MESSAGE_CHECK. */
MUST_USE enum cmp_fail cmp_signature_check(struct span alg, EVP_PKEY *key, struct span part, struct span bits);

/* The algorithm that key signs with (AlgorithmIdentifier, DER appended), and a signature by it. */
MUST_USE enum err cmp_signature_alg(const EVP_PKEY *key, struct writer *alg);
MUST_USE enum err cmp_signature_make(EVP_PKEY *key, struct span part, struct writer *bits);

#endif
