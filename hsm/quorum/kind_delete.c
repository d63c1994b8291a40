#include "hsm/quorum/kind.h"

#include <string.h>

#include "hsm/quorum/summary.h"

static bool
names_key(const char *text, const char *label)
{
	return text != NULL && strcmp(text, label) == 0;
}

/* The rows of keys.json that lean on it. */
static void
dependents_write(const struct policy *p, const char *label, struct writer *w)
{
	const struct key_rule *keys = p->file.keys.items;

	for (size_t i = 0; i < p->file.keys.count; i++) {
		const struct certificate_rule *rules = keys[i].certificates.items;

		if (names_key(keys[i].seal, label))
			summary_line(w, "needed by", "key '%s', whose blobs it seals", keys[i].label);
		for (size_t n = 0; n < keys[i].certificates.count; n++) {
			if (names_key(rules[n].subject_key, label))
				summary_line(w, "needed by", "profile '%s' of key '%s', which certifies it",
					rules[n].profile, keys[i].label);
			if (names_key(rules[n].wrapped_by, label))
				summary_line(w, "needed by", "profile '%s' of key '%s'", rules[n].profile,
					keys[i].label);
		}
	}
}

/* What is gone with it, by the key's kind. */
static const char *
loss(const struct key *k)
{
	switch (k->algorithm->kind) {
	case ALGORITHM_SIGN:
		return "nothing can be signed with this key any more; what it signed stays valid.";
	case ALGORITHM_MAC:
		return "what was found or sealed by it can be found or opened no more.";
	default:
		return "WHAT WAS ENCRYPTED UNDER IT CAN NEVER BE READ AGAIN.";
	}
}

static enum err
check(const struct kind_question *q, struct writer *summary, int64_t *number)
{
	const struct key *k = q->key;

	(void)number;
	REQUIRE_WHY(k != NULL && atomic_load(&k->present), ERR_NOT_FOUND, "key '%s' is not there: nothing to delete",
		k == NULL ? "" : k->rule->label);
	REQUIRE_WHY(q->object.len == 0, ERR_MALFORMED, "a proposal 'delete' has no object");
	writer_format(summary, "DESTROY KEY '%s' of token '%s'\n\n", k->rule->label, q->service->settings.serves);
	summary_line(summary, "purpose", "%s", k->rule->purpose);
	summary_line(summary, "algorithm", "%s", k->rule->algorithm);
	if (k->found.spki.len > 0) {
		const struct sha256 hash = sha256_of(writer_span(&k->found.spki));

		summary_hash(summary, "key SHA-256", &hash);
	}
	dependents_write(&q->service->policy, k->rule->label, summary);
	writer_format(summary,
		"\nWhat follows: %s\nOn this token it cannot be undone. Copies of the token are not reached: destroy them too.\n",
		loss(k));
	summary_end(summary, &q->service->policy);
	return ERR_OK;
}

static enum err
execute(const struct kind_question *q, const char *const *by, struct writer *result)
{
	(void)by;
	(void)result;
	atomic_store(&q->key->present, false);
	return token_key_destroy(q->session, q->key->rule->label);
}

const struct kind kind_delete = {.name = "delete",
	.labelled = true,
	.recorded_first = true,
	.replaces = true,
	.check = check,
	.execute = execute};
