#include <stdlib.h>
#include <string.h>

#include "oidc/keys.h"
#include "signer/access/access.h"

/* RFC 9068 2.2, as far as it is looked at. */
struct claims {
	char *iss, *aud, *client, *scope, *agency;
	int64_t exp, iat;
};

static const struct json_row claim_rows[] = {
	{"iss", JSON_TEXT, JSON_REQUIRED, offsetof(struct claims, iss), 0, 512, NULL, 0},
	{"aud", JSON_TEXT, JSON_REQUIRED, offsetof(struct claims, aud), 0, 512, NULL, 0},
	{"client_id", JSON_TEXT, JSON_REQUIRED, offsetof(struct claims, client), 0, 128, NULL, 0},
	{"scope", JSON_TEXT, JSON_OPTIONAL, offsetof(struct claims, scope), 0, 512, NULL, 0},
	{"agency", JSON_TEXT, JSON_OPTIONAL, offsetof(struct claims, agency), 0, 64, NULL, 0},
	{"exp", JSON_INT, JSON_REQUIRED, offsetof(struct claims, exp), 0, 0, NULL, 0},
	{"iat", JSON_INT, JSON_REQUIRED, offsetof(struct claims, iat), 0, 0, NULL, 0},
};
static const struct json_table claim_table = {"access token", claim_rows, sizeof(claim_rows) / sizeof(claim_rows[0]),
	sizeof(struct claims), true};

static bool
scope_has(const char *scope, const char *word)
{
	const size_t len = strlen(word);

	for (const char *at = scope; at != NULL && *at != '\0'; at = strchr(at, ' '), at += at != NULL)
		if (strncmp(at, word, len) == 0 && (at[len] == '\0' || at[len] == ' '))
			return true;
	return false;
}

static enum err
claims_check(const struct claims *c, const struct signer *s, const char *scope)
{
	const struct jwt_times times = {.exp = c->exp, .has_exp = true, .iat = c->iat, .has_iat = true};

	REQUIRE_WHY(strcmp(c->iss, s->settings.issuer) == 0, ERR_UNAUTHENTICATED, "RFC 9068 4: iss is another issuer");
	REQUIRE_WHY(strcmp(c->aud, s->settings.url) == 0, ERR_UNAUTHENTICATED, "RFC 9068 4: aud is not this service");
	if (jwt_times_check(&times, clock_now(&s->clock), 5, true) != ERR_OK)
		return err_because(ERR_UNAUTHENTICATED, "RFC 9068 4: the access token has expired");
	REQUIRE_WHY(scope_has(c->scope, scope), ERR_REFUSED, "RFC 6750 3.1: insufficient_scope, %s is needed", scope);
	REQUIRE_WHY(c->agency != NULL, ERR_REFUSED, "this client speaks for no agency");
	return ERR_OK;
}

void
access_free(struct access **a)
{
	if (*a == NULL)
		return;
	free((*a)->client);
	free((*a)->agency);
	free(*a);
	*a = NULL;
}

static void
access_free_attached(void *thing)
{
	struct access *a = thing;

	access_free(&a);
}

static enum err
attach(struct request *request, const struct claims *c)
{
	AUTO(access) *a = calloc(1, sizeof(*a));

	REQUIRE(a != NULL, ERR_NO_MEMORY);
	TRY(span_text(span_of(c->client), &a->client));
	TRY(span_text(span_of(c->agency), &a->agency));
	request_attach(request, a, access_free_attached);
	a = NULL;
	return ERR_OK;
}

static enum err
verified(struct signer *s, const char *token, const char *scope, struct request *request)
{
	AUTO(jws) j = {0};
	struct claims c;
	enum err e = oidc_keys_verify(s->issuer, span_of(token), "at+jwt", &j);

	if (e != ERR_OK && e != ERR_UNAVAILABLE)
		return err_because(ERR_UNAUTHENTICATED, "RFC 6750 3.1: invalid_token");
	TRY(e);
	TRY(json_decode(span_at(j.payload.ptr, j.payload.len), &claim_table, &c));
	e = claims_check(&c, s, scope);
	if (e == ERR_OK)
		e = attach(request, &c);
	json_free(&claim_table, &c);
	return e;
}

static enum err
check(void *daemon, const char *scope, struct request *request, struct reply *reply)
{
	const char *token;
	enum err e = request_bearer(request, &token);

	if (e == ERR_OK)
		e = verified(daemon, token, scope, request);
	if (e == ERR_UNAUTHENTICATED)
		reply_header(reply, "WWW-Authenticate", "Bearer error=\"invalid_token\"");
	if (e == ERR_REFUSED)
		reply_headerf(reply, "WWW-Authenticate", "Bearer error=\"insufficient_scope\", scope=\"%s\"", scope);
	return e;
}

enum err
access_request_key(const struct request *request, const char **key)
{
	*key = request_header(request, "Idempotency-Key");
	REQUIRE_WHY(*key == NULL || (**key != '\0' && strlen(*key) <= 128), ERR_MALFORMED,
		"Idempotency-Key: 1 to 128 characters");
	return ERR_OK;
}

static enum err
check_decisions(void *daemon, struct request *request, struct reply *reply)
{
	return check(daemon, "decisions", request, reply);
}

static enum err
check_signatures(void *daemon, struct request *request, struct reply *reply)
{
	return check(daemon, "signatures", request, reply);
}

const struct http_guard SIGNER_AGENCY = {"agency", check_decisions};
const struct http_guard SIGNER_AGENCY_SIGNATURES = {"agency", check_signatures};
