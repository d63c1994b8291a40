#include "ca/cmp/message.h"

#include <string.h>

#include "x509/der.h"

enum {
	DER_BIT_STRING = 0x03,
	DER_NULL = 0x05,
	DER_GENERALIZED_TIME = 0x18,
	DER_DIRECTORY_NAME = 0xa4, /* GeneralName [4] EXPLICIT Name */
	MAX_HEADER_FIELD = 4 << 10,
	MAX_GENERAL_INFO = 32,
};

#define CONTEXT(n) ((uint8_t)(0xa0 | (n)))
#define DER_OK(expr, what) CMP_WHY((expr) == ERR_OK, CMP_BAD_DATA_FORMAT, "RFC 9810 5.1: %s", (what))

/* id-it-implicitConfirm, 1.3.6.1.5.5.7.4.13 */
static const uint8_t implicit_confirm_oid[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x04, 0x0d};

/* The one element inside an explicit tag. */
static enum err
inside(struct span tagged, uint8_t tag, struct span *contents)
{
	struct reader r = reader_over(tagged);

	TRY(der_read(&r, tag, contents));
	return reader_done(&r);
}

/* [n] EXPLICIT, if it is there. */
static enum err
explicit_optional(struct reader *r, unsigned n, uint8_t tag, struct span *contents)
{
	struct span tagged;

	TRY(der_read_optional(r, CONTEXT(n), &tagged));
	*contents = (struct span){0};
	return tagged.ptr == NULL ? ERR_OK : inside(tagged, tag, contents);
}

static bool
digits(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return true;
}

/* YYYYMMDDHHMMSSZ (RFC 5280 4.1.2.5.2). */
static enum err
time_of(struct span s, unix_time *out)
{
	struct tm tm = {0};
	char text[16];

	REQUIRE(s.len == 15 && digits(span_at(s.ptr, 14)) && s.ptr[14] == 'Z', ERR_MALFORMED);
	memcpy(text, s.ptr, 15);
	text[15] = '\0';
	REQUIRE(strptime(text, "%Y%m%d%H%M%SZ", &tm) != NULL, ERR_MALFORMED);
	*out = timegm(&tm);
	return ERR_OK;
}

static enum cmp_fail
read_version(struct reader *r)
{
	struct span n;

	DER_OK(der_read(r, DER_INTEGER, &n), "pvno is no INTEGER");
	CMP_WHY(n.len == 1 && (n.ptr[0] == 2 || n.ptr[0] == 3), CMP_UNSUPPORTED_VERSION,
		"RFC 9810 5.1.1: pvno is neither 2 nor 3");
	return CMP_OK;
}

static enum cmp_fail
read_names(struct reader *r, struct cmp_message *m)
{
	struct span recipient;

	DER_OK(der_read_any(r, &m->sender), "sender");
	DER_OK(der_read_any(r, &recipient), "recipient");
	struct reader in = reader_over(m->sender);
	struct span name;

	if (m->sender.ptr[0] != DER_DIRECTORY_NAME)
		return CMP_OK;
	DER_OK(der_read(&in, DER_DIRECTORY_NAME, &name), "sender");
	m->directory = name;
	return CMP_OK;
}

static enum cmp_fail
read_general_info(struct span list, struct cmp_message *m)
{
	struct reader r = reader_over(list);
	size_t count = 0;

	while (r.left.len > 0) {
		struct span pair, oid;

		DER_OK(der_read(&r, DER_SEQUENCE, &pair), "generalInfo");
		struct reader in = reader_over(pair);

		DER_OK(der_read(&in, DER_OBJECT, &oid), "generalInfo");
		CMP_WHY(++count <= MAX_GENERAL_INFO, CMP_BAD_DATA_FORMAT, "generalInfo of more than %d",
			MAX_GENERAL_INFO);
		if (span_equal(oid, span_at(implicit_confirm_oid, sizeof(implicit_confirm_oid))))
			m->implicit_confirm = true;
	}
	return CMP_OK;
}

