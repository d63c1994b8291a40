#include <stdio.h>

#include <openssl/ocsp.h>

#include "hsm/type/der.h"
#include "x509/own.h"

enum { DAY = 86400, MAX_OLD = 3600, MAX_RESPONSEDATA = 32 << 10 };

static bool
looks(struct span object)
{
	const int tag = der_first_tag(object);

	return tag == 0xa1 || tag == 0xa2; /* ResponderID; version 1 is the default and not written */
}

static enum err
parse(const struct type_question *q, OCSP_BASICRESP **out)
{
	AUTO(writer) whole = writer_new(MAX_RESPONSEDATA + MAX_DER_ALGORITHM);
	OWN(OCSP_BASICRESP) r = NULL;
	const unsigned char *at;
	unsigned char *der = NULL;
	int len;

	REQUIRE_WHY(q->object.len <= MAX_RESPONSEDATA, ERR_TOO_LONG, "a ResponseData of more than %d bytes",
		MAX_RESPONSEDATA);
	TRY(der_enclose(q->object, q->key->algorithm, &whole));
	at = whole.ptr;
	r = d2i_OCSP_BASICRESP(NULL, &at, (long)whole.len);
	REQUIRE_WHY(r != NULL && at == whole.ptr + whole.len, ERR_MALFORMED, "RFC 6960 4.2.1: not a ResponseData");
	len = i2d_OCSP_RESPDATA((OCSP_RESPDATA *)(uintptr_t)OCSP_resp_get0_respdata(r), &der);
	TRY(der_same(der, len, q->object));
	*out = r;
	r = NULL;
	return ERR_OK;
}

/* RFC 6960 4.2.1: byKey is the SHA-1 of the responder's key bits. byName is the certificate's business, which a client checks. */
static enum err
responder_check(const struct type_question *q, const OCSP_BASICRESP *r)
{
	const ASN1_OCTET_STRING *hash = NULL;
	const X509_NAME *name = NULL;

	REQUIRE(OCSP_resp_get0_id(r, &hash, &name) == 1, ERR_MALFORMED);
	REQUIRE_WHY(name != NULL || der_identifies(hash, q->key->public_key), ERR_REFUSED,
		"RFC 6960 4.2.1: the responder is not key '%s'", q->rule->label);
	return ERR_OK;
}

static enum err
single_check(const struct type_question *q, OCSP_SINGLERESP *single)
{
	ASN1_GENERALIZEDTIME *revoked, *this_time, *next_time;
	unix_time this_update, next_update;
	int reason;

	REQUIRE(OCSP_single_get0_status(single, &reason, &revoked, &this_time, &next_time) >= 0, ERR_MALFORMED);
	REQUIRE_WHY(next_time != NULL, ERR_REFUSED,
		"RFC 6960 4.2.2.1: nextUpdate is missing: the answer would be good for ever");
	TRY(der_time(this_time, &this_update));
	TRY(der_time(next_time, &next_update));
	REQUIRE_WHY(this_update <= q->now + 1 && this_update >= q->now - MAX_OLD, ERR_REFUSED,
		"RFC 6960 4.2.2.1: thisUpdate is not now");
	REQUIRE_WHY(next_update > this_update && next_update - this_update <= q->rule->list_days * DAY, ERR_REFUSED,
		"RFC 6960 4.2.2.1: an answer of key '%s' lasts %lld days at most", q->rule->label,
		(long long)q->rule->list_days);
	return ERR_OK;
}

static enum err
check(const struct type_question *q, char *detail)
{
	OWN(OCSP_BASICRESP) r = NULL;
	unix_time produced;

	TRY(parse(q, &r));
	TRY(responder_check(q, r));
	TRY(der_time(OCSP_resp_get0_produced_at(r), &produced));
	REQUIRE_WHY(produced <= q->now + 1 && produced >= q->now - 1, ERR_REFUSED,
		"RFC 6960 4.2.2.1: producedAt is not now");
	REQUIRE_WHY(OCSP_resp_count(r) > 0, ERR_REFUSED, "RFC 6960 4.2.1: no single response");
	for (int i = 0; i < OCSP_resp_count(r); i++)
		TRY(single_check(q, OCSP_resp_get0(r, i)));
	(void)snprintf(detail, MAX_TYPE_DETAIL, "answers=%d", OCSP_resp_count(r));
	return ERR_OK;
}

const struct type type_responsedata = {"ResponseData", false, looks, check};
