#include "ca/cmp/cmp.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "ca/cmp/answer.h"
#include "ca/cmp/message.h"
#include "ca/cmp/protect.h"
#include "ca/device/device.h"
#include "ca/device/enroll.h"
#include "ca/device/secret.h"
#include "x509/own.h"

enum { MAX_SKEW = 300, MAX_SENDER = 64, MAX_WHY = 256, MAX_CHAIN_DER = MAX_CERTIFICATE * MAX_CHAIN };

/* One message under way. */
struct call {
	struct cad *cad;
	const char *profile; /* that the address names; NULL: none */
	unix_time now;
	struct cmp_message m;
	struct writer part;     /* ProtectedPart */
	enum cmp_protection by; /* CMP_UNPROTECTED until it has been checked */
	char sender[MAX_SENDER];
	unix_time worthless; /* when what protects it ends */
	/* by a secret */
	struct enrolment_row enrolment;
	struct enrolment_secret secret;
	/* by a certificate */
	struct shown shown;
	/* the answer */
	struct span request_id; /* of a certificate's request, INTEGER whole */
	uint8_t nonce[CMP_NONCE_LEN];
	bool implicit;
	int type;
	struct writer body;
	struct writer extra;
};

/* ---- who (RFC 9810 5.1.3) ---- */

static enum cmp_fail
who_by_secret(struct call *call)
{
	const struct span kid = call->m.sender_kid;
	char id[ENROLMENT_ID_LEN + 1] = "";

	CMP_WHY(rate_take(&call->cad->devices->strangers, clock_ticks()) == ERR_OK, CMP_SYSTEM_UNAVAIL,
		"too many requests by secrets; try again in a while");
	if (kid.len == ENROLMENT_ID_LEN)
		memcpy(id, kid.ptr, kid.len);
	const enum err e = enrolment_read(call->cad, id, &call->enrolment);

	CMP_WHY(e != ERR_NOT_FOUND, CMP_BAD_MESSAGE_CHECK,
		"RFC 9810 5.1.3.1: senderKID is no enrolment's id, or the MAC is not by its secret");
	if (e == ERR_OK)
		(void)snprintf(call->sender, sizeof(call->sender), "secret:%s", id);
	const enum err derived = e != ERR_OK ? e : secret_derive(call->cad, id, &call->secret);

	if (derived != ERR_OK)
		return cmp_fail_of(derived);
	CMP_TRY(cmp_mac_check(call->m.protection_alg, span_at(call->secret.text, ENROLMENT_SECRET_LEN),
		writer_span(&call->part), call->m.protection));
	call->worthless = call->enrolment.expires;
	return CMP_OK;
}

/* The sender of a signed message is the subject of the certificate that signed it (RFC 9810 5.1.1). */
static enum cmp_fail
sender_fits(const struct call *call)
{
	const struct span name = call->m.directory, kid = call->m.sender_kid;
	const uint8_t *p = name.ptr;
	OWN(X509_NAME) sender = name.len > 0 ? d2i_X509_NAME(NULL, &p, (long)name.len) : NULL;
	const ASN1_OCTET_STRING *key_id = X509_get0_subject_key_id(call->shown.x);

	CMP_WHY(sender != NULL && X509_NAME_cmp(sender, X509_get_subject_name(call->shown.x)) == 0,
		CMP_SIGNER_NOT_TRUSTED, "RFC 9810 5.1.1: sender is not the subject of the first of extraCerts");
	CMP_WHY(kid.len == 0 ||
			(key_id != NULL &&
				span_equal(kid,
					span_at(ASN1_STRING_get0_data(key_id), (size_t)ASN1_STRING_length(key_id)))),
		CMP_SIGNER_NOT_TRUSTED, "RFC 9810 5.1.1: senderKID is not the key of the first of extraCerts");
	return CMP_OK;
}

