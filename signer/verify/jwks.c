#include <string.h>

#include "jose/statuslist.h"
#include "signer/status/lists.h"
#include "signer/verify/verify.h"

enum { JWKS_AGE = 300 };

/* A public JWK with this house's own members after the standard ones (RFC 7517 4: others must ignore them). */
static enum err
write_key(struct json_writer *j, const struct jwk *key, const char *purpose, const char *agency, const char *origin)
{
	AUTO(writer) text = writer_new(4096);
	AUTO(writer) more = writer_new(4096);
	struct json_writer m = json_to(&more);

	TRY(jwk_write(key, &text));
	REQUIRE(text.len > 2 && text.ptr[text.len - 1] == '}', ERR_CRYPTO);
	json_object(&m, NULL);
	json_text(&m, "mohar_purpose", purpose);
	json_text(&m, "agency", agency);
	json_text(&m, "origin", origin);
	json_object_end(&m);
	text.len--;
	writer_text(&text, ",");
	writer_bytes(&text, span_at(more.ptr + 1, more.len - 1));
	TRY(writer_done(&text));
	json_raw(j, NULL, writer_span(&text));
	return ERR_OK;
}

static enum err
write_hsm_key(struct json_writer *j, struct signer *s, const char *label, const char *purpose, const char *agency,
	const char *origin)
{
	AUTO(writer) spki = writer_new(1024);
	AUTO(jwk) *key = NULL;

	TRY(keyring_pubkey(s->keyring, label, &spki));
	TRY(jwk_from_spki(writer_span(&spki), NULL, &key));
	return write_key(j, key, purpose, agency, origin);
}

enum err
jwks_build(struct signer *s)
{
	struct json_writer j = json_to(&s->jwks);

	json_object(&j, NULL);
	json_array(&j, "keys");
	for (size_t i = 0; i < s->seal_count; i++)
		TRY(write_hsm_key(&j, s, s->seals[i].label, "seal", s->seals[i].agency, NULL));
	TRY(write_hsm_key(&j, s, "status", "status", NULL, NULL));
	TRY(write_hsm_key(&j, s, "log", "log", NULL, s->settings.log_origin));
	json_array_end(&j);
	json_object_end(&j);
	return writer_done(&s->jwks);
}

enum err
jwks_show(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;

	(void)request;
	reply_static(reply, "application/jwk-set+json", writer_span(&s->jwks), NULL, NULL);
	reply_cache(reply, JWKS_AGE, true);
	return ERR_OK;
}

static enum err
write_lists(struct signer *s, struct json_writer *j)
{
	struct json_list rows = {0};
	enum err e = ERR_OK;

	TRY(db_pool_all(s->db, STATUS_LISTS, NULL, &rows));
	json_array(j, "status");
	for (size_t i = 0; e == ERR_OK && i < rows.count; i++) {
		AUTO(writer) token = writer_new(MAX_JWS);

		e = status_token(s, ((const struct number_row *)rows.items)[i].n, &token);
		json_span(j, NULL, writer_span(&token));
	}
	json_array_end(j);
	db_rows_free(&signer_statements[STATUS_LISTS], &rows);
	return e;
}

enum err
bundle_show(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	AUTO(writer) note = writer_new(MAX_CHECKPOINT);
	struct json_writer j = reply_json(reply);

	(void)request;
	json_object(&j, NULL);
	json_raw(&j, "jwks", writer_span(&s->jwks));
	TRY(write_lists(s, &j));
	if (tlog_checkpoint(s->log, &note) == ERR_OK)
		json_span(&j, "checkpoint", writer_span(&note));
	json_object_end(&j);
	reply_cache(reply, MAX_STATUS_TTL / 2, true);
	return ERR_OK;
}
