#include "ca/cmp/cmp.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "ca/cmp/call.h"
#include "ca/device/device.h"
#include "x509/own.h"

enum { MAX_WHY = 256, MAX_CHAIN_DER = MAX_CERTIFICATE * MAX_CHAIN };

/* ---- ir, cr, kur ---- */

static enum cmp_fail
profile_fits(const struct cmp_call *call, const char *name)
{
	CMP_WHY(call->profile == NULL || strcmp(call->profile, name) == 0, CMP_NOT_AUTHORIZED,
		"the address is of profile %s, the enrolment of %s", call->profile, name);
	return CMP_OK;
}

static enum cmp_fail
enroll(struct cmp_call *call, struct span csr, X509 **out)
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
old_cert_fits(const struct cmp_call *call, struct span issuer, struct span serial)
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
renew(struct cmp_call *call, const struct cmp_request *r, struct span csr, X509 **out)
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
with_chain(struct cmp_call *call, const char *profile_issuer, struct writer *ca_pubs)
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
answer_certificate(struct cmp_call *call, X509 *x, const char *issuer)
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
finish(struct cmp_call *call, X509 *x, const char *issuer)
{
	call->implicit = call->m.implicit_confirm;
	enum err e = call->implicit ? ERR_OK : cmp_wait(call, x);

	if (e == ERR_OK)
		e = answer_certificate(call, x, issuer);
	if (e != ERR_OK)
		return cmp_fail_of(e);
	return call->implicit ? cmp_done(call, "open") : CMP_OK;
}

static enum cmp_fail
certify(struct cmp_call *call)
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
	CMP_TRY(cmp_begin(call));
	CMP_TRY(update ? renew(call, &r, writer_span(&csr), &x) : enroll(call, writer_span(&csr), &x));
	const struct profile *profile =
		update ? call->shown.profile : profile_find(&call->cad->profiles, call->enrolment.profile);

	return finish(call, x, profile->issuer);
}

/* ---- rr ---- */

static enum cmp_fail
revoke(struct cmp_call *call)
{
	struct cmp_revocation r;

	CMP_WHY(call->by == CMP_SIGNED, CMP_WRONG_INTEGRITY, "rr is signed by the certificate that it revokes");
	CMP_TRY(cmp_revocation_read(call->m.body, &r));
	CMP_TRY(old_cert_fits(call, r.issuer, r.serial));
	CMP_TRY(cmp_begin(call));
	const enum err e = device_end(call->cad, &call->shown, "cmp", r.reason);

	if (e != ERR_OK)
		return e == ERR_EXISTS ? CMP_CERT_REVOKED : cmp_fail_of(e);
	CMP_TRY(cmp_done(call, "open"));
	return cmp_revoked_write(CMP_OK, NULL, &call->body) == ERR_OK ? CMP_OK : CMP_SYSTEM_FAILURE;
}

/* ---- one message ---- */

static const struct step {
	int type, answer;
	enum cmp_fail (*run)(struct cmp_call *call);
} steps[] = {
	{CMP_IR, CMP_IP, certify},
	{CMP_CR, CMP_CP, certify},
	{CMP_KUR, CMP_KUP, certify},
	{CMP_RR, CMP_RP, revoke},
	{CMP_CERTCONF, CMP_PKICONF, cmp_confirm},
};

static enum cmp_fail
run(struct cmp_call *call, struct span der)
{
	const struct step *step = NULL;

	CMP_TRY(cmp_message_read(der, &call->m));
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].type == call->m.type)
			step = &steps[i];
	CMP_WHY(step != NULL, CMP_BAD_REQUEST,
		"RFC 9810 5.1.2: body [%d] is not taken here; ir, cr, kur, rr and certConf are", call->m.type);
	CMP_TRY(cmp_who(call));
	call->type = step->answer;
	return step->run(call);
}

/* A refusal of a certificate or revocation that was well protected comes as its answer (RFC 9810 5.3.4, 5.3.10), every other one as an error message. */
static enum err
write_refusal(struct cmp_call *call, enum cmp_fail fail)
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
write_answer(struct cmp_call *call, struct writer *out)
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
call_free(struct cmp_call *call)
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
	struct cmp_call call = {.cad = c,
		.profile = request_param(request, "profile"),
		.address = request_address(request),
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
