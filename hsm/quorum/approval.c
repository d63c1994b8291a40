#include "hsm/quorum/approval.h"

#include <string.h>

#include "webauthn/webauthn.h"

/* ---- by card: an act ---- */

struct told {
	struct json_bytes proposal, object, summary;
	int64_t expires;
};
static const struct json_row told_rows[] = {
	{"proposal", JSON_BYTES, JSON_REQUIRED, offsetof(struct told, proposal), .max = HSM_NONCE_LEN},
	{"expires", JSON_INT, JSON_REQUIRED, offsetof(struct told, expires), .min = 0, .max = 1LL << 40},
	{"object_sha256", JSON_BYTES, JSON_REQUIRED, offsetof(struct told, object), .max = SHA256_LEN},
	{"summary_sha256", JSON_BYTES, JSON_REQUIRED, offsetof(struct told, summary), .max = SHA256_LEN},
};
/* open: act, aud, jti, iat and exp are act_verify's */
static const struct json_table told_table = {"act proposal.approve", told_rows, 4, sizeof(struct told), true};

static bool
is(const struct json_bytes *told, struct span wanted)
{
	return span_equal(span_at(told->ptr, told->len), wanted);
}

static enum err
told_check(const struct approval_question *q, const struct told *t)
{
	REQUIRE_WHY(is(&t->proposal, span_at(q->id, HSM_NONCE_LEN)), ERR_MISMATCH,
		"the approval is of another proposal");
	REQUIRE_WHY(t->expires == q->expires, ERR_MISMATCH, "the approval is of a proposal that ends at another time");
	REQUIRE_WHY(is(&t->object, sha256_span(&q->object)), ERR_MISMATCH, "the approval is of other bytes");
	REQUIRE_WHY(is(&t->summary, sha256_span(&q->summary)), ERR_MISMATCH, "the approval is of another summary");
	return ERR_OK;
}

static enum err
by_act(const struct approval_question *q, const struct operator_row **by)
{
	AUTO(act) act = {0};
	struct told told;
	enum err e;

	TRY(act_verify(q->evidence, &q->policy->file.operators, "custodian", "proposal.approve", APPROVAL_AUDIENCE,
		q->now, &act));
	TRY(json_decode(span_of(act.payload), &told_table, &told));
	e = told_check(q, &told);
	json_free(&told_table, &told);
	*by = act.by;
	return e;
}

/* ---- by FIDO2 key: an assertion ---- */

struct sha256
approval_challenge(const uint8_t *id, unix_time expires, const struct sha256 *object, const struct sha256 *summary)
{
	static const char domain[] = "mohar approval v2"; /* with its NUL */
	uint8_t end[8];
	const struct span parts[] = {
		{(const uint8_t *)domain, sizeof(domain)},
		span_at(id, HSM_NONCE_LEN),
		span_at(end, sizeof(end)),
		sha256_span(object),
		sha256_span(summary),
	};

	for (size_t i = 0; i < sizeof(end); i++)
		end[i] = (uint8_t)((uint64_t)expires >> (56 - 8 * i));
	return sha256_of_parts(parts, 5);
}

static const struct operator_row *
operator_of(const struct operators *all, struct span credential)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->rows[i].has_credential && is(&all->rows[i].credential.id, credential))
			return &all->rows[i];
	return NULL;
}

static enum err
assertion_check(const struct approval_question *q, const struct operator_row *o)
{
	static const char *const origins[] = {APPROVAL_AUDIENCE, NULL};
	const struct sha256 challenge = approval_challenge(q->id, q->expires, &q->object, &q->summary);
	const struct webauthn_expect expect = {.rp_id = APPROVAL_RP_ID,
		.origins = origins,
		.challenge = sha256_span(&challenge),
		.user_verification = true};
	struct webauthn_assertion shown;
	struct webauthn_key *key;
	enum err e;

	TRY(webauthn_key_parse(span_at(o->credential.key.ptr, o->credential.key.len), &key));
	e = webauthn_authenticate(q->evidence, &expect, key, &shown);
	webauthn_key_free(&key);
	return e;
}

static enum err
by_assertion(const struct approval_question *q, const struct operator_row **by)
{
	struct webauthn_assertion shown;

	TRY(webauthn_peek(q->evidence, &shown));
	*by = operator_of(&q->policy->file.operators, span_at(shown.credential_id, shown.credential_id_len));
	REQUIRE_WHY(*by != NULL, ERR_UNAUTHENTICATED,
		"the approval is by a FIDO2 key that no operator of keys.json has");
	REQUIRE_WHY(json_texts_have(&(*by)->roles, "custodian"), ERR_REFUSED,
		"operator '%s' is not appointed as custodian", (*by)->name);
	return assertion_check(q, *by);
}

enum err
approval_check(const struct approval_question *q, const struct operator_row **by)
{
	REQUIRE_WHY(q->evidence.len <= MAX_APPROVAL, ERR_TOO_LONG, "an approval of more than %d bytes", MAX_APPROVAL);
	if (span_starts(q->evidence, SPAN("{")))
		TRY(by_assertion(q, by));
	else
		TRY(by_act(q, by));
	REQUIRE_WHY(json_texts_have(&q->policy->file.custodians.names, (*by)->name), ERR_REFUSED,
		"'%s' is none of the custodians of keys.json", (*by)->name);
	return ERR_OK;
}