/* What must be there to answer at all comes first: even a refusal of the rest repeats it. */
static enum cmp_fail
read_header(struct span header, struct cmp_message *m)
{
	struct reader r = reader_over(header);
	struct span at = {0}, recip_kid, free_text, info, alg;

	CMP_TRY(read_version(&r));
	CMP_TRY(read_names(&r, m));
	DER_OK(explicit_optional(&r, 0, DER_GENERALIZED_TIME, &at), "messageTime");
	m->has_time = at.ptr != NULL;
	if (m->has_time)
		DER_OK(time_of(at, &m->time), "messageTime is no GeneralizedTime in UTC with seconds");
	DER_OK(der_read_optional(&r, CONTEXT(1), &alg), "protectionAlg");
	m->protection_alg = alg;
	DER_OK(explicit_optional(&r, 2, DER_OCTET_STRING, &m->sender_kid), "senderKID");
	DER_OK(explicit_optional(&r, 3, DER_OCTET_STRING, &recip_kid), "recipKID");
	DER_OK(explicit_optional(&r, 4, DER_OCTET_STRING, &m->transaction_id), "transactionID");
	DER_OK(explicit_optional(&r, 5, DER_OCTET_STRING, &m->sender_nonce), "senderNonce");
	DER_OK(explicit_optional(&r, 6, DER_OCTET_STRING, &m->recip_nonce), "recipNonce");
	DER_OK(explicit_optional(&r, 7, DER_SEQUENCE, &free_text), "freeText");
	DER_OK(explicit_optional(&r, 8, DER_SEQUENCE, &info), "generalInfo");
	DER_OK(reader_done(&r), "something follows the header's fields");
	return read_general_info(info, m);
}

static enum cmp_fail
check_header(const struct cmp_message *m)
{
	CMP_WHY(m->transaction_id.len > 0 && m->transaction_id.len <= MAX_TRANSACTION_ID, CMP_BAD_REQUEST,
		"RFC 9810 5.1.1: transactionID is missing, or longer than %d bytes", MAX_TRANSACTION_ID);
	CMP_WHY(m->sender_nonce.len >= MIN_SENDER_NONCE && m->sender_nonce.len <= MAX_SENDER_NONCE,
		CMP_BAD_SENDER_NONCE, "RFC 9810 5.1.1: senderNonce is missing, or not of %d to %d bytes",
		MIN_SENDER_NONCE, MAX_SENDER_NONCE);
	return CMP_OK;
}

static enum cmp_fail
read_extra_certs(struct span list, struct cmp_message *m)
{
	struct reader r = reader_over(list);

	while (r.left.len > 0) {
		CMP_WHY(m->extra_count < MAX_EXTRA_CERTS, CMP_BAD_DATA_FORMAT, "more than %d extraCerts",
			MAX_EXTRA_CERTS);
		DER_OK(der_read_any(&r, &m->extra_certs[m->extra_count++]), "extraCerts");
	}
	return CMP_OK;
}

/* No unused bits: MACs and signatures are whole bytes. */
static enum cmp_fail
bits_of(struct span bit_string, struct span *out)
{
	CMP_WHY(bit_string.len > 1 && bit_string.ptr[0] == 0, CMP_BAD_DATA_FORMAT, "a BIT STRING of no whole bytes");
	*out = span_at(bit_string.ptr + 1, bit_string.len - 1);
	return CMP_OK;
}

static enum cmp_fail
read_tail(struct reader *r, struct cmp_message *m)
{
	struct span protection, certs;

	DER_OK(explicit_optional(r, 0, DER_BIT_STRING, &protection), "protection");
	DER_OK(explicit_optional(r, 1, DER_SEQUENCE, &certs), "extraCerts");
	DER_OK(reader_done(r), "something follows the message");
	if (protection.ptr != NULL)
		CMP_TRY(bits_of(protection, &m->protection));
	return read_extra_certs(certs, m);
}

