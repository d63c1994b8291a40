#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ca/acme/challenge.h"
#include "ca/acme/http_answer.h"
#include "ca/acme/tls_peer.h"

enum { MAX_HOPS = 4, HTTP_PORT = 80, HTTPS_PORT = 443, HTTP_OK = 200 };

/* ---- one request ---- */

/* A connection, in clear or by TLS. */
struct line {
	bool is_tls;
	int fd;
	struct tls_peer tls;
	int64_t deadline;
};

static enum problem
line_write(struct line *l, struct span bytes)
{
	if (l->is_tls)
		return tls_peer_write(&l->tls, bytes, l->deadline);
	while (bytes.len > 0) {
		const ssize_t done = send(l->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

		if (done < 0 && errno == EAGAIN)
			ACME_TRY(reach_wait(l->fd, true, l->deadline));
		else
			ACME_WHY(done >= 0, ACME_CONNECTION, "%s", strerror(errno));
		if (done > 0)
			bytes = span_at(bytes.ptr + done, bytes.len - (size_t)done);
	}
	return ACME_OK;
}

/* *done 0: the other side has closed. */
static enum problem
line_read(struct line *l, void *bytes, size_t len, size_t *done)
{
	ssize_t got;

	if (l->is_tls)
		return tls_peer_read(&l->tls, bytes, len, l->deadline, done);
	while ((got = recv(l->fd, bytes, len, 0)) < 0 && errno == EAGAIN)
		ACME_TRY(reach_wait(l->fd, false, l->deadline));
	ACME_WHY(got >= 0, ACME_CONNECTION, "%s", strerror(errno));
	*done = (size_t)got;
	return ACME_OK;
}

static void
line_close(struct line *l)
{
	if (l->is_tls)
		tls_peer_free(&l->tls);
	else
		(void)close(l->fd);
}

static enum problem
line_open(const struct http_place *at, const struct reach_policy *p, int64_t deadline, struct line *out)
{
	struct reach_addresses addresses;
	struct address is_address;
	const uint16_t port = at->port != 0 ? at->port : at->tls ? p->tls_port : p->http_port;

	*out = (struct line){.is_tls = at->tls, .deadline = deadline};
	ACME_TRY(reach_resolve(p, at->host, deadline, &addresses));
	ACME_TRY(reach_connect(&addresses, port, deadline, &out->fd));
	if (!at->tls)
		return ACME_OK;
	const bool named = address_read(span_of(at->host), &is_address) != ERR_OK;

	err_forget();
	return tls_peer_open(out->fd, named ? at->host : NULL, NULL, deadline, &out->tls);
}

static enum problem
ask(struct line *l, const struct http_place *at)
{
	AUTO(writer) request = writer_new(4 << 10);

	writer_format(&request,
		"GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: mohar-cad (RFC 8555 8.3)\r\nAccept: */*\r\n"
		"Connection: close\r\n\r\n",
		at->target, at->authority);
	ACME_ERR(writer_done(&request));
	return line_write(l, writer_span(&request));
}

/* Reads until the answer is whole, or the other side closes, or it gets too long. */
static enum problem
hear(struct line *l, uint8_t bytes[MAX_HTTP_ANSWER], struct http_answer *out)
{
	size_t len = 0, done;
	bool more = true;

	for (;;) {
		ACME_WHY(len < MAX_HTTP_ANSWER, ACME_INCORRECT_RESPONSE, "the answer is longer than %d bytes",
			MAX_HTTP_ANSWER);
		ACME_TRY(line_read(l, bytes + len, MAX_HTTP_ANSWER - len, &done));
		len += done;
		ACME_TRY(http_answer_read(span_at(bytes, len), out, &more));
		if (done == 0 || (!more && out->complete))
			break;
	}
	ACME_WHY(!more, ACME_INCORRECT_RESPONSE, "the answer ended before its head did");
	return ACME_OK;
}

static enum problem
fetch(const struct http_place *at, const struct reach_policy *p, int64_t deadline, uint8_t bytes[MAX_HTTP_ANSWER],
	struct http_answer *out)
{
	struct line l;

	ACME_TRY(line_open(at, p, deadline, &l));
	enum problem a = ask(&l, at);

	if (a == ACME_OK)
		a = hear(&l, bytes, out);
	line_close(&l);
	return a;
}

/* ---- the challenge (RFC 8555 8.3) ---- */

static bool
is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Redirects lead to the ports of http and https, and nowhere else: ours is not a port scanner. */
static enum problem
check_port(const struct http_place *at, const struct reach_policy *p)
{
	ACME_WHY(at->port == 0 || at->port == HTTP_PORT || at->port == HTTPS_PORT || at->port == p->http_port ||
			at->port == p->tls_port,
		ACME_INCORRECT_RESPONSE, "the redirect leads to port %u; only those of http and https are followed",
		at->port);
	return ACME_OK;
}

static enum problem
judge(const struct http_answer *answer, const struct challenge *c, const struct http_place *at)
{
	struct span body = answer->body;

	ACME_WHY(answer->status == HTTP_OK, ACME_INCORRECT_RESPONSE, "http://%.100s%.100s answers %d", at->authority,
		at->target, answer->status);
	while (body.len > 0 && strchr(" \t\r\n", body.ptr[body.len - 1]) != NULL && body.ptr[body.len - 1] != 0)
		body.len--;
	ACME_WHY(span_is(body, c->key_authorization), ACME_INCORRECT_RESPONSE,
		"RFC 8555 8.3: %zu bytes at http://%.100s%.80s are not this challenge's", body.len, at->authority,
		at->target);
	return ACME_OK;
}

enum problem
challenge_http(const struct challenge *c, const struct reach_policy *p, int64_t deadline)
{
	const bool v6 = strchr(c->name.name, ':') != NULL;
	uint8_t bytes[MAX_HTTP_ANSWER];
	struct http_answer answer;
	struct http_place at = {0}, next;

	(void)snprintf(at.host, sizeof(at.host), "%s", c->name.name);
	(void)snprintf(at.authority, sizeof(at.authority), "%s%s%s", v6 ? "[" : "", c->name.name, v6 ? "]" : "");
	(void)snprintf(at.target, sizeof(at.target), "/.well-known/acme-challenge/%s", c->token);
	for (int hops = 0; hops <= MAX_HOPS; hops++) {
		ACME_TRY(fetch(&at, p, deadline, bytes, &answer));
		if (!is_redirect(answer.status))
			return judge(&answer, c, &at);
		ACME_TRY(http_place_read(answer.location, &at, &next));
		ACME_TRY(check_port(&next, p));
		at = next;
	}
	ACME_WHY(false, ACME_INCORRECT_RESPONSE, "more than %d redirects, one after the other", MAX_HOPS);
}
