/* forge: ceremonies made to measure, with a key of the test's own: everything right unless the test says otherwise. Used by the tests
 * of refusals. */
#ifndef MOHAR_TESTS_WEBAUTHN_FORGE_H
#define MOHAR_TESTS_WEBAUTHN_FORGE_H

#include <openssl/x509.h>

#include "base/digest.h"
#include "webauthn/webauthn.h"

enum { FLAG_UP = 0x01, FLAG_UV = 0x04, FLAG_BE = 0x08, FLAG_BS = 0x10, FLAG_AT = 0x40, FLAG_ED = 0x80 };

struct forgery {
	EVP_PKEY *key; /* the credential's, P-256 or RSA */
	const char *type, *challenge, *origin, *rp_id;
	const char *more; /* members after the usual ones: ",\"crossOrigin\":true" */
	uint8_t flags;
	uint32_t counter;
	struct span extensions; /* after the credential, with FLAG_ED */
	struct span trailing;   /* after everything in the authenticator data */
	int64_t cose_alg;       /* in the COSE key */
	const char *id;         /* the envelope's; NULL: the attested one */
	const char *envelope_type;
	uint8_t aaguid[16];
};

/* A good registration (AT set) or assertion, P-256, at https://localhost. */
struct forgery forgery_new(bool registration);
void forgery_free(struct forgery *f);

/* The parts. */
void forge_client_data(struct writer *w, const struct forgery *f);
void forge_cose_key(struct writer *w, const struct forgery *f);
void forge_auth_data(struct writer *w, const struct forgery *f);
void forge_signature(struct writer *w, EVP_PKEY *key, struct span message);
void forge_signature_by(struct writer *w, EVP_PKEY *key, const char *digest, struct span message);
/* authData and SHA-256 of client data: what is signed. */
void forge_attested(struct writer *w, const struct forgery *f);

/* An attestation object around an attStmt (CBOR); and the whole message. */
void forge_object(struct writer *w, const struct forgery *f, const char *format, struct span statement);
void forge_registration(struct writer *json, const struct forgery *f, struct span object);
/* fmt none. */
void forge_registration_none(struct writer *json, const struct forgery *f);
void forge_assertion(struct writer *json, const struct forgery *f);

/* What the relying party expects of a good one. */
struct webauthn_expect forge_expect(void);

extern const uint8_t forge_credential_id[20];

#endif
