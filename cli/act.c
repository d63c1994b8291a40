#include "jose/jose.h"

#include <openssl/x509.h>

#include "base/random.h"
#include "cli/card/card.h"

enum { ACT_SECONDS = 300, ACT_KEY = 1, MAX_ACT_PAYLOAD = 40 << 10 };

enum err
card_jwk(const EVP_PKEY *key, struct jwk **out)
{
	unsigned char *der = NULL;
	const int len = i2d_PUBKEY(key, &der);

	REQUIRE_WHY(len > 0, ERR_CRYPTO, "the card's public key cannot be read");
	const enum err e = jwk_from_spki(span_at(der, (size_t)len), NULL, out);

	OPENSSL_free(der);
	return e;
}

/* The body's members, then the act's own. */
static enum err
act_payload(const char *act, const char *audience, struct span body, unix_time now, struct writer *payload)
{
	AUTO(writer) own = writer_new(4 << 10);
	struct json_writer j = json_to(&own);
	char jti[TOKEN_TEXT_LEN + 1];

	TRY(json_check(body));
	random_token(jti);
	json_object(&j, NULL);
	json_text(&j, "act", act);
	json_text(&j, "aud", audience);
	json_int(&j, "iat", now);
	json_int(&j, "exp", now + ACT_SECONDS);
	json_text(&j, "jti", jti);
	json_object_end(&j);
	TRY(writer_done(&own));
	while (body.len > 0 && body.ptr[body.len - 1] != '}')
		body.len--;
	size_t start = 0;

	while (body.ptr[start] != '{')
		start++;
	const struct span members = span_at(body.ptr + start + 1, body.len - start - 2);
	bool empty = true;

	for (size_t i = 0; i < members.len && empty; i++)
		empty = members.ptr[i] <= ' ';
	const struct span own_text = writer_span(&own);

	writer_bytes(payload, span_at(own_text.ptr, own_text.len - 1));
	if (!empty) {
		writer_u8(payload, ',');
		writer_bytes(payload, members);
	}
	writer_u8(payload, '}');
	TRY(writer_done(payload));
	return json_check(writer_span(payload)); /* a body that brings its own jti is refused as a duplicate */
}

enum err
act_sign(struct card *c, const char *act, const char *audience, struct span body, unix_time now, struct writer *jws)
{
	AUTO(writer) payload = writer_new(MAX_ACT_PAYLOAD);
	struct jwk *jwk;
	EVP_PKEY *key;

	TRY(act_payload(act, audience, body, now, &payload));
	TRY(card_key(c, ACT_KEY, &key));
	TRY(card_jwk(key, &jwk));
	const struct jws_sign_options options = {.typ = "act+jwt", .kid = jwk_kid(jwk)};
	const enum err e = jws_sign(key, &options, writer_span(&payload), jws);

	jwk_free(&jwk);
	return e;
}
