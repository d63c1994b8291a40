#include <stdlib.h>

#include "base/encode.h"
#include "jose/alg.h"
#include "jose/jws.h"

struct jws_signer {
	EVP_PKEY *key; /* borrowed */
	const struct jose_alg *alg;
	struct writer head; /* BASE64URL(header) '.' */
};

enum err
jws_signer_new(EVP_PKEY *key, const struct jws_sign_options *options, struct jws_signer **out)
{
	struct jws_signer *s = calloc(1, sizeof(*s));
	enum err e;

	REQUIRE(s != NULL, ERR_NO_MEMORY);
	*s = (struct jws_signer){.key = key, .alg = jose_alg_of_key(key), .head = writer_new(MAX_JWS)};
	e = s->alg != NULL ? jws_head_write(s->alg, options, &s->head)
			   : err_because(ERR_UNSUPPORTED, "RFC 7518 3.1: no algorithm here is for this type of key");
	if (e != ERR_OK) {
		jws_signer_free(&s);
		return e;
	}
	*out = s;
	return ERR_OK;
}

void
jws_signer_free(struct jws_signer **s)
{
	if (*s == NULL)
		return;
	writer_free(&(*s)->head);
	free(*s);
	*s = NULL;
}

enum err
jws_signer_sign(const struct jws_signer *s, struct span payload, struct writer *out)
{
	return jws_write(s->key, s->alg, writer_span(&s->head), payload, out);
}
