/* ceremony_fido2: a custodian's FIDO2 key instead of a card: enrolling one, and approving a proposal with it. What mohar-hsmd takes is an AuthenticationResponseJSON
 * (WebAuthn Level 3 5.1.9) for RP ID mohar.ceremony, with the user verified. Used by `mohar ceremony approve` and `enrol`. */
#ifndef MOHAR_CLI_CEREMONY_FIDO2_H
#define MOHAR_CLI_CEREMONY_FIDO2_H

#include "base/digest.h"
#include "cli/ceremony/ceremony.h"

#define FIDO2_RP_ID "mohar.ceremony"
#define FIDO2_OPTIONS                                                                                                \
	{"--fido2", "DEVICE", "a FIDO2 key instead of a card, as fido2-token -L names it", NULL, false, false},      \
	{                                                                                                            \
		"--credential", "BASE64URL", "with --fido2: the credential's id, from enrolment", NULL, false, false \
	}

/* What the key signs for: SHA-256("mohar approval v2" 00 id expires object summary), expires as u64, the last two as their SHA-256. Pure. */
struct sha256 fido2_challenge(const struct proposal_file *p);

/* The client data over a challenge: type is webauthn.get or webauthn.create. Pure. Appended. */
MUST_USE enum err fido2_client_data(const char *type, const struct sha256 *challenge, struct writer *json);

/* What the key answered. Spans borrowed. */
struct fido2_answer {
	struct span credential, authenticator_data, signature, client_data;
};
/* The AuthenticationResponseJSON of it. Pure. Appended. */
MUST_USE enum err fido2_response(const struct fido2_answer *a, struct writer *json);

/* Asks the key of --fido2 and --credential. Appended. ERR_NOT_FOUND (no device), ERR_REFUSED (PIN, no touch). */
MUST_USE enum err fido2_approval(struct cli *c, const struct proposal_file *p, struct writer *json);

/* `mohar ceremony enrol`: makes a credential, and tells the member `credential` for the custodian's row of keys.json. */
extern const struct cli_option ceremony_enrol_options[];
int ceremony_enrol(struct cli *c);

#endif
