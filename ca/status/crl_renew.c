#include "ca/status/crl_renew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "ca/status/crl_set.h"
#include "x509/own.h"

enum {
	MAX_PATH = 4096,
	MAX_URL = 512,
	SECONDS_AN_HOUR = 3600,
	LISTS_KEPT = 3,
	MAX_CHANGES = 256 << 20,
	ALL_SHARDS = -1
};

/* A list in the making. */
struct making {
	const struct authority *a;
	int64_t shard;
	bool scheduled, whole;
	struct list_state_row state;
	unix_time this_update, next_update;
	struct crl_entry *entries; /* owned */
	size_t count;
	struct writer changed; /* serials since the base */
	struct writer der, delta;
};

static void
making_free(struct making *m)
{
	free(m->entries);
	writer_free(&m->changed);
	writer_free(&m->der);
	writer_free(&m->delta);
}

/* RFC 5280 5.3.1: "unspecified" is said by saying nothing. */
static void
fill(struct crl_entry *entry, const struct listed_row *row)
{
	memcpy(entry->serial, row->serial.ptr, row->serial.len < SERIAL_LEN ? row->serial.len : SERIAL_LEN);
	entry->at = row->revoked_at;
	entry->reason = row->reason == 0 ? -1 : (int)row->reason;
}

static enum err
take_rows(struct making *m, const struct json_list *list)
{
	const struct listed_row *rows = list->items;

	m->entries = calloc(list->count + 1, sizeof(*m->entries));
	REQUIRE(m->entries != NULL, ERR_NO_MEMORY);
	for (size_t i = 0; i < list->count; i++)
		fill(&m->entries[i], &rows[i]);
	m->count = list->count;
	return ERR_OK;
}

/* RFC 5280 3.3: an entry goes only after a scheduled list that was issued when its certificate had ended: so whatever had not ended at the last scheduled one is in this one. */
static unix_time
not_ended_at(const struct cad *c, const struct making *m)
{
	return m->state.base > 0 ? m->state.base_updated : m->this_update - c->config.crl_hours * SECONDS_AN_HOUR;
}

static enum err
read_changes(struct cad *c, struct making *m)
{
	const struct db_param params[] = {db_text(m->a->label), db_int(m->state.base_seen),
		db_int(m->whole ? ALL_SHARDS : m->shard)};
	struct json_list list;

	writer_reset(&m->changed);
	if (m->state.base == 0)
		return ERR_OK;
	TRY(db_pool_all(c->db, CA_LIST_CHANGES, params, &list));
	const struct serials_row *rows = list.items;

	for (size_t i = 0; i < list.count; i++)
		writer_bytes(&m->changed, span_at(rows[i].serials.ptr, rows[i].serials.len));
	db_rows_free(&ca_statements[CA_LIST_CHANGES], &list);
	return writer_done(&m->changed);
}

/* What has changed is read before what is listed: then nothing is told to be removed that was only revoked in between. */
static enum err
read_rows(struct cad *c, struct making *m)
{
	const struct db_param params[] = {db_text(m->a->label), db_time(not_ended_at(c, m)),
		db_int(MAX_WHOLE_ENTRIES + 1), db_int(m->shard)};
	const enum ca_statement n = m->whole ? CA_LIST_ALL : CA_LIST_SHARD;
	struct json_list list;

	TRY(read_changes(c, m));
	TRY(db_pool_all(c->db, n, params, &list));
	enum err e = ERR_OK;

	if (!m->whole && list.count > MAX_WHOLE_ENTRIES)
		e = err_because(ERR_TOO_LONG,
			"%s, shard %lld: more than %d entries; raise crl_shards for what is issued from now on",
			m->a->label, (long long)m->shard, MAX_WHOLE_ENTRIES);
	else if (!m->whole || list.count <= MAX_WHOLE_ENTRIES)
		e = take_rows(m, &list);
	db_rows_free(&ca_statements[n], &list);
	return e;
}

static enum err
gather(struct cad *c, struct making *m)
{
	const struct db_param params[] = {db_text(m->a->label), db_int(m->shard)};

	m->this_update = cad_now(c);
	m->next_update = m->this_update + c->config.crl_hours * SECONDS_AN_HOUR;
	TRY(db_pool_one(c->db, CA_LIST_STATE, params, &m->state));
	m->whole = m->shard == 0;
	TRY(read_rows(c, m));
	if (m->entries != NULL)
		return ERR_OK;
	m->whole = false;
	return read_rows(c, m);
}

