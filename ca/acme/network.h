/* network: addresses and the networks that policy lets us call. Used by reach.c before every connection, by identifier.c for what may be ordered. Pure. */
#ifndef MOHAR_CA_ACME_NETWORK_H
#define MOHAR_CA_ACME_NETWORK_H

#include <sys/socket.h>

#include "base/span.h"

enum { ADDRESS_LEN = 16, ADDRESS_TEXT_LEN = 45, MAX_NETWORKS = 64 };

/* IPv6, or IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2): one form for one address. */
struct address {
	uint8_t bytes[ADDRESS_LEN];
};

struct network {
	struct address base;
	unsigned prefix; /* bits of the 128 */
};

struct networks {
	struct network rows[MAX_NETWORKS];
	size_t count;
};

/* "192.0.2.1", "2001:db8::1", without zone, nothing else. ERR_MALFORMED. */
MUST_USE enum err address_read(struct span text, struct address *out);
bool address_is_v4(const struct address *a);
/* The usual text (RFC 5952 as inet_ntop writes it), NUL-terminated. */
void address_text(const struct address *a, char out[ADDRESS_TEXT_LEN + 1]);
/* For connect(). */
void address_socket(const struct address *a, uint16_t port, struct sockaddr_storage *out, socklen_t *len);

/* "192.0.2.0/24"; an address alone is a network of one. ERR_MALFORMED: also bits beyond the prefix. */
MUST_USE enum err network_read(struct span text, struct network *out);
bool network_has(const struct network *n, const struct address *a);
/* Lies b wholly in a? */
bool network_within(const struct network *a, const struct network *b);

/* Networks with spaces or commas between. ERR_CONFIG names the one that is none. "" is none at all. */
MUST_USE enum err networks_read(const char *text, struct networks *out);

/* May this address be called? It must lie in a listed network; and where it lies in a special block (loopback, private, link-local, cloud metadata, shared, documentation,
 * benchmark, translation and tunnel prefixes: RFC 6890 and its registry), in a listed network that lies in that block too: 0.0.0.0/0 and ::/0 mean the public internet, and nothing
 * at home. Unspecified, broadcast, reserved and multicast addresses never. ERR_REFUSED with the remedy. */
MUST_USE enum err networks_allow(const struct networks *n, const struct address *a);

#endif
