/* profile: the words of a certificate profile and what they stand for. Shared by profile.c and extensions.c; not for others. */
#ifndef MOHAR_X509_PROFILE_H
#define MOHAR_X509_PROFILE_H

#include "x509/x509.h"

/* The bit of a key usage name (RFC 5280 4.2.1.3), or -1. */
int key_usage_bit(const char *name);

/* The object of an extended key usage, by name or dotted OID; the caller frees with ASN1_OBJECT_free. NULL if there is none. */
ASN1_OBJECT *extended_key_usage_object(const char *name);
int extended_key_usage_nid(const char *name);

/* Is it the name of a statement that qc_statements_add knows? */
bool qc_statement_known(const char *name);

/* Adds the qcStatements extension (RFC 3739 3.2.6) with the statements named. */
MUST_USE enum err qc_statements_add(const struct json_list *names, X509 *x);

#endif