/* ---- delta ---- */

static int
by_serial(const void *a, const void *b)
{
	return memcmp(a, b, SERIAL_LEN);
}

enum err
crl_delta_entries(struct span changed, const struct crl_entry *rows, size_t count, unix_time at, struct crl_entry **out,
	size_t *out_count)
{
	const size_t n = changed.len / SERIAL_LEN;
	uint8_t *serials = malloc(changed.len + 1);
	struct crl_entry *made = calloc(n + 1, sizeof(*made));
	size_t used = 0;

	if (serials == NULL || made == NULL) {
		free(serials);
		free(made);
		return ERR_NO_MEMORY;
	}
	if (n > 0)
		memcpy(serials, changed.ptr, n * SERIAL_LEN);
	qsort(serials, n, SERIAL_LEN, by_serial);
	for (size_t i = 0; i < n; i++) {
		const uint8_t *serial = serials + i * SERIAL_LEN;

		if (i > 0 && memcmp(serial - SERIAL_LEN, serial, SERIAL_LEN) == 0)
			continue;
		const struct crl_entry *row = bsearch(serial, rows, count, sizeof(*rows), by_serial);

		made[used] = row != NULL ? *row : (struct crl_entry){.at = at, .reason = CRL_REMOVE};
		memcpy(made[used++].serial, serial, SERIAL_LEN);
	}
	free(serials);
	*out = made;
	*out_count = used;
	return ERR_OK;
}

/* ---- signing ---- */

static enum err
make_delta(const struct making *m, struct crl_facts *facts, EVP_PKEY *key, struct writer *der)
{
	struct crl_entry *entries;

	TRY(crl_delta_entries(writer_span(&m->changed), m->entries, m->count, m->this_update, &entries, &facts->count));
	facts->entries = entries;
	facts->base = m->state.base;
	facts->freshest = NULL; /* RFC 5280 5.2.6: not in a delta */
	const enum err e = crl_make(facts, key, der);

	free(entries);
	return e;
}

/* A delta must be of the same scope as its base (RFC 5280 5.2.4), and is no use if it is as large as a list may be. */
static bool
has_delta(const struct making *m)
{
	return m->state.base > 0 && m->state.base_whole == m->whole && m->changed.len / SERIAL_LEN <= MAX_WHOLE_ENTRIES;
}

static enum err
sign(struct cad *c, struct making *m)
{
	AUTO(writer) point = writer_new(MAX_URL);
	AUTO(writer) freshest = writer_new(MAX_URL);
	OWN(EVP_PKEY) key = NULL;

	crl_url_write(c->config.pki_url, &(struct crl_name){m->a->label, m->shard, false}, &point);
	crl_url_write(c->config.pki_url, &(struct crl_name){m->a->label, m->shard, true}, &freshest);
	struct crl_facts facts = {
		.issuer = m->a->certificate,
		.number = m->state.number + 1,
		.this_update = m->this_update,
		.next_update = m->next_update,
		.entries = m->entries,
		.count = m->count,
		.point = m->whole ? NULL : (const char *)writer_span(&point).ptr,
		.freshest = has_delta(m) ? (const char *)writer_span(&freshest).ptr : NULL,
	};

	TRY(keyring_key(c->keyring, m->a->label, (struct span){0}, &key));
	TRY(crl_make(&facts, key, &m->der));
	return has_delta(m) ? make_delta(m, &facts, key, &m->delta) : ERR_OK;
}

/* ---- storing, serving ---- */

static enum err
store(struct cad *c, const struct making *m)
{
	const int64_t number = m->state.number + 1;
	const struct db_param params[] = {db_text(m->a->label), db_int(m->shard), db_int(number), db_bool(m->scheduled),
		db_int(m->state.horizon), db_time(m->this_update), db_time(m->next_update), db_int((int64_t)m->count),
		db_bool(m->whole), db_bytes(writer_span(&m->der)), db_int(has_delta(m) ? m->state.base : 0),
		db_bytes(has_delta(m) ? writer_span(&m->delta) : (struct span){0})};
	const struct db_param old[] = {db_text(m->a->label), db_int(m->shard), db_int(number - LISTS_KEPT),
		db_int(m->state.base)};

	TRY(db_pool_run(c->db, CA_LIST_INSERT, params, NULL));
	return db_pool_run(c->db, CA_LIST_FORGET, old, NULL);
}

