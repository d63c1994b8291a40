#include "webauthn/attestation/certificate.h"

#include <limits.h>

#include <openssl/asn1.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "webauthn/authdata.h"

static const char id_fido_gen_ce_aaguid[] = "1.3.6.1.4.1.45724.1.1.4";

enum { VERSION_3 = 2, AUTH_LEVEL = 1 /* 80 bits: no MD5 and no SHA-1 above the attestation certificate */ };

static enum err
parse(struct span der, X509 **out)
{
	const unsigned char *p = der.ptr;

	REQUIRE(der.len <= INT_MAX, ERR_TOO_LONG);
	*out = d2i_X509(NULL, &p, (long)der.len);
	REQUIRE_WHY(*out != NULL && p == der.ptr + der.len, ERR_MALFORMED,
		"RFC 5280 4.1: x5c holds what is not a certificate");
	return ERR_OK;
}

enum err
certificates_parse(const struct statement *s, struct certificates *out)
{
	AUTO(certificates) c = {.count = 0};

	for (size_t i = 0; i < s->x5c_count; i++) {
		const enum err e = parse(s->x5c[i], &c.at[i]);

		c.count = i + 1;
		TRY(e);
	}
	*out = c;
	c.count = 0;
	return ERR_OK;
}

void
certificates_free(struct certificates *c)
{
	for (size_t i = 0; i < c->count; i++)
		X509_free(c->at[i]);
	c->count = 0;
}

enum err
certificate_extension(const X509 *x, const char *oid, struct span *value, bool *critical, bool *found)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	const ASN1_OCTET_STRING *bytes;
	X509_EXTENSION *extension;
	int at, again;

	REQUIRE(object != NULL, ERR_NO_MEMORY);
	at = X509_get_ext_by_OBJ(x, object, -1);
	again = at < 0 ? -1 : X509_get_ext_by_OBJ(x, object, at);
	ASN1_OBJECT_free(object);
	*found = at >= 0;
	if (!*found)
		return ERR_OK;
	REQUIRE_WHY(again < 0, ERR_MALFORMED, "RFC 5280 4.2: extension %s is there twice", oid);
	extension = X509_get_ext(x, at);
	bytes = X509_EXTENSION_get_data(extension);
	*critical = X509_EXTENSION_get_critical(extension) != 0;
	*value = span_at(ASN1_STRING_get0_data(bytes), (size_t)ASN1_STRING_length(bytes));
	return ERR_OK;
}

enum err
certificate_end_entity(const X509 *x)
{
	BASIC_CONSTRAINTS *basic;
	bool is_ca;

	REQUIRE_WHY(X509_get_version(x) == VERSION_3, ERR_MISMATCH,
		"WebAuthn 8.2.1: the attestation certificate is not of version 3");
	basic = X509_get_ext_d2i(x, NID_basic_constraints, NULL, NULL);
	REQUIRE_WHY(basic != NULL, ERR_MISMATCH,
		"WebAuthn 8.2.1: the attestation certificate has no basic constraints");
	is_ca = basic->ca != 0;
	BASIC_CONSTRAINTS_free(basic);
	REQUIRE_WHY(!is_ca, ERR_MISMATCH, "WebAuthn 8.2.1: the attestation certificate is a CA's");
	return ERR_OK;
}

enum err
certificate_aaguid(const X509 *x, struct span aaguid)
{
	struct span value;
	bool critical, found;
	struct reader r;
	uint8_t tag, len;

	TRY(certificate_extension(x, id_fido_gen_ce_aaguid, &value, &critical, &found));
	if (!found)
		return ERR_OK;
	REQUIRE_WHY(!critical, ERR_MISMATCH, "WebAuthn 8.2.1: the AAGUID extension is critical");
	r = reader_over(value); /* an OCTET STRING in the extension's OCTET STRING */
	TRY(reader_u8(&r, &tag));
	TRY(reader_u8(&r, &len));
	REQUIRE_WHY(tag == V_ASN1_OCTET_STRING && len == AAGUID_LEN, ERR_MALFORMED,
		"WebAuthn 8.2.1: the AAGUID extension is not 16 bytes");
	REQUIRE_WHY(span_equal(r.left, aaguid), ERR_MISMATCH, "WebAuthn 8.2.1: the certificate names another AAGUID");
	return ERR_OK;
}

enum err
certificate_verify(const X509 *x, int64_t alg, struct span message, struct span signature)
{
	const struct cose_algorithm *a = cose_algorithm_of(alg);
	EVP_PKEY *key = X509_get0_pubkey(x);
	enum err e;

	REQUIRE_WHY(a != NULL, ERR_UNSUPPORTED, "RFC 9053 2: attestation algorithm %lld", (long long)alg);
	REQUIRE_WHY(key != NULL, ERR_MALFORMED, "RFC 5280 4.1.2.7: the attestation certificate's key cannot be read");
	e = cose_verify(a, key, message, signature);
	if (e == ERR_BAD_SIGNATURE)
		return err_because(e, "WebAuthn 6.5: the attestation signature is not the certificate's");
	return e;
}

