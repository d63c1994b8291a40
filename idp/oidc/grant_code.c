#include <string.h>

#include "idp/oidc/authorization.h"
#include "idp/oidc/grant.h"
#include "idp/store/record.h"
#include "idp/store/store.h"

/* What is handed in, checked in form. */
struct redemption {
	const char *redirect_uri;
	struct sha256 code;
	uint8_t verifier[PKCE_LEN];
};

static enum err
decode(const struct request *request, struct redemption *out, const char **code)
{
	const char *text = request_form(request, "code"), *verifier = request_form(request, "code_verifier");

	out->redirect_uri = request_form(request, "redirect_uri");
	OAUTH_REQUIRE(text != NULL, OAUTH_INVALID_REQUEST, ERR_MALFORMED, "RFC 6749 4.1.3: code is missing");
	OAUTH_REQUIRE(out->redirect_uri != NULL, OAUTH_INVALID_REQUEST, ERR_MALFORMED,
		"RFC 6749 4.1.3: redirect_uri is missing");
	OAUTH_REQUIRE(verifier != NULL, OAUTH_INVALID_GRANT, ERR_MISMATCH, "RFC 7636 4.5: code_verifier is missing");
	OAUTH_REQUIRE(pkce_hash(verifier, out->verifier) == ERR_OK, OAUTH_INVALID_GRANT, ERR_MISMATCH,
		"RFC 7636 4.1: code_verifier has a wrong form");
	out->code = sha256_of(span_of(text));
	return ERR_OK;
}

/* The statement took nothing: burn the code if it is the caller's, revoke what a replayed one has begotten (RFC 6749 4.1.2), and say why. */
static enum err
autopsy(struct idp *d, const struct client_auth *auth, const struct redemption *r)
{
	const struct db_param p[] = {db_bytes(sha256_span(&r->code)), db_time(clock_now(&d->clock)),
		db_text(auth->client->row.id)};
	AUTO(autopsy_row) row = {0};
	static const struct uuid none;
	enum err e;

	e = db_pool_one(d->db, ST_CODE_AUTOPSY, p, &row);
	if (e == ERR_NOT_FOUND)
		return err_because(ERR_MISMATCH, "RFC 6749 5.2: unknown code");
	TRY(e);
	REQUIRE_WHY(strcmp(row.client, auth->client->row.id) == 0, ERR_MISMATCH,
		"RFC 6749 4.1.3: the code is another client's");
	if (row.used) {
		if (memcmp(&row.family, &none, sizeof(none)) != 0)
			TRY(family_revoke(d, &row.family, "its code was used again"));
		return err_because(ERR_USED, "RFC 6749 4.1.2: code already used");
	}
	REQUIRE_WHY(!row.expired, ERR_EXPIRED, "RFC 6749 4.1.2: code expired");
	return err_because(ERR_MISMATCH,
		"RFC 6749 4.1.3, RFC 7636 4.6: redirect_uri, code_verifier or session do not match, or the assertion was used before");
}

static enum err
redeem(struct idp *d, const struct client_auth *auth, const struct redemption *r, struct fresh_tokens *t,
	struct grant_row *row)
{
	const bool refresh = json_texts_have(&auth->client->row.grants, "refresh_token");
	const unix_time now = clock_now(&d->clock);
	AUTO(event) event = {0};
	enum err e;

	tokens_fresh(t);
	TRY(token_event(d, "token.issued", auth->client, &t->family, &r->code, &event));
	struct db_param p[12 + EVENT_PARAM_COUNT] = {
		db_bytes(sha256_span(&r->code)),
		db_text(auth->client->row.id),
		db_text(r->redirect_uri),
		db_bytes(span_at(r->verifier, PKCE_LEN)),
		db_time(now),
		db_uuid(&t->family),
		db_bytes(sha256_span(&t->access_hash)),
		db_time(now + ACCESS_SECONDS),
		db_bytes(refresh ? sha256_span(&t->refresh_hash) : (struct span){NULL, 0}),
		db_time(now + REFRESH_SECONDS),
		client_auth_jti(auth),
		client_auth_jti_until(auth),
	};
	record_params(&event, p + 12);
	e = db_pool_one(d->db, ST_CODE_REDEEM, p, row);
	return e == ERR_NOT_FOUND ? autopsy(d, auth, r) : e;
}

static enum err
exchange(struct idp *d, const struct request *request, struct reply *reply, const struct client_auth *auth,
	const char **code)
{
	struct redemption r;
	struct fresh_tokens t;
	AUTO(grant_row) row = {0};
	enum err e;

	TRY(decode(request, &r, code));
	*code = OAUTH_INVALID_GRANT;
	TRY(redeem(d, auth, &r, &t, &row));
	e = grant_answer(d, reply, auth->client, &row, &t);
	if (e == ERR_EXPIRED) /* the tokens were never handed out */
		TRY(family_revoke(d, &row.family, "the session's level had sunk"));
	return e;
}

const struct grant grant_code = {"authorization_code", exchange};
