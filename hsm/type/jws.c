#include <stdio.h>
#include <string.h>

#include "base/reader.h"
#include "hsm/type/type.h"
#include "jose/jose.h"
#include "json/quick.h"

enum { MAX_SKEW = 5 }; /* seconds between the payload's iat and our clock */

struct payload {
	int64_t iat, exp;
	bool has_exp;
	char *agency;
};

static const struct json_row payload_rows[] = {
	{"iat", JSON_INT, JSON_REQUIRED, offsetof(struct payload, iat), .min = 0, .max = 1LL << 40},
	{"exp", JSON_INT, JSON_OPTIONAL, offsetof(struct payload, exp), .min = 0, .max = 1LL << 40,
		.present = offsetof(struct payload, has_exp)},
	{"agency", JSON_TEXT, JSON_OPTIONAL, offsetof(struct payload, agency), .max = 256},
};
static const struct json_table payload_table = {"payload", payload_rows, 3, sizeof(struct payload), true};

/* BASE64URL(header) '.' BASE64URL(payload), and no signature yet. */
static bool
looks(struct span object)
{
	struct reader r = reader_over(object);
	struct span header;

	for (size_t i = 0; i < object.len; i++)
		if (object.ptr[i] <= ' ' || object.ptr[i] > '~')
			return false;
	return object.len <= MAX_JWS - 8 && reader_until(&r, '.', &header) == ERR_OK && header.len > 0 &&
		r.left.len > 0;
}

static enum err
header_check(const struct type_question *q, const struct jws_header *h)
{
	REQUIRE_WHY(h->typ != NULL && json_texts_have(&q->rule->typ, h->typ), ERR_REFUSED,
		"RFC 8725 3.11: key '%s' does not sign typ '%s'", q->rule->label, h->typ == NULL ? "" : h->typ);
	REQUIRE_WHY(strcmp(h->alg, q->key->algorithm->jose) == 0, ERR_REFUSED, "RFC 8725 3.1: alg %s is not key '%s''s",
		h->alg, q->rule->label);
	REQUIRE_WHY(h->kid != NULL && strcmp(h->kid, q->key->kid) == 0, ERR_REFUSED,
		"RFC 7515 4.1.4: kid is not the RFC 7638 thumbprint of key '%s'", q->rule->label);
	return ERR_OK;
}

static enum err
claims_check(const struct type_question *q, const struct payload *p)
{
	const struct key_rule *rule = q->rule;

	REQUIRE_WHY(p->iat <= q->now + MAX_SKEW && p->iat >= q->now - MAX_SKEW, ERR_REFUSED,
		"RFC 7519 4.1.6: iat is not now");
	REQUIRE_WHY(rule->lifetime == 0 || (p->has_exp && p->exp > p->iat && p->exp - p->iat <= rule->lifetime),
		ERR_REFUSED, "RFC 7519 4.1.4: what key '%s' signs lasts %lld seconds at most", rule->label,
		(long long)rule->lifetime);
	REQUIRE_WHY(rule->agency == NULL || (p->agency != NULL && strcmp(p->agency, rule->agency) == 0), ERR_REFUSED,
		"key '%s' seals for agency '%s' only", rule->label, rule->agency);
	return ERR_OK;
}

static enum err
payload_check(const struct type_question *q, const struct json_bytes *bytes)
{
	struct payload p = {0};
	enum err e;

	TRY(quick_decode(span_at(bytes->ptr, bytes->len), &payload_table, &p));
	e = claims_check(q, &p);
	json_free(&payload_table, &p);
	return e;
}

static enum err
check(const struct type_question *q, char *detail)
{
	AUTO(writer) compact = writer_new(MAX_JWS);
	AUTO(jws) jws = {0};

	/* The strict reader of lib/jose wants three parts: it gets one byte for a signature. */
	writer_bytes(&compact, q->object);
	writer_text(&compact, ".AA");
	TRY(writer_done(&compact));
	TRY(jws_parse(writer_span(&compact), &jws));
	REQUIRE_WHY(!jws.header.has_x5c, ERR_REFUSED, "RFC 7515 4.1.6: x5c has no place in what is signed here");
	TRY(header_check(q, &jws.header));
	TRY(payload_check(q, &jws.payload));
	(void)snprintf(detail, MAX_TYPE_DETAIL, "typ=%.64s", jws.header.typ);
	return ERR_OK;
}

const struct type type_jws = {"JWS", false, looks, check};
