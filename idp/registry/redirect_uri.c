#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "idp/registry/registry.h"

enum { MAX_REDIRECT = 2000 };

/* Host, without port; an IPv6 address keeps its brackets. Zero length: none. */
static struct span
host_of(const char *authority, size_t len)
{
	const char *end = authority;

	if (len > 0 && authority[0] == '[') {
		end = memchr(authority, ']', len);
		return end != NULL ? span_at(authority, (size_t)(end + 1 - authority)) : span_at(authority, 0);
	}
	end = memchr(authority, ':', len);
	return span_at(authority, end != NULL ? (size_t)(end - authority) : len);
}

/* RFC 1123 2.1: labels of letters, digits and hyphens between single dots (other scripts come as xn--); or an IPv6 address. */
static bool
host_is_good(struct span host)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
	const char *const text = (const char *)host.ptr;
	size_t label = 0;

	if (host.len > 2 && text[0] == '[')
		return strspn(text + 1, "0123456789abcdefABCDEF:.") == host.len - 2;
	for (size_t i = 0; i < host.len; i++) {
		if (text[i] == '.' ? label == 0 : strchr(letters, text[i]) == NULL)
			return false;
		label = text[i] == '.' ? 0 : label + 1;
	}
	return label > 0;
}

/* RFC 3986 3.3: a segment of one or two dots names another path than it says. */
static bool
path_is_good(const char *path)
{
	const size_t len = strlen(path);

	return strstr(path, "/..") == NULL && strstr(path, "/./") == NULL && strcasestr(path, "%2f") == NULL &&
		strcasestr(path, "%2e") == NULL && (len < 2 || strcmp(path + len - 2, "/.") != 0);
}

/* RFC 6761 6.3: names under localhost are this machine's. */
static bool
is_loopback(struct span host)
{
	static const char suffix[] = ".localhost";
	const size_t n = sizeof(suffix) - 1;

	return span_is(host, "localhost") || span_is(host, "127.0.0.1") || span_is(host, "[::1]") ||
		(host.len > n && memcmp(host.ptr + host.len - n, suffix, n) == 0);
}

static bool
port_is_good(const char *after_host, size_t len)
{
	return len == 0 ||
		(after_host[0] == ':' && len >= 2 && len <= 6 && strspn(after_host + 1, "0123456789") >= len - 1);
}

static bool
characters_are_good(const char *uri)
{
	for (const char *c = uri; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~' || strchr("#\\@\"<>^`{|}*", *c) != NULL)
			return false;
	return true;
}

bool
redirect_acceptable(const char *uri)
{
	const bool https = strncmp(uri, "https://", 8) == 0, http = strncmp(uri, "http://", 7) == 0;
	const char *authority = uri + (https ? 8 : 7);
	struct span host;
	size_t len;

	if ((!https && !http) || strlen(uri) > MAX_REDIRECT || !characters_are_good(uri))
		return false;
	len = strcspn(authority, "/?");
	host = host_of(authority, len);
	if (!host_is_good(host) || !port_is_good(authority + host.len, len - host.len) ||
		!path_is_good(authority + len))
		return false;
	return https || is_loopback(host);
}
