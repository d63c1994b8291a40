#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "hsm/type/der.h"
#include "hsm/type/tbsentries.h"
#include "x509/der.h"
#include "x509/own.h"

/* A list of some hundred thousand entries takes seconds to build before it comes here, so thisUpdate may lie a minute back. */
enum { DAY = 86400, MAX_BUILDING = 60, V2 = 1, MAX_REST = 60 << 10 };

static bool
looks(struct span object)
{
	return der_first_tag(object) == 0x02; /* Version, an INTEGER, which v2 always has */
}

/* A list in two: its entries, which are a quarter of a million perhaps, and which tbsentries.c reads; and the list without them, of which libcrypto makes objects. */
struct split {
	struct span entries; /* contents of revokedCertificates; empty: there is none */
	struct writer rest;  /* owned */
};

static enum err
read_head(struct reader *r)
{
	struct span skipped;

	for (int i = 0; i < 4; i++) /* version, signature, issuer, thisUpdate */
		TRY(der_read_any(r, &skipped));
	const bool ends =
		r->left.len > 0 && (r->left.ptr[0] == V_ASN1_UTCTIME || r->left.ptr[0] == V_ASN1_GENERALIZEDTIME);

	return ends ? der_read_any(r, &skipped) : ERR_OK;
}

static void
write_length(struct writer *w, size_t len)
{
	if (len >= 0x100) {
		writer_u8(w, 0x82);
		writer_u8(w, (uint8_t)(len >> 8));
	} else if (len >= 0x80) {
		writer_u8(w, 0x81);
	}
	writer_u8(w, (uint8_t)len);
}

static enum err
split(struct span object, struct split *out)
{
	struct reader outer = reader_over(object), r;
	struct span contents;

	TRY(der_read(&outer, DER_SEQUENCE, &contents));
	TRY(reader_done(&outer));
	r = reader_over(contents);
	TRY(read_head(&r));
	const struct span head = span_at(contents.ptr, (size_t)(r.left.ptr - contents.ptr));
	const bool has = r.left.len > 0 && r.left.ptr[0] == DER_SEQUENCE;

	TRY(der_read_optional(&r, DER_SEQUENCE, &out->entries));
	REQUIRE(!has || out->entries.len > 0, ERR_MALFORMED); /* RFC 5280 5.1.2.6: absent if there are none */
	REQUIRE(head.len + r.left.len <= MAX_REST, ERR_TOO_LONG);
	writer_u8(&out->rest, DER_SEQUENCE);
	write_length(&out->rest, head.len + r.left.len);
	writer_bytes(&out->rest, head);
	writer_bytes(&out->rest, r.left);
	return writer_done(&out->rest);
}

static enum err
parse(const struct type_question *q, struct span object, X509_CRL **out)
{
	AUTO(writer) whole = writer_new(object.len + MAX_DER_ALGORITHM);
	OWN(X509_CRL) crl = NULL;
	const unsigned char *at;
	unsigned char *der = NULL;
	int len;

	TRY(der_enclose(object, q->key->algorithm, &whole));
	at = whole.ptr;
	crl = d2i_X509_CRL(NULL, &at, (long)whole.len);
	REQUIRE_WHY(crl != NULL && at == whole.ptr + whole.len, ERR_MALFORMED, "RFC 5280 5.1.2: not a TBSCertList");
	len = i2d_re_X509_CRL_tbs(crl, &der);
	TRY(der_same(der, len, object));
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

/* RFC 5280 5.2, 5.3: custodians, and whoever reads the root's list, are shown whole lists of our own certificates only: a delta or a list of some certificates would say less than it seems to.
 * An issuing CA's routine lists may be of one distribution point, and may be deltas; both say so in a critical extension. */
static bool
may_be_part(const struct type_question *q)
{
	return !q->approved && strcmp(q->rule->purpose, "issuing-ca") == 0;
}

/* RFC 5280 5.2.5: one distribution point by its address, and no other narrowing. */
static enum err
point_check(const X509_CRL *crl)
{
	ISSUING_DIST_POINT *idp = X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, NULL, NULL);
	const bool plain = idp != NULL && idp->distpoint != NULL && idp->distpoint->type == 0 && idp->onlyuser <= 0 &&
		idp->onlyCA <= 0 && idp->onlysomereasons == NULL && idp->indirectCRL <= 0 && idp->onlyattr <= 0 &&
		sk_GENERAL_NAME_num(idp->distpoint->name.fullname) == 1 &&
		sk_GENERAL_NAME_value(idp->distpoint->name.fullname, 0)->type == GEN_URI;

	ISSUING_DIST_POINT_free(idp);
	REQUIRE_WHY(plain, ERR_REFUSED, "RFC 5280 5.2.5: the list is of a part other than one distribution point");
	return ERR_OK;
}

