#include <stdio.h>
#include <string.h>

#include "json/json.h"
#include "keyring/ask.h"

enum { MAX_ANSWER = 2 * MAX_SUMMARY, MAX_EXECUTED = 64 << 10 };

/* ---- citizens' signing keys ---- */

enum err
keyring_citizen_make(struct keyring *k, const char *label, struct writer *blob)
{
	return keyring_ask(k, &(struct call){.op = OP_WRAP, .label = span_of(label)}, blob);
}

enum err
keyring_citizen_bind(struct keyring *k, const char *label, struct span blob, struct span act, struct writer *bound)
{
	return keyring_ask(k,
		&(struct call){.op = OP_WRAP, .once = true, .label = span_of(label), .object = blob, .evidence = act},
		bound);
}

enum err
keyring_challenge_whole(struct keyring *k, const char *label, struct span blob, const struct digests *digests,
	struct hsm_challenge *out)
{
	AUTO(writer) answer = writer_new(sizeof(*out));
	const struct call c = {.op = OP_CHALLENGE, .label = span_of(label), .object = blob, .digests = digests};

	TRY(keyring_ask(k, &c, &answer));
	REQUIRE(answer.len == sizeof(*out), ERR_UNAVAILABLE);
	memcpy(out->challenge, answer.ptr, sizeof(out->challenge));
	memcpy(out->nonce, answer.ptr + sizeof(out->challenge), sizeof(out->nonce));
	memcpy(out->instance, answer.ptr + sizeof(out->challenge) + sizeof(out->nonce), sizeof(out->instance));
	return ERR_OK;
}

enum err
keyring_challenge(struct keyring *k, const char *label, struct span blob, const struct digests *digests,
	uint8_t challenge[32], uint8_t nonce[HSM_NONCE_LEN])
{
	struct hsm_challenge c;

	TRY(keyring_challenge_whole(k, label, blob, digests, &c));
	memcpy(challenge, c.challenge, sizeof(c.challenge));
	memcpy(nonce, c.nonce, sizeof(c.nonce));
	return ERR_OK;
}

enum err
keyring_activate(struct keyring *k, const char *label, struct span blob, const struct digests *digests,
	const uint8_t nonce[HSM_NONCE_LEN], struct span evidence, struct writer *signatures)
{
	const struct call c = {.op = OP_ACTIVATE,
		.once = true,
		.label = span_of(label),
		.object = blob,
		.evidence = evidence,
		.nonce = span_at(nonce, HSM_NONCE_LEN),
		.digests = digests};

	return keyring_ask(k, &c, signatures);
}

enum err
keyring_retire(struct keyring *k, const char *label, struct span blob)
{
	AUTO(writer) nothing = writer_new(0);

	return keyring_ask(k, &(struct call){.op = OP_RETIRE, .label = span_of(label), .object = blob}, &nothing);
}

/* ---- custodians ---- */

struct proposed {
	struct json_bytes id;
	char *summary;
	int64_t expires, k;
};
static const struct json_row proposed_rows[] = {
	{"proposal", JSON_BYTES, JSON_REQUIRED, offsetof(struct proposed, id), .max = HSM_NONCE_LEN},
	{"summary", JSON_TEXT, JSON_REQUIRED, offsetof(struct proposed, summary), .max = MAX_SUMMARY - 1},
	{"expires", JSON_INT, JSON_REQUIRED, offsetof(struct proposed, expires), .min = 0, .max = 1LL << 40},
	{"k", JSON_INT, JSON_REQUIRED, offsetof(struct proposed, k), .min = 1, .max = 16},
};
static const struct json_table proposed_table = {"proposal", proposed_rows, 4, sizeof(struct proposed), true};

enum err
keyring_propose(struct keyring *k, const char *kind, const char *label, struct span object, struct span evidence,
	struct hsm_proposal *out)
{
	AUTO(writer) answer = writer_new(MAX_ANSWER);
	const struct call c = {.op = OP_PROPOSE,
		.once = true,
		.kind = span_of(kind),
		.label = label == NULL ? SPAN("") : span_of(label),
		.object = object.ptr == NULL ? SPAN("") : object,
		.evidence = evidence};
	struct proposed p;

	TRY(keyring_ask(k, &c, &answer));
	TRY(json_decode(writer_span(&answer), &proposed_table, &p));
	*out = (struct hsm_proposal){.expires = p.expires, .k = p.k};
	if (p.id.len == HSM_NONCE_LEN)
		memcpy(out->id, p.id.ptr, HSM_NONCE_LEN);
	(void)snprintf(out->summary, sizeof(out->summary), "%s", p.summary);
	json_free(&proposed_table, &p);
	return ERR_OK;
}

struct approved {
	bool executed;
	int64_t missing;
	struct json_bytes result;
};
static const struct json_row approved_rows[] = {
	{"executed", JSON_BOOL, JSON_REQUIRED, offsetof(struct approved, executed), .max = 0},
	{"missing", JSON_INT, JSON_REQUIRED, offsetof(struct approved, missing), .min = 0, .max = 16},
	{"result", JSON_BYTES, JSON_OPTIONAL, offsetof(struct approved, result), .max = MAX_EXECUTED},
};
static const struct json_table approved_table = {"approval", approved_rows, 3, sizeof(struct approved), true};

enum err
keyring_approve(struct keyring *k, const uint8_t id[HSM_NONCE_LEN], struct span object, struct span approval,
	bool *executed, int64_t *missing, struct writer *result)
{
	AUTO(writer) answer = writer_new(2 * MAX_EXECUTED);
	const struct call c = {.op = OP_APPROVE,
		.once = true,
		.object = object.ptr == NULL ? SPAN("") : object,
		.evidence = approval,
		.nonce = span_at(id, HSM_NONCE_LEN)};
	struct approved a;

	TRY(keyring_ask(k, &c, &answer));
	TRY(json_decode(writer_span(&answer), &approved_table, &a));
	*executed = a.executed;
	*missing = a.missing;
	writer_bytes(result, span_at(a.result.ptr, a.result.len));
	json_free(&approved_table, &a);
	return writer_done(result);
}

enum err
keyring_metrics(struct keyring *k, struct writer *text)
{
	return keyring_ask(k, &(struct call){.op = OP_METRICS}, text);
}
