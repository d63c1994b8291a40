#include "hsm/quorum/kind.h"

#include "hsm/quorum/quorum.h"
#include "hsm/quorum/summary.h"
#include "hsm/signing.h"

static const char *
label_of(void *context, struct span spki)
{
	const struct service *s = context;

	for (size_t i = 0; i < s->keys.count; i++) {
		const struct key *k = &s->keys.rows[i];

		if (atomic_load(&k->present) && k->found.spki.len > 0 && span_equal(writer_span(&k->found.spki), spki))
			return k->rule->label;
	}
	return NULL;
}

static struct signing
signing_of(const struct kind_question *q, bool approved, char *detail)
{
	return (struct signing){.service = q->service,
		.session = q->session,
		.key = q->key,
		.object = q->object,
		.uid = q->uid,
		.arrived = q->at,
		.approved = approved,
		.detail = detail};
}

/* Checked as SIGN checks it, at the time when it was proposed. What SIGN would sign anyway is not for custodians. */
static enum err
check(const struct kind_question *q, struct writer *summary, int64_t *number)
{
	char detail[MAX_TYPE_DETAIL];
	const struct signing approved = signing_of(q, true, detail), routine = signing_of(q, false, detail);
	struct type_question question;
	const struct type *type;

	(void)number;
	TRY(signing_check(&approved, &question, &type, detail));
	question.context = q->service;
	if (strcmp(q->key->rule->purpose, "root-ca") != 0) {
		struct type_question same;

		REQUIRE_WHY(signing_check(&routine, &same, &type, detail) != ERR_OK, ERR_REFUSED,
			"key '%s' signs this without custodians: SIGN it", q->key->rule->label);
		err_forget();
	}
	if (type == &type_tbscertificate)
		TRY(summary_certificate(&question, label_of, summary));
	else if (type == &type_tbscertlist)
		TRY(summary_list(&question, summary));
	else
		return err_because(ERR_REFUSED, "custodians sign certificates and lists only");
	summary_end(summary, &q->service->policy);
	return ERR_OK;
}

static enum err
execute(const struct kind_question *q, const char *const *by, struct writer *result)
{
	char detail[MAX_TYPE_DETAIL];
	const struct signing approved = signing_of(q, true, detail);

	(void)by;
	TRY(signing_do(&approved, result));
	atomic_fetch_add(&q->service->signatures, 1);
	return ERR_OK;
}

const struct kind kind_sign = {.name = "sign", .labelled = true, .check = check, .execute = execute};
