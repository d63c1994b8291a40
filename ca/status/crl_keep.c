#include "ca/status/crl_keep.h"

#include <stdlib.h>

#include "ca/status/crl_renew.h"
#include "ca/status/crl_set.h"
#include "ca/store/statements.h"

enum { BYTES_AN_ENTRY = 49 };

struct shard_state {
	int64_t dirty;   /* the last transaction that changed something of it; 0: none known */
	int64_t covered; /* everything up to this one is in the list that is served */
};

struct kept_authority {
	int64_t shards; /* 0 to this */
	int64_t next;   /* where the search goes on, so that one that is always due starves no other */
	struct shard_state states[MAX_SHARDS + 1];
};

struct crl_keep {
	struct cad *c;
	struct kept_authority rows[];
};

enum crl_due
crl_due(bool dirty, const struct crl_about *l, size_t bytes, unix_time now)
{
	const size_t wait = bytes / BYTES_AN_ENTRY / CRL_ENTRIES_A_SECOND;

	if (now >= l->this_update + (l->next_update - l->this_update) / 2)
		return CRL_SCHEDULED;
	if (dirty && now - l->this_update >= (wait > CRL_MAX_WAIT ? CRL_MAX_WAIT : (unix_time)wait))
		return CRL_CHANGED;
	return CRL_FINE;
}

enum err
crl_keep_new(struct cad *c, struct crl_keep **out)
{
	struct crl_keep *k = calloc(1, sizeof(*k) + c->authorities.count * sizeof(k->rows[0]));

	REQUIRE(k != NULL, ERR_NO_MEMORY);
	k->c = c;
	for (size_t i = 0; i < c->authorities.count; i++)
		k->rows[i].shards = c->authorities.rows[i].is_root ? 0 : c->config.crl_shards;
	*out = k;
	return ERR_OK;
}

void
crl_keep_free(struct crl_keep **k)
{
	free(*k);
	*k = NULL;
}

/* There were more shards once, and certificates that name them. */
static enum err
count_shards(struct crl_keep *k, size_t i)
{
	const struct db_param params[] = {db_text(k->c->authorities.rows[i].label)};
	struct number_row row;

	TRY(db_pool_one(k->c->db, CA_SHARDS, params, &row));
	if (row.number > k->rows[i].shards && row.number <= MAX_SHARDS)
		k->rows[i].shards = row.number;
	return ERR_OK;
}

static enum err
load_one(struct crl_keep *k, size_t i, int64_t shard, int64_t *since)
{
	const struct authority *a = &k->c->authorities.rows[i];
	const enum err e = crl_load(k->c, a, shard);

	if (e == ERR_NOT_FOUND || e == ERR_CORRUPT) { /* then it is made anew */
		err_forget();
		return ERR_OK;
	}
	TRY(e);
	struct crl *l = crl_set_list(k->c->lists, a, shard);
	const int64_t seen = crl_about(l)->seen;

	crl_drop(l);
	k->rows[i].states[shard].covered = seen - 1;
	if (seen < *since)
		*since = seen;
	return ERR_OK;
}

enum err
crl_keep_load(struct crl_keep *k, int64_t *since)
{
	*since = INT64_MAX;
	for (size_t i = 0; i < k->c->authorities.count; i++) {
		if (k->c->authorities.rows[i].is_root)
			continue;
		TRY(count_shards(k, i));
		for (int64_t n = 0; n <= k->rows[i].shards; n++)
			TRY(load_one(k, i, n, since));
	}
	return ERR_OK;
}

static void
mark(struct shard_state *s, int64_t txid)
{
	if (txid > s->dirty)
		s->dirty = txid;
}

void
crl_keep_changed(struct crl_keep *k, const char *issuer, int64_t shard, int64_t txid)
{
	const struct authority *a = authority_find(&k->c->authorities, issuer);

	if (a == NULL || a->is_root || shard < 0 || shard > MAX_SHARDS)
		return;
	struct kept_authority *row = &k->rows[a - k->c->authorities.rows];
	struct crl *whole = crl_set_list(k->c->lists, a, 0);

	if (shard > row->shards)
		row->shards = shard;
	mark(&row->states[shard], txid);
	if (whole == NULL || crl_about(whole)->whole)
		mark(&row->states[0], txid);
	crl_drop(whole);
}

static enum err
renew(struct crl_keep *k, const struct authority *a, int64_t shard, bool scheduled)
{
	struct shard_state *s = &k->rows[a - k->c->authorities.rows].states[shard];
	const int64_t dirty = s->dirty; /* seen by us, so it is seen by what the list is made from */

	TRY(crl_renew(k->c, a, shard, scheduled));
	struct crl *l = crl_set_list(k->c->lists, a, shard);

	if (crl_about(l)->seen - 1 > s->covered)
		s->covered = crl_about(l)->seen - 1;
	if (dirty > s->covered)
		s->covered = dirty;
	crl_drop(l);
	return ERR_OK;
}

static enum err
keep(struct crl_keep *k, const struct authority *a, int64_t shard, bool *made)
{
	const struct shard_state *s = &k->rows[a - k->c->authorities.rows].states[shard];
	struct crl *l = crl_set_list(k->c->lists, a, shard);
	const enum crl_due due =
		l == NULL ? CRL_SCHEDULED : crl_due(s->dirty > s->covered, crl_about(l), crl_der(l).len, cad_now(k->c));

	crl_drop(l);
	*made = due != CRL_FINE;
	return due == CRL_FINE ? ERR_OK : renew(k, a, shard, due == CRL_SCHEDULED);
}

enum err
crl_keep_one(struct crl_keep *k, size_t authority, bool *made)
{
	struct kept_authority *row = &k->rows[authority];
	const int64_t count = row->shards + 1;
	enum err e = ERR_OK;

	*made = false;
	for (int64_t n = 0; n < count && e == ERR_OK && !*made; n++)
		e = keep(k, &k->c->authorities.rows[authority], (row->next + n) % count, made);
	if (*made)
		row->next = (row->next + 1) % count;
	return e;
}
