/* who: whose message it is: that of an enrolment's secret, or of a device's certificate. */
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "ca/cmp/call.h"
#include "ca/device/device.h"
#include "x509/own.h"

static enum cmp_fail
who_by_secret(struct cmp_call *call)
{
	const struct span kid = call->m.sender_kid;
	char id[ENROLMENT_ID_LEN + 1] = "";

	CMP_WHY(rates_take(call->cad->devices->strangers, span_of(call->address), clock_ticks()) == ERR_OK,
		CMP_SYSTEM_UNAVAIL, "too many requests by secrets; try again in a while");
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
sender_fits(const struct cmp_call *call)
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
who_by_certificate(struct cmp_call *call)
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

enum cmp_fail
cmp_who(struct cmp_call *call)
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