enum err
certificate_has_key(const X509 *x, const EVP_PKEY *key)
{
	const EVP_PKEY *own = X509_get0_pubkey(x);

	REQUIRE_WHY(own != NULL && EVP_PKEY_eq(own, key) == 1, ERR_MISMATCH,
		"WebAuthn 6.5: the certificate's key is not the credential's");
	return ERR_OK;
}

/* ---- chains ---- */
struct chain {
	X509_STORE *store;
	STACK_OF(X509) * others;
	X509_STORE_CTX *context;
};

static void
chain_free(struct chain *c)
{
	X509_STORE_CTX_free(c->context);
	sk_X509_free(c->others); /* the certificates are the caller's */
	X509_STORE_free(c->store);
}

static enum err
add_roots(X509_STORE *store, const char *pem)
{
	BIO *text = BIO_new_mem_buf(pem, -1);
	size_t count = 0;
	X509 *root;

	REQUIRE(text != NULL, ERR_NO_MEMORY);
	while ((root = PEM_read_bio_X509(text, NULL, NULL, NULL)) != NULL) {
		count += X509_STORE_add_cert(store, root) == 1;
		X509_free(root);
	}
	BIO_free(text);
	REQUIRE_WHY(count > 0, ERR_CONFIG, "attestation roots: no certificate in PEM");
	return ERR_OK;
}

static enum err
prepare(struct chain *chain, const struct certificates *c, const char *roots, unix_time at)
{
	X509_VERIFY_PARAM *param;

	chain->store = X509_STORE_new();
	chain->others = sk_X509_new_null();
	chain->context = X509_STORE_CTX_new();
	REQUIRE(chain->store != NULL && chain->others != NULL && chain->context != NULL, ERR_NO_MEMORY);
	TRY(add_roots(chain->store, roots));
	for (size_t i = 1; i < c->count; i++)
		REQUIRE(sk_X509_push(chain->others, c->at[i]) > 0, ERR_NO_MEMORY);
	REQUIRE(X509_STORE_CTX_init(chain->context, chain->store, c->at[0], chain->others) == 1, ERR_NO_MEMORY);
	param = X509_STORE_CTX_get0_param(chain->context);
	X509_VERIFY_PARAM_set_time(param, (time_t)at);
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	/* FIDO Metadata Statement 3.2: a "root" may be an intermediate, or the attestation certificate itself. */
	REQUIRE(X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN) == 1, ERR_CRYPTO);
	return ERR_OK;
}

/* RFC 5280 6.1.1 (d): a trust anchor is a name and a key. A batch certificate that its authenticator signs anew, with the
 * accepted name and key, is the same anchor; libcrypto compares self-signed certificates whole. */
static bool
is_anchor(const struct certificates *c, const STACK_OF(X509_OBJECT) * anchors, unix_time at)
{
	X509 *const x = c->at[0];
	time_t now = (time_t)at;

	if (c->count != 1 || X509_cmp_time(X509_get0_notBefore(x), &now) >= 0 ||
		X509_cmp_time(X509_get0_notAfter(x), &now) <= 0)
		return false;
	for (int i = 0; i < sk_X509_OBJECT_num(anchors); i++) {
		X509 *const anchor = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(anchors, i));

		if (anchor != NULL && X509_NAME_cmp(X509_get_subject_name(x), X509_get_subject_name(anchor)) == 0 &&
			EVP_PKEY_eq(X509_get0_pubkey(x), X509_get0_pubkey(anchor)) == 1 &&
			X509_verify(x, X509_get0_pubkey(anchor)) == 1)
			return true;
	}
	return false;
}

static enum err
anchored(const struct certificates *c, const char *roots, unix_time at)
{
	AUTO(chain) chain = {.store = NULL};

	TRY(prepare(&chain, c, roots, at));
	if (X509_verify_cert(chain.context) == 1 || is_anchor(c, X509_STORE_get0_objects(chain.store), at))
		return ERR_OK;
	return err_because(ERR_UNTRUSTED, "WebAuthn 7.1: the attestation certificate leads to no accepted root: %s",
		X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain.context)));
}

enum err
certificates_chain(const struct certificates *c, const char *roots, unix_time at, enum webauthn_trust *trust)
{
	if (roots != NULL) {
		TRY(anchored(c, roots, at));
		*trust = WEBAUTHN_TRUST_ANCHORED;
		return ERR_OK;
	}
	for (size_t i = 0; i + 1 < c->count; i++)
		REQUIRE_WHY(X509_verify(c->at[i], X509_get0_pubkey(c->at[i + 1])) == 1, ERR_UNTRUSTED,
			"WebAuthn 6.5: certificate %zu of x5c is not signed by the next", i);
	*trust = WEBAUTHN_TRUST_UNANCHORED;
	return ERR_OK;
}
