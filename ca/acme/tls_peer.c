#include "ca/acme/tls_peer.h"

#include <openssl/err.h>
#include <string.h>
#include <unistd.h>

#include "base/reader.h"

/* What TLS waits for, waited for; whatever else it says is an error. */
static enum problem
again(struct tls_peer *t, int result, int64_t deadline, const char *what)
{
	const int why = SSL_get_error(t->ssl, result);

	if (why == SSL_ERROR_WANT_READ)
		return reach_wait(t->fd, false, deadline);
	if (why == SSL_ERROR_WANT_WRITE)
		return reach_wait(t->fd, true, deadline);
	const unsigned long code = ERR_peek_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	ACME_WHY(false, ACME_TLS, "TLS: %s: %s", what, reason != NULL ? reason : "the connection was closed");
}

static enum problem
shake(struct tls_peer *t, int64_t deadline)
{
	int result;

	while ((result = SSL_connect(t->ssl)) != 1)
		ACME_TRY(again(t, result, deadline, "no handshake"));
	return ACME_OK;
}

static enum problem
prepare(struct tls_peer *t, const char *sni, const char *alpn)
{
	unsigned char protocol[32];
	const size_t len = alpn != NULL ? strlen(alpn) : 0;

	t->context = SSL_CTX_new(TLS_client_method());
	ACME_WHY(t->context != NULL && SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION) == 1,
		ACME_SERVER_INTERNAL, "TLS");
	SSL_CTX_set_verify(t->context, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_session_cache_mode(t->context, SSL_SESS_CACHE_OFF);
	t->ssl = SSL_new(t->context);
	ACME_WHY(t->ssl != NULL && SSL_set_fd(t->ssl, t->fd) == 1, ACME_SERVER_INTERNAL, "TLS");
	ACME_WHY(sni == NULL || SSL_set_tlsext_host_name(t->ssl, sni) == 1, ACME_SERVER_INTERNAL, "TLS server name");
	if (alpn == NULL)
		return ACME_OK;
	protocol[0] = (unsigned char)len;
	memcpy(protocol + 1, alpn, len);
	ACME_WHY(SSL_set_alpn_protos(t->ssl, protocol, (unsigned)len + 1) == 0, ACME_SERVER_INTERNAL, "ALPN");
	return ACME_OK;
}

static enum problem
open_checked(struct tls_peer *t, const char *sni, const char *alpn, int64_t deadline)
{
	const unsigned char *agreed = NULL;
	unsigned len = 0;

	ACME_TRY(prepare(t, sni, alpn));
	ACME_TRY(shake(t, deadline));
	SSL_get0_alpn_selected(t->ssl, &agreed, &len);
	ACME_WHY(alpn == NULL || span_is(span_at(agreed, len), alpn), ACME_TLS,
		"RFC 8737 3: the server did not agree on the protocol %s", alpn);
	return ACME_OK;
}

enum problem
tls_peer_open(int fd, const char *sni, const char *alpn, int64_t deadline, struct tls_peer *out)
{
	*out = (struct tls_peer){.fd = fd};
	ERR_clear_error();
	const enum problem a = open_checked(out, sni, alpn, deadline);

	if (a != ACME_OK)
		tls_peer_free(out);
	return a;
}

void
tls_peer_free(struct tls_peer *t)
{
	SSL_free(t->ssl);
	SSL_CTX_free(t->context);
	if (t->fd >= 0)
		(void)close(t->fd);
	*t = (struct tls_peer){.fd = -1};
	ERR_clear_error();
}

enum problem
tls_peer_read(struct tls_peer *t, void *bytes, size_t len, int64_t deadline, size_t *done)
{
	*done = 0;
	for (;;) {
		const int result = SSL_read_ex(t->ssl, bytes, len, done);

		if (result == 1)
			return ACME_OK;
		const int why = SSL_get_error(t->ssl, result);

		/* many servers close without saying so in TLS; what they sent is judged by itself */
		if (why == SSL_ERROR_ZERO_RETURN || why == SSL_ERROR_SYSCALL || why == SSL_ERROR_SSL) {
			ERR_clear_error();
			*done = 0;
			return ACME_OK;
		}
		ACME_TRY(again(t, result, deadline, "reading"));
	}
}

enum problem
tls_peer_write(struct tls_peer *t, struct span bytes, int64_t deadline)
{
	while (bytes.len > 0) {
		size_t done = 0;
		const int result = SSL_write_ex(t->ssl, bytes.ptr, bytes.len, &done);

		if (result != 1)
			ACME_TRY(again(t, result, deadline, "writing"));
		bytes = span_at(bytes.ptr + done, bytes.len - done);
	}
	return ACME_OK;
}
