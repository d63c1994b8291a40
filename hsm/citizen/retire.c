/* Retirement: freeze, or removal for good. Stopping is always allowed to whoever keeps the blobs. */
#include "hsm/citizen/citizens.h"
#include "hsm/citizen/seal.h"

static enum err
retire(struct work *w, const struct blob *b)
{
	struct citizens *c = w->service->citizens;
	const struct journal_entry entry = {.act = "retire",
		.key = w->key->rule->label,
		.id = b->id,
		.number = (int64_t)b->generation,
		.has_uid = true,
		.uid = w->request->uid};
	enum err e;

	TRY(retired_promise(&c->retired));
	e = journal_append(&w->service->journal, &entry, w->request->arrived);
	if (e != ERR_OK) {
		retired_unpromise(&c->retired);
		return e;
	}
	retired_set(&c->retired, b->id.ptr, b->generation);
	hot_retire(&c->hot, w->session, b->id);
	return ERR_OK;
}

enum err
op_retire(struct work *w)
{
	struct blob b;

	TRY(seal_read(w->service, w->session, w->key, w->fields.at[FIELD_OBJECT], &b));
	REQUIRE_WHY(b.state == BLOB_BORN, ERR_REFUSED, "that key is not born: there is nothing to retire");
	if (b.generation <= retired_up_to(&w->service->citizens->retired, b.id.ptr))
		return ERR_OK;
	return retire(w, &b);
}
