#include <stdio.h>

#include <openssl/x509v3.h>

#include "hsm/type/der.h"
#include "x509/own.h"

/* A list of some hundred thousand entries takes seconds to build before it comes here, so thisUpdate may lie a minute back. */
enum { DAY = 86400, MAX_BUILDING = 60, V2 = 1 };

static bool
looks(struct span object)
{
	return der_first_tag(object) == 0x02; /* Version, an INTEGER, which v2 always has */
}

static enum err
parse(const struct type_question *q, X509_CRL **out)
{
	AUTO(writer) whole = writer_new(q->object.len + MAX_DER_ALGORITHM);
	OWN(X509_CRL) crl = NULL;
	const unsigned char *at;
	unsigned char *der = NULL;
	int len;

	TRY(der_enclose(q->object, q->key->algorithm, &whole));
	at = whole.ptr;
	crl = d2i_X509_CRL(NULL, &at, (long)whole.len);
	REQUIRE_WHY(crl != NULL && at == whole.ptr + whole.len, ERR_MALFORMED, "RFC 5280 5.1.2: not a TBSCertList");
	len = i2d_re_X509_CRL_tbs(crl, &der);
	TRY(der_same(der, len, q->object));
	REQUIRE_WHY(X509_CRL_get_version(crl) == V2, ERR_MALFORMED, "RFC 5280 5.1.2.1: not version 2");
	*out = crl;
	crl = NULL;
	return ERR_OK;
}

/* libcrypto shows the outer AlgorithmIdentifier of a list only, which is ours. The inner one stands behind SEQUENCE and version. */
static enum err
algorithm_check(const struct type_question *q)
{
	static const uint8_t v2[] = {0x02, 0x01, 0x01};
	AUTO(writer) wanted = writer_new(MAX_DER_ALGORITHM);
	const size_t head = q->object.ptr[1] & 0x80 ? 2U + (q->object.ptr[1] & 0x7f) : 2;

	writer_bytes(&wanted, span_at(v2, sizeof(v2)));
	TRY(der_algorithm(q->key->algorithm, &wanted));
	REQUIRE_WHY(span_starts(span_at(q->object.ptr + head, q->object.len - head), writer_span(&wanted)), ERR_REFUSED,
		"RFC 5280 5.1.2.2: the signature algorithm inside is not this key's");
	return ERR_OK;
}

static enum err
times_check(const struct type_question *q, const X509_CRL *crl)
{
	unix_time this_update, next_update;

	TRY(der_time(X509_CRL_get0_lastUpdate(crl), &this_update));
	REQUIRE_WHY(X509_CRL_get0_nextUpdate(crl) != NULL, ERR_REFUSED, "RFC 5280 5.1.2.5: nextUpdate is missing");
	TRY(der_time(X509_CRL_get0_nextUpdate(crl), &next_update));
	REQUIRE_WHY(this_update <= q->now + 1 && this_update >= q->now - MAX_BUILDING, ERR_REFUSED,
		"RFC 5280 5.1.2.4: thisUpdate is not now");
	REQUIRE_WHY(next_update > this_update && next_update - this_update <= q->rule->list_days * DAY, ERR_REFUSED,
		"RFC 5280 5.1.2.5: a list of key '%s' lasts %lld days at most", q->rule->label,
		(long long)q->rule->list_days);
	return ERR_OK;
}

/* RFC 5280 5.2, 5.3: whole lists of our own certificates only. A delta, a list of some certificates or of another issuer's would say less than it seems to, to whoever reads it and to the
 * custodians who are shown it. */
static enum err
entry_check(X509_REVOKED *r)
{
	REQUIRE_WHY(ASN1_STRING_type(X509_REVOKED_get0_serialNumber(r)) == V_ASN1_INTEGER, ERR_REFUSED,
		"RFC 5280 4.1.2.2: a revoked serial number is negative");
	for (int i = 0; i < X509_REVOKED_get_ext_count(r); i++)
		REQUIRE_WHY(OBJ_obj2nid(X509_EXTENSION_get_object(X509_REVOKED_get_ext(r, i))) == NID_crl_reason &&
				i == 0,
			ERR_REFUSED, "RFC 5280 5.3: an entry has an extension that is not reasonCode");
	return ERR_OK;
}

static enum err
extensions_check(X509_CRL *crl)
{
	STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);

	for (int i = 0; i < X509_CRL_get_ext_count(crl); i++) {
		const int nid = OBJ_obj2nid(X509_EXTENSION_get_object(X509_CRL_get_ext(crl, i)));

		REQUIRE_WHY(nid == NID_authority_key_identifier || nid == NID_crl_number, ERR_REFUSED,
			"RFC 5280 5.2: extension %d of the list is not one that is issued here", i + 1);
		REQUIRE_WHY(X509_CRL_get_ext_by_NID(crl, nid, i) == -1, ERR_MALFORMED,
			"RFC 5280 4.2: extension %s twice", OBJ_nid2sn(nid));
	}
	for (int i = 0; i < sk_X509_REVOKED_num(entries); i++)
		TRY(entry_check(sk_X509_REVOKED_value(entries, i)));
	return ERR_OK;
}

static enum err
check(const struct type_question *q, char *detail)
{
	OWN(X509_CRL) crl = NULL;
	OWN(AUTHORITY_KEYID) issuer = NULL;
	OWN(ASN1_INTEGER) number = NULL;
	int64_t n = 0;

	TRY(parse(q, &crl));
	TRY(algorithm_check(q));
	issuer = X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
	REQUIRE_WHY(issuer != NULL && der_identifies(issuer->keyid, q->key->public_key), ERR_REFUSED,
		"RFC 5280 5.2.1: authorityKeyIdentifier is not key '%s'", q->rule->label);
	number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	REQUIRE_WHY(number != NULL && ASN1_INTEGER_get_int64(&n, number) == 1, ERR_REFUSED,
		"RFC 5280 5.2.3: cRLNumber is missing");
	TRY(times_check(q, crl));
	TRY(extensions_check(crl));
	(void)snprintf(detail, MAX_TYPE_DETAIL, "crl=%lld entries=%d", (long long)n,
		sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)));
	return ERR_OK;
}

const struct type type_tbscertlist = {"TBSCertList", true, looks, check};
