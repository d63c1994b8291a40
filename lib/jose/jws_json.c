/* RFC 7515 7.2: the JSON serialisations, for `mohar verify jws`. Every signature present must verify. */
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "jose/alg.h"
#include "jose/jwk.h"
#include "jose/jws.h"

enum { MAX_SIGNATURES = 16 };

struct signature_members {
	char *protected, *header, *signature;
};

struct jws_members {
	char *payload;
	struct signature_members flat;
	struct json_list signatures; /* struct signature_members */
	bool has_signatures;
};

#define TEXT(type, field, needed)                                                                         \
	{                                                                                                 \
		.name = #field, .kind = JSON_TEXT, .presence = (needed), .offset = offsetof(type, field), \
		.max = MAX_JWS                                                                            \
	}
static const struct json_row signature_rows[] = {
	TEXT(struct signature_members, protected, JSON_OPTIONAL),
	TEXT(struct signature_members, signature, JSON_REQUIRED),
	{.name = "header", .kind = JSON_RAW, .offset = offsetof(struct signature_members, header)},
};
static const struct json_table signature_table = {
	.what = "JWS signature",
	.rows = signature_rows,
	.count = 3,
	.size = sizeof(struct signature_members),
	.open = true,
};
static const struct json_row jws_rows[] = {
	TEXT(struct jws_members, payload, JSON_REQUIRED),
	{.name = "protected",
		.kind = JSON_TEXT,
		.offset = offsetof(struct jws_members, flat.protected),
		.max = MAX_JWS},
	{.name = "signature",
		.kind = JSON_TEXT,
		.offset = offsetof(struct jws_members, flat.signature),
		.max = MAX_JWS},
	{.name = "header", .kind = JSON_RAW, .offset = offsetof(struct jws_members, flat.header)},
	{.name = "signatures",
		.kind = JSON_OBJECTS,
		.offset = offsetof(struct jws_members, signatures),
		.max = MAX_SIGNATURES,
		.table = &signature_table,
		.present = offsetof(struct jws_members, has_signatures)},
};
static const struct json_table jws_table = {
	.what = "JWS",
	.rows = jws_rows,
	.count = sizeof(jws_rows) / sizeof(jws_rows[0]),
	.size = sizeof(struct jws_members),
	.open = true,
};
#undef TEXT

/* The unprotected header: only a kid is looked at, and what decides must be protected. */
struct open_members {
	char *kid, *alg, *crit, *jwk, *jku, *x5u, *x5c, *b64, *typ, *cty;
};
#define RAW(field)                                                                               \
	{                                                                                        \
		.name = #field, .kind = JSON_RAW, .offset = offsetof(struct open_members, field) \
	}
static const struct json_row open_rows[] = {
	{.name = "kid", .kind = JSON_TEXT, .offset = offsetof(struct open_members, kid), .max = 256},
	RAW(alg),
	RAW(crit),
	RAW(jwk),
	RAW(jku),
	RAW(x5u),
	RAW(x5c),
	RAW(b64),
	RAW(typ),
	RAW(cty),
};
#undef RAW
static const struct json_table open_table = {
	.what = "JWS unprotected header",
	.rows = open_rows,
	.count = sizeof(open_rows) / sizeof(open_rows[0]),
	.size = sizeof(struct open_members),
	.open = true,
};

/* Moves the unprotected kid into h, if h has none. */
static enum err
open_header_read(const char *json, struct jws_header *h)
{
	struct open_members m;

	if (!json)
		return ERR_OK;
	TRY(json_decode(span_of(json), &open_table, &m));
	const bool decides = m.alg || m.crit || m.jwk || m.jku || m.x5u || m.x5c || m.b64 || m.typ || m.cty;
	const bool twice = m.kid && h->kid;

	if (!decides && !twice && m.kid) {
		h->kid = m.kid;
		m.kid = NULL;
	}
	json_free(&open_table, &m);
	REQUIRE_WHY(!twice, ERR_MALFORMED, "RFC 7515 7.2.1: kid is in both headers");
	REQUIRE_WHY(!decides, ERR_REFUSED, "RFC 8725 3.2: a header member that decides is not protected");
	return ERR_OK;
}

static bool
listed(const char *const *algs, const char *alg)
{
	for (; *algs; algs++)
		if (strcmp(*algs, alg) == 0)
			return true;
	return false;
}

/* Somebody checking a foreign JWS by hand is not bound to RFC 8725's one algorithm a key, as jws_check() is: a key that states none is
 * taken for all it fits, and one that states an algorithm also for a longer hash of the same family (RFC 7520 4.2 signs PS384 with a key
 * that is published for PS256). Never for a shorter hash, never for another padding. */
