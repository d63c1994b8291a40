#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/status/status.h"
#include "x509/own.h"

enum { MAX_HOST = 256, MAX_PORT = 8 };

OWN_TYPE(SSL_CTX)
OWN_TYPE(SSL)

struct address {
	char host[MAX_HOST], port[MAX_PORT];
};

/* https://HOST[:PORT][/...], HOST a name, an IPv4 address, or an IPv6 address in brackets (RFC 3986 3.2.2). */
static bool
address_read(const char *url, struct address *out)
{
	const char *host = url + strlen("https://"), *end, *port;
	size_t len;

	if (*host == '[') {
		host++;
		end = strchr(host, ']');
		if (end == NULL)
			return false;
		port = end + 1;
	} else {
		port = end = host + strcspn(host, ":/?#");
	}
	len = *port == ':' ? strspn(port + 1, "0123456789") : 0;
	if (end == host || (size_t)(end - host) >= MAX_HOST || len >= MAX_PORT)
		return false;
	(void)snprintf(out->host, sizeof(out->host), "%.*s", (int)(end - host), host);
	(void)snprintf(out->port, sizeof(out->port), "%.*s", len > 0 ? (int)len : 3, len > 0 ? port + 1 : "443");
	return true;
}

static int
reach(const struct address *a)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	const struct timeval wait = {CALL_MS / 1000, 0};
	struct addrinfo *all = NULL;
	int fd = -1;

	if (getaddrinfo(a->host, a->port, &hints, &all) != 0)
		return -1;
	for (const struct addrinfo *i = all; i != NULL && fd < 0; i = i->ai_next) {
		fd = socket(i->ai_family, i->ai_socktype | SOCK_CLOEXEC, 0);
		if (fd < 0)
			continue;
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
		if (connect(fd, i->ai_addr, i->ai_addrlen) != 0) {
			(void)close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(all);
	return fd;
}

/* Looks only: an expired or untrusted certificate is to be told, not turned away from. */
static void
look(struct looking *l, const char *name, const struct address *a, int fd)
{
	OWN(SSL_CTX) context = SSL_CTX_new(TLS_client_method());
	OWN(SSL) tls = NULL;
	const char *anchors = cli_value(l->c, "--tls-ca");
	X509 *x;

	if (context == NULL ||
		(anchors != NULL ? SSL_CTX_load_verify_file(context, anchors)
				 : SSL_CTX_set_default_verify_paths(context)) != 1)
		return;
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	tls = SSL_new(context);
	if (tls == NULL || SSL_set_fd(tls, fd) != 1 || SSL_set_tlsext_host_name(tls, a->host) != 1 ||
		SSL_connect(tls) != 1)
		return;
	x = SSL_get0_peer_certificate(tls);
	if (x == NULL)
		return;
	const long verdict = SSL_get_verify_result(tls);

	status_tell_certificate(l, name, x, WARN_DAYS_TLS,
		verdict == X509_V_OK ? NULL : X509_verify_cert_error_string(verdict));
	(void)SSL_shutdown(tls);
}

void
status_tls(struct looking *l, const char *name, const char *url)
{
	struct address a;
	char row[64];
	int fd;

	if (!address_read(url, &a))
		return;
	fd = reach(&a);
	if (fd < 0)
		return; /* the daemon's row says so */
	(void)snprintf(row, sizeof(row), "%s TLS", name);
	look(l, row, &a, fd);
	ERR_clear_error();
	(void)close(fd);
}
