/* Birth: a citizen's key is made, bound to a person and their credentials by a registrar, once, and raised by a generation after a freeze. */
#include <stdio.h>

#include "base/encode.h"
#include "base/random.h"
#include "hsm/citizen/citizens.h"
#include "hsm/citizen/order.h"
#include "hsm/citizen/seal.h"
#include "hsm/token/citizen.h"
#include "jose/act.h"

enum { BIRTH_SECONDS = 900, CREDENTIAL_TOLD = 8, MAX_DETAIL = 1024 };

static struct sha256
ledger_name(struct span id)
{
	return sha256_of(id);
}

/* Eight bytes of each credential's hash: enough to find one that was bound to two people. What a registrar may choose freely stands last. */
static void
detail_write(struct work *w, const struct blob *b, const struct birth_order *o, const char *by, struct writer *text)
{
	writer_format(text, "generation=%lu registrar=%.128s profile=%.*s", (unsigned long)b->generation, by,
		(int)b->profile.len, (const char *)b->profile.ptr);
	for (size_t i = 0; o != NULL && i < b->count; i++) {
		writer_text(text, i == 0 ? " credentials=" : ",");
		hex_write(text, span_at(o->hashes[i].bytes, CREDENTIAL_TOLD));
	}
	writer_format(text, " person=%.*s", (int)b->person.len, (const char *)b->person.ptr);
	(void)snprintf(w->detail, sizeof(w->detail), "%s", (const char *)writer_span(text).ptr);
}

/* On the disk before the blob leaves: no key is born that is nowhere recorded. */
static enum err
record(struct work *w, const char *act, const struct blob *b, const struct birth_order *o, const char *by)
{
	AUTO(writer) detail = writer_new(MAX_DETAIL);
	const struct sha256 spki = sha256_of(b->spki);
	struct journal_entry entry = {.act = act,
		.key = w->key->rule->label,
		.object = &spki,
		.id = b->id,
		.number = (int64_t)b->generation,
		.has_uid = true,
		.uid = w->request->uid};

	detail_write(w, b, o, by, &detail);
	TRY(writer_done(&detail));
	entry.detail = (const char *)writer_span(&detail).ptr;
	return journal_append(&w->service->journal, &entry, w->request->arrived);
}

/* ---- making ---- */

struct making {
	const struct algorithm *algorithm;
	struct writer wrapped, spki;
};

static enum err
act_make(struct session *s, const struct key *k, CK_OBJECT_HANDLE handle, void *context)
{
	struct making *m = context;

	(void)k;
	writer_reset(&m->wrapped);
	writer_reset(&m->spki);
	return token_citizen_make(s, handle, m->algorithm, &m->wrapped, &m->spki);
}

static enum err
made_write(struct work *w, const struct making *m)
{
	struct citizens *c = w->service->citizens;
	uint8_t id[BLOB_ID_LEN];
	const struct blob b = {.state = BLOB_UNBORN,
		.id = span_at(id, sizeof(id)),
		.instance = span_at(c->instance, sizeof(c->instance)),
		.made = w->request->arrived,
		.algorithm = span_of(m->algorithm->name),
		.spki = writer_span(&m->spki),
		.wrapped = writer_span(&m->wrapped)};
	const int64_t now = citizens_clock();
	struct sha256 name;

	random_bytes(id, sizeof(id));
	name = ledger_name(b.id);
	TRY(seal_write(w->service, w->session, w->key, &b, &w->result));
	REQUIRE_WHY(ledger_enter(&c->unborn, &name, b.id, 0, now, now + BIRTH_SECONDS) == ERR_OK, ERR_TOO_MANY,
		"%d keys are made and not born", LEDGER_ROOM);
	return ERR_OK;
}

static enum err
make(struct work *w)
{
	struct making m = {.algorithm = algorithm_find(w->key->rule->born, ALGORITHM_SIGN),
		.wrapped = writer_new(MAX_BLOB_WRAPPED),
		.spki = writer_new(MAX_BLOB_SPKI)};
	enum err e;

	atomic_fetch_add(&w->service->unwraps, 1); /* SoftHSM leaks with this as with an unwrap */
	e = key_use(w->session, w->key, &w->service->breaker, act_make, &m);
	if (e == ERR_OK)
		e = made_write(w, &m);
	writer_free(&m.wrapped);
	writer_free(&m.spki);
	return e;
}

/* ---- being born ---- */

/* Everything is checked before the key's one chance is taken. */
static enum err
bind(struct work *w, struct blob *b, const struct act *act, struct birth_order *o)
{
	struct citizens *c = w->service->citizens;
	const struct sha256 name = ledger_name(b->id);

	TRY(birth_order_apply(o, &w->service->policy, w->key->rule->label, b));
	REQUIRE_WHY(ledger_take(&c->unborn, &name, citizens_clock()) == ERR_OK, ERR_USED,
		"that key was born already, or was made more than %d minutes ago", BIRTH_SECONDS / 60);
	TRY(record(w, "birth", b, o, act->by->name));
	return seal_write(w->service, w->session, w->key, b, &w->result);
}

static enum err
birth(struct work *w, struct blob *b)
{
	struct citizens *c = w->service->citizens;
	AUTO(act) act = {0};
	struct birth_order o;
	enum err e;

	REQUIRE_WHY(span_equal(b->instance, span_at(c->instance, sizeof(c->instance))), ERR_REFUSED,
		"that key was made by another mohar-hsmd, or before it started again: make another");
	TRY(act_verify(w->fields.at[FIELD_EVIDENCE], &w->service->policy.file.operators, "registrar",
		"certificate.issue", NULL, w->request->arrived, &act));
	TRY(birth_order_read(span_of(act.payload), &o));
	e = bind(w, b, &act, &o);
	birth_order_free(&o);
	return e;
}

/* Only the newest generation, and only when it is frozen: else two would live, and a freeze would reach only the older. */
static enum err
raise(struct work *w, struct blob *b)
{
	const uint32_t up_to = retired_up_to(&w->service->citizens->retired, b->id.ptr);
	AUTO(act) act = {0};

	TRY(act_verify(w->fields.at[FIELD_EVIDENCE], &w->service->policy.file.operators, "registrar",
		"citizen.unfreeze", NULL, w->request->arrived, &act));
	TRY(unfreeze_order_check(span_of(act.payload), b));
	REQUIRE_WHY(up_to >= b->generation, ERR_REFUSED, "that key is not frozen");
	REQUIRE_WHY(up_to == b->generation && up_to < UINT32_MAX, ERR_REVOKED,
		"that is an old copy: the key's newest generation is another");
	b->generation++;
	TRY(record(w, "unfreeze", b, NULL, act.by->name));
	return seal_write(w->service, w->session, w->key, b, &w->result);
}

enum err
op_citizen_wrap(struct work *w)
{
	const unsigned both = FIELD_BIT(OBJECT) | FIELD_BIT(EVIDENCE), given = w->fields.present & both;
	struct blob b;

	if (given == 0)
		return make(w);
	REQUIRE_WHY(given == both, ERR_MALFORMED, "a blob and a registrar's act go together");
	TRY(seal_read(w->service, w->session, w->key, w->fields.at[FIELD_OBJECT], &b));
	return b.state == BLOB_UNBORN ? birth(w, &b) : raise(w, &b);
}
