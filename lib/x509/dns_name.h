/* dns_name: what may stand as a host's name in a certificate. Used by profile.c for what is asked, and by the lint for what would be signed. */
#ifndef MOHAR_X509_DNS_NAME_H
#define MOHAR_X509_DNS_NAME_H

#include "base/span.h"

enum { MAX_DNS_NAME = 253, MAX_DNS_LABEL = 63 };

/* NULL if name is a host name in the preferred syntax (RFC 1034 3.5, RFC 1123 2.1; RFC 5280 4.2.1.6) whose international labels are A-labels (RFC 5890 2.3.2.1)
 * that decode, and whose last label is not a number (RFC 1123 2.1: it would be an address); else what is wrong, static text. A leading "*." is passed over: ask dns_name_is_wildcard. */
const char *dns_name_flaw(struct span name);

/* Does name start with "*."? RFC 9525 6.3: the whole leftmost label, and no other. */
bool dns_name_is_wildcard(struct span name);

/* Is name suffix, or under it? Letters compare without case. suffix has no leading dot. */
bool dns_name_is_under(struct span name, struct span suffix);

#endif
