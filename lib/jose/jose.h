/* jose: JWK (RFC 7517), JWS (RFC 7515) and JWT (RFC 7519), the parts that this house uses. Used by idpd, signerd, cad, hsmd and the
 * command line. One algorithm is one file and one row of jose_algs[]. A key says which single algorithm it is for; the header only
 * agrees or is refused (RFC 8725 3.1). "none", embedded jwk/jku/x5u, and unknown crit are refused everywhere. */
#ifndef MOHAR_JOSE_JOSE_H
#define MOHAR_JOSE_JOSE_H

#include <openssl/evp.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/writer.h"
#include "json/json.h"

enum { MAX_JWS = 1 << 20, MAX_JWS_HEADER = 8 << 10, MAX_JWK_KEYS = 64, THUMBPRINT_TEXT_LEN = 43 };

/* A row of the algorithm registry. */
struct jose_alg {
	const char *name;                  /* "ES256" */
	size_t signature_len;              /* bytes; 0: the key's modulus length */
	bool (*fits)(const EVP_PKEY *key); /* type, curve, size */
	enum err (*sign)(EVP_PKEY *key, struct span input, struct writer *signature);
	enum err (*verify)(EVP_PKEY *key, struct span input, struct span signature);
};

/* The row, or NULL: ES256 ES384 ES512 PS256 PS384 PS512 RS256 RS384 RS512 EdDSA (Ed25519, Ed448). */
const struct jose_alg *jose_alg_find(struct span name);

/* A public key (or a private one, made from a JWK file for clients and tests), parsed once and kept. */
struct jwk;

/* One JWK as JSON. Private members are taken only if secret_allowed, else ERR_REFUSED. Off-curve, zero, short RSA (< 2048), small exponents, ROCA
 * and Edwards keys of small order refused. Without alg an RSA key is for RS256; "ES521", as the keys that circulate with RFC 7520's examples
 * say, is ES512. ERR_UNSUPPORTED: a kind of key, or a use, that is not ours (RFC 7517 4.2, 4.3). */
MUST_USE enum err jwk_parse(struct span json, bool secret_allowed, struct jwk **out);
/* A key handle that signs by one algorithm only, though its type fits several (an RSA key of mohar-hsmd), names it by this EVP_PKEY parameter. */
#define JOSE_PARAM_ALG "jose-alg"

/* From a key we hold (its public half, or a provider handle): alg chosen by key type (ES256/384/512, PS256, EdDSA), or by the handle. Takes a reference. kid: the
 * RFC 7638 thumbprint if NULL. */
MUST_USE enum err jwk_from_key(EVP_PKEY *key, const char *kid, struct jwk **out);
MUST_USE enum err jwk_from_spki(struct span der, const char *kid, struct jwk **out);
void jwk_free(struct jwk **k);
const char *jwk_kid(const struct jwk *k); /* "" if none */
const char *jwk_alg(const struct jwk *k); /* "ES256" */
EVP_PKEY *jwk_key(const struct jwk *k);   /* borrowed */
/* RFC 7638 SHA-256 thumbprint, base64url text with NUL. */
MUST_USE enum err jwk_thumbprint(const struct jwk *k, char out[THUMBPRINT_TEXT_LEN + 1]);
/* Writes the public JWK: kty, its members, kid, alg, use "sig". */
MUST_USE enum err jwk_write(const struct jwk *k, struct writer *w);

/* A set of keys, read-only after parsing, shared between threads. */
struct jwks;
MUST_USE enum err jwks_parse(struct span json,
	struct jwks **out); /* keys of unknown kty are passed over, as RFC 7517 5 says */
MUST_USE enum err jwks_new(struct jwks **out);
MUST_USE enum err jwks_add(struct jwks *set, struct jwk *k); /* takes k */
void jwks_free(struct jwks **set);
size_t jwks_count(const struct jwks *set);
const struct jwk *jwks_at(const struct jwks *set, size_t i);
/* By kid; with an empty kid only if the set has exactly one key of that alg. NULL if none. */
const struct jwk *jwks_find(const struct jwks *set, struct span kid, struct span alg);
MUST_USE enum err jwks_write(const struct jwks *set, struct writer *w);

/* The protected header's members that anyone here looks at. Spans borrow from memory owned by the struct jws. */
struct jws_header {
	char *alg, *kid, *typ, *cty;
	bool has_x5c;
	struct json_list x5c; /* char *, base64 DER; only ever used when the caller asks for chains */
};

/* A compact JWS taken apart, not yet verified. Owns its memory. */
struct jws {
	struct jws_header header;
	struct json_bytes payload;
	struct json_bytes signature;
	struct span signing_input; /* borrows from the text given */
};
/* Strict compact parse (RFC 7515 7.1): three parts, exact base64url, header a duplicate-free object, alg known, crit absent. */
MUST_USE enum err jws_parse(struct span text, struct jws *out);
void jws_free(struct jws *j);
/* Verifies with one key: alg of header = alg of key, key fits, signature. */
MUST_USE enum err jws_check(const struct jws *j, const struct jwk *key);
/* Parse + find the key in the set + check + typ equals typ (case-insensitively, optional "application/" prefix; NULL: any). */
MUST_USE enum err jws_verify(struct span text, const struct jwks *keys, const char *typ, struct jws *out);
/* Flattened or general JSON serialisation (RFC 7515 7.2) too: every signature present must verify. For `mohar verify jws`. algs: NULL-terminated
 * allow-list or NULL. Made for judging what others signed by hand, so less strict than jws_check() about a key's one algorithm: a key that states none
 * is taken for all it fits, one that states an algorithm also for a longer hash of the same family. ERR_UNTRUSTED if no key given is the signer's.
 * The payload is appended. */
MUST_USE enum err jws_verify_any(struct span text, const struct jwks *keys, const char *const *algs,
	struct writer *payload);

/* Makes a compact JWS: header {"alg","kid","typ"} (+ "x5c" of certificates in DER when given), payload as it is, signature by key. */
struct jws_sign_options {
	const char *typ, *kid;
	const struct span *x5c;
	size_t x5c_count;
};
MUST_USE enum err jws_sign(EVP_PKEY *key, const struct jws_sign_options *options, struct span payload,
	struct writer *out);

/* jws_sign() of many with one key and one header, both judged and written once. key is borrowed. Threads may share it. */
struct jws_signer;
MUST_USE enum err jws_signer_new(EVP_PKEY *key, const struct jws_sign_options *options, struct jws_signer **out);
void jws_signer_free(struct jws_signer **s);
MUST_USE enum err jws_signer_sign(const struct jws_signer *s, struct span payload, struct writer *out);

/* Checks the registered times: exp in the future (required if need_exp), nbf and iat not after now + leeway, with leeway seconds. */
struct jwt_times {
	int64_t exp, nbf, iat;
	bool has_exp, has_nbf, has_iat;
};
MUST_USE enum err jwt_times_check(const struct jwt_times *t, unix_time now, int64_t leeway, bool need_exp);

#endif
