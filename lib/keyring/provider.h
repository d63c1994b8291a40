/* provider: what the files of mohar-hsmd's OpenSSL provider share: a key whose private half is over there, its public half parsed into a library
 * context of the provider's own, where the default provider does the public arithmetic. Used by provider*.c only. */
#ifndef MOHAR_KEYRING_PROVIDER_H
#define MOHAR_KEYRING_PROVIDER_H

#include <stdatomic.h>

#include <openssl/core_dispatch.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "keyring/keyring.h"

/* Evidence may be a whole document, whose seal is asked for. */
enum { MAX_EVIDENCE = MAX_HSM_OBJECT, MAX_PROVIDER_SPKI = 1024, MAX_STATUS = 1 << 20 };

#define PROVIDER_NAME "mohar"
#define PROVIDER_PARAM_LABEL "mohar-label"       /* utf8: makes a handle, by EVP_PKEY_fromdata */
#define PROVIDER_PARAM_EVIDENCE "mohar-evidence" /* octets */
#define PROVIDER_PARAM_SIGNER "mohar-signer"     /* octets: a struct hsm_signer of this process */

/* Who signs instead of SIGN; sign is NULL for most keys. */
struct hsm_signer {
	keyring_signer *sign;
	void *context; /* borrowed */
};

/* How a key signs. */
struct scheme {
	const char *algorithm; /* its name in keys.json */
	const char *digest;    /* NULL: none beforehand */
	const char *jose;
	struct span identifier; /* AlgorithmIdentifier, DER */
	int padding;            /* RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING; 0: not RSA */
};

/* The scheme of that key. Asks mohar-hsmd if the public half does not show it. ERR_UNSUPPORTED, and the errors of asking. */
MUST_USE enum err scheme_of(const char *label, const EVP_PKEY *public_half, const struct scheme **out);

/* What EVP_PKEY calls key data. Immutable once imported; references counted. */
struct hsm_key {
	atomic_uint references;
	char label[MAX_KEY_LABEL + 1];
	struct writer evidence; /* owned */
	struct hsm_signer signer;
	EVP_PKEY *public_half; /* owned, of the private context */
	const struct scheme *scheme;
};

/* The keyring that keyring_provider_load was given, and the private context. */
struct keyring *provider_keyring(void);
OSSL_LIB_CTX *provider_context(void);

/* Puts e and the reason remembered for it into libcrypto's error queue, where own_failed() finds them again. */
void provider_raise(enum err e);

/* By label, without evidence. NULL with the reason raised. */
struct hsm_key *hsm_key_new(const char *label);
struct hsm_key *hsm_key_reference(struct hsm_key *k);
void hsm_key_drop(struct hsm_key *k);

extern const OSSL_ALGORITHM provider_keymgmts[], provider_signatures[], provider_stores[];

/* The provider's own name for its signature algorithm, which keymgmt tells. */
#define PROVIDER_SIGNATURE "HSM-SIGN"

#endif
