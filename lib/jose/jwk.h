/* jwk: what the files of jose know about a key beyond jose.h. Not for others. */
#ifndef MOHAR_JOSE_JWK_H
#define MOHAR_JOSE_JWK_H

#include "jose/jose.h"

struct jwk {
	EVP_PKEY *key; /* a reference of our own */
	const struct jose_alg *alg;
	bool alg_stated; /* by the JWK; otherwise it follows from the key */
	char *kid;       /* "" if none */
};

/* The members of a JWK (RFC 7517 4, RFC 7518 6, RFC 8037 2), as read. */
struct jwk_members {
	char *kty, *crv, *alg, *use, *kid;
	struct json_list key_ops;
	struct json_bytes x, y, n, e;
	struct json_bytes d, p, q, dp, dq, qi, k; /* private */
	char *oth;
};
extern const struct json_table jwk_table;

/* Makes the key. ERR_UNSUPPORTED: of a kind, or for a use, that is not ours; ERR_MALFORMED, ERR_REFUSED: wrong or weak. */
MUST_USE enum err jwk_from_members(const struct jwk_members *m, bool secret_allowed, struct jwk **out);

/* Wipes what is private in m. */
void jwk_members_wipe(struct jwk_members *m);

/* The public members, in the order of RFC 7638 3.2, into an object that the caller has opened. */
MUST_USE enum err jwk_public_members(const EVP_PKEY *key, struct json_writer *j);

/* The EVP_PKEY of the members, not yet checked for weakness. The caller owns it. */
MUST_USE enum err jwk_import(const struct jwk_members *m, EVP_PKEY **out);

#endif