enum cmp_fail
cmp_message_read(struct span der, struct cmp_message *out)
{
	struct reader r = reader_over(der);
	struct span all, header;

	*out = (struct cmp_message){.type = -1};
	DER_OK(der_read(&r, DER_SEQUENCE, &all), "no PKIMessage in DER");
	DER_OK(reader_done(&r), "bytes after the PKIMessage");
	r = reader_over(all);
	DER_OK(der_read_any(&r, &out->header_whole), "no header");
	DER_OK(inside(out->header_whole, DER_SEQUENCE, &header), "no header");
	CMP_TRY(read_header(header, out));
	DER_OK(der_read_any(&r, &out->body_whole), "no body");
	CMP_WHY((out->body_whole.ptr[0] & 0xe0) == 0xa0, CMP_BAD_DATA_FORMAT, "RFC 9810 5.1.2: no body");
	out->type = out->body_whole.ptr[0] & 0x1f;
	DER_OK(inside(out->body_whole, out->body_whole.ptr[0], &out->body), "body");
	CMP_TRY(read_tail(&r, out));
	return check_header(out);
}

/* ---- bodies ---- */

static enum cmp_fail
read_template(struct span contents, struct cmp_request *out)
{
	struct reader r = reader_over(contents);
	struct span other, subject;

	static const char *const ours[] = {"version", "serialNumber", "signingAlg", "issuer", "validity"};

	for (unsigned n = 0; n < 5; n++) {
		const uint8_t tag = (uint8_t)((n == 0 || n == 1 ? 0x80 : 0xa0) | n);

		DER_OK(der_read_optional(&r, tag, &other), ours[n]);
		/* Clients copy the issuer that they expect; what it is, we say. */
		CMP_WHY(other.ptr == NULL || n == 0 || n == 3, CMP_BAD_CERT_TEMPLATE,
			"RFC 4211 5: the template's %s is not for the requester to say", ours[n]);
	}
	DER_OK(der_read_optional(&r, CONTEXT(5), &subject), "subject");
	out->subject = subject;
	DER_OK(der_read_optional(&r, CONTEXT(6), &out->key), "publicKey");
	CMP_WHY(out->key.len > 0, CMP_BAD_CERT_TEMPLATE,
		"RFC 4211 5: the template has no publicKey; keys are made by whoever uses them");
	DER_OK(der_read_optional(&r, CONTEXT(9), &out->extensions), "extensions");
	CMP_WHY(reader_done(&r) == ERR_OK, CMP_BAD_CERT_TEMPLATE,
		"RFC 4211 5: the template has a field that is not known");
	return CMP_OK;
}

/* id-regCtrl-oldCertID, 1.3.6.1.5.5.7.5.1.5 */
static const uint8_t old_cert_oid[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x05, 0x01, 0x05};

static enum cmp_fail
read_old_cert(struct reader *in, struct cmp_request *out)
{
	struct span id, issuer;

	DER_OK(der_read(in, DER_SEQUENCE, &id), "oldCertID");
	struct reader r = reader_over(id);

	DER_OK(der_read(&r, DER_DIRECTORY_NAME, &issuer), "oldCertID: issuer");
	out->old_issuer = issuer;
	DER_OK(der_read(&r, DER_INTEGER, &out->old_serial), "oldCertID: serialNumber");
	DER_OK(reader_done(&r), "oldCertID");
	return CMP_OK;
}

static enum cmp_fail
read_controls(struct span list, struct cmp_request *out)
{
	struct reader r = reader_over(list);

	while (r.left.len > 0) {
		struct span pair, oid;

		DER_OK(der_read(&r, DER_SEQUENCE, &pair), "controls");
		struct reader in = reader_over(pair);

		DER_OK(der_read(&in, DER_OBJECT, &oid), "controls");
		CMP_WHY(span_equal(oid, span_at(old_cert_oid, sizeof(old_cert_oid))), CMP_BAD_REQUEST,
			"RFC 4211 6: a control other than oldCertID");
		CMP_TRY(read_old_cert(&in, out));
	}
	return CMP_OK;
}

