#include <stdio.h>
#include <string.h>

#include "cli/order.h"
#include "cli/status/status.h"
#include "http/client.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { MAX_URL_TEXT = 1 << 10, LIST_SHARE = 10 /* a list is late when a tenth of its time is left */ };

static enum err
fetch(struct looking *l, const char *path, struct writer *reply)
{
	AUTO(writer) url = writer_new(MAX_URL_TEXT);

	writer_format(&url, "%s%s", cli_value(l->c, "--pki-url"), path);
	return order_get(l->c, (const char *)writer_span(&url).ptr, reply);
}

static void
look_at_list(struct looking *l, const char *label)
{
	AUTO(writer) path = writer_new(MAX_URL_TEXT);
	AUTO(writer) der = writer_new(MAX_ORDER_REPLY);
	OWN(X509_CRL) crl = NULL;

	writer_format(&path, "/crl/%s.crl", label);
	if (fetch(l, (const char *)writer_span(&path).ptr, &der) == ERR_OK) {
		const unsigned char *p = writer_span(&der).ptr;

		crl = d2i_X509_CRL(NULL, &p, (long)writer_span(&der).len);
	}
	const unix_time from = crl != NULL ? status_time(X509_CRL_get0_lastUpdate(crl)) : 0;
	const unix_time until = crl != NULL ? status_time(X509_CRL_get0_nextUpdate(crl)) : 0;

	if (crl == NULL)
		status_tell(l, "lists", label, false, 0, 0, err_why()[0] != '\0' ? err_why() : "not a revocation list");
	else
		status_tell(l, "lists", label, true, until, (until - from) / LIST_SHARE,
			until > l->now ? NULL : "stale");
	err_forget();
}

/* ---- the responder: any answer of its has its certificate ---- */

/* About a serial that was never issued: signed all the same. */
static enum err
question(X509 *authority, struct writer *der)
{
	OWN(OCSP_REQUEST) request = OCSP_REQUEST_new();
	OWN(ASN1_INTEGER) serial = ASN1_INTEGER_new();
	OCSP_CERTID *id;
	unsigned char *bytes = NULL;
	int len;

	CRYPTO_OK(request != NULL && serial != NULL && ASN1_INTEGER_set(serial, 1) == 1, "OCSP_REQUEST_new");
	id = OCSP_cert_id_new(EVP_sha1(), X509_get_subject_name(authority), X509_get0_pubkey_bitstr(authority), serial);
	CRYPTO_OK(id != NULL && OCSP_request_add0_id(request, id) != NULL, "OCSP_request_add0_id");
	len = i2d_OCSP_REQUEST(request, &bytes);
	CRYPTO_OK(len > 0, "i2d_OCSP_REQUEST");
	writer_bytes(der, span_at(bytes, (size_t)len));
	OPENSSL_free(bytes);
	return writer_done(der);
}

static enum err
responder(struct looking *l, X509 *authority, X509 **out)
{
	AUTO(writer) url = writer_new(MAX_URL_TEXT);
	AUTO(writer) body = writer_new(4096);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	OWN(OCSP_RESPONSE) response = NULL;
	OWN(OCSP_BASICRESP) basic = NULL;
	const STACK_OF(X509) * certificates;
	const unsigned char *p;
	int status = 0;

	TRY(question(authority, &body));
	writer_format(&url, "%s/ocsp", cli_value(l->c, "--pki-url"));
	const struct http_call call = {.method = "POST",
		.url = (const char *)writer_span(&url).ptr,
		.content_type = "application/ocsp-request",
		.body = writer_span(&body),
		.timeout_ms = CALL_MS};

	TRY(http_call(&call, &status, &reply));
	p = writer_span(&reply).ptr;
	response = d2i_OCSP_RESPONSE(NULL, &p, (long)reply.len);
	REQUIRE_WHY(response != NULL, ERR_MALFORMED, "no OCSP answer (HTTP %d)", status);
	REQUIRE_WHY(OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL, ERR_UNAVAILABLE,
		"OCSP answers '%s'", OCSP_response_status_str(OCSP_response_status(response)));
	basic = OCSP_response_get1_basic(response);
	certificates = basic == NULL ? NULL : OCSP_resp_get0_certs(basic);
	REQUIRE_WHY(certificates != NULL && sk_X509_num(certificates) > 0, ERR_MALFORMED,
		"the OCSP answer has no responder's certificate");
	*out = X509_dup(sk_X509_value(certificates, 0));
	REQUIRE(*out != NULL, ERR_NO_MEMORY);
	return ERR_OK;
}

static void
look_at_responder(struct looking *l, const char *label, X509 *authority)
{
	OWN(X509) x = NULL;
	char name[64];

	(void)snprintf(name, sizeof(name), "%.*s-ocsp", (int)strlen(label) - 3, label);
	if (responder(l, authority, &x) == ERR_OK)
		status_tell_certificate(l, name, x, WARN_DAYS_TLS, NULL);
	else
		status_tell(l, "certificates", name, false, 0, 0, err_why());
	err_forget();
}

/* The common name of a CA is free; its file under /ca/ is its label, which the list's address has too. Labels are known by convention; the root answers
 * for its few certificates by list alone. */
void
status_pki(struct looking *l)
{
	static const char *const labels[] = {"root-ca", "citizen-ca", "service-ca"};

	if (cli_value(l->c, "--pki-url") == NULL)
		return;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		AUTO(writer) path = writer_new(MAX_URL_TEXT);
		AUTO(writer) der = writer_new(MAX_CERTIFICATE);
		OWN(X509) x = NULL;

		writer_format(&path, "/ca/%s.cer", labels[i]);
		enum err e = fetch(l, (const char *)writer_span(&path).ptr, &der);

		if (e == ERR_OK)
			e = certificate_parse(writer_span(&der), &x);
		if (e != ERR_OK) {
			status_tell(l, "certificates", labels[i], false, 0, 0, err_why());
			err_forget();
			continue;
		}
		status_tell_certificate(l, labels[i], x, WARN_DAYS, NULL);
		look_at_list(l, labels[i]);
		if (i > 0)
			look_at_responder(l, labels[i], x);
	}
}
