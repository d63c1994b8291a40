#include "ca/acme/dns.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"

enum { TRIES = 3, TRY_MICROSECONDS = 2000000, UDP_SIZE = 1232, HEADER_LEN = 12 };

struct query {
	ldns_pkt *packet;
	uint8_t *wire;
	size_t len;
};

static void
query_free(struct query *q)
{
	if (q->packet != NULL)
		ldns_pkt_free(q->packet);
	free(q->wire);
}

static enum problem
query_make(const char *name, ldns_rr_type type, struct query *q)
{
	ldns_rdf *question = ldns_dname_new_frm_str(name);
	uint8_t id[2];

	*q = (struct query){0};
	ACME_WHY(question != NULL, ACME_DNS, "%.100s: not a name of DNS", name);
	q->packet = ldns_pkt_query_new(question, type, LDNS_RR_CLASS_IN, LDNS_RD); /* takes question */
	if (q->packet == NULL) {
		ldns_rdf_deep_free(question);
		return ACME_UNAVAILABLE;
	}
	random_bytes(id, sizeof(id));
	ldns_pkt_set_id(q->packet, (uint16_t)(id[0] << 8 | id[1]));
	ldns_pkt_set_edns_udp_size(q->packet, UDP_SIZE);
	return ldns_pkt2wire(&q->wire, q->packet, &q->len) == LDNS_STATUS_OK ? ACME_OK : ACME_UNAVAILABLE;
}

/* Is it the answer to this very question? Anybody can send a packet to a port. */
static bool
answers(const struct query *q, const ldns_pkt *answer)
{
	const ldns_rr_list *asked = ldns_pkt_question(q->packet), *told = ldns_pkt_question(answer);

	if (!ldns_pkt_qr(answer) || ldns_pkt_id(answer) != ldns_pkt_id(q->packet) || ldns_rr_list_rr_count(told) != 1)
		return false;
	const ldns_rr *a = ldns_rr_list_rr(asked, 0), *b = ldns_rr_list_rr(told, 0);

	return ldns_rr_get_type(a) == ldns_rr_get_type(b) && ldns_rr_get_class(a) == ldns_rr_get_class(b) &&
		ldns_dname_compare(ldns_rr_owner(a), ldns_rr_owner(b)) == 0;
}

/* NULL: not one. */
static ldns_pkt *
read_answer(const struct query *q, const uint8_t *bytes, size_t len)
{
	ldns_pkt *answer = NULL;

	if (len < HEADER_LEN || ldns_wire2pkt(&answer, bytes, len) != LDNS_STATUS_OK)
		return NULL;
	if (answers(q, answer))
		return answer;
	ldns_pkt_free(answer);
	return NULL;
}

/* One try: what comes that is not the answer is passed over until its time is up. */
static ldns_pkt *
hear(const struct query *q, int fd, int64_t until)
{
	uint8_t bytes[4096];

	while (reach_wait(fd, false, until) == ACME_OK) {
		const ssize_t len = recv(fd, bytes, sizeof(bytes), 0);

		if (len < 0 && errno != EAGAIN && errno != EINTR)
			return NULL; /* nobody listens there */
		ldns_pkt *answer = len > 0 ? read_answer(q, bytes, (size_t)len) : NULL;

		if (answer != NULL)
			return answer;
	}
	return NULL;
}

static enum problem
ask_udp(const struct reach_policy *p, const struct query *q, int64_t deadline, ldns_pkt **out)
{
	struct sockaddr_storage to;
	socklen_t len;

	address_socket(&p->resolver, p->resolver_port, &to, &len);
	*out = NULL;
	for (int i = 0; i < TRIES && *out == NULL && reach_left(deadline) > 0; i++) {
		const int64_t own = clock_ticks() + TRY_MICROSECONDS;
		const int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		ACME_WHY(fd >= 0, ACME_DNS, "%s", strerror(errno));
		if (connect(fd, (const struct sockaddr *)&to, len) == 0 &&
			send(fd, q->wire, q->len, 0) == (ssize_t)q->len)
			*out = hear(q, fd, own < deadline ? own : deadline);
		(void)close(fd);
	}
	ACME_WHY(*out != NULL, ACME_DNS, "the resolver does not answer");
	return ACME_OK;
}

