#include "keyring/provider.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "x509/own.h"

/* One a process, made by main before anything else and unmade at its end. */
static struct {
	struct keyring *keyring;
	OSSL_LIB_CTX *context; /* only the default provider is in it */
	OSSL_PROVIDER *standard, *ours;
} state;

struct keyring *
provider_keyring(void)
{
	return state.keyring;
}

OSSL_LIB_CTX *
provider_context(void)
{
	return state.context;
}

void
provider_raise(enum err e)
{
	ERR_new();
	ERR_set_debug(__FILE__, __LINE__, __func__);
	ERR_set_error(OWN_ERR_LIB, (int)e, "%s", err_why()[0] == '\0' ? err_text(e) : err_why());
}

static const OSSL_ALGORITHM *
query(void *context, int operation, int *no_cache)
{
	(void)context;
	*no_cache = 0;
	switch (operation) {
	case OSSL_OP_KEYMGMT:
		return provider_keymgmts;
	case OSSL_OP_SIGNATURE:
		return provider_signatures;
	case OSSL_OP_STORE:
		return provider_stores;
	default:
		return NULL;
	}
}

static int
provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out, void **context)
{
	static const OSSL_DISPATCH functions[] = {
		{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
		{0, NULL},
	};

	(void)in;
	*context = (void *)(uintptr_t)handle;
	*out = functions;
	return 1;
}

static enum err
load(void)
{
	/* The default provider explicitly and first: a provider loaded by hand switches off its being loaded by itself. */
	state.standard = OSSL_PROVIDER_load(NULL, "default");
	CRYPTO_OK(state.standard != NULL, "the default provider");
	state.context = OSSL_LIB_CTX_new();
	CRYPTO_OK(state.context != NULL, "a library context");
	CRYPTO_OK(OSSL_PROVIDER_add_builtin(NULL, PROVIDER_NAME, provider_init) == 1, "our provider");
	state.ours = OSSL_PROVIDER_load(NULL, PROVIDER_NAME);
	CRYPTO_OK(state.ours != NULL, "our provider");
	CRYPTO_OK(EVP_set_default_properties(NULL, "?provider=default") == 1, "default properties");
	return ERR_OK;
}

enum err
keyring_provider_load(struct keyring *k)
{
	const enum err e = load();

	state.keyring = k;
	if (e != ERR_OK)
		keyring_provider_unload();
	return e;
}

void
keyring_provider_unload(void)
{
	if (state.ours != NULL)
		(void)OSSL_PROVIDER_unload(state.ours);
	OSSL_LIB_CTX_free(state.context);
	if (state.standard != NULL)
		(void)OSSL_PROVIDER_unload(state.standard);
	state.ours = state.standard = NULL;
	state.context = NULL;
	state.keyring = NULL;
}

/* EC, RSA or ED25519: which of our key managements it takes. */
static enum err
type_name(struct span spki, const char **out)
{
	const unsigned char *at = spki.ptr;
	OWN(EVP_PKEY) key = d2i_PUBKEY_ex(NULL, &at, (long)spki.len, state.context, NULL);

	CRYPTO_OK(key != NULL, "a public key from mohar-hsmd");
	*out = EVP_PKEY_is_a(key, "ED25519") ? "ED25519" : EVP_PKEY_is_a(key, "RSA") ? "RSA" : "EC";
	return ERR_OK;
}

static enum err
handle(struct keyring *k, const char *label, struct span evidence, struct hsm_signer signer, EVP_PKEY **out)
{
	AUTO(writer) spki = writer_new(MAX_PROVIDER_SPKI);
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(PROVIDER_PARAM_LABEL, (char *)(uintptr_t)label, 0),
		OSSL_PARAM_construct_octet_string(PROVIDER_PARAM_EVIDENCE, (void *)(uintptr_t)evidence.ptr,
			evidence.len),
		OSSL_PARAM_construct_octet_string(PROVIDER_PARAM_SIGNER, &signer, sizeof(signer)),
		OSSL_PARAM_construct_end(),
	};
	OWN(EVP_PKEY_CTX) context = NULL;
	const char *type = NULL;

	*out = NULL; /* EVP_PKEY_fromdata fills what it takes for a key */
	REQUIRE_WHY(state.ours != NULL && k == state.keyring, ERR_CONFIG,
		"keyring_provider_load has not been called for this keyring");
	TRY(keyring_pubkey(k, label, &spki)); /* so that an unknown label or a missing mohar-hsmd keeps its own error */
	TRY(type_name(writer_span(&spki), &type));
	context = EVP_PKEY_CTX_new_from_name(NULL, type, "provider=" PROVIDER_NAME);
	CRYPTO_OK(context != NULL && EVP_PKEY_fromdata_init(context) == 1, "a key handle");
	CRYPTO_OK(EVP_PKEY_fromdata(context, out, EVP_PKEY_KEYPAIR, (OSSL_PARAM *)(uintptr_t)params) == 1,
		"a key handle");
	return ERR_OK;
}

enum err
keyring_key(struct keyring *k, const char *label, struct span evidence, EVP_PKEY **out)
{
	return handle(k, label, evidence, (struct hsm_signer){0}, out);
}

enum err
keyring_key_signed_by(struct keyring *k, const char *label, keyring_signer *sign, void *context, EVP_PKEY **out)
{
	return handle(k, label, SPAN(""), (struct hsm_signer){sign, context}, out);
}
