/* profile: the words of a certificate profile, what they stand for, and what a profile allows. Shared by the files of x509, by mohar-hsmd's look at certificates and by
 * mohar-cad's issuance. */
#ifndef MOHAR_X509_PROFILE_H
#define MOHAR_X509_PROFILE_H

#include "x509/x509.h"

/* Its members, as policies/profiles/schema.json has them too (a test compares the two). */
extern const struct json_table profile_table;

/* The bit of a key usage name (RFC 5280 4.2.1.3), or -1. */
int key_usage_bit(const char *name);

/* The object of an extended key usage, by name or dotted OID; the caller frees with ASN1_OBJECT_free. NULL if there is none. */
ASN1_OBJECT *extended_key_usage_object(const char *name);
int extended_key_usage_nid(const char *name);

/* Does a list of extended key usages (names or dotted OIDs) or policies hold this OID, given in dots? */
bool profile_lists(const struct json_list *list, const char *oid);

/* NULL if p allows this host name (wildcards, dns_suffixes), else why not, static text. Its syntax is dns_name_flaw's. */
const char *profile_host_flaw(const struct profile *p, struct span host);

/* Is what is asked for within the profile: subject attributes, kinds of names, host names, addresses? ERR_REFUSED names the profile, the field and the remedy. */
MUST_USE enum err profile_allows(const struct profile *p, const struct name_part *subject, size_t subject_count,
	const struct name_part *names, size_t names_count);

/* Is everything that a request (DER or PEM) asks for within the profile: subject attributes, extensions? ERR_REFUSED names the profile and the field, an extension by its OID. */
MUST_USE enum err request_allowed(const struct profile *p, struct span csr);

/* Is it the name of a statement that qc_statements_add knows? */
bool qc_statement_known(const char *name);

/* Adds the qcStatements extension (RFC 3739 3.2.6) with the statements named. */
MUST_USE enum err qc_statements_add(const struct json_list *names, X509 *x);

#endif
