/* attestation: proof of what made a credential (WebAuthn Level 3, 6.5 and 8). Used by register.c. A format is one file here with a
 * struct attestation_format, and one row in registry.c. */
#ifndef MOHAR_WEBAUTHN_ATTESTATION_ATTESTATION_H
#define MOHAR_WEBAUTHN_ATTESTATION_ATTESTATION_H

#include "base/digest.h"
#include "webauthn/attestation/certificate.h"
#include "webauthn/attestation/statement.h"
#include "webauthn/authdata.h"
#include "webauthn/key.h"

enum { MAX_ATTESTED = 4 << 10 };

/* All that a format may look at. Borrowed. */
struct attestation {
	struct span auth_data;         /* the bytes */
	const struct authdata *parsed; /* has_credential */
	const struct sha256 *client_data_hash;
	const struct webauthn_key *key; /* the credential's */
	struct span attested; /* auth_data and client_data_hash, one after the other: what most formats sign */
	struct span statement_cbor;
	struct statement statement;       /* has the members that the format requires, and none it does not allow */
	struct certificates certificates; /* x5c, parsed */
	const char *rp_id;
};

struct attestation_format {
	const char *name;          /* IANA WebAuthn attestation statement format identifiers */
	unsigned requires, allows; /* statement members; requires is a part of allows */
	bool second_opinion;       /* libfido2 knows it: ask it too */
	/* The format's verification procedure. Returns ERR_OK only if the statement proves what it says. Not the chain: that is common. */
	enum err (*verify)(const struct attestation *a);
};

/* The row of a format, NULL if there is none. Static. */
const struct attestation_format *attestation_format_of(struct span name);

/* Verifies a statement by its format, then its path to roots (PEM text, or NULL) at a time, and says what it is worth. ERR_MALFORMED,
 * ERR_UNSUPPORTED, ERR_MISMATCH, ERR_BAD_SIGNATURE, ERR_UNTRUSTED, each with the reason. */
MUST_USE enum err attestation_check(struct attestation *a, struct span format, const char *roots, unix_time at,
	enum webauthn_trust *trust);

/* What libfido2 says of a statement that ours has accepted: ERR_BAD_SIGNATURE if it disagrees; ERR_OK also where it cannot tell. */
MUST_USE enum err attestation_second_opinion(const struct attestation *a, const struct attestation_format *format);

#endif
