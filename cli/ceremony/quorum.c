#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "cli/card/card.h"
#include "cli/ceremony/ceremony.h"
#include "cli/ceremony/facts.h"

enum { MAX_APPROVAL = 8 << 10, MAX_RESULT = 64 << 10 };

enum err
proposal_approval(const struct proposal_file *p, struct card *card, unix_time now, struct writer *jws)
{
	AUTO(writer) body = writer_new(MAX_APPROVAL);
	struct json_writer j = json_to(&body);
	const struct sha256 object = sha256_of(p->object), summary = sha256_of(span_of(p->told.summary));

	json_object(&j, NULL);
	json_bytes64(&j, "proposal", span_at(p->told.id, HSM_NONCE_LEN));
	json_int(&j, "expires", p->told.expires);
	json_bytes64(&j, "object_sha256", sha256_span(&object));
	json_bytes64(&j, "summary_sha256", sha256_span(&summary));
	json_object_end(&j);
	TRY(writer_done(&body));
	return act_sign(card, "proposal.approve", CEREMONY_AUDIENCE, writer_span(&body), now, jws);
}

static enum err
approve_by(struct ceremony *c, const struct custodian *who, const struct proposal_file *p, struct keyring *k,
	bool *executed, struct writer *result)
{
	AUTO(writer) jws = writer_new(MAX_APPROVAL);
	struct card *card = NULL;
	int64_t missing = 0;
	enum err e;

	TRY(card_open(c->module, who->token, who->pin, &card));
	e = proposal_approval(p, card, cli_now(c->cli), &jws);
	card_free(&card);
	TRY(e);
	TRY(keyring_approve(k, p->told.id, p->object, writer_span(&jws), executed, &missing, result));
	json_object(&c->json, NULL);
	json_text(&c->json, "card", who->token);
	json_span(&c->json, "act", writer_span(&jws));
	json_object_end(&c->json);
	cli_progress(c->cli, "  approved by %s", who->token);
	return ERR_OK;
}

/* Every word of it into the transcript: what the custodians saw is what they answer for. */
static void
proposed_tell(struct ceremony *c, const struct proposal_file *p)
{
	const struct sha256 object = sha256_of(p->object);

	json_object(&c->json, "proposal");
	json_bytes64(&c->json, "id", span_at(p->told.id, HSM_NONCE_LEN));
	json_text(&c->json, "kind", p->kind);
	json_text(&c->json, "key", p->label);
	json_hex(&c->json, "object_sha256", sha256_span(&object));
	json_text(&c->json, "summary", p->told.summary);
	cli_progress(c->cli, "\n%s", p->told.summary);
}

enum err
ceremony_decide(struct ceremony *c, struct keyring *k, const char *kind, const char *label, struct span object,
	struct writer *result)
{
	struct proposal_file p = {.kind = kind, .label = label, .object = object};
	bool executed = false;

	TRY(keyring_propose(k, kind, label, object, SPAN(""), &p.told));
	TRY(facts_agree(kind, label, object, p.told.summary));
	proposed_tell(c, &p);
	json_array(&c->json, "approvals");
	for (size_t i = 0; i < c->custodian_count && !executed; i++)
		TRY(approve_by(c, &c->custodians[i], &p, k, &executed, result));
	json_array_end(&c->json);
	json_object_end(&c->json);
	REQUIRE_WHY(executed, ERR_REFUSED, "%zu custodians approved, and %lld must", c->custodian_count,
		(long long)p.told.k);
	return writer_done(result);
}

/* The token on which keys.json puts a key: a root's, or that of an issuing key some of whose certificates custodians decide. */
static enum err
keyring_of(const struct ceremony *c, const char *label, struct keyring **out)
{
	const struct key_rule *rule = keys_file_key(&c->keys, span_of(label));

	return ceremony_keyring(c, rule == NULL ? "root" : rule->token, out);
}

static enum err
signature_by_custodians(void *context, const char *label, struct span object, struct writer *signature)
{
	struct ceremony *c = context;
	struct keyring *k;

	TRY(keyring_of(c, label, &k));
	return ceremony_decide(c, k, "sign", label, object, signature);
}

enum err
ceremony_key(struct ceremony *c, const char *label, EVP_PKEY **out)
{
	struct keyring *k;

	TRY(keyring_of(c, label, &k));
	if (c->provides != k) { /* the provider is of one token at a time */
		keyring_provider_unload();
		c->provides = NULL;
		TRY(keyring_provider_load(k));
		c->provides = k;
	}
	return keyring_key_signed_by(k, label, signature_by_custodians, c, out);
}
