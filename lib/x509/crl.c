#include "x509/asn1.h"
#include "x509/extensions.h"
#include "x509/own.h"

static enum err
add_entry(const struct crl_entry *entry, X509_CRL *crl)
{
	OWN(X509_REVOKED) r = X509_REVOKED_new();
	OWN(ASN1_INTEGER) serial = NULL;
	OWN(ASN1_TIME) at = ASN1_TIME_set(NULL, entry->at);

	TRY(serial_make(span_at(entry->serial, sizeof(entry->serial)), &serial));
	CRYPTO_OK(r && at && X509_REVOKED_set_serialNumber(r, serial) && X509_REVOKED_set_revocationDate(r, at),
		"CRL entry");
	if (entry->reason > CRL_REASON_UNSPECIFIED) { /* RFC 5280 5.3.1: unspecified is left out */
		ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
		const bool ok = reason && ASN1_ENUMERATED_set(reason, entry->reason) == 1 &&
			X509_REVOKED_add1_ext_i2d(r, NID_crl_reason, reason, 0, 0) == 1;

		ASN1_ENUMERATED_free(reason);
		CRYPTO_OK(ok, "CRL reason");
	}
	CRYPTO_OK(X509_CRL_add0_revoked(crl, r) == 1, "CRL entry");
	r = NULL; /* the CRL has it */
	return ERR_OK;
}

/* A DistributionPoint's name, or an IssuingDistributionPoint's: one URL. The caller frees with DIST_POINT_NAME_free. */
static enum err
point_make(const char *url, DIST_POINT_NAME **out)
{
	DIST_POINT_NAME *name = DIST_POINT_NAME_new();

	REQUIRE(name, ERR_NO_MEMORY);
	name->type = 0; /* fullName */
	const enum err e = general_names_make(&(struct name_part){"uri", url}, 1, &name->name.fullname);

	if (e != ERR_OK) {
		DIST_POINT_NAME_free(name);
		return e;
	}
	*out = name;
	return ERR_OK;
}

/* RFC 5280 5.2.5: critical, for whoever does not understand it would take the part for the whole. */
static enum err
add_point(const char *url, X509_CRL *crl)
{
	ISSUING_DIST_POINT *idp = ISSUING_DIST_POINT_new();
	enum err e = idp ? point_make(url, &idp->distpoint) : ERR_NO_MEMORY;

	if (e == ERR_OK && X509_CRL_add1_ext_i2d(crl, NID_issuing_distribution_point, idp, 1, 0) != 1)
		e = own_failed(ERR_CRYPTO, "issuingDistributionPoint");
	ISSUING_DIST_POINT_free(idp);
	return e;
}

/* RFC 5280 5.2.6 */
static enum err
add_freshest(const char *url, X509_CRL *crl)
{
	CRL_DIST_POINTS *list = sk_DIST_POINT_new_null();
	DIST_POINT *point = DIST_POINT_new();
	enum err e = list && point ? point_make(url, &point->distpoint) : ERR_NO_MEMORY;

	if (e == ERR_OK && !sk_DIST_POINT_push(list, point))
		e = ERR_NO_MEMORY;
	if (e == ERR_OK) {
		point = NULL; /* the list has it */
		if (X509_CRL_add1_ext_i2d(crl, NID_freshest_crl, list, 0, 0) != 1)
			e = own_failed(ERR_CRYPTO, "freshestCRL");
	}
	DIST_POINT_free(point);
	sk_DIST_POINT_pop_free(list, DIST_POINT_free);
	return e;
}

/* RFC 5280 5.2.4 */
static enum err
add_base(const struct crl_facts *f, X509_CRL *crl)
{
	OWN(ASN1_INTEGER) base = ASN1_INTEGER_new();

	REQUIRE_WHY(f->base < f->number, ERR_CONFIG, "RFC 5280 5.2.4: a delta is later than its base");
	CRYPTO_OK(base && ASN1_INTEGER_set_int64(base, f->base) == 1 &&
			X509_CRL_add1_ext_i2d(crl, NID_delta_crl, base, 1, 0) == 1,
		"deltaCRLIndicator");
	return ERR_OK;
}

