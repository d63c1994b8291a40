/* x509: certificates, requests and lists on libcrypto, in this house's terms. Used by mohar-cad, by card login in idpd, by the ceremony and
 * by `mohar verify`. Profiles are data (policies/profiles/NAME.json); a certificate is made from a profile and named facts, never from what a
 * request asks for. */
#ifndef MOHAR_X509_X509_H
#define MOHAR_X509_X509_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/writer.h"
#include "json/json.h"

enum { SERIAL_LEN = 16, MAX_CERTIFICATE = 64 << 10, MAX_CSR = 32 << 10, MAX_CRL = 16 << 20, MAX_CHAIN = 5 };

/* A declarative profile, from its file. */
struct profile {
	char *name; /* "citizen-authentication" */
	char *description;
	char *issuer; /* HSM label of the CA key that issues it: "citizen-ca" */
	int64_t days; /* validity */
	bool ca;
	int64_t path_length;        /* ca only */
	struct json_list key_usage; /* "digitalSignature", ... (RFC 5280 4.2.1.3 names) */
	struct json_list
		extended_key_usage; /* "clientAuth", "emailProtection", "ocspSigning", "timeStamping", dotted OIDs */
	struct json_list policies;  /* dotted OIDs */
	struct json_list
		subject; /* allowed attributes in order: "C", "O", "OU", "CN", "serialNumber", "givenName", "surname" */
	struct json_list alternative_names; /* allowed kinds: "dns", "ip", "email", "uri" */
	struct json_list subject_required;  /* those of subject that must be there */
	bool name_required;                 /* one alternative name at least */
	bool wildcards;                     /* "*.example.org" is allowed */
	struct json_list dns_suffixes;      /* dns names must be one of these or under it; empty: any */
	struct json_list key_types;         /* accepted keys: "P-256", "P-384", "RSA-3072" ... */
	struct json_list
		qc_statements; /* EN 319 412-5 names: "compliance", "legislation-BT", "sscd", "type-esign", "type-eseal", "type-web" */
	bool registrar_signature; /* a registrar's signed act must accompany it (hsmd checks) */
	int64_t approvals; /* of how many registrars (operators), all different; 0: one. More than one: through the queue only */
	bool no_ocsp_check;       /* id-pkix-ocsp-nocheck */
	bool no_status;           /* no AIA OCSP, no CRL distribution point (root) */
};
MUST_USE enum err profile_read(const char *path, struct profile *out);
void profile_free(struct profile *p);

/* One attribute of a subject, or one alternative name. */
struct name_part {
	const char *type;  /* "CN"; "dns" */
	const char *value; /* UTF-8 */
};

struct lint_report;

/* Everything that goes into a certificate beside its profile. All borrowed. */
struct certificate_facts {
	const struct profile *profile;
	struct span spki;           /* DER SubjectPublicKeyInfo */
	uint8_t serial[SERIAL_LEN]; /* 128 random bits; the leading bit is cleared, zero refused */
	const struct name_part *subject;
	size_t subject_count;
	const struct name_part *names;
	size_t names_count;
	unix_time not_before, not_after;
	X509 *issuer;                            /* NULL: self-signed */
	const char *ocsp_url, *crl_url, *ca_url; /* NULL: left out */
	struct lint_report *lint; /* where the lint of the exact bytes goes, before the key is asked (x509/lint/lint.h); NULL: not linted */
};
/* Builds and signs with key (usually a provider handle). The caller frees *out with X509_free. Refuses what the profile does not allow, naming it;
 * with facts->lint also what breaks a rule, naming it and its clause: the key is then not asked. */
MUST_USE enum err certificate_make(const struct certificate_facts *facts, EVP_PKEY *key, X509 **out);

/* A PKCS#10 request: self-signature verified, key type accepted, one SPKI. */
struct request_facts {
	struct json_bytes spki;  /* DER, owned */
	char key_type[16];       /* "P-256" */
	struct name_part *names; /* requested alternative names, owned */
	size_t names_count;
	char *common_name; /* owned; NULL if none */
};
MUST_USE enum err csr_parse(struct span der_or_pem, struct request_facts *out);
/* The same, but its own signature is not looked at: for what shows possession by other means (a CMP template, a certificate that was issued). */
MUST_USE enum err csr_parse_unsigned(struct span der, struct request_facts *out);
void csr_free(struct request_facts *r);
/* Makes a PKCS#10 request signed by key (a card's, or a file's). DER appended to w. */
MUST_USE enum err csr_make(EVP_PKEY *key, const struct name_part *subject, size_t subject_count,
	const struct name_part *names, size_t names_count, struct writer *w);

