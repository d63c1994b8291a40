#include "hsm/citizen/citizens.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "hsm/citizen/seal.h"

enum err
citizens_new(size_t hot_keys, struct citizens **out)
{
	struct citizens *c = calloc(1, sizeof(*c));

	REQUIRE(c != NULL, ERR_NO_MEMORY);
	random_bytes(c->instance, sizeof(c->instance));
	TRY(ledger_init(&c->unborn));
	TRY(ledger_init(&c->challenges));
	retired_init(&c->retired);
	TRY(hot_init(&c->hot, hot_keys));
	*out = c;
	return ERR_OK;
}

void
citizens_ready(struct citizens *c, struct token *t, size_t workers)
{
	nests_init(&c->nests, t, workers);
}

enum err
citizens_replay(void *context, const struct journal_line *line)
{
	struct citizens *c = context;

	if (line->act == NULL || strcmp(line->act, "retire") != 0)
		return ERR_OK;
	REQUIRE_WHY(line->has_id && line->number > 0 && line->number <= UINT32_MAX, ERR_CORRUPT,
		"the journal has a retirement without key and generation");
	TRY(retired_promise(&c->retired));
	retired_set(&c->retired, line->id, (uint32_t)line->number);
	return ERR_OK;
}

int64_t
citizens_clock(void)
{
	return clock_ticks() / 1000000;
}

enum err
citizens_allow(struct citizens *c, const struct blob *b)
{
	REQUIRE_WHY(b->state == BLOB_BORN, ERR_REFUSED, "that key is not born: a registrar must bind it first");
	REQUIRE_WHY(b->generation > retired_up_to(&c->retired, b->id.ptr), ERR_REVOKED,
		"generation %lu of that key is frozen or removed", (unsigned long)b->generation);
	return ERR_OK;
}

enum err
citizens_born(struct service *service, struct session *s, const char *label, struct span bytes, struct blob *out)
{
	const struct key *master = keys_find(&service->keys, span_of(label));

	REQUIRE_WHY(master != NULL && master->algorithm->kind == ALGORITHM_MASTER, ERR_NOT_FOUND,
		"there is no key '%s' for citizens' keys on this token", label);
	TRY(seal_read(service, s, master, bytes, out));
	return citizens_allow(service->citizens, out);
}

static enum err
open_new(struct work *w, const struct sha256 *name, struct hot_key **out)
{
	const struct span bytes = w->fields.at[FIELD_OBJECT];
	AUTO(citizen_key) *citizen = NULL;
	struct blob b;

	TRY(seal_read(w->service, w->session, w->key, bytes, &b));
	TRY(citizens_allow(w->service->citizens, &b));
	TRY(citizen_key_read(bytes, &citizen));
	return hot_add(&w->service->citizens->hot, name, &citizen, w->session, out);
}

/* A blob that was found genuine before is found again by the hash of all its bytes. */
enum err
citizens_open(struct work *w, struct hot_key **out)
{
	struct citizens *c = w->service->citizens;
	const struct span parts[] = {span_of(w->key->rule->label), SPAN("\0"), w->fields.at[FIELD_OBJECT]};
	const struct sha256 name = sha256_of_parts(parts, 3);
	struct hot_key *k = hot_find(&c->hot, &name);
	enum err e;

	if (k == NULL)
		return open_new(w, &name, out);
	e = citizens_allow(c, &k->citizen->blob);
	if (e != ERR_OK) {
		hot_give(&c->hot, w->session, &k);
		return e;
	}
	*out = k;
	return ERR_OK;
}
