#include <stddef.h>
#include <string.h>

#include "idp/oidc/client_auth.h"
#include "idp/oidc/lifetimes.h"

enum { MAX_JTI = 256 };

static const struct json_row assertion_rows[] = {
	{"iss", JSON_TEXT, JSON_OPTIONAL, offsetof(struct assertion, iss), 0, 255, NULL, 0},
	{"sub", JSON_TEXT, JSON_OPTIONAL, offsetof(struct assertion, sub), 0, 255, NULL, 0},
	{"jti", JSON_TEXT, JSON_OPTIONAL, offsetof(struct assertion, jti), 0, MAX_JTI, NULL, 0},
	{"aud", JSON_RAW, JSON_OPTIONAL, offsetof(struct assertion, aud), 0, 0, NULL, 0},
	{"exp", JSON_INT, JSON_OPTIONAL, offsetof(struct assertion, exp), 0, 0, NULL,
		offsetof(struct assertion, has_exp)},
	{"nbf", JSON_INT, JSON_OPTIONAL, offsetof(struct assertion, nbf), 0, 0, NULL,
		offsetof(struct assertion, has_nbf)},
	{"iat", JSON_INT, JSON_OPTIONAL, offsetof(struct assertion, iat), 0, 0, NULL,
		offsetof(struct assertion, has_iat)},
};
const struct json_table assertion_table = {"client assertion", assertion_rows,
	sizeof(assertion_rows) / sizeof(assertion_rows[0]), sizeof(struct assertion), true};

/* The one value of aud, whether it came as a text or as a list of one. */
struct audience {
	char *text;
	struct json_list list;
};
static const struct json_row text_rows[] = {
	{"aud", JSON_TEXT, JSON_REQUIRED, offsetof(struct audience, text), 0, 0, NULL, 0}};
static const struct json_row list_rows[] = {
	{"aud", JSON_TEXTS, JSON_REQUIRED, offsetof(struct audience, list), 0, 8, NULL, 0}};
static const struct json_table text_table = {"audience", text_rows, 1, sizeof(struct audience), false};
static const struct json_table list_table = {"audience", list_rows, 1, sizeof(struct audience), false};

static bool
is_one_of(const char *text, const char *const *wanted)
{
	for (; *wanted != NULL; wanted++)
		if (strcmp(text, *wanted) == 0)
			return true;
	return false;
}

static bool
audience_is(const char *aud, const char *const *wanted)
{
	const struct json_table *table = aud[0] == '[' ? &list_table : &text_table;
	AUTO(writer) w = writer_new(MAX_JSON);
	struct audience a;
	bool good;

	writer_format(&w, "{\"aud\":%s}", aud);
	if (writer_done(&w) != ERR_OK || json_decode(writer_span(&w), table, &a) != ERR_OK)
		return false;
	good = aud[0] == '[' ? a.list.count == 1 && is_one_of(json_text_at(&a.list, 0), wanted)
			     : is_one_of(a.text, wanted);
	json_free(table, &a);
	return good;
}

enum err
assertion_check(const struct assertion *a, const char *client_id, const char *const *audiences, unix_time now)
{
	const struct jwt_times times = {a->exp, a->nbf, a->iat, a->has_exp, a->has_nbf, a->has_iat};

	REQUIRE_WHY(a->iss != NULL && strcmp(a->iss, client_id) == 0, ERR_UNAUTHENTICATED,
		"RFC 7523 3: iss is not the client");
	REQUIRE_WHY(a->sub != NULL && strcmp(a->sub, client_id) == 0, ERR_UNAUTHENTICATED,
		"RFC 7523 3: sub is not the client");
	REQUIRE_WHY(a->aud != NULL && audience_is(a->aud, audiences), ERR_UNAUTHENTICATED,
		"RFC 7523 3: aud is not this server");
	REQUIRE_WHY(a->has_exp, ERR_UNAUTHENTICATED, "RFC 7523 3: exp is missing");
	REQUIRE_WHY(jwt_times_check(&times, now, ASSERTION_LEEWAY_SECONDS, true) == ERR_OK, ERR_UNAUTHENTICATED,
		"RFC 7523 3: expired, or not valid yet");
	REQUIRE_WHY(a->exp - now <= MAX_ASSERTION_SECONDS + ASSERTION_LEEWAY_SECONDS, ERR_UNAUTHENTICATED,
		"RFC 7523 3: exp is more than %d s ahead", MAX_ASSERTION_SECONDS);
	REQUIRE_WHY(a->jti != NULL && a->jti[0] != '\0', ERR_UNAUTHENTICATED, "OpenID Connect Core 9: jti is missing");
	return ERR_OK;
}
