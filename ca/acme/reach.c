#include "ca/acme/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { DNS_PORT = 53, MAX_RESOLV_CONF = 64 << 10 };
static const char resolv_conf[] = "/etc/resolv.conf";
static const char between[] = " ,\t";

static enum err
read_port(const char *text, uint16_t *out)
{
	char *end;
	const unsigned long n = strtoul(text, &end, 10);

	REQUIRE(text[0] >= '1' && text[0] <= '9' && *end == '\0' && n <= 65535, ERR_MALFORMED);
	*out = (uint16_t)n;
	return ERR_OK;
}

/* The first "nameserver ADDRESS" (resolv.conf(5)). */
static enum err
read_system_resolver(struct reach_policy *out)
{
	AUTO(writer) text = writer_new(MAX_RESOLV_CONF);
	char *line, *rest;

	out->resolver_port = DNS_PORT;
	TRY(file_read(resolv_conf, MAX_RESOLV_CONF, &text));
	rest = (char *)text.ptr;
	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
		char word[16], address[64];

		if (sscanf(line, " %15s %63s", word, address) == 2 && strcmp(word, "nameserver") == 0 &&
			address_read(span_of(address), &out->resolver) == ERR_OK) {
			err_forget();
			return ERR_OK;
		}
	}
	return err_because(ERR_CONFIG, "%s names no resolver; the setting acme_resolver can", resolv_conf);
}

enum err
reach_resolver_read(const char *text, struct reach_policy *out)
{
	const char *colon = strrchr(text, ':'), *start = text;
	size_t len;

	if (text[0] == '\0')
		return read_system_resolver(out);
	len = colon != NULL ? (size_t)(colon - text) : 0;
	if (len > 1 && text[0] == '[' && text[len - 1] == ']') {
		start++;
		len -= 2;
	}
	if (colon == NULL || address_read(span_at(start, len), &out->resolver) != ERR_OK ||
		read_port(colon + 1, &out->resolver_port) != ERR_OK)
		return err_because(ERR_CONFIG,
			"acme_resolver: '%.100s' is not ADDRESS:PORT, such as 192.0.2.53:53 or [2001:db8::53]:53",
			text);
	return ERR_OK;
}

static enum err
read_host(struct span text, struct reach_policy *out)
{
	const uint8_t *equals = memchr(text.ptr, '=', text.len);
	const size_t len = equals != NULL ? (size_t)(equals - text.ptr) : 0;
	struct reach_host *host = &out->hosts[out->host_count];

	REQUIRE_WHY(len > 0 && len <= MAX_HOST_NAME &&
			address_read(span_at(equals + 1, text.len - len - 1), &host->address) == ERR_OK,
		ERR_CONFIG, "acme_hosts: '%.*s' is not NAME=ADDRESS", (int)text.len, (const char *)text.ptr);
	memcpy(host->name, text.ptr, len);
	host->name[len] = '\0';
	out->host_count++;
	return ERR_OK;
}

enum err
reach_hosts_read(const char *text, struct reach_policy *out)
{
	out->host_count = 0;
	for (text += strspn(text, between); *text != '\0'; text += strspn(text, between)) {
		const size_t len = strcspn(text, between);

		REQUIRE_WHY(out->host_count < MAX_HOSTS, ERR_CONFIG, "acme_hosts: more than %d names", MAX_HOSTS);
		TRY(read_host(span_at(text, len), out));
		text += len;
	}
	return ERR_OK;
}

int
reach_left(int64_t deadline)
{
	const int64_t left = (deadline - clock_ticks()) / 1000;

	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

enum problem
reach_wait(int fd, bool write, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = write ? POLLOUT : POLLIN};
	int ready;

	do
		ready = poll(&p, 1, reach_left(deadline));
	while (ready < 0 && errno == EINTR);
	ACME_WHY(ready == 1, ACME_CONNECTION, "no answer within %d s", REACH_SECONDS);
	return ACME_OK;
}

/* Non-blocking from the start: nothing that the other side does or leaves undone holds a worker beyond the deadline. */
static enum problem
connect_one(const struct address *a, uint16_t port, int64_t deadline, int *out)
{
	struct sockaddr_storage to;
	socklen_t len, size = sizeof(int);
	int failed = 0;

	address_socket(a, port, &to, &len);
	const int fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ACME_WHY(fd >= 0, ACME_CONNECTION, "%s", strerror(errno));
	if (connect(fd, (const struct sockaddr *)&to, len) != 0)
		failed = errno;
	if (failed == EINPROGRESS)
		failed = reach_wait(fd, true, deadline) != ACME_OK                  ? ETIMEDOUT
			: getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) == 0 ? failed
										    : errno;
	if (failed == 0) {
		*out = fd;
		return ACME_OK;
	}
	(void)close(fd);
	ACME_WHY(false, ACME_CONNECTION, "%s", strerror(failed));
}

enum problem
reach_connect(const struct reach_addresses *a, uint16_t port, int64_t deadline, int *fd)
{
	char text[ADDRESS_TEXT_LEN + 1] = "";

	for (size_t i = 0; i < a->count; i++) {
		/* the last one may take all that is left */
		const int64_t share = i + 1 == a->count ? deadline : clock_ticks() + (deadline - clock_ticks()) / 2;

		if (connect_one(&a->rows[i], port, share, fd) == ACME_OK)
			return ACME_OK;
		address_text(&a->rows[i], text);
	}
	char why[128];

	(void)snprintf(why, sizeof(why), "%s", err_why());
	ACME_WHY(false, ACME_CONNECTION, "%s port %u: %s", text, port, why);
}
