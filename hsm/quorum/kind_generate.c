#include "hsm/quorum/kind.h"

#include <string.h>

#include "hsm/quorum/quorum.h"
#include "hsm/quorum/summary.h"
#include "policy/purpose.h"

/* Who will be able to use it, and what it will be able to sign: the row of keys.json in words. */
static void
row_write(const struct key_rule *rule, struct writer *w)
{
	const struct certificate_rule *rules = rule->certificates.items;

	summary_line(w, "purpose", "%s", rule->purpose);
	summary_line(w, "algorithm", "%s", rule->algorithm);
	for (size_t i = 0; i < rule->callers.count; i++)
		summary_line(w, i == 0 ? "used by" : "", "%s", json_text_at(&rule->callers, i));
	for (size_t i = 0; i < rule->certificates.count; i++)
		summary_line(w, i == 0 ? "certifies" : "", "%s, %lld days at most%s", rules[i].profile,
			(long long)rules[i].days, rules[i].ca ? ", as a CA" : "");
	if (rule->agency != NULL)
		summary_line(w, "agency", "%s", rule->agency);
}

static enum err
check(const struct kind_question *q, struct writer *summary, int64_t *number)
{
	const struct key *k = q->key;

	(void)number;
	REQUIRE_WHY(q->object.len == 0, ERR_MALFORMED, "a proposal 'generate' has no object");
	REQUIRE_WHY(quorum_generates(k->rule), ERR_REFUSED, "key '%s' is made without custodians: GENERATE it",
		k->rule->label);
	REQUIRE_WHY(!atomic_load(&k->present), ERR_EXISTS, "key '%s' exists already", k->rule->label);
	writer_format(summary, "MAKE KEY '%s' on token '%s'\n\n", k->rule->label, q->service->settings.serves);
	row_write(k->rule, summary);
	writer_text(summary,
		"\nWhat follows: the key is made inside the token and cannot leave it. Whoever is named above can use it from then on,\n"
		"for what keys.json says and nothing else.\n");
	summary_end(summary, &q->service->policy);
	return ERR_OK;
}

static enum err
execute(const struct kind_question *q, const char *const *by, struct writer *result)
{
	(void)by;
	return quorum_key_make(q->service, q->session, q->key, q->uid, q->at, result);
}

const struct kind kind_generate = {.name = "generate",
	.labelled = true,
	.recorded_first = true,
	.check = check,
	.execute = execute};
