/* dns: one question to the resolver of the settings, and the answer that is its answer: over a socket that is connected to it, with the same id and the same question. libldns makes and reads
 * the packets. Used by resolve.c. */
#ifndef MOHAR_CA_ACME_DNS_H
#define MOHAR_CA_ACME_DNS_H

#include <ldns/ldns.h>

#include "ca/acme/reach.h"

/* Over UDP, thrice at most, and over TCP where the answer is cut short. The answer says NOERROR or NXDOMAIN; the caller frees it with ldns_pkt_free. ACME_DNS. */
MUST_USE enum problem dns_ask(const struct reach_policy *p, const char *name, ldns_rr_type type, int64_t deadline,
	ldns_pkt **out);

#endif
