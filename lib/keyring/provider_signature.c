#include "keyring/provider.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include "x509/own.h"

OWN_TYPE(EVP_MD)
OWN_TYPE(X509_ALGOR)

/* One signature, or verification, under way: what is signed goes to mohar-hsmd whole, so it is gathered here. */
struct signing {
	struct hsm_key *key; /* a reference; NULL before init */
	struct writer object;
};

/* The one digest of each kind of key, as over there (hsm/token/algorithm.c). */
static const struct kind {
	const char *group, *digest;
	int nid;
} kinds[] = {
	{"prime256v1", "SHA256", NID_ecdsa_with_SHA256},
	{"secp384r1", "SHA384", NID_ecdsa_with_SHA384},
	{NULL, NULL, NID_ED25519},
};

static const struct kind *
kind_of(const struct hsm_key *k)
{
	char group[32] = "";
	size_t i = 0;

	if (!EVP_PKEY_is_a(k->public_half, "ED25519") &&
		EVP_PKEY_get_group_name(k->public_half, group, sizeof(group), NULL) != 1)
		return NULL;
	while (kinds[i].group != NULL && strcmp(kinds[i].group, group) != 0)
		i++;
	return kinds[i].group == NULL && group[0] != '\0' ? NULL : &kinds[i];
}

static void *
signing_new(void *provider, const char *properties)
{
	struct signing *s = calloc(1, sizeof(*s));

	(void)provider;
	(void)properties;
	if (s != NULL)
		s->object = writer_new(MAX_HSM_OBJECT);
	return s;
}

static void
signing_free(void *context)
{
	struct signing *s = context;

	if (s == NULL)
		return;
	hsm_key_drop(s->key);
	writer_free(&s->object);
	free(s);
}

/* DigestSignFinal works on a copy. */
static void *
signing_dup(void *context)
{
	const struct signing *from = context;
	struct signing *s = signing_new(NULL, NULL);

	if (s == NULL)
		return NULL;
	if (from->key != NULL)
		s->key = hsm_key_reference(from->key);
	writer_bytes(&s->object, writer_span(&from->object));
	if (writer_done(&s->object) != ERR_OK) {
		signing_free(s);
		return NULL;
	}
	return s;
}

/* A digest other than the key's own would be ignored over there, and the algorithm identifier would lie. */
static bool
digest_fits(const struct kind *kind, const char *digest)
{
	OWN(EVP_MD) md = NULL;
	bool fits;

	if (kind == NULL)
		return false;
	if (digest == NULL || digest[0] == '\0')
		return true;
	if (kind->digest == NULL)
		return false;
	md = EVP_MD_fetch(provider_context(), digest, NULL);
	fits = md != NULL && EVP_MD_is_a(md, kind->digest);
	return fits;
}

static int
signing_init(void *context, const char *digest, void *key, const OSSL_PARAM params[])
{
	struct signing *s = context;
	const struct kind *kind;

	(void)params;
	if (key != NULL) {
		hsm_key_drop(s->key);
		s->key = hsm_key_reference(key);
	}
	writer_reset(&s->object);
	kind = s->key == NULL ? NULL : kind_of(s->key);
	if (!digest_fits(kind, digest)) {
		provider_raise(err_because(ERR_UNSUPPORTED, "key '%s' does not sign with digest %s",
			s->key == NULL ? "" : s->key->label, digest == NULL ? "" : digest));
		return 0;
	}
	return 1;
}

static int
signing_update(void *context, const unsigned char *bytes, size_t len)
{
	struct signing *s = context;

	writer_bytes(&s->object, span_at(bytes, len));
	return writer_done(&s->object) == ERR_OK;
}

static enum err
sign(struct signing *s, unsigned char *out, size_t *len, size_t room)
{
	AUTO(writer) signature = writer_new(MAX_SIGNATURE);

	if (s->key->signer.sign != NULL)
		TRY(s->key->signer.sign(s->key->signer.context, s->key->label, writer_span(&s->object), &signature));
	else
		TRY(keyring_sign(provider_keyring(), s->key->label, writer_span(&s->object),
			writer_span(&s->key->evidence), &signature));
	REQUIRE(signature.len <= room, ERR_TOO_LONG);
	memcpy(out, signature.ptr, signature.len);
	*len = signature.len;
	return ERR_OK;
}

