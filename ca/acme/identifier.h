/* identifier: a name that is ordered (RFC 8555 7.1.4 dns, RFC 8738 ip), in one form, and the names that a binding lets an agency order. Used by order, authorization, finalize
 * and by the operators' acts. Pure. */
#ifndef MOHAR_CA_ACME_IDENTIFIER_H
#define MOHAR_CA_ACME_IDENTIFIER_H

#include "ca/acme/problem.h"
#include "json/json.h"

enum { MAX_DNS_NAME = 253, MAX_IDENTIFIER_TEXT = 260, MAX_IDENTIFIERS = 32, MAX_GRANTS = 32 };

struct identifier {
	bool is_ip, wildcard;
	char name[MAX_DNS_NAME + 1]; /* lower case, without "*."; an address as address_text writes it */
};

/* A "type" and "value" as ordered. UNSUPPORTED_IDENTIFIER: another type; REJECTED_IDENTIFIER: no host name of letters, digits and hyphens (RFC 1123 2.1), or one that looks like an
 * address, a wildcard not alone in the first label, an address not in its one form (RFC 8738 3). Upper case is taken and lowered. */
MUST_USE enum problem identifier_read(const char *type, const char *value, struct identifier *out);

/* "dns:*.land.example.gov": as an order keeps it. And back. */
void identifier_text(const struct identifier *i, char out[MAX_IDENTIFIER_TEXT + 1]);
MUST_USE enum err identifier_parse(const char *text, struct identifier *out);

const char *identifier_type(const struct identifier *i); /* "dns", "ip" */

/* The name asked of DNS for dns-01 is not this one; this is the SNI of tls-alpn-01: the name, for an address its reverse name (RFC 8738 6). out has 80 more bytes than a name. */
void identifier_sni(const struct identifier *i, char out[MAX_DNS_NAME + 81]);

/* Is text a grant: a host name, or a network? ERR_MALFORMED with the remedy. */
MUST_USE enum err grant_check(const char *text);

/* Does one of the grants (texts) allow it: the same name, one below it, an address in its network? REJECTED_IDENTIFIER names what is granted. */
MUST_USE enum problem grants_allow(const struct json_list *grants, const struct identifier *i);

#endif
