#include "ca/acme/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/reader.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
enum { MAPPED_BITS = 96, MAX_BITS = 128 };

/* Blocks of RFC 6890's registries. never: no setting opens them. */
static const struct block {
	const char *network, *what;
	bool never;
} blocks[] = {
	{"0.0.0.0/8", "'this network'", true},
	{"10.0.0.0/8", "private", false},
	{"100.64.0.0/10", "shared", false},
	{"127.0.0.0/8", "loopback", false},
	{"169.254.169.254/32", "a cloud's metadata", false},
	{"169.254.0.0/16", "link-local", false},
	{"172.16.0.0/12", "private", false},
	{"192.0.0.0/24", "protocol assignments", false},
	{"192.0.2.0/24", "documentation", false},
	{"192.88.99.0/24", "relay anycast", false},
	{"192.168.0.0/16", "private", false},
	{"198.18.0.0/15", "benchmark", false},
	{"198.51.100.0/24", "documentation", false},
	{"203.0.113.0/24", "documentation", false},
	{"224.0.0.0/4", "multicast", true},
	{"240.0.0.0/4", "reserved or broadcast", true},
	{"::/128", "unspecified", true},
	{"::1/128", "loopback", false},
	{"::/96", "IPv4-compatible", false},
	{"64:ff9b::/96", "translated IPv4", false},
	{"64:ff9b:1::/48", "translated IPv4", false},
	{"100::/64", "discard", true},
	{"2001::/23", "protocol assignments and tunnels", false},
	{"2001:db8::/32", "documentation", false},
	{"2002::/16", "tunnelled IPv4", false},
	{"3fff::/20", "documentation", false},
	{"5f00::/16", "segment routing", false},
	{"fc00::/7", "private", false},
	{"fd00:ec2::254/128", "a cloud's metadata", false},
	{"fe80::/10", "link-local", false},
	{"fec0::/10", "site-local", false},
	{"ff00::/8", "multicast", true},
};

enum err
address_read(struct span text, struct address *out)
{
	char copy[ADDRESS_TEXT_LEN + 1];
	struct in_addr v4;

	REQUIRE_WHY(text.len > 0 && text.len < sizeof(copy) && memchr(text.ptr, 0, text.len) == NULL, ERR_MALFORMED,
		"not an IP address");
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, &v4) == 1) {
		memcpy(out->bytes, mapped, sizeof(mapped));
		memcpy(out->bytes + sizeof(mapped), &v4, sizeof(v4));
		return ERR_OK;
	}
	REQUIRE_WHY(inet_pton(AF_INET6, copy, out->bytes) == 1, ERR_MALFORMED, "'%s' is no IP address", copy);
	return ERR_OK;
}

bool
address_is_v4(const struct address *a)
{
	return memcmp(a->bytes, mapped, sizeof(mapped)) == 0;
}

void
address_text(const struct address *a, char out[ADDRESS_TEXT_LEN + 1])
{
	const char *made = address_is_v4(a) ? inet_ntop(AF_INET, a->bytes + sizeof(mapped), out, ADDRESS_TEXT_LEN + 1)
					    : inet_ntop(AF_INET6, a->bytes, out, ADDRESS_TEXT_LEN + 1);

	if (made == NULL)
		out[0] = '\0';
}

void
address_socket(const struct address *a, uint16_t port, struct sockaddr_storage *out, socklen_t *len)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	memset(out, 0, sizeof(*out));
	if (address_is_v4(a)) {
		memcpy(&v4.sin_addr, a->bytes + sizeof(mapped), sizeof(v4.sin_addr));
		memcpy(out, &v4, sizeof(v4));
		*len = sizeof(v4);
	} else {
		memcpy(&v6.sin6_addr, a->bytes, sizeof(v6.sin6_addr));
		memcpy(out, &v6, sizeof(v6));
		*len = sizeof(v6);
	}
}

static bool
bit(const struct address *a, unsigned n)
{
	return (a->bytes[n / 8] >> (7 - n % 8) & 1) != 0;
}

