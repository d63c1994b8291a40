#include "keyring/provider.h"

#include <stdlib.h>
#include <string.h>

#include "keyring/provider_params.h"
#include "x509/own.h"

static int signing_set_params(void *context, const OSSL_PARAM params[]);

/* One signature, or verification, under way: what is signed goes to mohar-hsmd whole, so it is gathered here. */
struct signing {
	struct hsm_key *key; /* a reference; NULL before init */
	struct writer object;
};

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
digest_fits(const struct signing *s, const char *digest)
{
	if (s->key == NULL)
		return false;
	if (digest == NULL || digest[0] == '\0' || scheme_is_digest(s->key->scheme, digest))
		return true;
	provider_raise(err_because(ERR_UNSUPPORTED, "key '%s' (%s) does not sign with digest %s", s->key->label,
		s->key->scheme->algorithm, digest));
	return false;
}

static int
signing_init(void *context, const char *digest, void *key, const OSSL_PARAM params[])
{
	struct signing *s = context;

	if (key != NULL) {
		hsm_key_drop(s->key);
		s->key = hsm_key_reference(key);
	}
	writer_reset(&s->object);
	return digest_fits(s, digest) && (params == NULL || signing_set_params(s, params));
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
	OWN(EVP_MD_CTX) md = EVP_MD_CTX_new();
	const struct span object = writer_span(&s->object);
	EVP_PKEY_CTX *key = NULL; /* md owns it */

	if (s->key == NULL || md == NULL ||
		EVP_DigestVerifyInit_ex(md, &key, s->key->scheme->digest, provider_context(), NULL, s->key->public_half,
			NULL) != 1)
		return 0;
	if (s->key->scheme->padding == RSA_PKCS1_PSS_PADDING &&
		(EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) != 1 ||
			EVP_PKEY_CTX_set_rsa_pss_saltlen(key, RSA_PSS_SALTLEN_DIGEST) != 1))
		return 0;
	return EVP_DigestVerify(md, signature, len, object.ptr, object.len) == 1;
}

static int
signing_get_params(void *context, OSSL_PARAM params[])
{
	const struct signing *s = context;

	return s->key != NULL && scheme_params_tell(s->key->scheme, params);
}

static const OSSL_PARAM *
signing_gettable(void *context, void *provider)
{
	(void)context;
	(void)provider;
	return scheme_params_told;
}

/* Nothing can be set here: what is asked for must be what the key signs with anyway. */
static int
signing_set_params(void *context, const OSSL_PARAM params[])
{
	const struct signing *s = context;
	const char *digest = NULL;

	if (s->key == NULL || params == NULL)
		return 1;
	if (!scheme_params_digest(params, &digest) || !digest_fits(s, digest))
		return 0;
	if (scheme_params_fit(s->key->scheme, params))
		return 1;
	provider_raise(err_because(ERR_UNSUPPORTED, "key '%s' is %s in keys.json: it does not sign with that padding",
		s->key->label, s->key->scheme->algorithm));
	return 0;
}

static const OSSL_PARAM *
signing_settable(void *context, void *provider)
{
	(void)context;
	(void)provider;
	return scheme_params_asked;
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
