/* statement: the attestation statement (WebAuthn Level 3, 6.5), read into one struct whatever its format: the formats share their
 * members, and each row of the registry says which of them it needs and which it bears. Used by attestation.c and the formats. */
#ifndef MOHAR_WEBAUTHN_ATTESTATION_STATEMENT_H
#define MOHAR_WEBAUTHN_ATTESTATION_STATEMENT_H

#include "base/reader.h"

enum { MAX_CERTIFICATES = 8 };

/* Bits for the members, to say which are there. */
enum statement_member {
	STATEMENT_ALG = 1 << 0,
	STATEMENT_SIG = 1 << 1,
	STATEMENT_X5C = 1 << 2,
	STATEMENT_VER = 1 << 3,
	STATEMENT_PUB_AREA = 1 << 4,
	STATEMENT_CERT_INFO = 1 << 5,
};

struct statement {
	unsigned members;
	int64_t alg;
	struct span sig;
	struct span x5c[MAX_CERTIFICATES]; /* DER, the attestation certificate first */
	size_t x5c_count;                  /* at least 1 if x5c is there */
	struct span ver, pub_area, cert_info;
};

/* Reads one CBOR map, which cbor_item() has found well formed, into *out, whose spans borrow from it. ERR_MALFORMED for a member that no
 * format knows or of the wrong type; ERR_TOO_LONG for more than MAX_CERTIFICATES. */
MUST_USE enum err statement_parse(struct span cbor, struct statement *out);

#endif
