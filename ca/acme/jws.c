#include "ca/acme/jws.h"

#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/secret.h"

enum { MAX_NONCE_TEXT = 128, MAX_SIGNATURE_TEXT = 2 << 10 };

struct body {
	char *protected, *payload, *signature;
	char *header; /* unprotected: refused */
};
#define TEXT(field, most)                                                                                             \
	{                                                                                                             \
		.name = #field, .kind = JSON_TEXT, .presence = JSON_REQUIRED, .offset = offsetof(struct body, field), \
		.max = (most)                                                                                         \
	}
static const struct json_row body_rows[] = {
	TEXT(protected, MAX_ACME_BODY),
	TEXT(payload, MAX_ACME_BODY),
	TEXT(signature, MAX_SIGNATURE_TEXT),
	{.name = "header", .kind = JSON_RAW, .offset = offsetof(struct body, header)},
};
#undef TEXT
static const struct json_table body_table = {.what = "JWS", .rows = body_rows, .count = 4, .size = sizeof(struct body)};

/* The protected header; what it may not hold is read too, to be refused by name. */
struct header {
	char *alg, *kid, *nonce, *url, *jwk;
	char *crit, *jku, *x5u, *x5c, *b64;
};
#define TEXT(field, needed, most)                                                                                  \
	{                                                                                                          \
		.name = #field, .kind = JSON_TEXT, .presence = (needed), .offset = offsetof(struct header, field), \
		.max = (most)                                                                                      \
	}
#define RAW(field)                                                                         \
	{                                                                                  \
		.name = #field, .kind = JSON_RAW, .offset = offsetof(struct header, field) \
	}
static const struct json_row header_rows[] = {
	TEXT(alg, JSON_REQUIRED, 32),
	TEXT(kid, JSON_OPTIONAL, MAX_ACME_URL),
	TEXT(nonce, JSON_OPTIONAL, MAX_NONCE_TEXT),
	TEXT(url, JSON_OPTIONAL, MAX_ACME_URL),
	RAW(jwk),
	RAW(crit),
	RAW(jku),
	RAW(x5u),
	RAW(x5c),
	RAW(b64),
};
#undef TEXT
#undef RAW
static const struct json_table header_table = {
	.what = "protected header",
	.rows = header_rows,
	.count = sizeof(header_rows) / sizeof(header_rows[0]),
	.size = sizeof(struct header),
	.open = true,
};

static enum problem
header_take(struct header *h, struct acme_jws *j)
{
	ACME_WHY(h->crit == NULL && h->b64 == NULL, ACME_MALFORMED,
		"RFC 7515 4.1.11: extensions (crit, b64) are not understood here");
	ACME_WHY(h->jku == NULL && h->x5u == NULL && h->x5c == NULL, ACME_MALFORMED,
		"RFC 8555 6.2: the header names its key by something else than jwk or kid");
	ACME_WHY((h->jwk == NULL) != (h->kid == NULL), ACME_MALFORMED,
		"RFC 8555 6.2: exactly one of jwk and kid is wanted");
	j->alg = h->alg;
	j->kid = h->kid;
	j->nonce = h->nonce;
	j->url = h->url;
	j->jwk = h->jwk;
	memset(h, 0, sizeof(*h));
	return ACME_OK;
}

static enum problem
header_read(struct acme_jws *j)
{
	struct header h;
	uint8_t *text;
	size_t len;

	ACME_ERR(base64url_take(span_of(j->protected), &text, &len));
	const enum err e = json_decode(span_at(text, len), &header_table, &h);

	free(text);
	ACME_ERR(e);
	const enum problem a = header_take(&h, j);

	json_free(&header_table, &h);
	return a;
}

static enum problem
body_take(struct body *b, struct acme_jws *j)
{
	ACME_WHY(b->header == NULL, ACME_MALFORMED, "RFC 8555 6.2: there must be no unprotected header");
	ACME_ERR(base64url_take(span_of(b->payload), &j->payload.ptr, &j->payload.len));
	ACME_ERR(base64url_take(span_of(b->signature), &j->signature.ptr, &j->signature.len));
	j->protected = b->protected;
	j->payload_text = b->payload;
	b->protected = b->payload = NULL;
	return header_read(j);
}