static enum err
read_prefix(struct span text, unsigned most, unsigned *out)
{
	unsigned n = 0;

	REQUIRE_WHY(text.len > 0 && text.len <= 3, ERR_MALFORMED, "a network is ADDRESS/BITS");
	for (size_t i = 0; i < text.len; i++) {
		REQUIRE_WHY(text.ptr[i] >= '0' && text.ptr[i] <= '9', ERR_MALFORMED, "a network is ADDRESS/BITS");
		n = 10 * n + (unsigned)(text.ptr[i] - '0');
	}
	REQUIRE_WHY(n <= most, ERR_MALFORMED, "a network of %u bits; such an address has %u", n, most);
	*out = n;
	return ERR_OK;
}

enum err
network_read(struct span text, struct network *out)
{
	const uint8_t *slash = text.len > 0 ? memchr(text.ptr, '/', text.len) : NULL;
	const size_t len = slash != NULL ? (size_t)(slash - text.ptr) : text.len;
	struct network n = {.prefix = MAX_BITS};

	TRY(address_read(span_at(text.ptr, len), &n.base));
	const unsigned above = address_is_v4(&n.base) ? MAPPED_BITS : 0;

	if (slash != NULL) {
		TRY(read_prefix(span_at(slash + 1, text.len - len - 1), MAX_BITS - above, &n.prefix));
		n.prefix += above;
	}
	for (unsigned i = n.prefix; i < MAX_BITS; i++)
		REQUIRE_WHY(!bit(&n.base, i), ERR_MALFORMED, "'%.*s' has bits beyond its prefix", (int)text.len,
			(const char *)text.ptr);
	*out = n;
	return ERR_OK;
}

bool
network_has(const struct network *n, const struct address *a)
{
	for (unsigned i = 0; i < n->prefix; i++)
		if (bit(&n->base, i) != bit(a, i))
			return false;
	return true;
}

bool
network_within(const struct network *a, const struct network *b)
{
	return b->prefix >= a->prefix && network_has(a, &b->base);
}

enum err
networks_read(const char *text, struct networks *out)
{
	static const char between[] = " ,\t";

	out->count = 0;
	for (text += strspn(text, between); *text != '\0'; text += strspn(text, between)) {
		const size_t len = strcspn(text, between);

		REQUIRE_WHY(out->count < MAX_NETWORKS, ERR_CONFIG, "acme_networks: more than %d networks",
			MAX_NETWORKS);
		if (network_read(span_at(text, len), &out->rows[out->count]) != ERR_OK)
			return err_because(ERR_CONFIG,
				"acme_networks: '%.*s' is no network; wanted are such as 10.0.0.0/8 or ::/0", (int)len,
				text);
		out->count++;
		text += len;
	}
	return ERR_OK;
}

/* Is a network listed that has the address and lies in block (NULL: any)? */
static bool
listed(const struct networks *n, const struct address *a, const struct network *block)
{
	for (size_t i = 0; i < n->count; i++)
		if (network_has(&n->rows[i], a) && (block == NULL || network_within(block, &n->rows[i])))
			return true;
	return false;
}

enum err
networks_allow(const struct networks *n, const struct address *a)
{
	char text[ADDRESS_TEXT_LEN + 1];

	address_text(a, text);
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		struct network block;

		TRY(network_read(span_of(blocks[i].network), &block));
		if (!network_has(&block, a))
			continue;
		REQUIRE_WHY(!blocks[i].never, ERR_REFUSED, "%s is %s: it is never called", text, blocks[i].what);
		REQUIRE_WHY(listed(n, a, &block), ERR_REFUSED,
			"%s is %s: acme_networks must list it by a network in %s", text, blocks[i].what,
			blocks[i].network);
	}
	REQUIRE_WHY(listed(n, a, NULL), ERR_REFUSED, "%s is in no network of acme_networks", text);
	return ERR_OK;
}