/* RFC 5280 5.2.4 */
static enum err
base_check(const X509_CRL *crl)
{
	OWN(ASN1_INTEGER) base = X509_CRL_get_ext_d2i(crl, NID_delta_crl, NULL, NULL);
	OWN(ASN1_INTEGER) number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);

	REQUIRE_WHY(base != NULL && number != NULL && ASN1_STRING_type(base) == V_ASN1_INTEGER &&
			ASN1_INTEGER_cmp(base, number) < 0,
		ERR_REFUSED, "RFC 5280 5.2.4: a delta's base is not an earlier list");
	return ERR_OK;
}

/* Critical exactly where RFC 5280 5.2 says so. */
static enum err
extension_check(const struct type_question *q, const X509_CRL *crl, int i)
{
	X509_EXTENSION *e = X509_CRL_get_ext(crl, i);
	const int nid = OBJ_obj2nid(X509_EXTENSION_get_object(e)), critical = X509_EXTENSION_get_critical(e);

	REQUIRE_WHY(X509_CRL_get_ext_by_NID(crl, nid, i) == -1, ERR_MALFORMED, "RFC 5280 4.2: extension %s twice",
		OBJ_nid2sn(nid));
	if (may_be_part(q) && nid == NID_issuing_distribution_point && critical)
		return point_check(crl);
	if (may_be_part(q) && nid == NID_delta_crl && critical)
		return base_check(crl);
	REQUIRE_WHY(!critical &&
			(nid == NID_authority_key_identifier || nid == NID_crl_number ||
				(may_be_part(q) && nid == NID_freshest_crl)),
		ERR_REFUSED, "RFC 5280 5.2: extension %d of the list is not one that is issued here", i + 1);
	return ERR_OK;
}

static enum err
extensions_check(const struct type_question *q, X509_CRL *crl)
{
	for (int i = 0; i < X509_CRL_get_ext_count(crl); i++)
		TRY(extension_check(q, crl, i));
	return ERR_OK;
}

static enum err
list_check(const struct type_question *q, const struct split *parts, char *detail)
{
	OWN(X509_CRL) crl = NULL;
	OWN(AUTHORITY_KEYID) issuer = NULL;
	OWN(ASN1_INTEGER) number = NULL;
	size_t entries = 0;
	int64_t n = 0;

	TRY(parse(q, writer_span(&parts->rest), &crl));
	TRY(algorithm_check(q));
	issuer = X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
	REQUIRE_WHY(issuer != NULL && der_identifies(issuer->keyid, q->key->public_key), ERR_REFUSED,
		"RFC 5280 5.2.1: authorityKeyIdentifier is not key '%s'", q->rule->label);
	number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	REQUIRE_WHY(number != NULL && ASN1_INTEGER_get_int64(&n, number) == 1, ERR_REFUSED,
		"RFC 5280 5.2.3: cRLNumber is missing");
	TRY(times_check(q, crl));
	TRY(extensions_check(q, crl));
	TRY(tbsentries_check(parts->entries, X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0, &entries));
	(void)snprintf(detail, MAX_TYPE_DETAIL, "crl=%lld entries=%zu", (long long)n, entries);
	return ERR_OK;
}

static enum err
check(const struct type_question *q, char *detail)
{
	struct split parts = {.rest = writer_new(MAX_REST + 8)};
	enum err e = split(q->object, &parts);

	if (e != ERR_OK)
		e = err_because(ERR_MALFORMED, "RFC 5280 5.1.2: not a TBSCertList");
	else
		e = list_check(q, &parts, detail);
	writer_free(&parts.rest);
	return e;
}

const struct type type_tbscertlist = {"TBSCertList", true, looks, check};
