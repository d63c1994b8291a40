/* jws: the one form in which ACME's requests come (RFC 8555 6.2): a flattened JWS whose protected header names the key, the address and a nonce. Used by call.c for every
 * POST, by binding.c and key_change.c for the JWS inside one. Parsing and checking are pure. */
#ifndef MOHAR_CA_ACME_JWS_H
#define MOHAR_CA_ACME_JWS_H

#include "ca/acme/problem.h"
#include "jose/jose.h"

enum { MAX_ACME_BODY = 64 << 10, MAX_ACME_URL = 512 };

struct acme_jws {
	char *protected, *payload_text; /* as sent */
	struct json_bytes payload, signature;
	/* the protected header's members; NULL if absent */
	char *alg, *kid, *nonce, *url;
	char *jwk; /* JSON text */
};

/* Takes a body apart, without believing any of it. Refused: what is no flattened JWS, an unprotected header, jku, x5u, x5c, crit and b64, trailing bytes. On a refusal *out is
 * zero and owns nothing. */
MUST_USE enum problem acme_jws_read(struct span body, struct acme_jws *out);
void acme_jws_free(struct acme_jws *j);

/* The key in the header (RFC 7517): BAD_PUBLIC_KEY for a weak or unknown one. The caller frees with jwk_free. */
MUST_USE enum problem acme_jws_key(const struct acme_jws *j, struct jwk **out);

/* Is it signed by key with one of acme_algs that fits the key? BAD_SIGNATURE_ALGORITHM, MALFORMED. */
MUST_USE enum problem acme_jws_check(const struct acme_jws *j, const struct jwk *key);

/* Is it an HS256, HS384 or HS512 of mac_key (RFC 7518 3.2)? In constant time. BAD_SIGNATURE_ALGORITHM, UNAUTHORIZED. */
MUST_USE enum problem acme_jws_check_mac(const struct acme_jws *j, struct span mac_key);

#endif
