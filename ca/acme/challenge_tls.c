#include <string.h>
#include <strings.h>

#include "ca/acme/challenge.h"
#include "ca/acme/tls_peer.h"
#include "x509/own.h"

/* RFC 8737 6.1: id-pe-acmeIdentifier */
static const char acme_identifier[] = "1.3.6.1.5.5.7.1.31";

/* subjectAltName with this name and no other (RFC 8737 3, RFC 8738 6). */
static enum problem
check_name(X509 *x, const struct identifier *name)
{
	int critical, type;
	OWN(GENERAL_NAMES) names = X509_get_ext_d2i(x, NID_subject_alt_name, &critical, NULL);

	ACME_WHY(names != NULL && sk_GENERAL_NAME_num(names) == 1, ACME_UNAUTHORIZED,
		"RFC 8737 3: the certificate shown is not for exactly one name");
	const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, 0), &type);

	ACME_WHY(type == (name->is_ip ? GEN_IPADD : GEN_DNS), ACME_UNAUTHORIZED,
		"RFC 8737 3: the certificate shown is for another kind of name");
	const struct span bytes = span_at(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
	struct address a, shown = {{[10] = 0xff, [11] = 0xff}};

	if (!name->is_ip) {
		ACME_WHY(bytes.len == strlen(name->name) &&
				strncasecmp((const char *)bytes.ptr, name->name, bytes.len) == 0,
			ACME_UNAUTHORIZED, "RFC 8737 3: the certificate shown is for another name");
		return ACME_OK;
	}
	ACME_WHY((bytes.len == 4 || bytes.len == ADDRESS_LEN) && address_read(span_of(name->name), &a) == ERR_OK,
		ACME_UNAUTHORIZED, "RFC 8738 6: the certificate shown is for no address");
	memcpy(shown.bytes + ADDRESS_LEN - bytes.len, bytes.ptr, bytes.len);
	ACME_WHY(memcmp(a.bytes, shown.bytes, ADDRESS_LEN) == 0, ACME_UNAUTHORIZED,
		"RFC 8738 6: the certificate shown is for another address");
	return ACME_OK;
}

static enum problem
check_extension(X509 *x, const char *key_authorization)
{
	const struct sha256 digest = sha256_of(span_of(key_authorization));
	OWN(ASN1_OBJECT) wanted = OBJ_txt2obj(acme_identifier, 1);
	const int at = wanted != NULL ? X509_get_ext_by_OBJ(x, wanted, -1) : -1;
	OWN(ASN1_OCTET_STRING) inner = NULL;

	ACME_WHY(at >= 0 && X509_get_ext_by_OBJ(x, wanted, at) < 0, ACME_UNAUTHORIZED,
		"RFC 8737 3: the certificate shown has not one acmeIdentifier extension");
	X509_EXTENSION *e = X509_get_ext(x, at);

	ACME_WHY(X509_EXTENSION_get_critical(e) == 1, ACME_UNAUTHORIZED, "RFC 8737 3: acmeIdentifier is not critical");
	const ASN1_OCTET_STRING *outer = X509_EXTENSION_get_data(e);
	const unsigned char *p = ASN1_STRING_get0_data(outer), *end = p + ASN1_STRING_length(outer);

	inner = d2i_ASN1_OCTET_STRING(NULL, &p, end - p);
	ACME_WHY(inner != NULL && p == end, ACME_UNAUTHORIZED, "RFC 8737 3: acmeIdentifier is no octet string");
	ACME_WHY(span_equal(span_at(ASN1_STRING_get0_data(inner), (size_t)ASN1_STRING_length(inner)),
			 sha256_span(&digest)),
		ACME_UNAUTHORIZED, "RFC 8737 3: acmeIdentifier is not this challenge's");
	return ACME_OK;
}

enum problem
challenge_tls_check(X509 *x, const struct challenge *c)
{
	ACME_WHY(X509_NAME_cmp(X509_get_issuer_name(x), X509_get_subject_name(x)) == 0, ACME_UNAUTHORIZED,
		"RFC 8737 3: the certificate shown is not self-signed");
	ACME_TRY(check_name(x, &c->name));
	return check_extension(x, c->key_authorization);
}

enum problem
challenge_tls(const struct challenge *c, const struct reach_policy *p, int64_t deadline)
{
	char sni[MAX_DNS_NAME + 81];
	struct reach_addresses addresses;
	struct tls_peer t;
	int fd;

	identifier_sni(&c->name, sni);
	ACME_TRY(reach_resolve(p, c->name.name, deadline, &addresses));
	ACME_TRY(reach_connect(&addresses, p->tls_port, deadline, &fd));
	ACME_TRY(tls_peer_open(fd, sni, "acme-tls/1", deadline, &t));
	OWN(X509) x = SSL_get1_peer_certificate(t.ssl);
	enum problem a = ACME_TLS;

	if (x != NULL)
		a = challenge_tls_check(x, c);
	else
		err_remember("RFC 8737 3: the server showed no certificate");
	tls_peer_free(&t);
	return a;
}
