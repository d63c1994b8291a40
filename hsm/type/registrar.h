/* registrar: the signed act that must stand behind a citizen's certificate (ARCHITECTURE 5). Used by type tbscertificate. Checked here, inside
 * mohar-hsmd, because nobody takes the certificate authority's word that a registrar signed. */
#ifndef MOHAR_HSM_TYPE_REGISTRAR_H
#define MOHAR_HSM_TYPE_REGISTRAR_H

#include <openssl/x509.h>

#include "hsm/type/type.h"

/* q->evidence is an act "certificate.issue" by a registrar of keys.json, fresh, for this profile and public key; every subject attribute and
 * alternative name of x is one that the registrar signed. citizen: the key's blob where the profile wants one, whose person is then the act's; NULL. by: the
 * registrar's name. ERR_REFUSED, ERR_UNAUTHENTICATED, ERR_EXPIRED. */
MUST_USE enum err registrar_check(const struct type_question *q, const char *profile, const X509 *x, struct span spki,
	const struct blob *citizen, char *by, size_t room);

#endif
