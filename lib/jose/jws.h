/* jws: what the two serialisations of RFC 7515 share inside jose. Not for others. */
#ifndef MOHAR_JOSE_JWS_H
#define MOHAR_JOSE_JWS_H

#include "jose/jose.h"

/* Decodes and judges a protected header given as base64url (RFC 7515 4.1). The caller frees with jws_header_free. */
MUST_USE enum err jws_header_read(struct span base64url, struct jws_header *out);
void jws_header_free(struct jws_header *h);

/* Does one signature verify with key by the header's alg? Not: is that alg the key's. */
MUST_USE enum err jws_signature_check(const struct jws_header *h, struct span input, struct span signature,
	const struct jwk *key);

/* BASE64URL(header) '.', appended. */
MUST_USE enum err jws_head_write(const struct jose_alg *alg, const struct jws_sign_options *options,
	struct writer *out);
/* head, BASE64URL(payload), '.', BASE64URL(signature of what stands before), appended. */
MUST_USE enum err jws_write(EVP_PKEY *key, const struct jose_alg *alg, struct span head, struct span payload,
	struct writer *out);

#endif