static enum cmp_fail
who_by_certificate(struct call *call)
{
	CMP_WHY(call->m.extra_count > 0, CMP_SIGNER_NOT_TRUSTED,
		"RFC 9810 5.1.3.3: the certificate that signs comes first in extraCerts");
	const enum err e = device_shown(call->cad, call->m.extra_certs[0], &call->shown);

	if (e != ERR_OK)
		return e == ERR_REVOKED     ? CMP_CERT_REVOKED
			: err_http(e) < 500 ? CMP_SIGNER_NOT_TRUSTED
					    : cmp_fail_of(e);
	CMP_TRY(sender_fits(call));
	CMP_TRY(cmp_signature_check(call->m.protection_alg, X509_get0_pubkey(call->shown.x), writer_span(&call->part),
		call->m.protection));
	AUTO(writer) serial = writer_new(2 * SERIAL_LEN);

	hex_write(&serial, span_at(call->shown.row.serial.ptr, call->shown.row.serial.len));
	(void)snprintf(call->sender, sizeof(call->sender), "certificate:%s", (const char *)writer_span(&serial).ptr);
	call->worthless = call->shown.row.not_after;
	return CMP_OK;
}

static enum cmp_fail
who(struct call *call)
{
	const enum cmp_protection by = cmp_protection_of(call->m.protection_alg);

	CMP_WHY(by != CMP_UNPROTECTED && call->m.protection.len > 0, CMP_BAD_MESSAGE_CHECK,
		"RFC 9810 5.1.3: the message is not protected");
	cmp_protected_part(call->m.header_whole, call->m.body_whole, &call->part);
	CMP_WHY(writer_done(&call->part) == ERR_OK, CMP_BAD_DATA_FORMAT, "the message is too long");
	CMP_TRY(by == CMP_SIGNED ? who_by_certificate(call) : who_by_secret(call));
	call->by = by; /* from here on the answer is protected the same way */
	CMP_WHY(!call->m.has_time || (call->m.time >= call->now - MAX_SKEW && call->m.time <= call->now + MAX_SKEW),
		CMP_BAD_TIME, "RFC 9810 5.1.1: messageTime is more than %d seconds from the time here", MAX_SKEW);
	return CMP_OK;
}

/* ---- transactions ---- */

/* The transactionID is kept until what protects the message is worth nothing any more: the same message cannot do anything again. */
static enum cmp_fail
begin(struct call *call)
{
	const struct db_param params[] = {db_bytes(call->m.transaction_id), db_text(call->sender),
		db_bytes(span_at(call->nonce, CMP_NONCE_LEN)), db_time(call->now), db_time(call->worthless + MAX_SKEW)};
	size_t affected = 0;

	if (db_pool_run(call->cad->devices->db, CMP_BEGIN, params, &affected) != ERR_OK)
		return CMP_SYSTEM_UNAVAIL;
	CMP_WHY(affected == 1, CMP_TRANSACTION_ID_IN_USE,
		"RFC 9810 5.1.1: this transactionID was used before; make a new one for each transaction");
	return CMP_OK;
}

static enum cmp_fail
done(struct call *call, const char *from)
{
	const struct db_param params[] = {db_bytes(call->m.transaction_id), db_text(from)};
	size_t affected = 0;

	if (db_pool_run(call->cad->devices->db, CMP_DONE, params, &affected) != ERR_OK)
		return CMP_SYSTEM_UNAVAIL;
	CMP_WHY(affected == 1, CMP_CERT_CONFIRMED, "RFC 9810 5.3.18: this transaction is over");
	return CMP_OK;
}

/* RFC 9810 5.3.18: by the hash of the certificate's own signature. */
static enum err
confirmation_hash(const X509 *x, uint8_t out[EVP_MAX_MD_SIZE], unsigned *len)
{
	int digest;

	CRYPTO_OK(OBJ_find_sigid_algs(X509_get_signature_nid(x), &digest, NULL) == 1, "certHash");
	CRYPTO_OK(X509_digest(x, EVP_get_digestbynid(digest != NID_undef ? digest : NID_sha512), out, len) == 1,
		"certHash");
	return ERR_OK;
}