enum problem
acme_jws_read(struct span body, struct acme_jws *out)
{
	struct body b;

	memset(out, 0, sizeof(*out));
	ACME_ERR(json_decode(body, &body_table, &b));
	const enum problem a = body_take(&b, out);

	json_free(&body_table, &b);
	if (a != ACME_OK)
		acme_jws_free(out);
	return a;
}

void
acme_jws_free(struct acme_jws *j)
{
	free(j->protected);
	free(j->payload_text);
	free(j->payload.ptr);
	free(j->signature.ptr);
	free(j->alg);
	free(j->kid);
	free(j->nonce);
	free(j->url);
	free(j->jwk);
	memset(j, 0, sizeof(*j));
}

enum problem
acme_jws_key(const struct acme_jws *j, struct jwk **out)
{
	ACME_WHY(j->jwk != NULL, ACME_MALFORMED, "RFC 8555 6.2: this request is signed by a key in its jwk member");
	return jwk_parse(span_of(j->jwk), false, out) == ERR_OK ? ACME_OK : ACME_BAD_PUBLIC_KEY;
}

static enum err
signing_input(const struct acme_jws *j, struct writer *w)
{
	writer_text(w, j->protected);
	writer_text(w, ".");
	writer_text(w, j->payload_text);
	return writer_done(w);
}

static bool
listed(const char *alg)
{
	for (const char *const *a = acme_algs; *a != NULL; a++)
		if (strcmp(*a, alg) == 0)
			return true;
	return false;
}

enum problem
acme_jws_check(const struct acme_jws *j, const struct jwk *key)
{
	const struct jose_alg *alg = jose_alg_find(span_of(j->alg));
	AUTO(writer) input = writer_new(2 * MAX_ACME_BODY);

	ACME_WHY(alg != NULL && listed(j->alg), ACME_BAD_SIGNATURE_ALGORITHM, "RFC 8555 6.2: alg %s is not taken",
		j->alg);
	ACME_WHY(alg->fits(jwk_key(key)) && strcmp(jwk_alg(key), j->alg) == 0, ACME_BAD_SIGNATURE_ALGORITHM,
		"RFC 8555 6.2: alg %s, but the key is for %s", j->alg, jwk_alg(key));
	ACME_ERR(signing_input(j, &input));
	ACME_WHY(alg->verify(jwk_key(key), writer_span(&input), span_at(j->signature.ptr, j->signature.len)) == ERR_OK,
		ACME_UNAUTHORIZED, "RFC 8555 6.2: the signature does not verify");
	return ACME_OK;
}

static const EVP_MD *
mac_digest(const char *alg)
{
	return strcmp(alg, "HS256") == 0    ? EVP_sha256()
		: strcmp(alg, "HS384") == 0 ? EVP_sha384()
		: strcmp(alg, "HS512") == 0 ? EVP_sha512()
					    : NULL;
}

enum problem
acme_jws_check_mac(const struct acme_jws *j, struct span mac_key)
{
	const EVP_MD *digest = mac_digest(j->alg);
	AUTO(writer) input = writer_new(2 * MAX_ACME_BODY);
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	ACME_WHY(digest != NULL, ACME_BAD_SIGNATURE_ALGORITHM,
		"RFC 8555 7.3.4: the binding's alg is HS256, HS384 or HS512, not %s", j->alg);
	ACME_ERR(signing_input(j, &input));
	const struct span text = writer_span(&input);

	ACME_WHY(HMAC(digest, mac_key.ptr, (int)mac_key.len, text.ptr, text.len, mac, &len) != NULL,
		ACME_SERVER_INTERNAL, "HMAC");
	ACME_WHY(secret_equal(span_at(mac, len), span_at(j->signature.ptr, j->signature.len)), ACME_UNAUTHORIZED,
		"RFC 8555 7.3.4: the binding is not signed by that key");
	return ACME_OK;
}
