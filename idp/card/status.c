#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/random.h"
#include "http/client.h"
#include "idp/card/card.h"
#include "x509/ocsp.h"
#include "x509/own.h"

enum { NONCE_LEN = 32 };

static enum err
ask_ocsp(const struct idp *d, X509 *x, struct span nonce, struct writer *answer)
{
	char url[2 * ADDRESS_ROOM];
	AUTO(writer) question = writer_new(MAX_OCSP_REQUEST);
	int status;

	snprintf(url, sizeof(url), "%s/ocsp", d->settings.pki_url);
	TRY(ocsp_ask(x, d->card_trust->issuer, nonce, &question));
	const struct http_call call = {.method = "POST",
		.url = url,
		.content_type = "application/ocsp-request",
		.body = writer_span(&question),
		.ca_file = d->settings.tls_ca,
		.timeout_ms = STATUS_TIMEOUT_MS,
		.max_reply = MAX_OCSP_RESPONSE};
	TRY(http_call(&call, &status, answer));
	REQUIRE_WHY(status == 200, ERR_UNAVAILABLE, "the OCSP responder answered %d", status);
	return ERR_OK;
}

/* A responder that says "try later" is as good as none; everything else that it says is heard. */
static bool
is_no_answer(struct span answer)
{
	static const uint8_t try_later[] = {0x30, 0x03, 0x0a, 0x01, 0x03}; /* RFC 6960 4.2.1: responseStatus tryLater */

	return span_equal(answer, span_at(try_later, sizeof(try_later)));
}

/* ocsp_check() has compared the nonce, but lets an answer without a nonce pass, as public responders may do. Ours always gives it back: an answer without one is an older one, played again. */
static enum err
nonce_came_back(struct span answer)
{
	const unsigned char *at = answer.ptr;
	OWN(OCSP_RESPONSE) response = d2i_OCSP_RESPONSE(NULL, &at, (long)answer.len);
	OWN(OCSP_BASICRESP) basic = response != NULL ? OCSP_response_get1_basic(response) : NULL;

	REQUIRE_WHY(basic != NULL && OCSP_BASICRESP_get_ext_by_NID(basic, NID_id_pkix_OCSP_Nonce, -1) >= 0,
		ERR_MISMATCH, "RFC 8954 2.1: the answer holds no nonce: an older one, played again");
	return ERR_OK;
}

static enum err
ask_crl(const struct idp *d, X509 *x)
{
	char url[2 * ADDRESS_ROOM];
	AUTO(writer) crl = writer_new(MAX_CRL);
	int status;

	snprintf(url, sizeof(url), "%s/crl/citizen-ca.crl", d->settings.pki_url);
	const struct http_call call = {.method = "GET",
		.url = url,
		.ca_file = d->settings.tls_ca,
		.timeout_ms = STATUS_TIMEOUT_MS,
		.max_reply = MAX_CRL};
	TRY(http_call(&call, &status, &crl));
	REQUIRE_WHY(status == 200, ERR_UNAVAILABLE, "the revocation list is not there: %d", status);
	return crl_check(writer_span(&crl), d->card_trust->issuer, x, clock_now(&d->clock));
}

enum err
card_status(const struct idp *d, X509 *x)
{
	uint8_t nonce[NONCE_LEN];
	AUTO(writer) answer = writer_new(MAX_OCSP_RESPONSE);
	enum err e;

	random_bytes(nonce, sizeof(nonce));
	e = ask_ocsp(d, x, span_at(nonce, sizeof(nonce)), &answer);
	if (e == ERR_OK && !is_no_answer(writer_span(&answer))) {
		TRY(ocsp_check(writer_span(&answer), x, d->card_trust->issuer, span_at(nonce, sizeof(nonce)),
			clock_now(&d->clock)));
		return nonce_came_back(writer_span(&answer));
	}
	log_refusal("card", ERR_UNAVAILABLE, "no OCSP answer, trying the revocation list");
	e = ask_crl(d, x);
	return e == ERR_REVOKED || e == ERR_OK
		? e
		: err_because(ERR_UNAVAILABLE,
			  "neither OCSP nor a current revocation list could be had: a card's status is not known");
}