static enum err
wait_for_confirmation(struct call *call, const X509 *x)
{
	uint8_t hash[EVP_MAX_MD_SIZE], serial[SERIAL_LEN];
	char hex[2 * 20 + 1];
	unsigned hash_len;
	size_t len, affected = 0;

	TRY(confirmation_hash(x, hash, &hash_len));
	TRY(certificate_serial_hex(x, hex));
	TRY(hex_read(span_of(hex), serial, sizeof(serial), &len));
	const struct db_param params[] = {db_bytes(call->m.transaction_id),
		db_bytes(span_at(call->nonce, CMP_NONCE_LEN)), db_bytes(span_at(serial, len)),
		db_bytes(span_at(hash, hash_len))};

	TRY(db_pool_run(call->cad->devices->db, CMP_WAIT, params, &affected));
	REQUIRE(affected == 1, ERR_CORRUPT);
	return ERR_OK;
}

/* ---- ir, cr, kur ---- */

static enum cmp_fail
profile_fits(const struct call *call, const char *name)
{
	CMP_WHY(call->profile == NULL || strcmp(call->profile, name) == 0, CMP_NOT_AUTHORIZED,
		"the address is of profile %s, the enrolment of %s", call->profile, name);
	return CMP_OK;
}

static enum cmp_fail
enroll(struct call *call, struct span csr, X509 **out)
{
	const struct enrolling to = {&call->enrolment, "cmp"};
	const struct profile *profile = profile_find(&call->cad->profiles, call->enrolment.profile);
	struct asked asked;

	CMP_WHY(profile != NULL, CMP_NOT_AUTHORIZED, "the profile '%s' is not issued any more",
		call->enrolment.profile);
	CMP_TRY(profile_fits(call, profile->name));
	CMP_WHY(enrolment_decide(&call->enrolment, call->now) == ERR_OK, CMP_NOT_AUTHORIZED, "%s", err_why());
	enum err e = asked_read_unsigned(csr, profile, &asked);

	if (e != ERR_OK)
		return cmp_fail_of(e);
	e = device_enroll(call->cad, &to, &asked, out);
	asked_free(&asked);
	return e == ERR_OK ? CMP_OK : cmp_fail_of(e);
}

/* RFC 9810 5.3.5, D.6: the control, where it is given, names the certificate that signs. */
static enum cmp_fail
old_cert_fits(const struct call *call, struct span issuer, struct span serial)
{
	const uint8_t *p = issuer.ptr, *const held = call->shown.row.serial.ptr;
	size_t held_len = call->shown.row.serial.len, skip = 0;
	OWN(X509_NAME) name = issuer.len > 0 ? d2i_X509_NAME(NULL, &p, (long)issuer.len) : NULL;

	while (skip + 1 < held_len && held[skip] == 0 && held[skip + 1] < 0x80)
		skip++;
	CMP_WHY(name != NULL && X509_NAME_cmp(name, X509_get_issuer_name(call->shown.x)) == 0 &&
			span_equal(serial, span_at(held + skip, held_len - skip)),
		CMP_BAD_CERT_ID, "the certificate that is named is not the one that signs");
	return CMP_OK;
}

/* A template that says nothing of subject or names keeps those of the certificate. */
static enum cmp_fail
renew(struct call *call, const struct cmp_request *r, struct span csr, X509 **out)
{
	AUTO(writer) old_csr = writer_new(MAX_CSR);
	struct asked asked, old;

	CMP_TRY(profile_fits(call, call->shown.profile->name));
	if (r->old_serial.ptr != NULL)
		CMP_TRY(old_cert_fits(call, r->old_issuer, r->old_serial));
	enum err e = asked_read_unsigned(csr, call->shown.profile, &asked);

	if (e != ERR_OK)
		return cmp_fail_of(e);
	e = asked_of_certificate(call->shown.x, &old_csr);
	if (e == ERR_OK)
		e = asked_read_unsigned(writer_span(&old_csr), call->shown.profile, &old);
	if (e == ERR_OK) {
		const struct asked said = asked;

		if (said.subject_count == 0) {
			memcpy(asked.subject, old.subject, sizeof(asked.subject));
			asked.subject_count = old.subject_count;
		}
		if (said.request.names_count == 0) {
			asked.request.names = old.request.names;
			asked.request.names_count = old.request.names_count;
		}
		e = device_renew(call->cad, &call->shown, "cmp", &asked, out);
		asked = said;
		asked_free(&old);
	}
	asked_free(&asked);
	return e == ERR_OK ? CMP_OK : cmp_fail_of(e);
}

