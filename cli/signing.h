/* signing: a citizen's signing key on the registrar's side: from an address at which the citizen makes a passkey to the certificate; and stopping it. Used by
 * `mohar citizen`. */
#ifndef MOHAR_CLI_SIGNING_H
#define MOHAR_CLI_SIGNING_H

#include "base/digest.h"
#include "cli/order.h"

enum { SIGNING_FINGERPRINT_LEN = 19 }; /* XXXX-XXXX-XXXX-XXXX */

/* What registrar and citizen compare: 80 bits of a hash over the passkey's COSE_Key and the signing key's SubjectPublicKeyInfo. The enrolment page makes the
 * same by itself (signpage/static/sign.js), so that nobody between them can put another passkey in. Pure. */
void signing_fingerprint(struct span cose_key, const struct sha256 *spki, char out[SIGNING_FINGERPRINT_LEN + 1]);

/* A person as the registry names them to registrars. Owned; signing_person_free. */
struct signing_person {
	char *person, *card_subject, *name;
	char *registry; /* its signed statement of these, which an order for a certificate carries; NULL: none came */
};
MUST_USE enum err signing_person_find(struct cli *c, struct card *card, const char *handle, struct signing_person *out);
void signing_person_free(struct signing_person *p);

/* Stops every signing key of that person (a UUID): act signing.freeze. *frozen: how many were not stopped before. */
MUST_USE enum err signing_freeze(struct cli *c, struct card *card, const char *person, int64_t *frozen);

extern const struct cli_option signing_key_options[], signing_options[];
int signing_key_run(struct cli *c);
int signing_show_run(struct cli *c);
int signing_freeze_run(struct cli *c);
int signing_unfreeze_run(struct cli *c);

#endif