/* Certificates to and from bytes; trailing bytes refused. */
MUST_USE enum err certificate_parse(struct span der, X509 **out);
MUST_USE enum err certificate_pem(struct span pem, X509 **out); /* the first one in the text */
MUST_USE enum err certificates_pem(struct span pem, STACK_OF(X509) * *out);
MUST_USE enum err certificate_der(const X509 *x, struct writer *w);
MUST_USE enum err certificate_pem_write(const X509 *x, struct writer *w);
MUST_USE enum err certificate_spki(const X509 *x, struct writer *w);  /* DER SPKI */
MUST_USE enum err spki_hash(const EVP_PKEY *key, struct sha256 *out); /* SHA-256 of the DER SPKI */
MUST_USE enum err spki_type(struct span spki, char out[16]);          /* "P-256", "RSA-3072", "Ed25519" */
/* Subject attribute by short name ("serialNumber"); the caller frees. ERR_NOT_FOUND; ERR_MALFORMED if there are two. */
MUST_USE enum err certificate_attribute(const X509 *x, const char *type, char **out);
/* Serial as lower-case hex without leading zeros removed: 32 characters for ours. */
MUST_USE enum err certificate_serial_hex(const X509 *x, char out[2 * 20 + 1]);

/* Is x good for this purpose at this time? Chain to anchors through intermediates, basic constraints, validity, EKU, policy OID. Status is status_*'s. */
struct chain_question {
	const STACK_OF(X509) * anchors;
	const STACK_OF(X509) * intermediates;
	unix_time at;
	const char *extended_key_usage; /* "clientAuth", or NULL */
	const char *policy;             /* dotted OID that must be there, or NULL */
};
MUST_USE enum err chain_check(X509 *x, const struct chain_question *q);

/* A CRL: issue (v2, cRLNumber, AKI; of one distribution point, or a delta, if it says so) and check. */
enum { CRL_REMOVE = 8 }; /* removeFromCRL (RFC 5280 5.3.1): of a delta's entries only */
struct crl_entry {
	uint8_t serial[SERIAL_LEN];
	unix_time at;
	int reason; /* CRLReason, -1: none */
};
struct crl_facts {
	X509 *issuer;
	int64_t number;
	unix_time this_update, next_update;
	const struct crl_entry *entries;
	size_t count;
	const char *
		point; /* URL that its certificates name: critical issuingDistributionPoint (5.2.5); NULL: all of the issuer's */
	const char *freshest; /* URL of the delta of it (5.2.6); NULL: none */
	int64_t base;         /* a delta since the list of this number (5.2.4); 0: a whole list */
};
MUST_USE enum err crl_make(const struct crl_facts *facts, EVP_PKEY *key, struct writer *der);
/* Signature by issuer, x within its scope (a list of one distribution point only for certificates that name this point, no delta), times contain at, serial not in it: ERR_OK;
 * ERR_REVOKED; ERR_MISMATCH (another's list); ERR_EXPIRED (stale); ERR_BAD_SIGNATURE; ERR_UNSUPPORTED. */
MUST_USE enum err crl_check(struct span der, X509 *issuer, const X509 *x, unix_time at);

/* A list read without libcrypto's objects, which for a million entries take half a gigabyte: what it says of itself, and its entries one by one. */
struct crl_reading {
	unix_time this_update, next_update;
	int64_t number, base; /* base 0: no delta */
	struct span entries;  /* borrowed: what is left of them */
	struct span signed_part, signature;
};
MUST_USE enum err crl_read(struct span der, struct crl_reading *out);
/* The next entry; ERR_NOT_FOUND after the last, ERR_MALFORMED. */
MUST_USE enum err crl_next(struct crl_reading *r, struct crl_entry *out);
/* By this issuer's key, whose one algorithm is known? ERR_BAD_SIGNATURE. */
MUST_USE enum err crl_signed_by(const struct crl_reading *r, const X509 *issuer);

#endif
