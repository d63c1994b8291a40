/* card: a smartcard through its PKCS#11 module: libp11 for finding, login, signing and certificates; a direct C_GenerateKeyPair, in a phase of its own, for
 * making a key on it (RECIPES.md says why). Used by `mohar card`, and by every verb that a registrar, custodian or operator signs. */
#ifndef MOHAR_CLI_CARD_CARD_H
#define MOHAR_CLI_CARD_CARD_H

#include <openssl/x509.h>

#include "base/secret.h"
#include "cli/cli.h"

struct card;

/* The three options that name a card, for any verb's table; env MOHAR_CARD_MODULE, MOHAR_CARD_TOKEN, MOHAR_CARD_PIN. PIN: a value, "file:PATH", "fd:NUMBER", or asked at the terminal. */
#define CARD_OPTIONS                                                                                     \
	{"--module", "PATH", "the card's PKCS#11 module", "MOHAR_CARD_MODULE", true, false},             \
		{"--token", "LABEL", "the card's token label", "MOHAR_CARD_TOKEN", true, false},         \
	{                                                                                                \
		"--pin", "PIN", "its PIN, or file:PATH; asked if absent", "MOHAR_CARD_PIN", false, false \
	}

/* Opens by module and token label, logs in unless pin is NULL. ERR_NOT_FOUND (no such module, token), ERR_REFUSED (PIN wrong: never retried, tries left in the reason), ERR_TOO_MANY (locked). */
MUST_USE enum err card_open(const char *module, const char *token, const struct secret *pin, struct card **out);
/* By the verb's CARD_OPTIONS. */
MUST_USE enum err card_of(struct cli *c, struct card **out);
void card_free(struct card **c);

/* The private key with CKA_ID id (1: authentication, 2: signature), as an EVP_PKEY that signs on the card. Borrowed from the card. ERR_NOT_FOUND. */
MUST_USE enum err card_key(struct card *c, uint8_t id, EVP_PKEY **out);
/* The public half, which needs no PIN (card_open with pin NULL). Borrowed from the card, as the private one is. ERR_NOT_FOUND. */
MUST_USE enum err card_public_key(struct card *c, uint8_t id, EVP_PKEY **out);
/* A key of a card as a JWK under its RFC 7638 thumbprint. By way of its SPKI: a card's handle answers fewer questions than a key of libcrypto's own. The caller
 * frees with jwk_free. */
struct jwk;
MUST_USE enum err card_jwk(const EVP_PKEY *key, struct jwk **out);
/* The certificate stored beside it; the caller frees. ERR_NOT_FOUND. */
MUST_USE enum err card_certificate(struct card *c, uint8_t id, X509 **out);
/* Does key id sign, and does its signature verify with this certificate? A random challenge is signed. ERR_MISMATCH, ERR_UNAVAILABLE, ERR_NOT_FOUND. */
MUST_USE enum err card_proves(struct card *c, uint8_t id, const X509 *x);
/* Where a card is, and its PIN. Borrowed. */
struct card_place {
	const char *module, *token;
	const struct secret *pin;
};
/* Writes the certificate beside key id, in the place of an older one, which goes only when the new one is there. By direct calls, because libp11 0.4.12 leaves out CKA_SERIAL_NUMBER, without which NSS, and so a
 * browser, does not see a certificate. Opens and finalises the module by itself: no struct card may be open. ERR_REFUSED (PIN), ERR_UNAVAILABLE. */
MUST_USE enum err card_write(const struct card_place *at, uint8_t id, const char *label, X509 *x);
/* Writes the CA's certificates, of which none has a key on the card, under the SHA-1 of their keys as CKA_ID; those that are there already are left. ERR_UNAVAILABLE if the card is full. */
MUST_USE enum err card_write_chain(const struct card_place *at, STACK_OF(X509) * chain);
/* Makes an EC P-256 key pair on the card (direct C_GenerateKeyPair: SENSITIVE, EXTRACTABLE=false, SIGN only; a signature key with CKA_ALWAYS_AUTHENTICATE where the card can), and tells
 * the attributes as read back. What an interrupted C_GenerateKeyPair left is removed first. Opens and finalises the module by itself: no struct card may be open. ERR_EXISTS. */
MUST_USE enum err card_generate(const char *module, const char *token, const struct secret *pin, uint8_t id,
	const char *label, struct writer *attributes_json);

/* A signed act: what a registrar, custodian or operator orders, as a compact JWS made on the card: typ "act+jwt", kid the key's RFC 7638 thumbprint, payload = members of
 * the JSON object body with act, iat, exp (5 minutes) and jti added. The server checks it against the operators of keys.json, and jti for single use. */
MUST_USE enum err act_sign(struct card *c, const char *act, const char *audience, struct span body, unix_time now,
	struct writer *jws);

#endif
