#include "keyring/provider.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include "jose/jose.h"
#include "x509/own.h"

struct hsm_key *
hsm_key_reference(struct hsm_key *k)
{
	atomic_fetch_add(&k->references, 1);
	return k;
}

void
hsm_key_drop(struct hsm_key *k)
{
	if (k == NULL || atomic_fetch_sub(&k->references, 1) != 1)
		return;
	EVP_PKEY_free(k->public_half);
	writer_free(&k->evidence);
	free(k);
}

static void *
key_new(void *provider)
{
	struct hsm_key *k = calloc(1, sizeof(*k));

	(void)provider;
	if (k != NULL) {
		atomic_init(&k->references, 1);
		k->evidence = writer_new(MAX_EVIDENCE);
	}
	return k;
}

static void
key_free(void *key)
{
	hsm_key_drop(key);
}

static void *
key_dup(const void *key, int selection)
{
	(void)selection;
	return hsm_key_reference((struct hsm_key *)(uintptr_t)key);
}

/* Both halves and the parameters: the private one is over there, but it is ours to use. */
static int
key_has(const void *key, int selection)
{
	(void)selection;
	return ((const struct hsm_key *)key)->public_half != NULL;
}

static int
key_match(const void *a, const void *b, int selection)
{
	(void)selection;
	return EVP_PKEY_eq(((const struct hsm_key *)a)->public_half, ((const struct hsm_key *)b)->public_half) == 1;
}

static int
key_validate(const void *key, int selection, int checktype)
{
	(void)key;
	(void)selection;
	(void)checktype;
	return 1;
}

/* What only this handle knows of the key, beside what its public half tells: the one digest, and the one algorithm in JOSE. */
static int
key_get_params(void *key, OSSL_PARAM params[])
{
	const struct hsm_key *k = key;
	OSSL_PARAM *digest = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_MANDATORY_DIGEST);
	OSSL_PARAM *jose = OSSL_PARAM_locate(params, JOSE_PARAM_ALG);

	return EVP_PKEY_get_params(k->public_half, params) == 1 &&
		(digest == NULL || k->scheme->digest == NULL ||
			OSSL_PARAM_set_utf8_string(digest, k->scheme->digest) == 1) &&
		(jose == NULL || OSSL_PARAM_set_utf8_string(jose, k->scheme->jose) == 1);
}

static const OSSL_PARAM *
gettable_of(const char *name)
{
	EVP_KEYMGMT *keymgmt = EVP_KEYMGMT_fetch(provider_context(), name, NULL);
	const OSSL_PARAM *params = keymgmt == NULL ? NULL : EVP_KEYMGMT_gettable_params(keymgmt);

	EVP_KEYMGMT_free(keymgmt); /* the table is static, in the default provider */
	return params;
}

static const OSSL_PARAM *
ec_gettable(void *provider)
{
	(void)provider;
	return gettable_of("EC");
}

static const OSSL_PARAM *
rsa_gettable(void *provider)
{
	(void)provider;
	return gettable_of("RSA");
}

static const OSSL_PARAM *
ed25519_gettable(void *provider)
{
	(void)provider;
	return gettable_of("ED25519");
}

/* The public half only: whoever asks for the private one means to sign elsewhere. */
static int
key_export(void *key, int selection, OSSL_CALLBACK *callback, void *context)
{
	if (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY)
		return 0;
	return EVP_PKEY_export(((struct hsm_key *)key)->public_half, selection, callback, context);
}

static const OSSL_PARAM *
key_export_types(int selection)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
		OSSL_PARAM_END,
	};

	return selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY ? NULL : types;
}

static const OSSL_PARAM *
key_import_types(int selection)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_utf8_string(PROVIDER_PARAM_LABEL, NULL, 0),
		OSSL_PARAM_octet_string(PROVIDER_PARAM_EVIDENCE, NULL, 0),
		OSSL_PARAM_octet_string(PROVIDER_PARAM_SIGNER, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)selection;
	return types;
}

static enum err
import(struct hsm_key *k, const OSSL_PARAM params[])
{
	const OSSL_PARAM *label = OSSL_PARAM_locate_const(params, PROVIDER_PARAM_LABEL);
	const OSSL_PARAM *evidence = OSSL_PARAM_locate_const(params, PROVIDER_PARAM_EVIDENCE);
	const OSSL_PARAM *signer = OSSL_PARAM_locate_const(params, PROVIDER_PARAM_SIGNER);
	AUTO(writer) spki = writer_new(MAX_PROVIDER_SPKI);
	char *text = k->label;
	const unsigned char *at;

	REQUIRE(label != NULL && OSSL_PARAM_get_utf8_string(label, &text, sizeof(k->label)) == 1, ERR_UNSUPPORTED);
	if (evidence != NULL && evidence->data_type == OSSL_PARAM_OCTET_STRING)
		writer_bytes(&k->evidence, span_at(evidence->data, evidence->data_size));
	TRY(writer_done(&k->evidence));
	if (signer != NULL && signer->data_size == sizeof(k->signer))
		memcpy(&k->signer, signer->data, sizeof(k->signer));
	TRY(keyring_pubkey(provider_keyring(), k->label, &spki));
	at = spki.ptr;
	k->public_half = d2i_PUBKEY_ex(NULL, &at, (long)spki.len, provider_context(), NULL);
	REQUIRE(k->public_half != NULL, ERR_CRYPTO);
	return scheme_of(k->label, k->public_half, &k->scheme);
}

