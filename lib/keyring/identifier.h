/* identifier: the AlgorithmIdentifiers of the signatures that mohar-hsmd makes, in DER: RFC 5758 3.2, RFC 8410 3, RFC 4055 3.1 and 5. Used by mohar-hsmd, which looks
 * for them inside what it signs, and by the provider, which tells libcrypto to write them: the two must not differ by a byte. */
#ifndef MOHAR_KEYRING_IDENTIFIER_H
#define MOHAR_KEYRING_IDENTIFIER_H

#include "base/span.h"

/* A span in a static table. */
#define IDENTIFIER(der)                                 \
	{                                               \
		(const uint8_t *)(der), sizeof(der) - 1 \
	}

#define DER_ECDSA_SHA256 "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
#define DER_ECDSA_SHA384 "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"
#define DER_ECDSA_SHA512 "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04"
#define DER_ED25519 "\x30\x05\x06\x03\x2b\x65\x70"
#define DER_RSA_SHA256 "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"
#define DER_RSA_SHA384 "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c\x05\x00"
#define DER_RSA_SHA512 "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d\x05\x00"

/* id-RSASSA-PSS with SHA-2, MGF1 by the same hash, and a salt as long as the hash. */
#define DER_RSA_PSS(hash, salt)                                                                                             \
	"\x30\x41\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x34"                                                      \
	"\xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02" hash "\x05\x00"                                          \
	"\xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02" hash \
	"\x05\x00\xa2\x03\x02\x01" salt
#define DER_RSA_PSS_SHA256 DER_RSA_PSS("\x01", "\x20")
#define DER_RSA_PSS_SHA384 DER_RSA_PSS("\x02", "\x30")
#define DER_RSA_PSS_SHA512 DER_RSA_PSS("\x03", "\x40")

#endif
