#include "webauthn/clientdata.h"

#include <string.h>

#include "base/encode.h"
#include "json/quick.h"

enum { MAX_TYPE = 32, MAX_CHALLENGE_TEXT = 1024, MAX_ORIGIN = 1024 };

struct clientdata {
	char *type, *challenge, *origin, *top_origin;
	bool cross_origin;
};

static const struct json_row rows[] = {
	{"type", JSON_TEXT, JSON_REQUIRED, offsetof(struct clientdata, type), .max = MAX_TYPE},
	{"challenge", JSON_TEXT, JSON_REQUIRED, offsetof(struct clientdata, challenge), .max = MAX_CHALLENGE_TEXT},
	{"origin", JSON_TEXT, JSON_REQUIRED, offsetof(struct clientdata, origin), .max = MAX_ORIGIN},
	{"crossOrigin", JSON_BOOL, JSON_OPTIONAL, offsetof(struct clientdata, cross_origin), .present = 0},
	{"topOrigin", JSON_TEXT, JSON_OPTIONAL, offsetof(struct clientdata, top_origin), .max = MAX_ORIGIN},
};

static const struct json_table table = {
	.what = "client data",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.size = sizeof(struct clientdata),
	.open = true,
};

static void
clientdata_free(struct clientdata *c)
{
	json_free(&table, c);
}

static bool
listed(const char *const *list, const char *text)
{
	for (; list != NULL && *list != NULL; list++)
		if (strcmp(*list, text) == 0)
			return true;
	return false;
}

static enum err
check_challenge(const char *text, struct span expected)
{
	AUTO(writer) wanted = writer_new(MAX_CHALLENGE_TEXT);

	REQUIRE(expected.len > 0, ERR_MISMATCH);
	base64url_write(&wanted, expected);
	TRY(writer_done(&wanted));
	REQUIRE_WHY(span_is(writer_span(&wanted), text), ERR_MISMATCH,
		"WebAuthn 5.8.1: the challenge is not the one that was issued");
	return ERR_OK;
}

static enum err
check_frame(const struct clientdata *c, const char *const *top_origins)
{
	const bool expected = top_origins != NULL && *top_origins != NULL;

	if (!c->cross_origin) {
		REQUIRE_WHY(c->top_origin == NULL, ERR_MISMATCH, "WebAuthn 5.8.1: topOrigin without crossOrigin");
		return ERR_OK;
	}
	REQUIRE_WHY(expected, ERR_MISMATCH, "WebAuthn 5.8.1: crossOrigin, but no frame around this page is expected");
	REQUIRE_WHY(c->top_origin == NULL || listed(top_origins, c->top_origin), ERR_MISMATCH,
		"WebAuthn 5.8.1: topOrigin '%s' is not expected", c->top_origin);
	return ERR_OK;
}

enum err
clientdata_check(struct span json, const char *type, const struct webauthn_expect *expect)
{
	AUTO(clientdata) c = {0};

	REQUIRE_WHY(json.len <= MAX_CLIENT_DATA, ERR_TOO_LONG, "WebAuthn 5.8.1: client data over %d bytes",
		MAX_CLIENT_DATA);
	TRY(quick_decode(json, &table, &c));
	REQUIRE_WHY(strcmp(c.type, type) == 0, ERR_MISMATCH, "WebAuthn 5.8.1: type '%s' where %s belongs", c.type,
		type);
	TRY(check_challenge(c.challenge, expect->challenge));
	REQUIRE_WHY(listed(expect->origins, c.origin), ERR_MISMATCH, "WebAuthn 5.8.1: origin '%s' is not ours",
		c.origin);
	return check_frame(&c, expect->top_origins);
}