/* Takes the bytes of both. */
static enum err
publish(struct cad *c, const struct authority *a, int64_t shard, struct writer *der, struct writer *delta_der,
	int64_t seen, bool whole)
{
	struct crl *list, *delta = NULL;

	TRY(crl_new(der, a->certificate, &list));
	if (delta_der->len > 0) {
		const enum err e = crl_new(delta_der, a->certificate, &delta);

		if (e != ERR_OK) {
			crl_drop(list);
			return e;
		}
		crl_describe(delta, seen, whole);
	}
	crl_describe(list, seen, whole);
	crl_set_publish(c->lists, a, shard, list, delta);
	return ERR_OK;
}

static enum err
renew(struct cad *c, struct making *m, bool scheduled)
{
	TRY(gather(c, m));
	m->scheduled = scheduled || !has_delta(m); /* the next delta needs one to stand on */
	TRY(sign(c, m));
	const enum err e = store(c, m);

	if (e == ERR_EXISTS) {
		err_forget();
		return crl_load(c, m->a, m->shard);
	}
	TRY(e);
	return publish(c, m->a, m->shard, &m->der, &m->delta, m->state.horizon, m->whole);
}

/* *stands_alone: it has no delta, and does not say where one would be. */
static enum err
renew_once(struct cad *c, const struct authority *a, int64_t shard, bool scheduled, bool *stands_alone)
{
	struct making m = {.a = a,
		.shard = shard,
		.changed = writer_new(MAX_CHANGES),
		.der = writer_new(MAX_CRL),
		.delta = writer_new(MAX_CRL)};
	const enum err e = renew(c, &m, scheduled);

	*stands_alone = e == ERR_OK && !has_delta(&m);
	making_free(&m);
	return e;
}

/* The first of its kind is followed by one that names its delta (RFC 5280 5.2.6), so that whoever keeps it can keep up. */
enum err
crl_renew(struct cad *c, const struct authority *a, int64_t shard, bool scheduled)
{
	bool stands_alone;

	TRY(renew_once(c, a, shard, scheduled, &stands_alone));
	return stands_alone ? renew_once(c, a, shard, true, &stands_alone) : ERR_OK;
}

static enum err
load(struct cad *c, const struct authority *a, int64_t shard, const struct list_row *row)
{
	AUTO(writer) der = writer_new(MAX_CRL);
	AUTO(writer) delta = writer_new(MAX_CRL);

	/* A horizon that has not been reached yet: the database was put back, and what it says of transactions is of another life. */
	REQUIRE(row->next_update > cad_now(c) && row->seen <= row->horizon, ERR_NOT_FOUND);
	writer_bytes(&der, span_at(row->der.ptr, row->der.len));
	writer_bytes(&delta, span_at(row->delta.ptr, row->delta.len));
	TRY(writer_done(&der));
	TRY(writer_done(&delta));
	return publish(c, a, shard, &der, &delta, row->seen, row->whole);
}

enum err
crl_load(struct cad *c, const struct authority *a, int64_t shard)
{
	const struct db_param params[] = {db_text(a->label), db_int(shard)};
	struct list_row row;

	TRY(db_pool_one(c->db, CA_LIST_NEWEST, params, &row));
	const enum err e = load(c, a, shard, &row);

	db_row_free(&ca_statements[CA_LIST_NEWEST], &row);
	return e;
}

enum err
crl_load_file(struct cad *c, const struct authority *a)
{
	AUTO(writer) der = writer_new(MAX_CRL);
	AUTO(writer) none = writer_new(0);
	char path[MAX_PATH];

	(void)snprintf(path, sizeof(path), "%s/%s.crl", c->config.authorities, a->label);
	TRY(file_read(path, MAX_CRL, &der));
	return publish(c, a, 0, &der, &none, 0, true);
}
