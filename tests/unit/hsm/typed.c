#include "typed.h"

#include <openssl/ec.h>

void
typed_key(struct token_key *k, const char *algorithm)
{
	struct jwk *jwk = NULL;
	uint8_t *der = NULL;
	int len;

	k->algorithm = algorithm_find(algorithm, ALGORITHM_SIGN);
	k->public_key = EVP_EC_gen(algorithm);
	k->spki = writer_new(1024);
	len = i2d_PUBKEY(k->public_key, &der);
	writer_bytes(&k->spki, span_at(der, (size_t)len));
	OPENSSL_free(der);
	assert_ok(jwk_from_spki(writer_span(&k->spki), NULL, &jwk));
	memcpy(k->kid, jwk_kid(jwk), sizeof(k->kid));
	jwk_free(&jwk);
}

enum err
typed_ask(const struct type *type, const struct key_rule *rule, const struct token_key *key, struct span object)
{
	static struct policy policy;
	const struct type_question q = {.policy = &policy, .rule = rule, .key = key, .object = object, .now = now};
	char detail[MAX_TYPE_DETAIL];

	return type->looks(object) ? type->check(&q, detail) : ERR_REFUSED;
}