/* The issuer's certificate with the answer; the root with what a secret protects, which vouches for it. */
static enum err
with_chain(struct call *call, const char *profile_issuer, struct writer *ca_pubs)
{
	const struct cad *c = call->cad;

	for (size_t i = 0; i < c->authorities.count; i++) {
		const struct authority *a = &c->authorities.rows[i];

		if (a->is_root && call->by != CMP_SIGNED)
			writer_bytes(ca_pubs, writer_span(&a->der));
		if (strcmp(a->label, profile_issuer) == 0)
			writer_bytes(&call->extra, writer_span(&a->der));
	}
	return writer_done(ca_pubs);
}

static enum err
answer_certificate(struct call *call, X509 *x, const char *issuer)
{
	AUTO(writer) der = writer_new(MAX_CERTIFICATE);
	AUTO(writer) ca_pubs = writer_new(MAX_CHAIN_DER);

	TRY(certificate_der(x, &der));
	TRY(with_chain(call, issuer, &ca_pubs));
	return cmp_certified_write(&(struct cmp_certified){call->request_id, CMP_OK, NULL, writer_span(&der),
					   writer_span(&ca_pubs)},
		&call->body);
}

static enum cmp_fail
finish(struct call *call, X509 *x, const char *issuer)
{
	call->implicit = call->m.implicit_confirm;
	enum err e = call->implicit ? ERR_OK : wait_for_confirmation(call, x);

	if (e == ERR_OK)
		e = answer_certificate(call, x, issuer);
	if (e != ERR_OK)
		return cmp_fail_of(e);
	return call->implicit ? done(call, "open") : CMP_OK;
}

static enum cmp_fail
certify(struct call *call)
{
	const bool update = call->m.type == CMP_KUR;
	struct cmp_request r;
	AUTO(writer) csr = writer_new(MAX_CSR);
	OWN(X509) x = NULL;

	CMP_TRY(cmp_request_read(call->m.body, &r));
	call->request_id = r.id;
	CMP_WHY(update == (call->by == CMP_SIGNED), CMP_WRONG_INTEGRITY, "%s",
		update ? "kur is signed by the certificate that it renews"
		       : "ir and cr are protected by an enrolment secret; a certificate is renewed by kur");
	CMP_TRY(cmp_request_possession(&r));
	CMP_TRY(cmp_request_csr(&r, &csr));
	CMP_TRY(begin(call));
	CMP_TRY(update ? renew(call, &r, writer_span(&csr), &x) : enroll(call, writer_span(&csr), &x));
	const struct profile *profile =
		update ? call->shown.profile : profile_find(&call->cad->profiles, call->enrolment.profile);

	return finish(call, x, profile->issuer);
}

/* ---- rr ---- */

static enum cmp_fail
revoke(struct call *call)
{
	struct cmp_revocation r;

	CMP_WHY(call->by == CMP_SIGNED, CMP_WRONG_INTEGRITY, "rr is signed by the certificate that it revokes");
	CMP_TRY(cmp_revocation_read(call->m.body, &r));
	CMP_TRY(old_cert_fits(call, r.issuer, r.serial));
	CMP_TRY(begin(call));
	const enum err e = device_end(call->cad, &call->shown, "cmp", r.reason);

	if (e != ERR_OK)
		return e == ERR_EXISTS ? CMP_CERT_REVOKED : cmp_fail_of(e);
	CMP_TRY(done(call, "open"));
	return cmp_revoked_write(CMP_OK, NULL, &call->body) == ERR_OK ? CMP_OK : CMP_SYSTEM_FAILURE;
}

/* ---- certConf ---- */

