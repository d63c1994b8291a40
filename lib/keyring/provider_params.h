/* provider_params: how a key signs, as libcrypto's parameters tell it and ask for it: digest, padding, salt. What is asked for must be what the key's row in keys.json says,
 * and nothing can be set. Used by provider_signature.c only. */
#ifndef MOHAR_KEYRING_PROVIDER_PARAMS_H
#define MOHAR_KEYRING_PROVIDER_PARAMS_H

#include "keyring/provider.h"

/* The parameters that scheme_params_tell knows, and those that may be asked for. */
extern const OSSL_PARAM scheme_params_told[], scheme_params_asked[];

/* Is name, by any of libcrypto's aliases, the digest of scheme? */
bool scheme_is_digest(const struct scheme *scheme, const char *name);

/* Fills in what params ask about (provider-signature(7)). */
bool scheme_params_tell(const struct scheme *scheme, OSSL_PARAM params[]);

/* The digest that params ask for, borrowed; NULL: they ask for none. False if it is no text. */
bool scheme_params_digest(const OSSL_PARAM params[], const char **name);

/* Are padding, salt and MGF1 digest, where params name them, those of scheme? */
bool scheme_params_fit(const struct scheme *scheme, const OSSL_PARAM params[]);

#endif