/* RFC 5280 5.2.1, 5.2.3 */
static enum err
add_extensions(const struct crl_facts *f, X509_CRL *crl)
{
	OWN(AUTHORITY_KEYID) authority = NULL;
	OWN(ASN1_INTEGER) number = ASN1_INTEGER_new();

	REQUIRE_WHY(f->number > 0, ERR_CONFIG, "RFC 5280 5.2.3: the CRL number must be positive");
	TRY(authority_key_make(f->issuer, &authority));
	CRYPTO_OK(number && ASN1_INTEGER_set_int64(number, f->number) == 1, "CRL number");
	CRYPTO_OK(X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, authority, 0, 0) == 1 &&
			X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1,
		"CRL extensions");
	if (f->base > 0)
		TRY(add_base(f, crl));
	if (f->point != NULL)
		TRY(add_point(f->point, crl));
	return f->freshest != NULL ? add_freshest(f->freshest, crl) : ERR_OK;
}

enum err
crl_make(const struct crl_facts *f, EVP_PKEY *key, struct writer *w)
{
	OWN(X509_CRL) crl = X509_CRL_new();
	OWN(ASN1_TIME) this_update = ASN1_TIME_set(NULL, f->this_update);
	OWN(ASN1_TIME) next_update = ASN1_TIME_set(NULL, f->next_update);
	const EVP_MD *digest;
	unsigned char *der = NULL;

	REQUIRE(crl && this_update && next_update, ERR_NO_MEMORY);
	REQUIRE_WHY(f->this_update < f->next_update, ERR_CONFIG,
		"RFC 5280 5.1.2.5: nextUpdate must be after thisUpdate");
	REQUIRE_WHY(EVP_PKEY_eq(X509_get0_pubkey(f->issuer), key) == 1, ERR_CONFIG,
		"the signing key is not the issuer's");
	TRY(digest_for(key, &digest));
	CRYPTO_OK(X509_CRL_set_version(crl, X509_CRL_VERSION_2) &&
			X509_CRL_set_issuer_name(crl, X509_get_subject_name(f->issuer)) &&
			X509_CRL_set1_lastUpdate(crl, this_update) && X509_CRL_set1_nextUpdate(crl, next_update),
		"CRL");
	TRY(add_extensions(f, crl));
	for (size_t i = 0; i < f->count; i++)
		TRY(add_entry(&f->entries[i], crl));
	CRYPTO_OK(X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, key, digest) > 0, "signing the CRL");
	const int len = i2d_X509_CRL(crl, &der);

	return der_append(der, len, w);
}

static enum err
crl_parse(struct span der, X509_CRL **out)
{
	const uint8_t *p = der.ptr;

	REQUIRE_WHY(der.len <= MAX_CRL, ERR_TOO_LONG, "RFC 5280 5.1: a CRL of more than %d bytes", MAX_CRL);
	OWN(X509_CRL) crl = d2i_X509_CRL(NULL, &p, (long)der.len);

	if (!crl)
		return own_failed(ERR_MALFORMED, "RFC 5280 5.1: not a CRL");
	REQUIRE_WHY(p == der.ptr + der.len, ERR_MALFORMED, "RFC 5280 5.1: bytes after the CRL");
	*out = crl;
	crl = NULL;
	return ERR_OK;
}

static bool
names_share(const GENERAL_NAMES *a, const GENERAL_NAMES *b)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(a); i++)
		for (int k = 0; k < sk_GENERAL_NAME_num(b); k++)
			if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i), sk_GENERAL_NAME_value(b, k)) == 0)
				return true;
	return false;
}

/* RFC 5280 6.3.3 b 2 i: one of the names in the list's point is one of those in a point of the certificate. */
static bool
point_named(const X509 *x, const DIST_POINT_NAME *name)
{
	CRL_DIST_POINTS *points = X509_get_ext_d2i(x, NID_crl_distribution_points, NULL, NULL);
	bool found = false;

	for (int i = 0; i < sk_DIST_POINT_num(points) && !found; i++) {
		const DIST_POINT *p = sk_DIST_POINT_value(points, i);

		found = p->distpoint != NULL && p->distpoint->type == 0 && p->reasons == NULL && p->CRLissuer == NULL &&
			names_share(p->distpoint->name.fullname, name->name.fullname);
	}
	CRL_DIST_POINTS_free(points);
	return found;
}

