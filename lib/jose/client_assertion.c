#include "jose/client_assertion.h"

#include "base/random.h"

enum err
client_assertion_make(const struct jwk *key, const char *client, const char *audience, unix_time now,
	struct writer *jwt)
{
	AUTO(writer) payload = writer_new(4096);
	struct json_writer j = json_to(&payload);
	const struct jws_sign_options options = {.typ = "JWT", .kid = jwk_kid(key)};
	char jti[TOKEN_TEXT_LEN + 1];

	random_token(jti);
	json_object(&j, NULL);
	json_text(&j, "iss", client);
	json_text(&j, "sub", client);
	json_text(&j, "aud", audience);
	json_text(&j, "jti", jti);
	json_int(&j, "iat", now);
	json_int(&j, "exp", now + CLIENT_ASSERTION_LIFE);
	json_object_end(&j);
	TRY(writer_done(&payload));
	return jws_sign(jwk_key(key), &options, writer_span(&payload), jwt);
}
