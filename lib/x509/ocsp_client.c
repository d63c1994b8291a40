/* ocsp: the relying party's side of RFC 6960: asking, and believing the answer or not. */
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <string.h>

#include "x509/asn1.h"
#include "x509/der.h"
#include "x509/ocsp.h"
#include "x509/own.h"

enum { MAX_SKEW = 300 };

static enum err
ask(OCSP_CERTID *id, struct span nonce, struct writer *der)
{
	OWN(OCSP_CERTID) owned = id;
	OWN(OCSP_REQUEST) request = OCSP_REQUEST_new();
	unsigned char *bytes = NULL;

	CRYPTO_OK(request && id && OCSP_request_add0_id(request, id), "OCSP request");
	owned = NULL; /* the request has it */
	REQUIRE_WHY(nonce.len <= MAX_OCSP_NONCE, ERR_TOO_LONG, "RFC 9654 2.1: a nonce of more than %d bytes",
		MAX_OCSP_NONCE);
	if (nonce.len > 0)
		CRYPTO_OK(OCSP_request_add1_nonce(request, (unsigned char *)nonce.ptr, (int)nonce.len) == 1,
			"OCSP nonce");
	const int len = i2d_OCSP_REQUEST(request, &bytes);

	return der_append(bytes, len, der);
}

enum err
ocsp_ask(const X509 *x, const X509 *issuer, struct span nonce, struct writer *der)
{
	return ask(OCSP_cert_to_id(EVP_sha256(), x, issuer), nonce, der);
}

/* The CertID of a serial of issuer's. The caller frees. */
static enum err
id_make(const EVP_MD *digest, const X509 *issuer, struct span serial, OCSP_CERTID **out)
{
	OWN(ASN1_INTEGER) n = NULL;

	TRY(serial_make(serial, &n));
	*out = OCSP_cert_id_new(digest, X509_get_subject_name(issuer), X509_get0_pubkey_bitstr(issuer), n);
	CRYPTO_OK(*out, "CertID");
	return ERR_OK;
}

enum err
ocsp_ask_serial(const X509 *issuer, struct span serial, struct span nonce, struct writer *der)
{
	OCSP_CERTID *id;

	TRY(id_make(EVP_sha1(), issuer, serial, &id));
	return ask(id, nonce, der);
}

static enum err
basic_open(struct span der, OCSP_BASICRESP **out)
{
	const uint8_t *p = der.ptr;

	REQUIRE_WHY(der.len <= MAX_OCSP_RESPONSE, ERR_TOO_LONG, "RFC 6960 4.2: a response of more than %d bytes",
		MAX_OCSP_RESPONSE);
	OWN(OCSP_RESPONSE) response = d2i_OCSP_RESPONSE(NULL, &p, (long)der.len);

	if (!response)
		return own_failed(ERR_MALFORMED, "RFC 6960 4.2.1: not an OCSPResponse");
	REQUIRE_WHY(p == der.ptr + der.len, ERR_MALFORMED, "RFC 6960 4.2.1: bytes after the OCSPResponse");
	const int status = OCSP_response_status(response);

	REQUIRE_WHY(status != OCSP_RESPONSE_STATUS_TRYLATER && status != OCSP_RESPONSE_STATUS_INTERNALERROR,
		ERR_UNAVAILABLE, "RFC 6960 2.3: the responder answers %s", OCSP_response_status_str(status));
	REQUIRE_WHY(status == OCSP_RESPONSE_STATUS_SUCCESSFUL, ERR_UNTRUSTED, "RFC 6960 2.3: the responder answers %s",
		OCSP_response_status_str(status));
	*out = OCSP_response_get1_basic(response);
	if (!*out)
		return own_failed(ERR_MALFORMED, "RFC 6960 4.2.1: not a BasicOCSPResponse");
	return ERR_OK;
}

/* The one anchor is the issuer of the certificate that was asked about, taken at now. */
static enum err
store_make(const X509 *issuer, unix_time now, X509_STORE **out)
{
	OWN(X509_STORE) store = X509_STORE_new();

	CRYPTO_OK(store && X509_STORE_add_cert(store, (X509 *)issuer) == 1, "OCSP issuer");
	X509_VERIFY_PARAM *param = X509_STORE_get0_param(store);

	X509_VERIFY_PARAM_set_time(param, now);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	*out = store;
	store = NULL;
	return ERR_OK;
}

/* RFC 6960 4.2.2.2: by the issuer, or by whom the issuer certified with id-kp-OCSPSigning. */
static enum err
signer_check(OCSP_BASICRESP *basic, const X509 *issuer, unix_time now)
{
	OWN(X509_STORE) store = NULL;
	STACK_OF(X509) *certs = sk_X509_new_null();

	TRY(store_make(issuer, now, &store));
	if (!certs || !sk_X509_push(certs, (X509 *)issuer)) {
		sk_X509_free(certs);
		return ERR_NO_MEMORY;
	}
	const int ok = OCSP_basic_verify(basic, certs, store, 0);

	sk_X509_free(certs);
	if (ok == 1)
		return ERR_OK;
	const bool forged = ERR_GET_REASON(ERR_peek_last_error()) == OCSP_R_SIGNATURE_FAILURE;

	return forged ? own_failed(ERR_BAD_SIGNATURE, "RFC 6960 3.2: the response's signature does not verify")
		      : own_failed(ERR_UNTRUSTED, "RFC 6960 4.2.2.2: the responder is not authorised by the issuer");
}