static bool
key_permits(const struct jwk *key, const char *alg)
{
	const char *own = jwk_alg(key);

	if (strcmp(own, alg) == 0)
		return true;
	if (strlen(own) != 5 || strlen(alg) != 5)
		return false;
	return !key->alg_stated || (strncmp(own, alg, 2) == 0 && strcmp(own + 2, alg + 2) < 0);
}

static enum err
check_one(const struct jws_header *h, struct span input, struct span signature, const struct jwks *keys,
	const char *const *algs)
{
	REQUIRE_WHY(!algs || listed(algs, h->alg), ERR_REFUSED, "RFC 8725 3.1: alg %s is not in the list given",
		h->alg);
	const struct jwk *key = jwks_find(keys, span_of(h->kid), span_of(h->alg));

	/* the only key there is may be tried whatever its algorithm or name: only its own signature verifies with it */
	if (!key && jwks_count(keys) == 1 && (!h->kid || !jwk_kid(jwks_at(keys, 0))[0]))
		key = jwks_at(keys, 0);
	REQUIRE_WHY(key, ERR_UNTRUSTED, "RFC 7515 6: no key %s for %s", h->kid ? h->kid : "(without kid)", h->alg);
	REQUIRE_WHY(key_permits(key, h->alg), ERR_MISMATCH, "RFC 8725 3.1: alg %s, but the key is for %s", h->alg,
		jwk_alg(key));
	return jws_signature_check(h, input, signature, key);
}

static enum err
check_json_signature(const struct signature_members *s, struct span payload, const struct jwks *keys,
	const char *const *algs)
{
	AUTO(jws) j = {0}; /* for what it frees */
	AUTO(writer) input = writer_new(2 * MAX_JWS);

	REQUIRE_WHY(s->protected && s->signature, ERR_MALFORMED,
		"RFC 8725 3.2: protected header or signature is missing");
	TRY(jws_header_read(span_of(s->protected), &j.header));
	TRY(open_header_read(s->header, &j.header));
	TRY(base64url_take(span_of(s->signature), &j.signature.ptr, &j.signature.len));
	writer_text(&input, s->protected);
	writer_text(&input, ".");
	writer_bytes(&input, payload);
	TRY(writer_done(&input));
	return check_one(&j.header, writer_span(&input), span_at(j.signature.ptr, j.signature.len), keys, algs);
}

static enum err
check_members(const struct jws_members *m, const struct jwks *keys, const char *const *algs, struct writer *payload)
{
	const struct span text = span_of(m->payload);
	const struct signature_members *many = m->signatures.items;
	uint8_t *bytes;
	size_t len;

	if (m->has_signatures) {
		REQUIRE_WHY(!m->flat.protected && !m->flat.signature && !m->flat.header, ERR_MALFORMED,
			"RFC 7515 7.2.2: flattened and general form at once");
		REQUIRE_WHY(m->signatures.count > 0, ERR_BAD_SIGNATURE, "RFC 7515 7.2.1: there is no signature");
		for (size_t i = 0; i < m->signatures.count; i++)
			TRY(check_json_signature(&many[i], text, keys, algs));
	} else {
		TRY(check_json_signature(&m->flat, text, keys, algs));
	}
	TRY(base64url_take(text, &bytes, &len));
	writer_bytes(payload, span_at(bytes, len));
	free(bytes);
	return writer_done(payload);
}

static enum err
verify_json(struct span text, const struct jwks *keys, const char *const *algs, struct writer *payload)
{
	struct jws_members m;

	TRY(json_decode(text, &jws_table, &m));
	const enum err e = check_members(&m, keys, algs, payload);

	json_free(&jws_table, &m);
	return e;
}

enum err
jws_verify_any(struct span text, const struct jwks *keys, const char *const *algs, struct writer *payload)
{
	AUTO(jws) j = {0};

	REQUIRE_WHY(text.len <= MAX_JWS, ERR_TOO_LONG, "RFC 7515 7: a JWS of more than %d bytes", MAX_JWS);
	if (text.len > 0 && strchr("{ \t\r\n", text.ptr[0]))
		return verify_json(text, keys, algs, payload);
	TRY(jws_parse(text, &j));
	TRY(check_one(&j.header, j.signing_input, span_at(j.signature.ptr, j.signature.len), keys, algs));
	writer_bytes(payload, span_at(j.payload.ptr, j.payload.len));
	return writer_done(payload);
}