static enum cmp_fail
check_confirmation(const struct call *call, const struct transaction_row *row, const struct cmp_confirmation *c)
{
	CMP_WHY(strcmp(row->sender, call->sender) == 0, CMP_BAD_MESSAGE_CHECK,
		"RFC 9810 5.1.1: this transaction is another's");
	CMP_WHY(strcmp(row->state, "waiting") == 0, CMP_CERT_CONFIRMED, "RFC 9810 5.3.18: this transaction is over");
	CMP_WHY(span_equal(call->m.recip_nonce, span_at(row->nonce.ptr, row->nonce.len)), CMP_BAD_RECIPIENT_NONCE,
		"RFC 9810 5.1.1: recipNonce is not the nonce of the answer");
	CMP_WHY(c->hash_alg.ptr == NULL, CMP_BAD_ALG,
		"RFC 9810 5.3.18: certHash is by the hash of the certificate's own signature here");
	CMP_WHY(c->rejected || span_equal(c->hash, span_at(row->cert_hash.ptr, row->cert_hash.len)), CMP_BAD_CERT_ID,
		"RFC 9810 5.3.18: certHash is not of the certificate that was sent");
	return CMP_OK;
}

/* What its holder does not want is nobody's. */
static enum cmp_fail
withdraw(struct call *call, const struct json_bytes *serial)
{
	const struct db_param params[] = {db_bytes(span_at(serial->ptr, serial->len))};
	struct shown s = {0};
	enum err e = db_pool_one(call->cad->db, CA_CERTIFICATE_BY_SERIAL, params, &s.row);

	if (e == ERR_OK)
		e = device_end(call->cad, &s, "cmp", 5); /* cessationOfOperation */
	shown_free(&s);
	return e == ERR_OK || e == ERR_EXISTS ? CMP_OK : cmp_fail_of(e);
}

static enum cmp_fail
confirmed(struct call *call, const struct transaction_row *row)
{
	struct cmp_confirmation c;

	CMP_TRY(cmp_confirmation_read(call->m.body, &c));
	CMP_TRY(check_confirmation(call, row, &c));
	CMP_TRY(done(call, "waiting"));
	if (c.rejected)
		CMP_TRY(withdraw(call, &row->serial));
	return cmp_confirmed_write(&call->body) == ERR_OK ? CMP_OK : CMP_SYSTEM_FAILURE;
}

static enum cmp_fail
confirm(struct call *call)
{
	const struct db_param params[] = {db_bytes(call->m.transaction_id)};
	struct transaction_row row;
	const enum err e = db_pool_one(call->cad->devices->db, CMP_GET, params, &row);

	CMP_WHY(e != ERR_NOT_FOUND, CMP_BAD_REQUEST, "RFC 9810 5.3.18: there is no such transaction");
	if (e != ERR_OK)
		return cmp_fail_of(e);
	const enum cmp_fail f = confirmed(call, &row);

	db_row_free(&device_statements[CMP_GET], &row);
	return f;
}

/* ---- one message ---- */

static const struct step {
	int type, answer;
	enum cmp_fail (*run)(struct call *call);
} steps[] = {
	{CMP_IR, CMP_IP, certify},
	{CMP_CR, CMP_CP, certify},
	{CMP_KUR, CMP_KUP, certify},
	{CMP_RR, CMP_RP, revoke},
	{CMP_CERTCONF, CMP_PKICONF, confirm},
};

static enum cmp_fail
run(struct call *call, struct span der)
{
	const struct step *step = NULL;

	CMP_TRY(cmp_message_read(der, &call->m));
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].type == call->m.type)
			step = &steps[i];
	CMP_WHY(step != NULL, CMP_BAD_REQUEST,
		"RFC 9810 5.1.2: body [%d] is not taken here; ir, cr, kur, rr and certConf are", call->m.type);
	CMP_TRY(who(call));
	call->type = step->answer;
	return step->run(call);
}

