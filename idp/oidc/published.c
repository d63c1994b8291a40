#include "idp/oidc/published.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "idp/oidc/claims.h"
#include "idp/oidc/endpoints.h"
#include "jose/jose.h"

enum { PUBLISHED_CACHE_SECONDS = 300, MAX_DOCUMENT = 64 << 10 };

static void
endpoint(struct json_writer *j, const char *name, const char *issuer, const char *path)
{
	char address[2 * ADDRESS_ROOM];

	snprintf(address, sizeof(address), "%s%s", issuer, path);
	json_text(j, name, address);
}

static void
texts(struct json_writer *j, const char *name, const char *const *list)
{
	json_array(j, name);
	for (; *list != NULL; list++)
		json_text(j, NULL, *list);
	json_array_end(j);
}

static void
endpoints_write(struct json_writer *j, const char *issuer)
{
	json_text(j, "issuer", issuer);
	endpoint(j, "authorization_endpoint", issuer, "/authorize");
	endpoint(j, "pushed_authorization_request_endpoint", issuer, "/par");
	endpoint(j, "token_endpoint", issuer, "/token");
	endpoint(j, "userinfo_endpoint", issuer, "/userinfo");
	endpoint(j, "jwks_uri", issuer, "/jwks");
	endpoint(j, "revocation_endpoint", issuer, "/revoke");
	endpoint(j, "end_session_endpoint", issuer, "/end_session");
}

static void
policies_write(struct json_writer *j, const struct assurance_policy *assurance, const struct claims_policy *claims)
{
	const struct claims_row *scopes = claims->scopes.items;
	const struct assurance_row *levels = assurance->levels.items;

	json_array(j, "scopes_supported");
	for (size_t i = 0; i < claims->scopes.count; i++)
		json_text(j, NULL, scopes[i].scope);
	json_array_end(j);
	json_array(j, "acr_values_supported");
	for (size_t i = 0; i < assurance->levels.count; i++) {
		json_text(j, NULL, levels[i].acr);
		for (size_t k = 0; k < levels[i].aliases.count; k++)
			json_text(j, NULL, json_text_at(&levels[i].aliases, k));
	}
	json_array_end(j);
	texts(j, "claims_supported", claims_supported);
}

void
discovery_write(struct writer *w, const char *issuer, const struct assurance_policy *assurance,
	const struct claims_policy *claims, const char *const *ui_locales)
{
	static const char *const code[] = {"code", NULL}, *const query[] = {"query", NULL},
				 *const s256[] = {"S256", NULL}, *const es256[] = {"ES256", NULL};
	static const char *const pairwise[] = {"pairwise", NULL},
				 *const prompts[] = {"none", "login", "consent", "select_account", NULL};
	static const char *const grants[] = {"authorization_code", "refresh_token", "client_credentials", NULL};
	static const char *const methods[] = {"client_secret_basic", "private_key_jwt", "none", NULL};
	static const char *const algorithms[] = {"ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA", NULL};
	struct json_writer j = json_to(w);

	json_object(&j, NULL);
	endpoints_write(&j, issuer);
	texts(&j, "response_types_supported", code);
	texts(&j, "response_modes_supported", query);
	texts(&j, "grant_types_supported", grants);
	texts(&j, "subject_types_supported", pairwise);
	texts(&j, "id_token_signing_alg_values_supported", es256);
	texts(&j, "token_endpoint_auth_methods_supported", methods);
	texts(&j, "token_endpoint_auth_signing_alg_values_supported", algorithms);
	texts(&j, "revocation_endpoint_auth_methods_supported", methods);
	texts(&j, "revocation_endpoint_auth_signing_alg_values_supported", algorithms);
	texts(&j, "code_challenge_methods_supported", s256);
	texts(&j, "prompt_values_supported", prompts);
	policies_write(&j, assurance, claims);
	if (ui_locales != NULL)
		texts(&j, "ui_locales_supported", ui_locales);
	json_bool(&j, "authorization_response_iss_parameter_supported", true); /* RFC 9207 3 */
	json_bool(&j, "claims_parameter_supported", false);
	json_bool(&j, "request_parameter_supported", false);
	json_bool(&j, "request_uri_parameter_supported", false);
	json_object_end(&j);
}

static enum err
document_of(struct writer *w, struct document *out)
{
	const struct sha256 h = sha256_of(writer_span(w));
	AUTO(writer) tag = writer_new(ETAG_ROOM);

	writer_text(&tag, "\"");
	hex_write(&tag, span_at(h.bytes, 16));
	writer_text(&tag, "\"");
	TRY(writer_done(&tag));
	snprintf(out->etag, sizeof(out->etag), "%s", (const char *)writer_span(&tag).ptr);
	return writer_take(w, &out->ptr, &out->len);
}

static enum err
make(struct idp *d, struct published *p)
{
	AUTO(writer) discovery = writer_new(MAX_DOCUMENT);
	AUTO(writer) jwks = writer_new(MAX_DOCUMENT);
	struct jwk *key = NULL;

	discovery_write(&discovery, d->settings.issuer, &d->assurance, d->claims,
		d->pages != NULL ? templates_languages(d->pages) : NULL);
	TRY(document_of(&discovery, &p->discovery));
	TRY(jwks_new(&p->keys));
	TRY(jwk_from_key(d->token_key, d->token_kid, &key));
	TRY(jwks_add(p->keys, key));
	TRY(jwks_write(p->keys, &jwks));
	return document_of(&jwks, &p->jwks);
}

enum err
published_make(struct idp *d, struct published **out)
{
	struct published *p = calloc(1, sizeof(*p));
	enum err e;

	REQUIRE(p != NULL, ERR_NO_MEMORY);
	e = make(d, p);
	if (e != ERR_OK)
		published_free(&p);
	*out = p;
	return e;
}

void
published_free(struct published **p)
{
	if (*p == NULL)
		return;
	free((*p)->discovery.ptr);
	free((*p)->jwks.ptr);
	jwks_free(&(*p)->keys);
	free(*p);
	*p = NULL;
}

static enum err
serve(struct reply *reply, const struct document *doc, const char *type)
{
	reply_header(reply, "Access-Control-Allow-Origin", "*"); /* public, and read by browser clients too */
	reply_cache(reply, PUBLISHED_CACHE_SECONDS, true);
	reply_etag(reply, doc->etag);
	reply_static(reply, type, span_at(doc->ptr, doc->len), NULL, NULL);
	return ERR_OK;
}

enum err
discovery_handler(void *daemon, struct request *request, struct reply *reply)
{
	const struct idp *d = daemon;

	(void)request;
	return serve(reply, &d->published->discovery, "application/json");
}

enum err
jwks_handler(void *daemon, struct request *request, struct reply *reply)
{
	const struct idp *d = daemon;

	(void)request;
	return serve(reply, &d->published->jwks, "application/jwk-set+json");
}
