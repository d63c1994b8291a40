/* vectors: the test vectors of Web Authentication Level 3, as the JSON forms that a page would post. Used by the tests of lib/webauthn. */
#ifndef MOHAR_TESTS_WEBAUTHN_VECTORS_H
#define MOHAR_TESTS_WEBAUTHN_VECTORS_H

#include "webauthn/webauthn.h"

enum { MAX_VECTORS = 32 };

struct bytes {
	uint8_t *ptr;
	size_t len;
};

struct ceremony {
	struct bytes challenge, client_data;
	struct bytes attestation_object;   /* registration */
	struct bytes auth_data, signature; /* authentication */
};

struct vector {
	const char *name, *rp_id;
	const char *origins[2];
	struct bytes credential_id, aaguid;
	struct ceremony registration, authentication;
};

struct vectors {
	struct vector at[MAX_VECTORS];
	size_t count;
	char *root; /* PEM of the attestation CA */
};

/* The vectors, read once for the process. NULL if the file is not there: the caller skips. */
const struct vectors *vectors(void);

struct span bytes_span(const struct bytes *b);

/* What a relying party would expect of this ceremony: any algorithm, the vectors' own attestation root, framed by https://example.com. */
struct webauthn_expect vector_expect(const struct vector *v, const struct ceremony *c);

/* The RegistrationResponseJSON, the AuthenticationResponseJSON. */
void vector_registration(struct writer *w, const struct vector *v, const struct ceremony *c);
void vector_authentication(struct writer *w, const struct vector *v, const struct ceremony *c);

#endif
