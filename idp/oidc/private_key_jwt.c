#include <stdio.h>
#include <string.h>

#include "idp/oidc/client_auth.h"
#include "idp/oidc/lifetimes.h"

#define JWT_BEARER "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" /* RFC 7523 2.2 */

static bool
offered(const struct request *request)
{
	return request_form(request, "client_assertion") != NULL ||
		request_form(request, "client_assertion_type") != NULL;
}

static enum err
decode(const struct jws *j, struct assertion *out)
{
	REQUIRE_WHY(json_decode(span_at(j->payload.ptr, j->payload.len), &assertion_table, out) == ERR_OK,
		ERR_UNAUTHENTICATED, "RFC 7523 3: the assertion is not a JWT");
	return ERR_OK;
}

/* Whose assertion does it claim to be? Nothing is believed yet but where to look for a key. */
static enum err
find_claimed(struct idp *d, struct span text, struct client **out)
{
	AUTO(jws) j = {0};
	struct assertion a;
	enum err e;

	REQUIRE_WHY(jws_parse(text, &j) == ERR_OK, ERR_UNAUTHENTICATED, "RFC 7523 3: the assertion is not a JWS");
	TRY(decode(&j, &a));
	e = a.sub != NULL ? client_find(d, a.sub, out) : ERR_NOT_FOUND;
	json_free(&assertion_table, &a);
	return e == ERR_NOT_FOUND ? err_because(ERR_UNAUTHENTICATED, "RFC 6749 5.2: unknown client") : e;
}

/* FAPI 2.0 5.3.2.1 wants the issuer; a policy of "endpoint" also takes the addresses that RFC 7523 3 and RFC 9126 2 allow. */
static enum err
check_claims(struct idp *d, const struct request *request, const struct jws *j, struct client_auth *out)
{
	const bool endpoint = strcmp(d->settings.assertion_audience, "endpoint") == 0;
	char here[ADDRESS_ROOM], token[ADDRESS_ROOM];
	const char *audiences[] = {d->settings.issuer, endpoint ? here : NULL, token, NULL};
	struct assertion a;
	enum err e;

	snprintf(here, sizeof(here), "%s%s", d->settings.issuer, request_path(request));
	snprintf(token, sizeof(token), "%s/token", d->settings.issuer);
	TRY(decode(j, &a));
	e = assertion_check(&a, out->client->row.id, audiences, clock_now(&d->clock));
	if (e == ERR_OK) {
		out->has_jti = true;
		out->jti = sha256_of(span_of(a.jti));
		out->jti_until = a.exp + ASSERTION_LEEWAY_SECONDS + 1;
	}
	json_free(&assertion_table, &a);
	return e;
}

static enum err
check(struct idp *d, const struct request *request, struct client_auth *out)
{
	const char *type = request_form(request, "client_assertion_type");
	const char *text = request_form(request, "client_assertion");
	AUTO(jws) j = {0};

	REQUIRE_WHY(type != NULL && strcmp(type, JWT_BEARER) == 0 && text != NULL, ERR_UNAUTHENTICATED,
		"RFC 7523 2.2: client_assertion of type jwt-bearer is wanted");
	TRY(find_claimed(d, span_of(text), &out->client));
	REQUIRE_WHY(out->client->keys != NULL, ERR_UNAUTHENTICATED, "this client has no keys registered");
	REQUIRE_WHY(jws_verify(span_of(text), out->client->keys, NULL, &j) == ERR_OK, ERR_UNAUTHENTICATED,
		"RFC 7523 3: the assertion's signature is not by a registered key of this client");
	return check_claims(d, request, &j, out);
}

const struct client_method client_method_jwt = {"private_key_jwt", offered, check};