/* POPOSigningKey (RFC 4211 4.1) without poposkInput: the template has subject and key. */
static enum cmp_fail
read_popo(struct reader *r, struct cmp_request *out)
{
	struct span popo, bits;

	CMP_WHY(r->left.len > 0 && r->left.ptr[0] == CONTEXT(1), CMP_BAD_POP,
		"RFC 4211 4: possession of the key is shown by its signature here");
	DER_OK(der_read(r, CONTEXT(1), &popo), "popo");
	struct reader in = reader_over(popo);

	CMP_WHY(popo.len > 0 && popo.ptr[0] != CONTEXT(0), CMP_BAD_POP,
		"RFC 4211 4.1: poposkInput is not for a template that has subject and key");
	DER_OK(der_read_any(&in, &out->popo_alg), "popo: algorithmIdentifier");
	DER_OK(der_read(&in, DER_BIT_STRING, &bits), "popo: signature");
	DER_OK(reader_done(&in), "popo");
	return bits_of(bits, &out->popo);
}

static enum cmp_fail
read_cert_request(struct span whole, struct cmp_request *out)
{
	struct span contents, template, controls, id;
	struct reader r;

	DER_OK(inside(whole, DER_SEQUENCE, &contents), "certReq");
	r = reader_over(contents);
	DER_OK(der_read_any(&r, &out->id), "certReqId");
	DER_OK(inside(out->id, DER_INTEGER, &id), "certReqId");
	CMP_WHY(id.len > 0 && id.len <= 8, CMP_BAD_DATA_FORMAT, "certReqId of %zu bytes", id.len);
	DER_OK(der_read(&r, DER_SEQUENCE, &template), "certTemplate");
	DER_OK(der_read_optional(&r, DER_SEQUENCE, &controls), "controls");
	DER_OK(reader_done(&r), "certReq");
	CMP_TRY(read_template(template, out));
	return read_controls(controls, out);
}

enum cmp_fail
cmp_request_read(struct span body, struct cmp_request *out)
{
	struct span list, one;
	struct reader r;

	*out = (struct cmp_request){0};
	DER_OK(inside(body, DER_SEQUENCE, &list), "no CertReqMessages");
	r = reader_over(list);
	DER_OK(der_read(&r, DER_SEQUENCE, &one), "no CertReqMsg");
	CMP_WHY(r.left.len == 0, CMP_BAD_REQUEST, "one request in a message; the rest comes in messages of their own");
	r = reader_over(one);
	DER_OK(der_read_any(&r, &out->signed_part), "no certReq");
	CMP_TRY(read_cert_request(out->signed_part, out));
	CMP_TRY(read_popo(&r, out));
	CMP_WHY(r.left.len == 0, CMP_BAD_REQUEST, "RFC 4211 7: regInfo is not taken here");
	return CMP_OK;
}

/* CRLReason of the extension reasonCode, 2.5.29.21 */
static enum cmp_fail
read_reason(struct span list, int64_t *out)
{
	static const uint8_t oid_bytes[] = {0x55, 0x1d, 0x15};
	enum { BOOLEAN = 0x01, ENUMERATED = 0x0a };
	struct reader r = reader_over(list);

	while (r.left.len > 0) {
		struct span extension, oid, critical, value, reason;

		DER_OK(der_read(&r, DER_SEQUENCE, &extension), "crlEntryDetails");
		struct reader in = reader_over(extension);

		DER_OK(der_read(&in, DER_OBJECT, &oid), "crlEntryDetails");
		DER_OK(der_read_optional(&in, BOOLEAN, &critical), "crlEntryDetails");
		DER_OK(der_read(&in, DER_OCTET_STRING, &value), "crlEntryDetails");
		CMP_WHY(span_equal(oid, span_at(oid_bytes, sizeof(oid_bytes))), CMP_BAD_REQUEST,
			"RFC 9810 5.3.9: crlEntryDetails other than reasonCode");
		DER_OK(inside(value, ENUMERATED, &reason), "reasonCode");
		CMP_WHY(reason.len == 1 && reason.ptr[0] < 11, CMP_BAD_REQUEST, "RFC 5280 5.3.1: no such reasonCode");
		*out = reason.ptr[0];
	}
	return CMP_OK;
}

