#include <string.h>

#include "base/digest.h"
#include "idp/idp.h"
#include "idp/oidc/claims.h"
#include "idp/oidc/endpoints.h"
#include "idp/oidc/oauth.h"
#include "idp/store/store.h"

static enum err
find(struct idp *d, const char *token, struct access_row *out)
{
	const struct sha256 hash = sha256_of(span_of(token));
	const struct db_param p[] = {db_bytes(sha256_span(&hash)), db_time(clock_now(&d->clock))};
	const enum err e = db_pool_one(d->db, ST_ACCESS_FIND, p, out);

	return e == ERR_NOT_FOUND ? err_because(ERR_UNAUTHENTICATED, "RFC 6750 3.1: unknown, expired or revoked token")
				  : e;
}

static enum err
answer(struct idp *d, struct reply *reply, const struct access_row *row)
{
	const struct claims_source source = {row->name, row->birthdate, row->gender, row->offices};
	struct json_writer j;

	REQUIRE_WHY(json_texts_have(&row->scopes, "openid"), ERR_UNAUTHENTICATED,
		"OpenID Connect Core 5.3: the token has no scope openid");
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "sub", row->sub);
	claims_write(&j, d->claims, &row->scopes, false, &source);
	json_object_end(&j);
	return ERR_OK;
}

enum err
userinfo_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(access_row) row = {0};
	const char *token = NULL;
	enum err e;

	if (request_header(request, "Authorization") ==
		NULL) { /* RFC 6750 3: no error code where nothing was tried; a token in the query is nothing */
		reply_status(reply, 401);
		reply_header(reply, "WWW-Authenticate", "Bearer");
		return ERR_OK;
	}
	e = request_bearer(request, &token);
	if (e == ERR_OK)
		e = find(d, token, &row);
	if (e == ERR_OK)
		e = answer(d, reply, &row);
	if (e != ERR_OK)
		oauth_refuse(reply, "userinfo", e, OAUTH_INVALID_TOKEN, row.client);
	return ERR_OK;
}
