#include "ca/acme/identifier.h"

#include <stdio.h>
#include <string.h>

#include "ca/acme/network.h"

enum { MAX_LABEL = 63 };

static bool
label_ok(const char *label, size_t len)
{
	if (len == 0 || len > MAX_LABEL || label[0] == '-' || label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-", label[i]) == NULL)
			return false;
	return true;
}

/* The last label of a host name has a letter, or it would be read as an address. */
static bool
host_ok(const char *name)
{
	const char *label = name;

	if (strlen(name) > MAX_DNS_NAME)
		return false;
	for (;;) {
		const size_t len = strcspn(label, ".");

		if (!label_ok(label, len))
			return false;
		if (label[len] == '\0')
			return strspn(label, "0123456789") != len;
		label += len + 1;
	}
}

static bool
lower(const char *value, char *out, size_t room)
{
	const size_t len = strlen(value);

	if (len >= room)
		return false;
	for (size_t i = 0; i <= len; i++)
		out[i] = (char)(value[i] >= 'A' && value[i] <= 'Z' ? value[i] + ('a' - 'A') : value[i]);
	return true;
}

static enum problem
read_dns(const char *value, struct identifier *out)
{
	out->wildcard = strncmp(value, "*.", 2) == 0;
	ACME_WHY(lower(value + (out->wildcard ? 2 : 0), out->name, sizeof(out->name)) && host_ok(out->name),
		ACME_REJECTED_IDENTIFIER, "RFC 8555 7.1.4: '%.80s' is no host name", value);
	return ACME_OK;
}

static enum problem
read_ip(const char *value, struct identifier *out)
{
	struct address a;
	char text[ADDRESS_TEXT_LEN + 1];

	ACME_WHY(address_read(span_of(value), &a) == ERR_OK, ACME_REJECTED_IDENTIFIER,
		"RFC 8738 3: '%.80s' is no IP address", value);
	address_text(&a, text);
	ACME_WHY(strcmp(text, value) == 0, ACME_REJECTED_IDENTIFIER, "RFC 8738 3: write '%.80s' as %s", value, text);
	(void)snprintf(out->name, sizeof(out->name), "%s", text);
	out->is_ip = true;
	return ACME_OK;
}

enum problem
identifier_read(const char *type, const char *value, struct identifier *out)
{
	*out = (struct identifier){0};
	if (strcmp(type, "dns") == 0)
		return read_dns(value, out);
	if (strcmp(type, "ip") == 0)
		return read_ip(value, out);
	ACME_WHY(false, ACME_UNSUPPORTED_IDENTIFIER, "RFC 8555 9.7.7: identifiers are dns or ip here, not '%.40s'",
		type);
}

const char *
identifier_type(const struct identifier *i)
{
	return i->is_ip ? "ip" : "dns";
}

void
identifier_text(const struct identifier *i, char out[MAX_IDENTIFIER_TEXT + 1])
{
	(void)snprintf(out, MAX_IDENTIFIER_TEXT + 1, "%s:%s%s", identifier_type(i), i->wildcard ? "*." : "", i->name);
}

enum err
identifier_parse(const char *text, struct identifier *out)
{
	const char *colon = strchr(text, ':');
	char type[8];

	REQUIRE(colon != NULL && (size_t)(colon - text) < sizeof(type), ERR_CORRUPT);
	memcpy(type, text, (size_t)(colon - text));
	type[colon - text] = '\0';
	return identifier_read(type, colon + 1, out) == ACME_OK ? ERR_OK : ERR_CORRUPT;
}

void
identifier_sni(const struct identifier *i, char out[MAX_DNS_NAME + 81])
{
	struct address a;
	size_t at = 0;

	if (!i->is_ip || address_read(span_of(i->name), &a) != ERR_OK) {
		(void)snprintf(out, MAX_DNS_NAME + 81, "%s", i->name);
		return;
	}
	if (address_is_v4(&a)) {
		(void)snprintf(out, MAX_DNS_NAME + 81, "%u.%u.%u.%u.in-addr.arpa", a.bytes[15], a.bytes[14],
			a.bytes[13], a.bytes[12]);
		return;
	}
	for (int n = ADDRESS_LEN - 1; n >= 0; n--)
		at += (size_t)snprintf(out + at, MAX_DNS_NAME + 81 - at, "%x.%x.", a.bytes[n] & 15u, a.bytes[n] >> 4);
	(void)snprintf(out + at, MAX_DNS_NAME + 81 - at, "ip6.arpa");
}

static bool
is_network(const char *text, struct network *out)
{
	const bool yes = network_read(span_of(text), out) == ERR_OK;

	if (!yes)
		err_forget();
	return yes;
}

enum err
grant_check(const char *text)
{
	struct network n;

	REQUIRE_WHY(is_network(text, &n) || host_ok(text), ERR_MALFORMED,
		"'%.80s' is neither a host name in lower case (land.example.gov: itself and what is under it) nor a network (192.0.2.0/24)",
		text);
	return ERR_OK;
}

static bool
grant_allows(const char *grant, const struct identifier *i)
{
	const size_t name = strlen(i->name), suffix = strlen(grant);
	struct network n;
	struct address a;

	if (i->is_ip)
		return is_network(grant, &n) && address_read(span_of(i->name), &a) == ERR_OK && network_has(&n, &a);
	return name >= suffix && strcmp(i->name + name - suffix, grant) == 0 &&
		(name == suffix || i->name[name - suffix - 1] == '.');
}

enum problem
grants_allow(const struct json_list *grants, const struct identifier *i)
{
	AUTO(writer) all = writer_new(MAX_GRANTS * (MAX_DNS_NAME + 2));

	for (size_t n = 0; n < grants->count; n++)
		if (grant_allows(json_text_at(grants, n), i))
			return ACME_OK;
	for (size_t n = 0; n < grants->count; n++)
		writer_format(&all, "%s%s", n > 0 ? ", " : "", json_text_at(grants, n));
	ACME_WHY(false, ACME_REJECTED_IDENTIFIER, "'%s' is not this agency's to order; its names are %.160s", i->name,
		(const char *)writer_span(&all).ptr);
}
