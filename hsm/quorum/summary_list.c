#include "hsm/quorum/summary.h"

#include <openssl/x509v3.h>

#include "base/encode.h"
#include "hsm/type/der.h"
#include "x509/own.h"

enum { DAY = 86400, MAX_LIST = 1 << 20 };

static enum err
read(const struct type_question *q, X509_CRL **out)
{
	AUTO(writer) whole = writer_new(MAX_LIST + 64);
	OWN(X509_CRL) crl = NULL;
	const unsigned char *at;

	REQUIRE_WHY(q->object.len <= MAX_LIST, ERR_TOO_LONG, "a list of more than %d bytes cannot be shown", MAX_LIST);
	TRY(der_enclose(q->object, q->key->algorithm, &whole));
	at = whole.ptr;
	crl = d2i_X509_CRL(NULL, &at, (long)whole.len);
	REQUIRE_WHY(crl != NULL && at == whole.ptr + whole.len, ERR_MALFORMED, "RFC 5280 5.1.2: not a TBSCertList");
	*out = crl;
	crl = NULL;
	return ERR_OK;
}

static void
number_write(struct writer *w, const char *name, const ASN1_INTEGER *n)
{
	summary_name(w, name);
	if (n == NULL)
		writer_text(w, "(none)");
	else
		hex_write(w, span_at(ASN1_STRING_get0_data(n), (size_t)ASN1_STRING_length(n)));
	writer_u8(w, '\n');
}

/* RFC 5280 5.3.1, as crl entries name them. */
static void
entry_write(struct writer *w, X509_REVOKED *r)
{
	static const char *const reasons[] = {"unspecified", "keyCompromise", "cACompromise", "affiliationChanged",
		"superseded", "cessationOfOperation", "certificateHold", "?", "removeFromCRL", "privilegeWithdrawn",
		"aACompromise"};
	const ASN1_INTEGER *serial = X509_REVOKED_get0_serialNumber(r);
	ASN1_ENUMERATED *code = X509_REVOKED_get_ext_d2i(r, NID_crl_reason, NULL, NULL);
	const long reason = code == NULL ? 0 : ASN1_ENUMERATED_get(code);

	writer_text(w, "    ");
	hex_write(w, span_at(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)));
	writer_format(w, "  %s\n", reason >= 0 && reason <= 10 ? reasons[reason] : "?");
	ASN1_ENUMERATED_free(code);
}

enum err
summary_list(const struct type_question *q, struct writer *w)
{
	OWN(X509_CRL) crl = NULL;
	OWN(ASN1_INTEGER) number = NULL;
	const struct sha256 hash = sha256_of(q->object);
	STACK_OF(X509_REVOKED) * entries;
	unix_time begin, end;

	TRY(read(q, &crl));
	number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	entries = X509_CRL_get_REVOKED(crl);
	TRY(der_time(X509_CRL_get0_lastUpdate(crl), &begin));
	TRY(der_time(X509_CRL_get0_nextUpdate(crl), &end));
	writer_format(w, "SIGN A REVOCATION LIST with key '%s'\n\n", q->rule->label);
	summary_entity(w, "issuer", X509_CRL_get_issuer(crl));
	number_write(w, "number", number);
	summary_time(w, "from", begin);
	summary_time(w, "next by", end);
	summary_line(w, "", "%lld days", (long long)((end - begin) / DAY));
	summary_line(w, "revoked", "%d", sk_X509_REVOKED_num(entries) < 0 ? 0 : sk_X509_REVOKED_num(entries));
	for (int i = 0; i < sk_X509_REVOKED_num(entries); i++)
		entry_write(w, sk_X509_REVOKED_value(entries, i));
	summary_hash(w, "bytes SHA-256", &hash);
	writer_text(w,
		"\nWhat follows: until the next list, certificates of these serial numbers are refused, and all\n"
		"others that this key signed are accepted.\n");
	return ERR_OK;
}