enum cmp_fail
cmp_revocation_read(struct span body, struct cmp_revocation *out)
{
	struct span list, one, template, extensions, other;
	struct reader r;

	*out = (struct cmp_revocation){0};
	DER_OK(inside(body, DER_SEQUENCE, &list), "no RevReqContent");
	r = reader_over(list);
	DER_OK(der_read(&r, DER_SEQUENCE, &one), "no RevDetails");
	CMP_WHY(r.left.len == 0, CMP_BAD_REQUEST, "one revocation in a message");
	r = reader_over(one);
	DER_OK(der_read(&r, DER_SEQUENCE, &template), "certDetails");
	DER_OK(der_read_optional(&r, DER_SEQUENCE, &extensions), "crlEntryDetails");
	DER_OK(reader_done(&r), "RevDetails");
	r = reader_over(template);
	DER_OK(der_read_optional(&r, 0x80, &other), "version");
	DER_OK(der_read_optional(&r, 0x81, &out->serial), "serialNumber");
	DER_OK(der_read_optional(&r, CONTEXT(2), &other), "signingAlg");
	DER_OK(der_read_optional(&r, CONTEXT(3), &out->issuer), "issuer");
	CMP_WHY(out->serial.len > 0 && out->issuer.len > 0, CMP_BAD_CERT_ID,
		"RFC 9810 5.3.9: certDetails lacks issuer or serialNumber");
	return read_reason(extensions, &out->reason);
}

/* PKIStatus other than accepted (0) and grantedWithMods (1) rejects. */
static enum cmp_fail
read_rejection(struct span status, bool *out)
{
	struct reader r = reader_over(status);
	struct span n;

	*out = false;
	if (status.ptr == NULL)
		return CMP_OK;
	DER_OK(der_read(&r, DER_INTEGER, &n), "statusInfo");
	*out = n.len != 1 || n.ptr[0] > 1;
	return CMP_OK;
}

enum cmp_fail
cmp_confirmation_read(struct span body, struct cmp_confirmation *out)
{
	struct span list, one, id, status, alg;
	struct reader r;

	*out = (struct cmp_confirmation){0};
	DER_OK(inside(body, DER_SEQUENCE, &list), "no CertConfirmContent");
	r = reader_over(list);
	/* RFC 9810 5.3.18: an empty one rejects everything that was offered. */
	out->rejected = list.len == 0;
	if (out->rejected)
		return CMP_OK;
	DER_OK(der_read(&r, DER_SEQUENCE, &one), "no CertStatus");
	CMP_WHY(r.left.len == 0, CMP_BAD_REQUEST,
		"RFC 9810 5.3.18: one certificate was offered, several are confirmed");
	r = reader_over(one);
	DER_OK(der_read(&r, DER_OCTET_STRING, &out->hash), "certHash");
	DER_OK(der_read(&r, DER_INTEGER, &id), "certReqId");
	DER_OK(der_read_optional(&r, DER_SEQUENCE, &status), "statusInfo");
	DER_OK(der_read_optional(&r, CONTEXT(0), &alg), "hashAlg");
	out->hash_alg = alg;
	DER_OK(reader_done(&r), "CertStatus");
	return read_rejection(status, &out->rejected);
}
