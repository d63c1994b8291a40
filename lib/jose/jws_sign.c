#include "base/encode.h"
#include "jose/alg.h"
#include "jose/jws.h"

enum { MAX_SIGNATURE = 1024 };

static enum err
write_header(const struct jose_alg *alg, const struct jws_sign_options *o, struct writer *w)
{
	struct json_writer j = json_to(w);

	json_object(&j, NULL);
	json_text(&j, "alg", alg->name);
	json_text(&j, "kid", o->kid);
	json_text(&j, "typ", o->typ);
	if (o->x5c_count > 0) {
		json_array(&j, "x5c");
		for (size_t i = 0; i < o->x5c_count; i++) {
			AUTO(writer) base64 = writer_new(MAX_JWS_HEADER);

			base64_write(&base64, o->x5c[i]);
			TRY(writer_done(&base64));
			json_span(&j, NULL, writer_span(&base64));
		}
		json_array_end(&j);
	}
	json_object_end(&j);
	return writer_done(w);
}

enum err
jws_head_write(const struct jose_alg *alg, const struct jws_sign_options *options, struct writer *out)
{
	AUTO(writer) header = writer_new(MAX_JWS_HEADER);

	TRY(write_header(alg, options, &header));
	base64url_write(out, writer_span(&header));
	writer_text(out, ".");
	return writer_done(out);
}

enum err
jws_write(EVP_PKEY *key, const struct jose_alg *alg, struct span head, struct span payload, struct writer *out)
{
	AUTO(writer) text = writer_new(MAX_JWS);
	AUTO(writer) signature = writer_new(MAX_SIGNATURE);

	writer_bytes(&text, head);
	base64url_write(&text, payload);
	TRY(writer_done(&text));
	TRY(alg->sign(key, writer_span(&text), &signature));
	writer_text(&text, ".");
	base64url_write(&text, writer_span(&signature));
	TRY(writer_done(&text));
	writer_bytes(out, writer_span(&text));
	return writer_done(out);
}

enum err
jws_sign(EVP_PKEY *key, const struct jws_sign_options *options, struct span payload, struct writer *out)
{
	const struct jose_alg *alg = jose_alg_of_key(key);
	AUTO(writer) head = writer_new(MAX_JWS);

	REQUIRE_WHY(alg, ERR_UNSUPPORTED, "RFC 7518 3.1: no algorithm here is for this type of key");
	TRY(jws_head_write(alg, options, &head));
	return jws_write(key, alg, writer_span(&head), payload, out);
}
