#include "keyring/provider_params.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "x509/own.h"

OWN_TYPE(EVP_MD)

bool
scheme_is_digest(const struct scheme *scheme, const char *name)
{
	OWN(EVP_MD) md = scheme->digest == NULL ? NULL : EVP_MD_fetch(provider_context(), name, NULL);

	return md != NULL && EVP_MD_is_a(md, scheme->digest);
}

const OSSL_PARAM scheme_params_told[] = {
	OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
	OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
	OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
	OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
	OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
	OSSL_PARAM_END,
};
const OSSL_PARAM scheme_params_asked[] = {
	OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
	OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
	OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
	OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
	OSSL_PARAM_END,
};

/* ---- telling ---- */

/* The padding goes as a number or as its name; libcrypto uses both. */
static int
padding_tell(const struct scheme *scheme, OSSL_PARAM *param)
{
	const bool pss = scheme->padding == RSA_PKCS1_PSS_PADDING;

	if (param->data_type == OSSL_PARAM_UTF8_STRING)
		return OSSL_PARAM_set_utf8_string(param,
			pss ? OSSL_PKEY_RSA_PAD_MODE_PSS : OSSL_PKEY_RSA_PAD_MODE_PKCSV15);
	return OSSL_PARAM_set_int(param, scheme->padding);
}

/* RFC 4055 3.1: the salt is as long as the hash. */
static int
salt_tell(OSSL_PARAM *param)
{
	if (param->data_type == OSSL_PARAM_UTF8_STRING)
		return OSSL_PARAM_set_utf8_string(param, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST);
	return OSSL_PARAM_set_int(param, RSA_PSS_SALTLEN_DIGEST);
}

bool
scheme_params_tell(const struct scheme *scheme, OSSL_PARAM params[])
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);

	if (p != NULL && OSSL_PARAM_set_octet_string(p, scheme->identifier.ptr, scheme->identifier.len) != 1)
		return false;
	p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_DIGEST);
	if (p != NULL && OSSL_PARAM_set_utf8_string(p, scheme->digest == NULL ? "" : scheme->digest) != 1)
		return false;
	p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST);
	if (p != NULL && OSSL_PARAM_set_utf8_string(p, scheme->digest) != 1)
		return false;
	p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
	if (p != NULL && padding_tell(scheme, p) != 1)
		return false;
	p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
	return p == NULL || salt_tell(p) == 1;
}

/* ---- being asked ---- */

static bool
padding_fits(const struct scheme *scheme, const OSSL_PARAM *param)
{
	const char *name = NULL;
	int padding = 0;

	if (param->data_type != OSSL_PARAM_UTF8_STRING)
		return OSSL_PARAM_get_int(param, &padding) == 1 && padding == scheme->padding;
	return OSSL_PARAM_get_utf8_string_ptr(param, &name) == 1 &&
		strcmp(name,
			scheme->padding == RSA_PKCS1_PSS_PADDING ? OSSL_PKEY_RSA_PAD_MODE_PSS
								 : OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0;
}

static bool
salt_fits(const struct scheme *scheme, const OSSL_PARAM *param)
{
	const int digest = strcmp(scheme->digest, "SHA512") == 0 ? 64 : 32;
	const char *name = NULL;
	int salt = 0;

	if (param->data_type != OSSL_PARAM_UTF8_STRING)
		return OSSL_PARAM_get_int(param, &salt) == 1 && (salt == RSA_PSS_SALTLEN_DIGEST || salt == digest);
	return OSSL_PARAM_get_utf8_string_ptr(param, &name) == 1 &&
		(strcmp(name, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST) == 0 || strtol(name, NULL, 10) == digest);
}

bool
scheme_params_digest(const OSSL_PARAM params[], const char **name)
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_DIGEST);

	*name = NULL;
	return p == NULL || OSSL_PARAM_get_utf8_string_ptr(p, name) == 1;
}

bool
scheme_params_fit(const struct scheme *scheme, const OSSL_PARAM params[])
{
	const OSSL_PARAM *mgf1 = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST);
	const OSSL_PARAM *padding = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
	const OSSL_PARAM *salt = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
	const char *name = NULL;

	return (padding == NULL || padding_fits(scheme, padding)) && (salt == NULL || salt_fits(scheme, salt)) &&
		(mgf1 == NULL || (OSSL_PARAM_get_utf8_string_ptr(mgf1, &name) == 1 && scheme_is_digest(scheme, name)));
}