/* ---- TCP (RFC 7766): a length of two bytes before each message ---- */

static enum problem
send_all(int fd, const uint8_t *bytes, size_t len, int64_t deadline)
{
	while (len > 0) {
		const ssize_t done = send(fd, bytes, len, MSG_NOSIGNAL);

		ACME_WHY(done >= 0 || errno == EAGAIN, ACME_DNS, "the resolver: %s", strerror(errno));
		if (done < 0)
			ACME_TRY(reach_wait(fd, true, deadline));
		else
			bytes += done, len -= (size_t)done;
	}
	return ACME_OK;
}

static enum problem
receive_all(int fd, uint8_t *bytes, size_t len, int64_t deadline)
{
	while (len > 0) {
		ACME_TRY(reach_wait(fd, false, deadline));
		const ssize_t done = recv(fd, bytes, len, 0);

		ACME_WHY(done > 0 || (done < 0 && errno == EAGAIN), ACME_DNS, "the resolver closed the connection");
		if (done > 0)
			bytes += done, len -= (size_t)done;
	}
	return ACME_OK;
}

static enum problem
exchange_tcp(int fd, const struct query *q, int64_t deadline, ldns_pkt **out)
{
	const uint8_t length[2] = {(uint8_t)(q->len >> 8), (uint8_t)q->len};
	uint8_t told[2], *bytes;

	ACME_TRY(send_all(fd, length, sizeof(length), deadline));
	ACME_TRY(send_all(fd, q->wire, q->len, deadline));
	ACME_TRY(receive_all(fd, told, sizeof(told), deadline));
	const size_t len = (size_t)told[0] << 8 | told[1];

	bytes = malloc(len + 1);
	ACME_WHY(bytes != NULL, ACME_UNAVAILABLE, "memory");
	enum problem a = receive_all(fd, bytes, len, deadline);

	*out = a == ACME_OK ? read_answer(q, bytes, len) : NULL;
	free(bytes);
	ACME_TRY(a);
	ACME_WHY(*out != NULL, ACME_DNS, "what the resolver says is no answer to what it was asked");
	return ACME_OK;
}

static enum problem
ask_tcp(const struct reach_policy *p, const struct query *q, int64_t deadline, ldns_pkt **out)
{
	const struct reach_addresses resolver = {.rows = {p->resolver}, .count = 1};
	int fd;

	ACME_WHY(reach_connect(&resolver, p->resolver_port, deadline, &fd) == ACME_OK, ACME_DNS,
		"the resolver takes no connection, and its answer is too long without");
	const enum problem a = exchange_tcp(fd, q, deadline, out);

	(void)close(fd);
	return a;
}

static enum problem
ask(const struct reach_policy *p, const struct query *q, int64_t deadline, ldns_pkt **out)
{
	ACME_TRY(ask_udp(p, q, deadline, out));
	if (!ldns_pkt_tc(*out))
		return ACME_OK;
	ldns_pkt_free(*out);
	*out = NULL;
	return ask_tcp(p, q, deadline, out);
}

enum problem
dns_ask(const struct reach_policy *p, const char *name, ldns_rr_type type, int64_t deadline, ldns_pkt **out)
{
	struct query q;
	enum problem a = query_make(name, type, &q);

	*out = NULL;
	if (a == ACME_OK)
		a = ask(p, &q, deadline, out);
	query_free(&q);
	ACME_TRY(a);
	const ldns_pkt_rcode code = ldns_pkt_get_rcode(*out);

	if (code == LDNS_RCODE_NOERROR || code == LDNS_RCODE_NXDOMAIN)
		return ACME_OK;
	ldns_pkt_free(*out);
	*out = NULL;
	ACME_WHY(false, ACME_DNS, "%.100s: the resolver answers with error %d", name, (int)code);
}
