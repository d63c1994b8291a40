#include "idp/assurance/assurance.h"
#include "idp/oidc/claims.h"
#include "idp/oidc/grant.h"
#include "idp/oidc/authorization.h"

enum { MAX_CLAIMS = 16 << 10 };

static void
write_person(struct json_writer *j, const struct idp *d, const struct grant_row *row, int64_t level)
{
	json_int(j, "auth_time", row->auth_time);
	json_text(j, "acr", assurance_acr(&d->assurance, level));
	json_array(j, "amr");
	for (size_t i = 0; i < row->amr.count; i++)
		json_text(j, NULL, json_text_at(&row->amr, i));
	json_array_end(j);
}

enum err
id_token_mint(struct idp *d, const struct client *c, const struct grant_row *row, int64_t level, struct writer *w)
{
	const struct claims_source source = {row->name, row->birthdate, row->gender, row->offices};
	const unix_time now = clock_now(&d->clock);
	AUTO(writer) payload = writer_new(MAX_CLAIMS);
	struct json_writer j = json_to(&payload);

	json_object(&j, NULL);
	json_text(&j, "iss", d->settings.issuer);
	json_text(&j, "sub", row->sub);
	json_text(&j, "aud", c->row.id);
	json_int(&j, "iat", now);
	json_int(&j, "exp", now + ID_TOKEN_SECONDS);
	json_text(&j, "nonce", row->nonce);
	write_person(&j, d, row, level);
	claims_write(&j, d->claims, &row->scopes, true, &source);
	json_object_end(&j);
	TRY(writer_done(&payload));
	return jws_signer_sign(d->id_tokens, writer_span(&payload), w);
}

enum err
access_token_mint(struct idp *d, const struct access_claims *c, struct writer *w)
{
	const struct jws_sign_options options = {.typ = "at+jwt", .kid = d->token_kid};
	const unix_time now = clock_now(&d->clock);
	AUTO(writer) payload = writer_new(MAX_CLAIMS);
	AUTO(writer) scope = writer_new(MAX_CLAIMS);
	char jti[TOKEN_TEXT_LEN + 1];
	struct json_writer j = json_to(&payload);

	random_token(jti);
	TRY(words_join(c->scopes, &scope));
	json_object(&j, NULL);
	json_text(&j, "iss", d->settings.issuer);
	json_text(&j, "sub", c->sub);
	json_text(&j, "aud", c->audience);
	json_text(&j, "client_id", c->client_id);
	json_int(&j, "iat", now);
	json_int(&j, "exp", now + ACCESS_SECONDS);
	json_text(&j, "jti", jti);
	json_span(&j, "scope", writer_span(&scope));
	json_text(&j, "agency", c->agency);
	if (c->grant != NULL)
		write_person(&j, d, c->grant, c->level);
	json_object_end(&j);
	TRY(writer_done(&payload));
	return jws_sign(d->token_key, &options, writer_span(&payload), w);
}

enum err
grant_level(const struct idp *d, const struct grant_row *row, int64_t *out)
{
	const unix_time now = clock_now(&d->clock);
	/* The exchange is the client's act, not the person's: idleness was judged at /authorize and is held in ceiling. */
	const struct assurance_facts facts = {row->proofing, row->authenticator, row->bound_level, row->ceiling,
		row->auth_time, now};
	const int64_t level = assurance_level(&d->assurance, &facts, now);

	*out = level < row->level ? level : row->level;
	REQUIRE_WHY(*out >= row->required_level, ERR_EXPIRED,
		"RFC 9470 3: the person must authenticate again for this level");
	return ERR_OK;
}

static enum err
mint_access(struct idp *d, const struct client *c, const struct grant_row *row, int64_t level, struct writer *w)
{
	const struct access_claims claims = {row->sub, c->row.id, row->resource, NULL, &row->scopes, row, level};

	return row->resource != NULL ? access_token_mint(d, &claims, w) : ERR_OK;
}

enum err
grant_answer(struct idp *d, struct reply *reply, const struct client *c, const struct grant_row *row,
	const struct fresh_tokens *t)
{
	const bool openid = json_texts_have(&row->scopes, "openid");
	AUTO(writer) id_token = writer_new(MAX_JWS);
	AUTO(writer) access = writer_new(MAX_JWS);
	int64_t level;

	TRY(grant_level(d, row, &level));
	level = level < c->row.max_level ? level : c->row.max_level;
	if (openid)
		TRY(id_token_mint(d, c, row, level, &id_token));
	TRY(mint_access(d, c, row, level, &access));
	token_reply(reply, access.len > 0 ? (const char *)writer_span(&access).ptr : t->access,
		openid ? (const char *)writer_span(&id_token).ptr : NULL, row->refreshable ? t->refresh : NULL,
		&row->scopes);
	return ERR_OK;
}