static int
signing_final(void *context, unsigned char *out, size_t *len, size_t room)
{
	struct signing *s = context;
	enum err e;

	if (s->key == NULL)
		return 0;
	if (out == NULL) {
		const int size = EVP_PKEY_get_size(s->key->public_half);

		*len = size > 0 ? (size_t)size : 0;
		return size > 0;
	}
	e = sign(s, out, len, room);
	if (e != ERR_OK)
		provider_raise(e);
	return e == ERR_OK;
}

/* With the public half, here. Whoever has the certificate verifies with that; some of libcrypto asks the handle. */
static int
verify_final(void *context, const unsigned char *signature, size_t len)
{
	struct signing *s = context;
	const struct kind *kind = s->key == NULL ? NULL : kind_of(s->key);
	OWN(EVP_MD_CTX) md = EVP_MD_CTX_new();
	const struct span object = writer_span(&s->object);

	return kind != NULL && md != NULL &&
		EVP_DigestVerifyInit_ex(md, NULL, kind->digest, provider_context(), NULL, s->key->public_half, NULL) ==
		1 &&
		EVP_DigestVerify(md, signature, len, object.ptr, object.len) == 1;
}

static enum err
algorithm_write(const struct kind *kind, OSSL_PARAM *param)
{
	OWN(X509_ALGOR) algorithm = X509_ALGOR_new();
	unsigned char *der = NULL;
	int len, set;

	REQUIRE(algorithm != NULL && X509_ALGOR_set0(algorithm, OBJ_nid2obj(kind->nid), V_ASN1_UNDEF, NULL) == 1,
		ERR_NO_MEMORY);
	len = i2d_X509_ALGOR(algorithm, &der);
	REQUIRE(len > 0, ERR_CRYPTO);
	set = OSSL_PARAM_set_octet_string(param, der, (size_t)len);
	OPENSSL_free(der);
	REQUIRE(set == 1, ERR_CRYPTO);
	return ERR_OK;
}

static int
signing_get_params(void *context, OSSL_PARAM params[])
{
	struct signing *s = context;
	const struct kind *kind = s->key == NULL ? NULL : kind_of(s->key);
	OSSL_PARAM *algorithm = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
	OSSL_PARAM *digest = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_DIGEST);

	if (kind == NULL)
		return 0;
	if (digest != NULL && OSSL_PARAM_set_utf8_string(digest, kind->digest == NULL ? "" : kind->digest) != 1)
		return 0;
	return algorithm == NULL || algorithm_write(kind, algorithm) == ERR_OK;
}

static const OSSL_PARAM *
signing_gettable(void *context, void *provider)
{
	static const OSSL_PARAM params[] = {
		OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)context;
	(void)provider;
	return params;
}

static int
signing_set_params(void *context, const OSSL_PARAM params[])
{
	const struct signing *s = context;
	const OSSL_PARAM *digest = params == NULL ? NULL : OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_DIGEST);
	const char *name = NULL;

	if (digest == NULL || s->key == NULL)
		return 1;
	return OSSL_PARAM_get_utf8_string_ptr(digest, &name) == 1 && kind_of(s->key) != NULL &&
		digest_fits(kind_of(s->key), name);
}

static const OSSL_PARAM *
signing_settable(void *context, void *provider)
{
	static const OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
		OSSL_PARAM_END};

	(void)context;
	(void)provider;
	return params;
}

static const OSSL_DISPATCH functions[] = {
	{OSSL_FUNC_SIGNATURE_NEWCTX, (void (*)(void))signing_new},
	{OSSL_FUNC_SIGNATURE_FREECTX, (void (*)(void))signing_free},
	{OSSL_FUNC_SIGNATURE_DUPCTX, (void (*)(void))signing_dup},
	{OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, (void (*)(void))signing_init},
	{OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, (void (*)(void))signing_update},
	{OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, (void (*)(void))signing_final},
	{OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, (void (*)(void))signing_init},
	{OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, (void (*)(void))signing_update},
	{OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, (void (*)(void))verify_final},
	{OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, (void (*)(void))signing_get_params},
	{OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, (void (*)(void))signing_gettable},
	{OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, (void (*)(void))signing_set_params},
	{OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, (void (*)(void))signing_settable},
	{0, NULL},
};

const OSSL_ALGORITHM provider_signatures[] = {
	{PROVIDER_SIGNATURE, "provider=" PROVIDER_NAME, functions, "signatures by mohar-hsmd"},
	{NULL, NULL, NULL, NULL},
};
