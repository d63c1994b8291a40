#include "http/exchange.h"

#include <string.h>
#include <strings.h>

#include "base/encode.h"

enum { MAX_AUTHORIZATION = 4096 };

/* What follows the scheme; ERR_UNAUTHENTICATED without such a header or with another scheme. */
static enum err
credentials_of(const struct request *r, const char *scheme, const char **out)
{
	const char *header = request_header(r, "Authorization");
	const size_t len = strlen(scheme);

	REQUIRE_WHY(header != NULL && strncasecmp(header, scheme, len) == 0 && header[len] == ' ', ERR_UNAUTHENTICATED,
		"RFC 9110 11.6.2: no %s credentials in Authorization", scheme);
	header += len;
	header += strspn(header, " ");
	REQUIRE_WHY(strlen(header) <= MAX_AUTHORIZATION, ERR_TOO_LONG, "Authorization longer than %d bytes",
		MAX_AUTHORIZATION);
	*out = header;
	return ERR_OK;
}

static enum err
decode_part(struct arena *arena, struct span part, const char **out)
{
	char *to = arena_take(arena, part.len + 1);
	size_t len;

	REQUIRE(to != NULL, ERR_NO_MEMORY);
	TRY(percent_read(part, true, to, &len));
	*out = to;
	return ERR_OK;
}

enum err
request_basic(const struct request *r, const char **user, const char **password)
{
	struct arena *arena = (struct arena *)(uintptr_t)&r->arena;
	const char *text, *colon;
	size_t len;
	char *pair;

	TRY(credentials_of(r, "Basic", &text));
	pair = arena_take(arena, strlen(text) + 1);
	REQUIRE(pair != NULL, ERR_NO_MEMORY);
	TRY(base64_read(span_of(text), (uint8_t *)pair, strlen(text), &len));
	colon = memchr(pair, ':', len);
	REQUIRE_WHY(colon != NULL && colon != pair, ERR_MALFORMED,
		"RFC 7617 2: no user-id and colon in the credentials");
	TRY(decode_part(arena, span_at(pair, (size_t)(colon - pair)), user));
	return decode_part(arena, span_at(colon + 1, len - (size_t)(colon + 1 - pair)), password);
}

/* RFC 6750 2.1: b64token */
static bool
is_b64token(const char *text)
{
	const size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/");

	return len > 0 && text[len + strspn(text + len, "=")] == '\0';
}

enum err
request_bearer(const struct request *r, const char **token)
{
	const char *text;

	TRY(credentials_of(r, "Bearer", &text));
	REQUIRE_WHY(is_b64token(text), ERR_MALFORMED, "RFC 6750 2.1: not a b64token");
	*token = text;
	return ERR_OK;
}
