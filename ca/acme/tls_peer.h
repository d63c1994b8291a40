/* tls_peer: TLS to a stranger's server, over a connection that reach.c opened: whose certificate it shows is for the caller to judge, never for a chain. Used by
 * challenge_tls.c and, behind a redirect to https, by challenge_http.c. */
#ifndef MOHAR_CA_ACME_TLS_PEER_H
#define MOHAR_CA_ACME_TLS_PEER_H

#include <openssl/ssl.h>

#include "ca/acme/reach.h"

/* Shakes hands with server name sni (NULL: none, as for an address) and, if given, one ALPN protocol, which must then be the one agreed on. Takes fd, which tls_peer_free closes.
 * ACME_TLS, ACME_CONNECTION. */
struct tls_peer {
	SSL_CTX *context;
	SSL *ssl;
	int fd;
};
MUST_USE enum problem tls_peer_open(int fd, const char *sni, const char *alpn, int64_t deadline, struct tls_peer *out);
void tls_peer_free(struct tls_peer *t);

/* At most len bytes; *done is 0 at the end. ACME_TLS, ACME_CONNECTION. */
MUST_USE enum problem tls_peer_read(struct tls_peer *t, void *bytes, size_t len, int64_t deadline, size_t *done);
MUST_USE enum problem tls_peer_write(struct tls_peer *t, struct span bytes, int64_t deadline);

#endif