/* A refusal of a certificate or revocation that was well protected comes as its answer (RFC 9810 5.3.4, 5.3.10), every other one as an error message. */
static enum err
write_refusal(struct call *call, enum cmp_fail fail)
{
	char why[MAX_WHY];

	(void)snprintf(why, sizeof(why), "%s",
		fail == CMP_SYSTEM_FAILURE || err_why()[0] == '\0' ? "it cannot be done now" : err_why());
	log_info("cmp", "refused (PKIFailureInfo %d): %s", (int)fail, err_why());
	err_forget();
	writer_reset(&call->body);
	writer_reset(&call->extra);
	call->implicit = false;
	if (call->request_id.len > 0 && (call->type == CMP_IP || call->type == CMP_CP || call->type == CMP_KUP))
		return cmp_certified_write(&(struct cmp_certified){.request_id = call->request_id,
						   .fail = fail,
						   .why = why},
			&call->body);
	if (call->type == CMP_RP)
		return cmp_revoked_write(fail, why, &call->body);
	call->type = CMP_ERROR;
	return cmp_error_write(fail, why, &call->body);
}

/* By the secret, if the request showed it; else by the key of our TLS certificate, whose chain goes along. */
static enum err
write_answer(struct call *call, struct writer *out)
{
	const struct devices *d = call->cad->devices;
	AUTO(writer) name = writer_new(4096);
	AUTO(writer) certs = writer_new(MAX_CHAIN_DER);
	unsigned char *der = NULL;
	const int len = i2d_X509_NAME(X509_get_subject_name(d->certificate), &der);
	const ASN1_OCTET_STRING *kid = X509_get0_subject_key_id(d->certificate);
	const bool mac = call->by == CMP_PBM || call->by == CMP_PBMAC1;

	CRYPTO_OK(len > 0, "our own name");
	writer_bytes(&name, span_at(der, (size_t)len));
	OPENSSL_free(der);
	if (!mac) {
		TRY(certificate_der(d->certificate, &certs));
		for (int i = 0; i < sk_X509_num(d->chain); i++)
			TRY(certificate_der(sk_X509_value(d->chain, i), &certs));
	}
	writer_bytes(&certs, writer_span(&call->extra));
	struct cmp_answer a = {
		.request = &call->m,
		.sender = writer_span(&name),
		.at = call->now,
		.implicit_confirm = call->implicit,
		.type = call->type,
		.body = writer_span(&call->body),
		.protection = mac ? call->by : CMP_SIGNED,
		.secret = span_at(call->secret.text, ENROLMENT_SECRET_LEN),
		.key = d->key,
		.kid = mac            ? call->m.sender_kid
			: kid != NULL ? span_at(ASN1_STRING_get0_data(kid), (size_t)ASN1_STRING_length(kid))
				      : (struct span){0},
		.extra_certs = writer_span(&certs),
	};

	memcpy(a.nonce, call->nonce, CMP_NONCE_LEN);
	return cmp_answer_write(&a, out);
}

static void
call_free(struct call *call)
{
	explicit_bzero(&call->secret, sizeof(call->secret));
	enrolment_free(&call->enrolment);
	shown_free(&call->shown);
	writer_free(&call->part);
	writer_free(&call->body);
	writer_free(&call->extra);
}

enum err
cmp_post(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	const char *type = request_header(request, "Content-Type");
	AUTO(writer) out = writer_new(MAX_CMP_ANSWER);
	struct call call = {.cad = c,
		.profile = request_param(request, "profile"),
		.now = cad_now(c),
		.type = CMP_ERROR,
		.part = writer_new(MAX_CMP_BODY),
		.body = writer_new(MAX_CMP_ANSWER),
		.extra = writer_new(MAX_CHAIN_DER)};

	REQUIRE_WHY(type != NULL && strcasecmp(type, "application/pkixcmp") == 0, ERR_UNSUPPORTED,
		"RFC 9811 3.3: a PKIMessage comes as Content-Type application/pkixcmp");
	random_bytes(call.nonce, sizeof(call.nonce));
	const enum cmp_fail fail = run(&call, request_body(request));
	enum err e = fail == CMP_OK ? ERR_OK : write_refusal(&call, fail);

	if (e == ERR_OK)
		e = write_answer(&call, &out);
	call_free(&call);
	TRY(e);
	writer_bytes(reply_body(reply, "application/pkixcmp"), writer_span(&out));
	return ERR_OK;
}
