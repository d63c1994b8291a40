/* ocsp: the responder's side of RFC 6960: reading a question, signing an answer. */
#include "x509/ocsp.h"

#include <openssl/ocsp.h>
#include <string.h>

#include "base/reader.h"
#include "x509/der.h"
#include "x509/asn1.h"
#include "x509/own.h"

static const uint8_t sha1_oid[] = {0x2b, 0x0e, 0x03, 0x02, 0x1a};
static const uint8_t sha256_oid[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
static const uint8_t nonce_oid[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02};
static const uint8_t der_null[] = {0x05, 0x00};

/* AlgorithmIdentifier of SHA-1 or SHA-256, parameters NULL or absent; gives the hash's length. */
static enum err
read_algorithm(struct span algorithm, size_t *hash_len)
{
	struct reader r = reader_over(algorithm);
	struct span oid;

	TRY(der_read(&r, DER_OBJECT, &oid));
	REQUIRE(r.left.len == 0 || span_equal(r.left, span_at(der_null, sizeof(der_null))), ERR_MALFORMED);
	if (span_equal(oid, span_at(sha256_oid, sizeof(sha256_oid))))
		*hash_len = 32;
	else if (span_equal(oid, span_at(sha1_oid, sizeof(sha1_oid))))
		*hash_len = 20;
	else
		return err_because(ERR_UNSUPPORTED, "RFC 6960 4.3: CertID by a hash other than SHA-1 or SHA-256");
	return ERR_OK;
}

/* RFC 5280 4.1.2.2: positive, at most 20 bytes; X.690 8.3.2: no needless zero. Short ones are padded to the length of ours. */
static enum err
read_serial(struct span n, struct ocsp_question *q)
{
	REQUIRE(n.len > 0 && n.len <= sizeof(q->serial) && !(n.ptr[0] & 0x80), ERR_MALFORMED);
	if (n.len > 1 && n.ptr[0] == 0) {
		REQUIRE(n.ptr[1] & 0x80, ERR_MALFORMED);
		n = span_at(n.ptr + 1, n.len - 1);
	}
	const size_t pad = n.len < SERIAL_LEN ? SERIAL_LEN - n.len : 0;

	memset(q->serial, 0, pad);
	memcpy(q->serial + pad, n.ptr, n.len);
	q->serial_len = pad + n.len;
	return ERR_OK;
}

static enum err
read_cert_id(struct span cert_id, struct ocsp_question *q)
{
	struct reader outer = reader_over(cert_id), r;
	struct span contents, algorithm, name, key, serial;

	TRY(der_read(&outer, DER_SEQUENCE, &contents));
	r = reader_over(contents);
	TRY(der_read(&r, DER_SEQUENCE, &algorithm));
	TRY(read_algorithm(algorithm, &q->hash_len));
	TRY(der_read(&r, DER_OCTET_STRING, &name));
	TRY(der_read(&r, DER_OCTET_STRING, &key));
	TRY(der_read(&r, DER_INTEGER, &serial));
	TRY(reader_done(&r));
	REQUIRE(name.len == q->hash_len && key.len == q->hash_len, ERR_MALFORMED);
	memcpy(q->issuer_name_hash, name.ptr, name.len);
	memcpy(q->issuer_key_hash, key.ptr, key.len);
	q->cert_id = cert_id;
	return read_serial(serial, q);
}

/* RFC 9654 2.1: an OCTET STRING of 1 to 128 bytes in the extension's own. */
static enum err
read_nonce(struct span value, struct ocsp_question *q)
{
	struct reader r = reader_over(value);
	struct span nonce;

	TRY(der_read(&r, DER_OCTET_STRING, &nonce));
	TRY(reader_done(&r));
	REQUIRE(q->nonce_len == 0 && nonce.len >= 1 && nonce.len <= MAX_OCSP_NONCE, ERR_MALFORMED);
	memcpy(q->nonce, nonce.ptr, nonce.len);
	q->nonce_len = nonce.len;
	return ERR_OK;
}

/* Extension ::= SEQUENCE { OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, OCTET STRING } */
static enum err
read_extension(struct span extension, struct ocsp_question *q)
{
	enum { DER_BOOLEAN = 0x01 };
	struct reader r = reader_over(extension);
	struct span oid, critical, value;

	TRY(der_read(&r, DER_OBJECT, &oid));
	TRY(der_read_optional(&r, DER_BOOLEAN, &critical));
	TRY(der_read(&r, DER_OCTET_STRING, &value));
	TRY(reader_done(&r));
	if (span_equal(oid, span_at(nonce_oid, sizeof(nonce_oid))))
		return read_nonce(value, q);
	REQUIRE_WHY(critical.len == 0, ERR_UNSUPPORTED,
		"RFC 6960 4.4: a critical extension that is not understood here");
	return ERR_OK;
}

static enum err
read_extensions(struct span explicit, struct ocsp_question *q)
{
	struct reader outer = reader_over(explicit), r;
	struct span list, extension;

	TRY(der_read(&outer, DER_SEQUENCE, &list));
	TRY(reader_done(&outer));
	for (r = reader_over(list); r.left.len > 0;) {
		TRY(der_read(&r, DER_SEQUENCE, &extension));
		TRY(read_extension(extension, q));
	}
	return ERR_OK;
}

/* requestList with its one Request ::= SEQUENCE { CertID, singleRequestExtensions [0] EXPLICIT OPTIONAL } */
static enum err
read_list(struct span list, struct ocsp_question *q)
{
	struct reader r = reader_over(list);
	struct span request, cert_id, extensions;

	TRY(der_read(&r, DER_SEQUENCE, &request));
	REQUIRE_WHY(r.left.len == 0, ERR_UNSUPPORTED, "RFC 6960 4.1: more than one certificate in one request");
	r = reader_over(request);
	TRY(der_read_any(&r, &cert_id));
	TRY(read_cert_id(cert_id, q));
	TRY(der_read_optional(&r, DER_CONTEXT_0, &extensions));
	return reader_done(&r);
}

static enum err
read_tbs(struct span tbs, struct ocsp_question *q)
{
	struct reader r = reader_over(tbs);
	struct span version, requestor, list, extensions;

	TRY(der_read_optional(&r, DER_CONTEXT_0, &version));
	REQUIRE_WHY(version.len == 0, ERR_UNSUPPORTED, "RFC 6960 4.1.1: only version 1, which DER leaves out");
	TRY(der_read_optional(&r, DER_CONTEXT_1, &requestor));
	TRY(der_read(&r, DER_SEQUENCE, &list));
	TRY(read_list(list, q));
	TRY(der_read_optional(&r, DER_CONTEXT_2, &extensions));
	if (extensions.len > 0)
		TRY(read_extensions(extensions, q));
	return reader_done(&r);
}

/* A signature on the request is passed over: who asks does not matter (RFC 6960 4.1.2 leaves that to the responder). */
static enum err
read_request(struct span request, struct ocsp_question *q)
{
	struct reader outer = reader_over(request), r;
	struct span contents, tbs, signature;

	TRY(der_read(&outer, DER_SEQUENCE, &contents));
	TRY(reader_done(&outer));
	r = reader_over(contents);
	TRY(der_read(&r, DER_SEQUENCE, &tbs));
	TRY(der_read_optional(&r, DER_CONTEXT_0, &signature));
	TRY(reader_done(&r));
	return read_tbs(tbs, q);
}

enum err
ocsp_parse(struct span request, struct ocsp_question *out)
{
	struct ocsp_question q = {0};

	REQUIRE_WHY(request.len <= MAX_OCSP_REQUEST, ERR_TOO_LONG, "RFC 6960 4.1: a request of more than %d bytes",
		MAX_OCSP_REQUEST);
	const enum err e = read_request(request, &q);

	REQUIRE_WHY(e != ERR_MALFORMED, e, "RFC 6960 4.1.1: not an OCSPRequest in DER");
	TRY(e);
	*out = q;
	return ERR_OK;
}

bool
ocsp_is_for(const struct ocsp_question *q, const X509 *issuer)
{
	const EVP_MD *digest = q->hash_len == 32 ? EVP_sha256() : EVP_sha1();
	uint8_t name[EVP_MAX_MD_SIZE], key[EVP_MAX_MD_SIZE];
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(issuer);

	if (X509_NAME_digest(X509_get_subject_name(issuer), digest, name, NULL) != 1 ||
		EVP_Digest(ASN1_STRING_get0_data(bits), (size_t)ASN1_STRING_length(bits), key, NULL, digest, NULL) != 1)
		return false;
	return memcmp(name, q->issuer_name_hash, q->hash_len) == 0 && memcmp(key, q->issuer_key_hash, q->hash_len) == 0;
}

static int
status_of(enum ocsp_status s)
{
	return s == OCSP_GOOD       ? V_OCSP_CERTSTATUS_GOOD
		: s == OCSP_REVOKED ? V_OCSP_CERTSTATUS_REVOKED
				    : V_OCSP_CERTSTATUS_UNKNOWN;
}

/* RFC 6960 4.4.4: how far back what is said of certificates that have ended can be relied on. */
static enum err
add_cutoff(unix_time cutoff, OCSP_SINGLERESP *single)
{
	OWN(ASN1_TIME) t = ASN1_GENERALIZEDTIME_set(NULL, cutoff);

	CRYPTO_OK(t && OCSP_SINGLERESP_add1_ext_i2d(single, NID_id_pkix_OCSP_archiveCutoff, t, 0, 0) == 1,
		"archiveCutoff");
	return ERR_OK;
}

static enum err
add_answer(const struct ocsp_question *q, const struct ocsp_answer *a, OCSP_BASICRESP *basic)
{
	const uint8_t *p = q->cert_id.ptr;
	OWN(OCSP_CERTID) id = d2i_OCSP_CERTID(NULL, &p, (long)q->cert_id.len);
	OWN(ASN1_TIME) revoked = a->status == OCSP_REVOKED ? ASN1_GENERALIZEDTIME_set(NULL, a->revoked_at) : NULL;
	OWN(ASN1_TIME) this_update = ASN1_GENERALIZEDTIME_set(NULL, a->this_update);
	OWN(ASN1_TIME) next_update = ASN1_GENERALIZEDTIME_set(NULL, a->next_update);

	CRYPTO_OK(id && this_update && next_update, "OCSP answer");
	OCSP_SINGLERESP *single =
		OCSP_basic_add1_status(basic, id, status_of(a->status), a->reason, revoked, this_update, next_update);

	CRYPTO_OK(single, "OCSP answer");
	if (a->archive_cutoff > 0)
		TRY(add_cutoff(a->archive_cutoff, single));
	if (q->nonce_len > 0)
		CRYPTO_OK(OCSP_basic_add1_nonce(basic, (unsigned char *)q->nonce, (int)q->nonce_len) == 1,
			"OCSP nonce");
	return ERR_OK;
}

/* producedAt is the clock's that was passed in, not libcrypto's; there is a getter for it but no setter. */
static enum err
set_produced(OCSP_BASICRESP *basic, unix_time produced)
{
	CRYPTO_OK(ASN1_GENERALIZEDTIME_set((ASN1_GENERALIZEDTIME *)OCSP_resp_get0_produced_at(basic), produced),
		"producedAt");
	return ERR_OK;
}

enum err
ocsp_respond(const struct ocsp_question *q, const struct ocsp_answer *a, X509 *issuer, X509 *responder, EVP_PKEY *key,
	unix_time produced, struct writer *der)
{
	OWN(OCSP_BASICRESP) basic = OCSP_BASICRESP_new();
	const EVP_MD *digest;
	unsigned char *bytes = NULL;

	REQUIRE(basic, ERR_NO_MEMORY);
	REQUIRE_WHY(a->status == OCSP_UNKNOWN || ocsp_is_for(q, issuer), ERR_MISMATCH,
		"RFC 6960 4.1.1: the question is about another issuer");
	TRY(digest_for(key, &digest));
	TRY(add_answer(q, a, basic));
	TRY(set_produced(basic, produced));
	CRYPTO_OK(OCSP_basic_sign(basic, responder, key, digest, NULL, OCSP_NOTIME) == 1, "signing the OCSP answer");
	OWN(OCSP_RESPONSE) response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);

	CRYPTO_OK(response, "OCSP response");
	const int len = i2d_OCSP_RESPONSE(response, &bytes);

	return der_append(bytes, len, der);
}

struct span
ocsp_error(int status)
{
	static const uint8_t errors[][5] = {
		/* OCSPResponse ::= SEQUENCE { ENUMERATED } */
		{0x30, 0x03, 0x0a, 0x01, 0x01},
		{0x30, 0x03, 0x0a, 0x01, 0x02},
		{0x30, 0x03, 0x0a, 0x01, 0x03},
		{0x30, 0x03, 0x0a, 0x01, 0x05},
		{0x30, 0x03, 0x0a, 0x01, 0x06},
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i][4] == status)
			return span_at(errors[i], sizeof(errors[i]));
	return span_at(errors[1], sizeof(errors[1]));
}
