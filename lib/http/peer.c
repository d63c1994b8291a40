#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <string.h>

#include "http/exchange.h"

struct span
request_peer_certificate(const struct request *r)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	const gnutls_datum_t *chain;
	unsigned count = 0;

	if (info == NULL || info->tls_session == NULL)
		return (struct span){0};
	chain = gnutls_certificate_get_peers(info->tls_session, &count);
	return chain == NULL || count == 0 ? (struct span){0} : span_at(chain[0].data, chain[0].size);
}

const char *
request_address(const struct request *r)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char *out = (char *)(uintptr_t)r->address; /* a cache, filled when it is first asked for */

	if (out[0] != '\0')
		return out;
	if (info != NULL && info->client_addr != NULL && info->client_addr->sa_family == AF_INET) {
		(void)inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)info->client_addr)->sin_addr, out,
			sizeof(r->address));
	} else if (info != NULL && info->client_addr != NULL && info->client_addr->sa_family == AF_INET6) {
		const struct in6_addr *six = &((struct sockaddr_in6 *)(void *)info->client_addr)->sin6_addr;

		if (IN6_IS_ADDR_V4MAPPED(six))
			(void)inet_ntop(AF_INET, &six->s6_addr[12], out, sizeof(r->address));
		else
			(void)inet_ntop(AF_INET6, six, out, sizeof(r->address));
	}
	return out;
}