/* The answer to one CertID: ERR_MISMATCH if it is not there. Takes id. */
static enum err
single_of(OCSP_BASICRESP *basic, OCSP_CERTID *id, OCSP_SINGLERESP **out)
{
	OWN(OCSP_CERTID) owned = id;

	CRYPTO_OK(id, "CertID");
	const int at = OCSP_resp_find(basic, id, -1);

	REQUIRE_WHY(at >= 0, ERR_MISMATCH, "RFC 6960 3.2: the response is about another certificate");
	*out = OCSP_resp_get0(basic, at);
	return ERR_OK;
}

/* The answer about x, by whichever hash it names it. */
static enum err
single_find(OCSP_BASICRESP *basic, const X509 *x, const X509 *issuer, OCSP_SINGLERESP **out)
{
	enum err e = single_of(basic, OCSP_cert_to_id(EVP_sha256(), x, issuer), out);

	if (e == ERR_MISMATCH)
		e = single_of(basic, OCSP_cert_to_id(EVP_sha1(), x, issuer), out);
	return e;
}

static enum err
freshness_check(const ASN1_GENERALIZEDTIME *this_update, const ASN1_GENERALIZEDTIME *next_update, unix_time now)
{
	unix_time from, until;

	TRY(asn1_time_read(this_update, &from));
	REQUIRE_WHY(next_update, ERR_EXPIRED, "RFC 6960 4.2.2.1: the response does not say until when it holds");
	TRY(asn1_time_read(next_update, &until));
	REQUIRE_WHY(from <= now + MAX_SKEW, ERR_EXPIRED, "RFC 6960 3.2: the response is from the future");
	REQUIRE_WHY(now <= until + MAX_SKEW, ERR_EXPIRED, "RFC 6960 3.2: the response is stale");
	return ERR_OK;
}

/* RFC 9654 2.1: what comes back must be what was sent. A responder that signs ahead leaves it out; then the times must do. */
static enum err
nonce_check(OCSP_BASICRESP *basic, struct span nonce)
{
	const int at = OCSP_BASICRESP_get_ext_by_NID(basic, NID_id_pkix_OCSP_Nonce, -1);
	struct span back;

	if (nonce.len == 0 || at < 0)
		return ERR_OK;
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(OCSP_BASICRESP_get_ext(basic, at));
	struct reader r = reader_over(span_at(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)));

	REQUIRE_WHY(der_read(&r, DER_OCTET_STRING, &back) == ERR_OK && r.left.len == 0 && span_equal(back, nonce),
		ERR_MISMATCH, "RFC 9654 2.1: the response answers another request (nonce)");
	return ERR_OK;
}

static enum err
single_read(OCSP_SINGLERESP *single, unix_time now, struct ocsp_answer *out)
{
	ASN1_GENERALIZEDTIME *revoked = NULL, *this_update = NULL, *next_update = NULL; /* single's */
	int reason = -1;
	const int status = OCSP_single_get0_status(single, &reason, &revoked, &this_update, &next_update);

	*out = (struct ocsp_answer){.reason = reason};
	TRY(freshness_check(this_update, next_update, now));
	TRY(asn1_time_read(this_update, &out->this_update));
	TRY(asn1_time_read(next_update, &out->next_update));
	if (revoked != NULL)
		TRY(asn1_time_read(revoked, &out->revoked_at));
	out->status = status == V_OCSP_CERTSTATUS_GOOD ? OCSP_GOOD
		: status == V_OCSP_CERTSTATUS_REVOKED  ? OCSP_REVOKED
						       : OCSP_UNKNOWN;
	return ERR_OK;
}

enum err
ocsp_told(struct span response, const X509 *issuer, struct span serial, struct span nonce, unix_time now,
	struct ocsp_answer *out)
{
	OWN(OCSP_BASICRESP) basic = NULL;
	OCSP_CERTID *id;
	OCSP_SINGLERESP *single;

	TRY(basic_open(response, &basic));
	TRY(signer_check(basic, issuer, now));
	TRY(id_make(EVP_sha1(), issuer, serial, &id));
	TRY(single_of(basic, id, &single));
	TRY(nonce_check(basic, nonce));
	return single_read(single, now, out);
}

enum err
ocsp_check(struct span response, const X509 *x, const X509 *issuer, struct span nonce, unix_time now)
{
	OWN(OCSP_BASICRESP) basic = NULL;
	OCSP_SINGLERESP *single;
	struct ocsp_answer answer;

	TRY(basic_open(response, &basic));
	TRY(signer_check(basic, issuer, now));
	TRY(single_find(basic, x, issuer, &single));
	TRY(nonce_check(basic, nonce));
	TRY(single_read(single, now, &answer));
	REQUIRE_WHY(answer.status != OCSP_REVOKED, ERR_REVOKED, "RFC 6960 2.2: revoked or suspended");
	REQUIRE_WHY(answer.status == OCSP_GOOD, ERR_UNTRUSTED,
		"RFC 6960 2.2: the issuer does not know the certificate");
	return ERR_OK;
}
