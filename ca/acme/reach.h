/* reach: where ACME's challenges may lead us, and how we go there: names are resolved, each address is held against policy, and the very address that was allowed is the one that is
 * connected to. Used by the challenges (challenge_*.c); the policy is read once from the settings. */
#ifndef MOHAR_CA_ACME_REACH_H
#define MOHAR_CA_ACME_REACH_H

#include "base/clock.h"
#include "ca/acme/network.h"
#include "ca/acme/problem.h"
#include "json/json.h"

enum { MAX_HOSTS = 16, MAX_HOST_NAME = 253, MAX_ADDRESSES = 8, REACH_SECONDS = 10, MAX_TXT = 16, MAX_TXT_TEXT = 512 };

/* A name (and what is under it) that is taken to be at an address without asking DNS. */
struct reach_host {
	char name[MAX_HOST_NAME + 1];
	struct address address;
};

struct reach_policy {
	struct networks networks;
	struct reach_host hosts[MAX_HOSTS];
	size_t host_count;
	struct address resolver;
	uint16_t resolver_port;
	uint16_t http_port, tls_port;
};

/* "NAME=ADDRESS NAME=ADDRESS ...". ERR_CONFIG. */
MUST_USE enum err reach_hosts_read(const char *text, struct reach_policy *out);
/* "192.0.2.53:53", "[2001:db8::53]:53", "" for the first of /etc/resolv.conf. ERR_CONFIG. */
MUST_USE enum err reach_resolver_read(const char *text, struct reach_policy *out);

/* The addresses of a host name (or of an address written as text) that policy allows, at most MAX_ADDRESSES, IPv6 first. ACME_DNS: there are none; REJECTED_IDENTIFIER: none that may be
 * called, with the reason. deadline in clock_ticks(). */
struct reach_addresses {
	struct address rows[MAX_ADDRESSES];
	size_t count;
};
MUST_USE enum problem reach_resolve(const struct reach_policy *p, const char *name, int64_t deadline,
	struct reach_addresses *out);

/* The TXT records of a name, following aliases; each is the text of its strings joined. ACME_DNS. */
struct reach_texts {
	char rows[MAX_TXT][MAX_TXT_TEXT + 1];
	size_t count;
};
MUST_USE enum problem reach_txt(const struct reach_policy *p, const char *name, int64_t deadline,
	struct reach_texts *out);

/* A TCP connection to the first of the addresses that answers before the deadline; the caller closes *fd. Reads and writes on it end at the deadline too, in whole seconds.
 * ACME_CONNECTION. */
MUST_USE enum problem reach_connect(const struct reach_addresses *a, uint16_t port, int64_t deadline, int *fd);

/* Milliseconds that are left, at least 0; for poll(). */
int reach_left(int64_t deadline);
/* Waits until fd can be read (or written). ACME_CONNECTION at the deadline. */
MUST_USE enum problem reach_wait(int fd, bool write, int64_t deadline);

#endif
