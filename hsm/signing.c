#include "hsm/signing.h"

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>

#include "hsm/citizen/citizens.h"
#include "hsm/quorum/quorum.h"
#include "x509/own.h"

enum { LARGE_OBJECT = 1 << 20 };

static enum err
spki_of(void *context, const char *label, struct writer *spki)
{
	const struct signing *s = context;
	const struct key *k = keys_find(&s->service->keys, span_of(label));

	REQUIRE_WHY(k != NULL && atomic_load(&k->present), ERR_NOT_FOUND, "key '%s' is not made yet", label);
	writer_bytes(spki, writer_span(&k->found.spki));
	return writer_done(spki);
}

static enum err
born(void *context, const char *label, struct span bytes, struct blob *out)
{
	const struct signing *s = context;

	return citizens_born(s->service, s->session, label, bytes, out);
}

struct outcome {
	const struct signing *s;
	struct writer signature;
};

static enum err
act_sign(struct session *session, const struct key *k, CK_OBJECT_HANDLE handle, void *context)
{
	struct outcome *o = context;

	writer_reset(&o->signature);
	return token_sign(session, &k->found, handle, o->s->object, &o->signature);
}

/* One certificate for an act of a registrar's, whatever is asked for while the act is fresh. */
static bool
is_by_act(const struct signing *s, const struct type *type)
{
	return type == &type_tbscertificate && s->evidence.len > 0;
}

static enum err
record(const struct signing *s, const struct type *type, const char *detail, const uint8_t id[JOURNAL_ID_LEN])
{
	const struct sha256 hash = type->journal ? sha256_of(s->object) : (struct sha256){0};
	const struct journal_entry entry = {.act = "sign",
		.key = s->key->rule->label,
		.type = type->name,
		.detail = detail,
		.object = &hash,
		.id = span_at(id, is_by_act(s, type) ? JOURNAL_ID_LEN : 0),
		.has_uid = true,
		.uid = s->uid};

	return type->journal ? journal_append(&s->service->journal, &entry, s->arrived) : ERR_OK;
}

/* To read a list of sixteen mebibytes takes half a second and two hundred mebibytes more: one at a time, whoever asks for how many. */
static enum err
type_check(const struct type *type, const struct type_question *q, char *detail)
{
	static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
	enum err e;

	if (q->object.len <= LARGE_OBJECT)
		return type->check(q, detail);
	(void)pthread_mutex_lock(&one);
	e = type->check(q, detail);
	(void)malloc_trim(0); /* a worker that has signed one large list is not large for ever */
	(void)pthread_mutex_unlock(&one);
	return e;
}

enum err
signing_check(const struct signing *s, struct type_question *question, const struct type **type, char *detail)
{
	*question = (struct type_question){.policy = &s->service->policy,
		.rule = s->key->rule,
		.key = &s->key->found,
		.object = s->object,
		.evidence = s->evidence,
		.now = s->arrived,
		.approved = s->approved,
		.spki_of = spki_of,
		.born = born,
		.context = (void *)(uintptr_t)s};
	detail[0] = '\0';
	REQUIRE_WHY(atomic_load(&s->key->present), ERR_NOT_FOUND, "key '%s' is not made yet: hold the ceremony",
		s->key->rule->label);
	REQUIRE_WHY(s->approved || !quorum_only(s->key->rule), ERR_REFUSED,
		"key '%s' signs only what custodians have approved: PROPOSE it", s->key->rule->label);
	*type = type_find(s->key->purpose, s->object);
	REQUIRE_WHY(*type != NULL, ERR_REFUSED, "key '%s' (%s) does not sign an object of this kind",
		s->key->rule->label, s->key->purpose->name);
	return type_check(*type, question, detail);
}

/* Signs, and records what was signed before it is released. */
static enum err
sign(const struct signing *s, const struct type *type, const char *detail, const uint8_t id[JOURNAL_ID_LEN],
	struct writer *signature)
{
	struct outcome o = {.s = s, .signature = writer_new(MAX_SIGNATURE)};
	enum err e = key_use(s->session, s->key, &s->service->breaker, act_sign, &o);

	if (e == ERR_OK)
		e = record(s, type, detail, id);
	if (e == ERR_OK)
		writer_bytes(signature, writer_span(&o.signature));
	writer_free(&o.signature);
	TRY(e);
	return writer_done(signature);
}

enum err
signing_do(const struct signing *s, struct writer *signature)
{
	const struct sha256 hash = sha256_of(s->object);
	uint8_t id[JOURNAL_ID_LEN];
	struct type_question q;
	char detail[MAX_TYPE_DETAIL];
	const struct type *type;
	enum err e;

	TRY(signing_check(s, &q, &type, detail));
	(void)snprintf(s->detail, MAX_TYPE_DETAIL, "%s%s%.200s", type->name, detail[0] == '\0' ? "" : " ", detail);
	if (!is_by_act(s, type))
		return sign(s, type, detail, id, signature);
	spent_id(s->evidence, id);
	TRY(spent_enter(&s->service->spent, id, &hash, clock_ticks()));
	e = sign(s, type, detail, id, signature);
	if (e != ERR_OK)
		spent_forget(&s->service->spent, id);
	return e;
}
