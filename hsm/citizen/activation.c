#include "hsm/citizen/activation.h"

#include <string.h>

/* ---- by passkey ---- */

static enum err
passkey_find(const struct citizen_key *k, struct span id, size_t *out)
{
	for (size_t i = 0; i < k->blob.count; i++)
		if (k->blob.credentials[i].kind == BLOB_PASSKEY && span_equal(k->blob.credentials[i].id, id)) {
			*out = i;
			return ERR_OK;
		}
	return err_because(ERR_REFUSED, "WebAuthn 7.2: that credential is not bound to this key");
}

static enum err
passkey_check(const struct activation_question *q, struct span json, struct sha256 *credential)
{
	const char *origins[MAX_ORIGINS + 1] = {NULL};
	struct webauthn_expect expect = {.rp_id = q->rule->rp_id,
		.origins = origins,
		.challenge = q->challenge,
		.user_verification = true,
		.at = q->now};
	struct webauthn_assertion a;
	size_t i;

	for (size_t n = 0; n < q->rule->origins.count && n < MAX_ORIGINS; n++)
		origins[n] = json_text_at(&q->rule->origins, n);
	TRY(webauthn_peek(json, &a));
	TRY(passkey_find(q->key, span_at(a.credential_id, a.credential_id_len), &i));
	TRY(webauthn_authenticate(json, &expect, q->key->credentials[i].passkey, &a));
	REQUIRE_WHY(a.user_verified, ERR_REFUSED, "WebAuthn 7.2: user verification is missing");
	*credential = sha256_of(q->key->blob.credentials[i].id);
	return ERR_OK;
}

/* ---- by card ---- */

struct consent {
	struct json_bytes challenge;
	int64_t iat;
};
static const struct json_row consent_rows[] = {
	{"challenge", JSON_BYTES, JSON_REQUIRED, offsetof(struct consent, challenge), .max = SHA256_LEN},
	{"iat", JSON_INT, JSON_REQUIRED, offsetof(struct consent, iat), .min = 0, .max = 1LL << 40},
};
static const struct json_table consent_table = {"activation", consent_rows, 2, sizeof(struct consent), false};

static enum err
consent_check(const struct activation_question *q, const struct jws *j)
{
	struct consent c;
	bool same, fresh;

	REQUIRE_WHY(j->header.typ != NULL && strcmp(j->header.typ, "activation+jwt") == 0, ERR_MISMATCH,
		"RFC 8725 3.11: a card's activation has typ activation+jwt");
	TRY(json_decode(span_at(j->payload.ptr, j->payload.len), &consent_table, &c));
	same = span_equal(span_at(c.challenge.ptr, c.challenge.len), q->challenge);
	fresh = c.iat >= q->now - MAX_ACTIVATION_AGE && c.iat <= q->now + MAX_ACTIVATION_AGE;
	json_free(&consent_table, &c);
	REQUIRE_WHY(same, ERR_MISMATCH, "the card signed another challenge");
	REQUIRE_WHY(fresh, ERR_EXPIRED, "RFC 7519 4.1.6: the card's iat is not within %d s of now", MAX_ACTIVATION_AGE);
	return ERR_OK;
}

/* kid names the card where there are several (RFC 7515 4.1.4); without one, any of them. */
static enum err
card_find(const struct activation_question *q, const struct jws *j, size_t *out)
{
	enum err e = err_because(ERR_REFUSED, "that card is not bound to this key");

	for (size_t i = 0; i < q->key->blob.count; i++) {
		const struct jwk *card = q->key->credentials[i].card;

		if (card == NULL || (j->header.kid != NULL && strcmp(j->header.kid, jwk_kid(card)) != 0))
			continue;
		e = jws_check(j, card);
		*out = i;
		if (e == ERR_OK)
			return ERR_OK;
	}
	return e;
}

static enum err
card_check(const struct activation_question *q, struct span text, struct sha256 *credential)
{
	AUTO(jws) j = {0};
	size_t i = 0;

	TRY(jws_parse(text, &j));
	TRY(consent_check(q, &j));
	TRY(card_find(q, &j, &i));
	*credential = sha256_of(q->key->blob.credentials[i].key);
	return ERR_OK;
}

enum err
activation_check(const struct activation_question *q, struct span evidence, struct sha256 *credential)
{
	return evidence.len > 0 && evidence.ptr[0] == '{' ? passkey_check(q, evidence, credential)
							  : card_check(q, evidence, credential);
}