/* RFC 5280 5.2.5: a list of one distribution point speaks of certificates that name this point, and of no others: whoever hands out another one's list could hide a revocation. */
static enum err
point_check(const X509_CRL *crl, const X509 *x)
{
	ISSUING_DIST_POINT *idp = X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, NULL, NULL);

	REQUIRE_WHY(idp != NULL, ERR_MALFORMED, "RFC 5280 5.2.5: not an issuingDistributionPoint");
	const bool plain = idp->distpoint != NULL && idp->distpoint->type == 0 && idp->onlyuser <= 0 &&
		idp->onlyCA <= 0 && idp->onlysomereasons == NULL && idp->indirectCRL <= 0 && idp->onlyattr <= 0;
	const bool named = plain && point_named(x, idp->distpoint);

	ISSUING_DIST_POINT_free(idp);
	REQUIRE_WHY(plain, ERR_UNSUPPORTED, "RFC 5280 5.2.5: the CRL is of a part other than one distribution point");
	REQUIRE_WHY(named, ERR_MISMATCH,
		"RFC 5280 6.3.3 b 2: the CRL is of a distribution point that the certificate does not name");
	return ERR_OK;
}

/* A critical extension narrows what the list says (a delta, a part, another issuer): RFC 5280 5.2. What we do not understand we do not rely on. */
static enum err
scope_check(const X509_CRL *crl, const X509 *x)
{
	for (int i = 0; i < X509_CRL_get_ext_count(crl); i++) {
		X509_EXTENSION *extension = X509_CRL_get_ext(crl, i);
		const int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));

		if (nid == NID_issuing_distribution_point)
			TRY(point_check(crl, x));
		else
			REQUIRE_WHY(!X509_EXTENSION_get_critical(extension) && nid != NID_delta_crl, ERR_UNSUPPORTED,
				"RFC 5280 5.2: the CRL has a critical extension (%s)", OBJ_nid2sn(nid));
	}
	return ERR_OK;
}

static enum err
issuer_check(X509_CRL *crl, X509 *issuer)
{
	REQUIRE_WHY(X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(issuer)) == 0, ERR_UNTRUSTED,
		"RFC 5280 6.3.3 b: the CRL is another issuer's");
	REQUIRE_WHY(X509_get_key_usage(issuer) & KU_CRL_SIGN, ERR_UNTRUSTED,
		"RFC 5280 6.3.3 f: the issuer may not sign CRLs");
	if (X509_CRL_verify(crl, X509_get0_pubkey(issuer)) != 1)
		return own_failed(ERR_BAD_SIGNATURE, "RFC 5280 6.3.3 g: the CRL's signature does not verify");
	return ERR_OK;
}

static enum err
freshness_check(const X509_CRL *crl, unix_time at)
{
	unix_time this_update, next_update;

	TRY(asn1_time_read(X509_CRL_get0_lastUpdate(crl), &this_update));
	REQUIRE_WHY(X509_CRL_get0_nextUpdate(crl), ERR_MALFORMED, "RFC 5280 5.1.2.5: the CRL has no nextUpdate");
	TRY(asn1_time_read(X509_CRL_get0_nextUpdate(crl), &next_update));
	REQUIRE_WHY(this_update <= at, ERR_EXPIRED, "RFC 5280 6.3.3 a: the CRL is not valid yet");
	REQUIRE_WHY(at <= next_update, ERR_EXPIRED, "RFC 5280 6.3.3 a: the CRL is stale");
	return ERR_OK;
}

enum err
crl_check(struct span der, X509 *issuer, const X509 *x, unix_time at)
{
	OWN(X509_CRL) crl = NULL;
	X509_REVOKED *found = NULL;

	TRY(crl_parse(der, &crl));
	TRY(issuer_check(crl, issuer));
	TRY(scope_check(crl, x));
	TRY(freshness_check(crl, at));
	REQUIRE_WHY(X509_NAME_cmp(X509_get_issuer_name(x), X509_get_subject_name(issuer)) == 0, ERR_MISMATCH,
		"RFC 5280 6.3.3 b: the certificate is another issuer's");
	/* 2: on hold, and taken off it again */
	REQUIRE_WHY(X509_CRL_get0_by_serial(crl, &found, X509_get0_serialNumber(x)) != 1, ERR_REVOKED,
		"RFC 5280 6.3.3 i: revoked or suspended");
	return ERR_OK;
}