static int
key_import(void *key, int selection, const OSSL_PARAM params[])
{
	enum err e;

	(void)selection;
	/* libcrypto tries to import any foreign EC key here before it compares the two the other way round: not ours, and no error. */
	if (OSSL_PARAM_locate_const(params, PROVIDER_PARAM_LABEL) == NULL)
		return 0;
	e = import(key, params);
	if (e != ERR_OK)
		provider_raise(e);
	return e == ERR_OK;
}

struct hsm_key *
hsm_key_new(const char *label)
{
	const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(PROVIDER_PARAM_LABEL, (char *)(uintptr_t)label,
					     0),
		OSSL_PARAM_construct_end()};
	struct hsm_key *k = key_new(NULL);

	if (k != NULL && key_import(k, 0, params) != 1) {
		hsm_key_drop(k);
		k = NULL;
	}
	return k;
}

/* libcrypto 3.0 looks methods up in a cache that it fills, for a provider by name, with the same query string as for no provider in particular, and finds
 * whichever was put in first. EVP_DigestSignInit is about to put ours in; were it the first, every EC key made or read in this process from then on would come
 * to us. So the default provider's is put in before, each time: the cache may have been emptied meanwhile. */
static void
prime(const char *name)
{
	EVP_KEYMGMT_free(EVP_KEYMGMT_fetch(NULL, name, NULL));
}

static const char *
key_operation(const char *name, int operation)
{
	prime(name);
	return operation == OSSL_OP_SIGNATURE ? PROVIDER_SIGNATURE : NULL;
}

static const char *
ec_operation(int operation)
{
	return key_operation("EC", operation);
}

static const char *
rsa_operation(int operation)
{
	return key_operation("RSA", operation);
}

static const char *
ed25519_operation(int operation)
{
	return key_operation("ED25519", operation);
}

/* From the store: the reference is the key itself, handed over. */
static void *
key_load(const void *reference, size_t size)
{
	struct hsm_key *k;

	if (size != sizeof(k))
		return NULL;
	k = *(struct hsm_key *const *)reference;
	*(struct hsm_key **)(uintptr_t)reference = NULL;
	return k;
}

#define KEYMGMT(gettable, operation)                                                                                  \
	{OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))key_new}, {OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))key_free},         \
		{OSSL_FUNC_KEYMGMT_DUP, (void (*)(void))key_dup}, {OSSL_FUNC_KEYMGMT_LOAD, (void (*)(void))key_load}, \
		{OSSL_FUNC_KEYMGMT_HAS, (void (*)(void))key_has},                                                     \
		{OSSL_FUNC_KEYMGMT_MATCH, (void (*)(void))key_match},                                                 \
		{OSSL_FUNC_KEYMGMT_VALIDATE, (void (*)(void))key_validate},                                           \
		{OSSL_FUNC_KEYMGMT_GET_PARAMS, (void (*)(void))key_get_params},                                       \
		{OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))(gettable)},                                      \
		{OSSL_FUNC_KEYMGMT_EXPORT, (void (*)(void))key_export},                                               \
		{OSSL_FUNC_KEYMGMT_EXPORT_TYPES, (void (*)(void))key_export_types},                                   \
		{OSSL_FUNC_KEYMGMT_IMPORT, (void (*)(void))key_import},                                               \
		{OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (void (*)(void))key_import_types},                                   \
		{OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, (void (*)(void))(operation)},                                \
	{                                                                                                             \
		0, NULL                                                                                               \
	}

static const OSSL_DISPATCH ec[] = {KEYMGMT(ec_gettable, ec_operation)};
static const OSSL_DISPATCH rsa[] = {KEYMGMT(rsa_gettable, rsa_operation)};
static const OSSL_DISPATCH ed25519[] = {KEYMGMT(ed25519_gettable, ed25519_operation)};

const OSSL_ALGORITHM provider_keymgmts[] = {
	{"EC:id-ecPublicKey:1.2.840.10045.2.1", "provider=" PROVIDER_NAME, ec, "EC keys of mohar-hsmd"},
	{"RSA:rsaEncryption:1.2.840.113549.1.1.1", "provider=" PROVIDER_NAME, rsa, "RSA keys of mohar-hsmd"},
	{"ED25519:1.3.101.112", "provider=" PROVIDER_NAME, ed25519, "Ed25519 keys of mohar-hsmd"},
	{NULL, NULL, NULL, NULL},
};
