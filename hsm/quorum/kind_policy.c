#include "hsm/quorum/kind.h"

#include "hsm/policy/genesis.h"
#include "hsm/quorum/summary.h"

/* A row that goes while its key is on the token leaves a key that nobody serves, and nobody can delete. */
static void
left_write(const struct service *s, const struct policy *next, struct writer *w)
{
	for (size_t i = 0; i < s->keys.count; i++) {
		const struct key *k = &s->keys.rows[i];

		if (atomic_load(&k->present) && policy_key(next, span_of(k->rule->label)) == NULL)
			writer_format(w,
				"Key '%s' stays on the token, but is served no more. To destroy it, do that first.\n",
				k->rule->label);
	}
}

static enum err
render(const struct kind_question *q, const struct policy *next, struct writer *w)
{
	const struct policy *p = &q->service->policy;

	writer_format(w, "CHANGE THE POLICY keys.json from version %lld to version %lld\n\n",
		(long long)p->file.version, (long long)next->file.version);
	TRY(summary_difference(writer_span(&p->bytes), q->object, w));
	writer_u8(w, '\n');
	summary_hash(w, "from SHA-256", &p->hash);
	summary_hash(w, "to SHA-256", &next->hash);
	writer_text(w,
		"\nWhat follows: from the next start with the new file, it rules; the file of now is refused from then on.\n");
	left_write(q->service, next, w);
	writer_format(w, "The change after this one needs %lld of %zu custodians.\n",
		(long long)next->file.custodians.k, next->file.custodians.names.count);
	summary_end(w, p);
	return ERR_OK;
}

static enum err
check(const struct kind_question *q, struct writer *summary, int64_t *number)
{
	const int64_t approved = q->service->proposals.next_version, now = q->service->policy.file.version,
		      latest = approved > now ? approved : now;
	struct policy next;
	enum err e = ERR_OK;

	TRY(policy_parse(q->object, &next));
	*number = next.file.version;
	if (next.file.version <= latest)
		e = err_because(ERR_REFUSED, "version %lld is not higher than %lld: a policy never goes back",
			(long long)next.file.version, (long long)latest);
	if (e == ERR_OK)
		e = render(q, &next, summary);
	policy_free(&next);
	return e;
}

static enum err
execute(const struct kind_question *q, const char *const *by, struct writer *result)
{
	struct policy next;
	enum err e;

	(void)result;
	TRY(policy_parse(q->object, &next));
	e = genesis_approve(q->session, &next, by, q->at);
	policy_free(&next);
	return e;
}

const struct kind kind_policy = {.name = "policy", .check = check, .execute = execute};
