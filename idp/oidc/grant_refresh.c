#include <string.h>

#include "idp/oidc/authorization.h"
#include "idp/oidc/grant.h"
#include "idp/store/record.h"
#include "idp/store/store.h"

/* RFC 9700 4.14.2: a refresh token that comes a second time is a stolen one, whoever brings it: the whole family ends. */
static enum err
autopsy(struct idp *d, const struct client_auth *auth, const struct sha256 *hash, bool narrowing, const char **code)
{
	const struct db_param p[] = {db_bytes(sha256_span(hash)), db_time(clock_now(&d->clock))};
	AUTO(autopsy_row) row = {0};
	enum err e;

	e = db_pool_one(d->db, ST_REFRESH_AUTOPSY, p, &row);
	if (e == ERR_NOT_FOUND)
		return err_because(ERR_MISMATCH, "RFC 6749 5.2: unknown refresh token");
	TRY(e);
	REQUIRE_WHY(strcmp(row.client, auth->client->row.id) == 0, ERR_MISMATCH,
		"RFC 6749 5.2: the refresh token is another client's");
	if (row.used) {
		TRY(family_revoke(d, &row.family, "a refresh token was used again"));
		return err_because(ERR_USED, "RFC 9700 4.14.2: refresh token already used; its family is revoked");
	}
	REQUIRE_WHY(!row.revoked && !row.expired, ERR_EXPIRED,
		"RFC 6749 5.2: refresh token revoked or expired, or its person is frozen");
	*code = narrowing ? OAUTH_INVALID_SCOPE : OAUTH_INVALID_CLIENT;
	return err_because(narrowing ? ERR_MISMATCH : ERR_UNAUTHENTICATED,
		narrowing ? "RFC 6749 6: scope exceeds what was granted, or the assertion was used before"
			  : "RFC 7523 3: the assertion's jti was used before");
}

static enum err
redeem(struct idp *d, const struct client_auth *auth, const struct sha256 *hash, const struct json_list *scopes,
	struct fresh_tokens *t, struct grant_row *row, const char **code)
{
	const unix_time now = clock_now(&d->clock);
	struct db_param asked = db_texts(scopes);
	AUTO(event) event = {0};
	enum err e;

	asked.null = scopes->count == 0;
	tokens_fresh(t);
	TRY(token_event(d, "token.refreshed", auth->client, NULL, hash, &event));
	struct db_param p[10 + EVENT_PARAM_COUNT] = {
		db_bytes(sha256_span(hash)),
		db_text(auth->client->row.id),
		asked,
		db_time(now),
		db_bytes(sha256_span(&t->access_hash)),
		db_time(now + ACCESS_SECONDS),
		db_bytes(sha256_span(&t->refresh_hash)),
		db_time(now + REFRESH_SECONDS),
		client_auth_jti(auth),
		client_auth_jti_until(auth),
	};
	record_params(&event, p + 10);
	e = db_pool_one(d->db, ST_REFRESH_REDEEM, p, row);
	return e == ERR_NOT_FOUND ? autopsy(d, auth, hash, scopes->count > 0, code) : e;
}

static enum err
exchange(struct idp *d, const struct request *request, struct reply *reply, const struct client_auth *auth,
	const char **code)
{
	const char *token = request_form(request, "refresh_token"), *scope = request_form(request, "scope");
	struct json_list scopes = {0};
	struct fresh_tokens t;
	AUTO(grant_row) row = {0};
	struct sha256 hash;
	enum err e;

	OAUTH_REQUIRE(token != NULL, OAUTH_INVALID_REQUEST, ERR_MALFORMED, "RFC 6749 6: refresh_token is missing");
	OAUTH_REQUIRE(scope == NULL || words_split(scope, &scopes) == ERR_OK, OAUTH_INVALID_SCOPE, ERR_MALFORMED,
		"RFC 6749 3.3: scope is not a list");
	*code = OAUTH_INVALID_GRANT;
	hash = sha256_of(span_of(token));
	e = redeem(d, auth, &hash, &scopes, &t, &row, code);
	words_free(&scopes);
	TRY(e);
	e = grant_answer(d, reply, auth->client, &row, &t);
	if (e == ERR_EXPIRED)
		TRY(family_revoke(d, &row.family, "the session's level had sunk"));
	return e;
}

const struct grant grant_refresh = {"refresh_token", exchange};
