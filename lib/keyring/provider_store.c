#include "keyring/provider.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/store.h>

/* OSSL_STORE_open("hsm:LABEL") gives that key's handle, for programs that know keys by address only. */
struct loader {
	struct hsm_key *key; /* a reference, until it has been told */
	bool ed25519, told;
};

static const char scheme[] = "hsm:";

static void *
store_open(void *provider, const char *uri)
{
	struct loader *l;

	(void)provider;
	if (strncmp(uri, scheme, sizeof(scheme) - 1) != 0)
		return NULL;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return NULL;
	l->key = hsm_key_new(uri + sizeof(scheme) - 1);
	if (l->key == NULL) {
		free(l);
		return NULL;
	}
	l->ed25519 = EVP_PKEY_is_a(l->key->public_half, "ED25519");
	return l;
}

/* Without this function a property query is a jump to NULL in libcrypto 3.0. */
static int
store_set_params(void *context, const OSSL_PARAM params[])
{
	(void)context;
	(void)params;
	return 1;
}

static const OSSL_PARAM *
store_settable(void *provider)
{
	static const OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_STORE_PARAM_PROPERTIES, NULL, 0),
		OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, NULL), OSSL_PARAM_END};

	(void)provider;
	return params;
}

static int
store_load(void *context, OSSL_CALLBACK *callback, void *callback_context, OSSL_PASSPHRASE_CALLBACK *passphrase,
	void *passphrase_context)
{
	struct loader *l = context;
	int type = OSSL_OBJECT_PKEY;
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
		OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, l->ed25519 ? "ED25519" : "EC", 0),
		OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &l->key, sizeof(l->key)),
		OSSL_PARAM_construct_end(),
	};

	(void)passphrase;
	(void)passphrase_context;
	l->told = true;
	return callback(params, callback_context); /* key_load takes l->key and leaves NULL */
}

static int
store_eof(void *context)
{
	return ((struct loader *)context)->told;
}

static int
store_close(void *context)
{
	struct loader *l = context;

	hsm_key_drop(l->key);
	free(l);
	return 1;
}

static const OSSL_DISPATCH functions[] = {
	{OSSL_FUNC_STORE_OPEN, (void (*)(void))store_open},
	{OSSL_FUNC_STORE_SET_CTX_PARAMS, (void (*)(void))store_set_params},
	{OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, (void (*)(void))store_settable},
	{OSSL_FUNC_STORE_LOAD, (void (*)(void))store_load},
	{OSSL_FUNC_STORE_EOF, (void (*)(void))store_eof},
	{OSSL_FUNC_STORE_CLOSE, (void (*)(void))store_close},
	{0, NULL},
};

const OSSL_ALGORITHM provider_stores[] = {
	{"hsm", "provider=" PROVIDER_NAME, functions, "keys of mohar-hsmd by label"},
	{NULL, NULL, NULL, NULL},
};
