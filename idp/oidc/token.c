#include <string.h>

#include "idp/oidc/authorization.h"
#include "idp/oidc/endpoints.h"
#include "idp/oidc/grant.h"
#include "idp/store/record.h"
#include "idp/store/store.h"

static const struct grant *const grants[] = {&grant_code, &grant_refresh, &grant_service};

void
tokens_fresh(struct fresh_tokens *t)
{
	t->family = uuid_random();
	random_token(t->access);
	random_token(t->refresh);
	t->access_hash = sha256_of(span_of(t->access));
	t->refresh_hash = sha256_of(span_of(t->refresh));
}

void
token_reply(struct reply *reply, const char *access, const char *id_token, const char *refresh,
	const struct json_list *scopes)
{
	AUTO(writer) scope = writer_new(4096);
	struct json_writer j;

	reply_header(reply, "Pragma", "no-cache"); /* RFC 6749 5.1 */
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "access_token", access);
	json_text(&j, "token_type", "Bearer");
	json_int(&j, "expires_in", ACCESS_SECONDS);
	json_text(&j, "refresh_token", refresh);
	json_text(&j, "id_token", id_token);
	if (words_join(scopes, &scope) == ERR_OK)
		json_span(&j, "scope", writer_span(&scope));
	json_object_end(&j);
}

enum err
token_event(const struct idp *d, const char *type, const struct client *c, const struct uuid *family,
	const struct sha256 *grant, struct event *out)
{
	AUTO(writer) w = writer_new(MAX_ENTRY);
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	struct json_writer j = json_to(&w);

	json_object(&j, NULL);
	json_text(&j, "client", c->row.id);
	if (family != NULL) {
		uuid_write(&id, family);
		json_span(&j, "family", writer_span(&id));
	}
	if (grant != NULL)
		json_hex(&j, "grant", sha256_span(grant));
	json_object_end(&j);
	TRY(writer_done(&w));
	return record_make(out, type, LOG_TREE_PRIVATE, clock_now(&d->clock), SPAN(""), writer_span(&w));
}

enum err
family_revoke(struct idp *d, const struct uuid *family, const char *why)
{
	const unix_time now = clock_now(&d->clock);
	struct db_param p[2 + EVENT_PARAM_COUNT] = {db_uuid(family), db_time(now)};
	AUTO(writer) w = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&w);
	AUTO(event) event = {0};
	struct uuid_row row;
	enum err e;

	json_object(&j, NULL);
	json_text(&j, "why", why);
	json_object_end(&j);
	TRY(writer_done(&w));
	TRY(record_make(&event, "token.revoked", LOG_TREE_PRIVATE, now, SPAN(""), writer_span(&w)));
	record_params(&event, p + 2);
	e = db_pool_one(d->db, ST_FAMILY_REVOKE, p, &row);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err
exchange(struct idp *d, const struct request *request, struct reply *reply, const struct client_auth *auth,
	const char **code)
{
	const char *type = request_form(request, "grant_type");

	OAUTH_REQUIRE(type != NULL, OAUTH_INVALID_REQUEST, ERR_MALFORMED, "RFC 6749 5.2: grant_type is missing");
	for (size_t i = 0; i < sizeof(grants) / sizeof(grants[0]); i++)
		if (strcmp(grants[i]->type, type) == 0) {
			OAUTH_REQUIRE(json_texts_have(&auth->client->row.grants, type), OAUTH_UNAUTHORIZED_CLIENT,
				ERR_REFUSED, "RFC 6749 5.2: this client is not registered for this grant");
			return grants[i]->exchange(d, request, reply, auth, code);
		}
	*code = OAUTH_UNSUPPORTED_GRANT_TYPE;
	return err_because(ERR_UNSUPPORTED, "RFC 6749 5.2: this grant_type is not offered");
}

enum err
token_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(client_auth) auth = {0};
	const char *code = OAUTH_INVALID_REQUEST;
	enum err e;

	e = client_authenticate(d, request, &auth, &code);
	if (e == ERR_OK)
		e = exchange(d, request, reply, &auth, &code);
	if (e != ERR_OK)
		oauth_refuse(reply, "token", e, code, auth.client != NULL ? auth.client->row.id : NULL);
	return ERR_OK;
}
