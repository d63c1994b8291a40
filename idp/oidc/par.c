#include <stdio.h>
#include <string.h>

#include "idp/oidc/authorization.h"
#include "idp/oidc/client_auth.h"
#include "idp/oidc/endpoints.h"
#include "idp/oidc/lifetimes.h"
#include "idp/store/store.h"

static enum err
read_form(const struct request *request, struct authorization_text *out)
{
	for (size_t i = 0; i < authorization_text_table.count; i++) {
		const struct json_row *row = &authorization_text_table.rows[i];
		const char *value = request_form(request, row->name);

		if (value != NULL && value[0] != '\0')
			TRY(span_text(span_of(value), (char **)((char *)out + row->offset)));
	}
	return ERR_OK;
}

/* RFC 9126 2.1: everything that /authorize would check is checked now, where the client can be told. */
static enum err
check(struct idp *d, const struct client *c, struct authorization_text *text, struct authorization *out,
	const char **code)
{
	OAUTH_REQUIRE(text->request_uri == NULL, OAUTH_INVALID_REQUEST, ERR_MALFORMED,
		"RFC 9126 2.1: request_uri must not be pushed");
	OAUTH_REQUIRE(redirect_registered(c, text->redirect_uri), OAUTH_INVALID_REQUEST, ERR_MISMATCH,
		"RFC 9700 2.1: redirect_uri is not registered, byte for byte");
	return authorization_check(text, c, &d->assurance, d->claims, true, out, code);
}

static enum err
store(struct idp *d, const struct client_auth *auth, const struct authorization *a, const char *request_uri)
{
	const struct sha256 hash = sha256_of(span_of(request_uri));
	AUTO(writer) json = writer_new(MAX_AUTHORIZATION);
	size_t stored = 0;

	TRY(authorization_text_write(&a->text, &json));
	const struct db_param p[] = {
		db_bytes(sha256_span(&hash)),
		db_text(auth->client->row.id),
		db_json(writer_span(&json)),
		db_time(clock_now(&d->clock) + PAR_SECONDS),
		client_auth_jti(auth),
		client_auth_jti_until(auth),
	};
	TRY(db_pool_run(d->db, ST_PAR_ADD, p, &stored));
	REQUIRE_WHY(stored == 1, ERR_UNAUTHENTICATED, "RFC 7523 3: the assertion's jti was used before");
	return ERR_OK;
}

static void
answer(struct reply *reply, const char *request_uri)
{
	struct json_writer j;

	reply_status(reply, 201);
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "request_uri", request_uri);
	json_int(&j, "expires_in", PAR_SECONDS);
	json_object_end(&j);
}

static enum err
push(struct idp *d, const struct request *request, struct reply *reply, const struct client_auth *auth,
	struct authorization_text *text, const char **code)
{
	AUTO(authorization) a = {0};
	char token[TOKEN_TEXT_LEN + 1], request_uri[128];

	TRY(read_form(request, text));
	TRY(check(d, auth->client, text, &a, code));
	random_token(token);
	snprintf(request_uri, sizeof(request_uri), "urn:ietf:params:oauth:request_uri:%s", token); /* RFC 9126 2.2 */
	*code = OAUTH_INVALID_CLIENT;
	TRY(store(d, auth, &a, request_uri));
	answer(reply, request_uri);
	return ERR_OK;
}

enum err
par_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(client_auth) auth = {0};
	AUTO(authorization_text) text = {0};
	const char *code = OAUTH_INVALID_REQUEST;
	enum err e;

	e = client_authenticate(d, request, &auth, &code);
	if (e == ERR_OK)
		e = push(d, request, reply, &auth, &text, &code);
	if (e != ERR_OK)
		oauth_refuse(reply, "par", e, code, auth.client != NULL ? auth.client->row.id : NULL);
	return ERR_OK;
}
