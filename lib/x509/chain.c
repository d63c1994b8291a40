#include <openssl/err.h>
#include <string.h>

#include "x509/own.h"
#include "x509/profile.h"

/* NIST SP 800-57: 112 bits; refuses SHA-1 signatures and RSA below 2048. */
enum { AUTH_LEVEL = 2 };

static enum err
purpose_check(X509 *x, const char *wanted)
{
	const int nid = extended_key_usage_nid(wanted);
	int critical;
	EXTENDED_KEY_USAGE *list = X509_get_ext_d2i(x, NID_ext_key_usage, &critical, NULL);
	bool found = false;

	for (int i = 0; i < sk_ASN1_OBJECT_num(list) && !found; i++) {
		char oid[80];

		found = nid != NID_undef ? OBJ_obj2nid(sk_ASN1_OBJECT_value(list, i)) == nid
					 : OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(list, i), 1) > 0 &&
				strcmp(oid, wanted) == 0;
	}
	sk_ASN1_OBJECT_pop_free(list, ASN1_OBJECT_free);
	REQUIRE_WHY(found, ERR_REFUSED, "RFC 5280 4.2.1.12: the certificate is not for %s", wanted);
	return ERR_OK;
}

static enum err
policy_check(X509 *x, const char *wanted)
{
	int critical;
	CERTIFICATEPOLICIES *list = X509_get_ext_d2i(x, NID_certificate_policies, &critical, NULL);
	bool found = false;

	for (int i = 0; i < sk_POLICYINFO_num(list) && !found; i++) {
		char oid[80];

		found = OBJ_obj2txt(oid, sizeof(oid), sk_POLICYINFO_value(list, i)->policyid, 1) > 0 &&
			strcmp(oid, wanted) == 0;
	}
	sk_POLICYINFO_pop_free(list, POLICYINFO_free);
	REQUIRE_WHY(found, ERR_REFUSED, "RFC 5280 4.2.1.4: the certificate was not issued under policy %s", wanted);
	return ERR_OK;
}

static enum err
classify(int error)
{
	const char *text = X509_verify_cert_error_string(error);

	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return err_because(ERR_EXPIRED, "RFC 5280 6.1.3: %s", text);
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return err_because(ERR_BAD_SIGNATURE, "RFC 5280 6.1.3: %s", text);
	default:
		return err_because(ERR_UNTRUSTED, "RFC 5280 6.1: %s", text);
	}
}

/* An anchor is trusted because we were given it, root or not (RFC 5280 6.1.1 d). */
static enum err
store_make(const struct chain_question *q, X509_STORE **out)
{
	OWN(X509_STORE) store = X509_STORE_new();

	REQUIRE(store, ERR_NO_MEMORY);
	for (int i = 0; i < sk_X509_num(q->anchors); i++)
		CRYPTO_OK(X509_STORE_add_cert(store, sk_X509_value(q->anchors, i)) == 1, "anchors");
	*out = store;
	store = NULL;
	return ERR_OK;
}

static enum err
path_check(X509 *x, const struct chain_question *q)
{
	OWN(X509_STORE) store = NULL;
	OWN(X509_STORE_CTX) ctx = X509_STORE_CTX_new();

	TRY(store_make(q, &store));
	CRYPTO_OK(ctx && X509_STORE_CTX_init(ctx, store, x, (STACK_OF(X509) *)q->intermediates) == 1, "chain");
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

	X509_VERIFY_PARAM_set_time(param, q->at);
	X509_VERIFY_PARAM_set_depth(param, MAX_CHAIN - 1);
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	const int ok = X509_verify_cert(ctx), error = X509_STORE_CTX_get_error(ctx);

	ERR_clear_error();
	return ok == 1 ? ERR_OK : classify(error);
}

enum err
chain_check(X509 *x, const struct chain_question *q)
{
	REQUIRE_WHY(sk_X509_num(q->anchors) > 0, ERR_UNTRUSTED, "RFC 5280 6.1.1: no anchor is given");
	REQUIRE_WHY(sk_X509_num(q->intermediates) <= MAX_CHAIN, ERR_TOO_LONG,
		"RFC 5280 6.1: more than %d certificates offered", MAX_CHAIN);
	TRY(path_check(x, q));
	if (q->extended_key_usage)
		TRY(purpose_check(x, q->extended_key_usage));
	if (q->policy)
		TRY(policy_check(x, q->policy));
	return ERR_OK;
}
