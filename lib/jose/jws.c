#include "jose/jws.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/encode.h"
#include "base/reader.h"
#include "jose/alg.h"
#include "jose/jwk.h"
#include "json/quick.h"

enum { MAX_KID = 256, MAX_X5C = 5 };

/* The header as read: what it may not hold is read too, to be refused by name. */
struct header_members {
	struct jws_header header;
	char *crit, *jwk, *jku, *x5u, *b64;
};

#define REFUSED(field)                                                                             \
	{                                                                                          \
		.name = #field, .kind = JSON_RAW, .offset = offsetof(struct header_members, field) \
	}
static const struct json_row header_rows[] = {
	{.name = "alg",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct header_members, header.alg),
		.max = 32},
	{.name = "kid", .kind = JSON_TEXT, .offset = offsetof(struct header_members, header.kid), .max = MAX_KID},
	{.name = "typ", .kind = JSON_TEXT, .offset = offsetof(struct header_members, header.typ), .max = 128},
	{.name = "cty", .kind = JSON_TEXT, .offset = offsetof(struct header_members, header.cty), .max = 128},
	{.name = "x5c",
		.kind = JSON_TEXTS,
		.offset = offsetof(struct header_members, header.x5c),
		.max = MAX_X5C,
		.present = offsetof(struct header_members, header.has_x5c)},
	REFUSED(crit),
	REFUSED(jwk),
	REFUSED(jku),
	REFUSED(x5u),
	REFUSED(b64),
};
#undef REFUSED

static const struct json_table header_table = {
	.what = "JWS header",
	.rows = header_rows,
	.count = sizeof(header_rows) / sizeof(header_rows[0]),
	.size = sizeof(struct header_members),
	.open = true,
};

static enum err
header_check(const struct header_members *m)
{
	REQUIRE_WHY(jose_alg_find(span_of(m->header.alg)), ERR_UNSUPPORTED, "RFC 8725 3.1: alg %s is not taken",
		m->header.alg);
	REQUIRE_WHY(!m->crit, ERR_UNSUPPORTED, "RFC 7515 4.1.11: crit names extensions that are not understood here");
	REQUIRE_WHY(!m->b64, ERR_UNSUPPORTED, "RFC 7797 3: b64 is not understood here");
	REQUIRE_WHY(!m->jwk && !m->jku && !m->x5u, ERR_REFUSED, "RFC 8725 3.10: the header brings its own key (%s)",
		m->jwk           ? "jwk"
			: m->jku ? "jku"
				 : "x5u");
	return ERR_OK;
}

enum err
jws_header_read(struct span base64url, struct jws_header *out)
{
	uint8_t *text = NULL;
	size_t len;
	struct header_members m;

	REQUIRE_WHY(base64url.len <= MAX_JWS_HEADER, ERR_TOO_LONG, "RFC 7515 4: a header of more than %d bytes",
		MAX_JWS_HEADER);
	TRY(base64url_take(base64url, &text, &len));
	enum err e = quick_decode(span_at(text, len), &header_table, &m);

	free(text);
	TRY(e);
	e = header_check(&m);
	if (e == ERR_OK) {
		*out = m.header;
		memset(&m.header, 0, sizeof(m.header));
	}
	json_free(&header_table, &m);
	return e;
}

void
jws_header_free(struct jws_header *h)
{
	struct header_members m = {.header = *h};

	json_free(&header_table, &m);
	memset(h, 0, sizeof(*h));
}

void
jws_free(struct jws *j)
{
	jws_header_free(&j->header);
	free(j->payload.ptr);
	free(j->signature.ptr);
	memset(j, 0, sizeof(*j));
}

/* Everything but the header is opened: the header decides whether it is worth it. */
static enum err
parse_parts(struct span text, struct jws *j)
{
	struct reader r = reader_over(text);
	struct span header, payload;

	REQUIRE_WHY(reader_until(&r, '.', &header) == ERR_OK && reader_until(&r, '.', &payload) == ERR_OK,
		ERR_MALFORMED, "RFC 7515 7.1: a compact JWS has three parts");
	REQUIRE_WHY(r.left.len == 0 || !memchr(r.left.ptr, '.', r.left.len), ERR_MALFORMED,
		"RFC 7515 7.1: a compact JWS has three parts");
	TRY(jws_header_read(header, &j->header));
	TRY(base64url_take(payload, &j->payload.ptr, &j->payload.len));
	TRY(base64url_take(r.left, &j->signature.ptr, &j->signature.len));
	REQUIRE_WHY(j->signature.len > 0, ERR_BAD_SIGNATURE, "RFC 7515 5.2: there is no signature");
	j->signing_input = span_at(text.ptr, header.len + 1 + payload.len);
	return ERR_OK;
}

enum err
jws_parse(struct span text, struct jws *out)
{
	AUTO(jws) j = {0};

	memset(out, 0, sizeof(*out));
	REQUIRE_WHY(text.len <= MAX_JWS, ERR_TOO_LONG, "RFC 7515 7.1: a JWS of more than %d bytes", MAX_JWS);
	TRY(parse_parts(text, &j));
	*out = j;
	memset(&j, 0, sizeof(j));
	return ERR_OK;
}

enum err
jws_signature_check(const struct jws_header *h, struct span input, struct span signature, const struct jwk *key)
{
	const struct jose_alg *alg = jose_alg_find(span_of(h->alg));

	REQUIRE_WHY(alg, ERR_UNSUPPORTED, "RFC 8725 3.1: alg %s is not taken", h->alg);
	REQUIRE_WHY(alg->fits(key->key), ERR_MISMATCH, "RFC 8725 3.1: the key is not of the type that %s needs",
		alg->name);
	return alg->verify(key->key, input, signature);
}

enum err
jws_check(const struct jws *j, const struct jwk *key)
{
	REQUIRE_WHY(strcmp(j->header.alg, jwk_alg(key)) == 0, ERR_MISMATCH,
		"RFC 8725 3.1: alg %s, but the key is for %s", j->header.alg, jwk_alg(key));
	return jws_signature_check(&j->header, j->signing_input, span_at(j->signature.ptr, j->signature.len), key);
}

/* RFC 7515 4.1.9: media types compare without case, and "application/" may be left out. */
static bool
typ_is(const char *typ, const char *wanted)
{
	static const char prefix[] = "application/";

	if (!typ)
		return false;
	if (strncasecmp(typ, prefix, sizeof(prefix) - 1) == 0)
		typ += sizeof(prefix) - 1;
	if (strncasecmp(wanted, prefix, sizeof(prefix) - 1) == 0)
		wanted += sizeof(prefix) - 1;
	return strcasecmp(typ, wanted) == 0;
}

enum err
jws_verify(struct span text, const struct jwks *keys, const char *typ, struct jws *out)
{
	AUTO(jws) j = {0};

	memset(out, 0, sizeof(*out));
	TRY(jws_parse(text, &j));
	REQUIRE_WHY(!typ || typ_is(j.header.typ, typ), ERR_MISMATCH, "RFC 8725 3.11: typ is %s, not %s",
		j.header.typ ? j.header.typ : "missing", typ);
	const struct jwk *key = jwks_find(keys, span_of(j.header.kid), span_of(j.header.alg));

	REQUIRE_WHY(key, ERR_UNTRUSTED, "RFC 7515 6: no key %s for %s", j.header.kid ? j.header.kid : "(without kid)",
		j.header.alg);
	TRY(jws_check(&j, key));
	*out = j;
	memset(&j, 0, sizeof(j));
	return ERR_OK;
}
