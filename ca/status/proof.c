#include "ca/status/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/random.h"
#include "ca/status/crl_renew.h"
#include "ca/status/crl_set.h"
#include "ca/status/proof_ocsp.h"
#include "ca/store/statements.h"

enum { MAX_CHANGES = 256 << 20, ALL_SHARDS = -1, SECONDS_AN_HOUR = 3600 };

const char *
proof_compare(const struct listed_row *row, const struct crl_entry *entry, unix_time this_update)
{
	if (entry == NULL)
		return row->not_after > this_update ? "is revoked in the database and not in its list" : NULL;
	if (row == NULL)
		return "is in a list and not revoked in the database";
	if (entry->at != row->revoked_at)
		return "has another date of revocation in its list";
	return entry->reason != (row->reason == 0 ? -1 : (int)row->reason) ? "has another reason in its list" : NULL;
}

void
proof_disagree(struct proof_result *r, struct span serial, const char *why)
{
	AUTO(writer) hex = writer_new(64);

	if (r->disagreements++ > 0)
		return;
	hex_write(&hex, serial);
	(void)snprintf(r->first, sizeof(r->first), "%s %s", (const char *)writer_span(&hex).ptr, why);
}

/* One list while it is compared. */
struct comparing {
	struct cad *c;
	const struct authority *a;
	int64_t shard;
	const struct crl_about *about;
	struct proof_result *result;
	struct writer changed; /* sorted serials whose status has changed since the list was made */
};

static int
by_serial(const void *a, const void *b)
{
	return memcmp(a, b, SERIAL_LEN);
}

static enum err
read_changed(struct comparing *p)
{
	const struct db_param params[] = {db_text(p->a->label), db_int(p->about->seen),
		db_int(p->about->whole ? ALL_SHARDS : p->shard)};
	struct json_list list;

	TRY(db_pool_all(p->c->db, CA_LIST_CHANGES, params, &list));
	const struct serials_row *rows = list.items;

	for (size_t i = 0; i < list.count; i++)
		writer_bytes(&p->changed, span_at(rows[i].serials.ptr, rows[i].serials.len));
	db_rows_free(&ca_statements[CA_LIST_CHANGES], &list);
	TRY(writer_done(&p->changed));
	if (p->changed.len > 0)
		qsort(p->changed.ptr, p->changed.len / SERIAL_LEN, SERIAL_LEN, by_serial);
	return ERR_OK;
}

static bool
has_changed(const struct comparing *p, const uint8_t *serial)
{
	return p->changed.len > 0 &&
		bsearch(serial, p->changed.ptr, p->changed.len / SERIAL_LEN, SERIAL_LEN, by_serial) != NULL;
}

/* An entry whose certificate has ended long ago may stay (RFC 5280 3.3); the rows that were read have only those that had not ended yet. */
static enum err
is_revoked(const struct comparing *p, const struct crl_entry *entry, bool *out)
{
	const struct db_param params[] = {db_bytes(span_at(entry->serial, SERIAL_LEN)), db_text(p->a->label)};
	struct status_row row;
	const enum err e = db_pool_one(p->c->db, CA_CERTIFICATE_STATUS, params, &row);

	if (e == ERR_NOT_FOUND) {
		err_forget();
		*out = false;
		return ERR_OK;
	}
	*out = e == ERR_OK && row.revoked_at == entry->at;
	return e;
}

/* Either of them may be NULL. */
static enum err
compare(struct comparing *p, const struct listed_row *row, const struct crl_entry *entry)
{
	const uint8_t *serial = row != NULL ? row->serial.ptr : entry->serial;
	const char *why = proof_compare(row, entry, p->about->this_update);
	bool revoked = false;

	if (why == NULL || has_changed(p, serial))
		return ERR_OK;
	if (row == NULL)
		TRY(is_revoked(p, entry, &revoked));
	if (!revoked)
		proof_disagree(p->result, span_at(serial, SERIAL_LEN), why);
	return ERR_OK;
}

/* Both are in order of their serials. */
static enum err
walk(struct comparing *p, struct crl_reading *list, const struct listed_row *rows, size_t count)
{
	struct crl_entry entry;
	enum err more = crl_next(list, &entry);
	size_t i = 0;

	while (more == ERR_OK || i < count) {
		const int order = more != ERR_OK ? -1
			: i == count             ? 1
						 : memcmp(rows[i].serial.ptr, entry.serial, SERIAL_LEN);

		TRY(compare(p, order <= 0 ? &rows[i] : NULL, order >= 0 ? &entry : NULL));
		i += order <= 0;
		p->result->entries += order >= 0;
		if (order >= 0)
			more = crl_next(list, &entry);
		REQUIRE(more == ERR_OK || more == ERR_NOT_FOUND, more);
	}
	return ERR_OK;
}

/* Rows are read first, then what has changed since the list: whatever came in between is among the changes. */
static enum err
compare_rows(struct comparing *p, struct crl_reading *list)
{
	const struct db_param params[] = {db_text(p->a->label),
		db_time(p->about->this_update - p->c->config.crl_hours * SECONDS_AN_HOUR),
		db_int(2 * MAX_WHOLE_ENTRIES), db_int(p->shard)};
	const enum ca_statement n = p->about->whole ? CA_LIST_ALL : CA_LIST_SHARD;
	struct json_list rows;

	TRY(db_pool_all(p->c->db, n, params, &rows));
	enum err e = read_changed(p);

	if (e == ERR_OK)
		e = walk(p, list, rows.items, rows.count);
	db_rows_free(&ca_statements[n], &rows);
	return e;
}

static enum err
prove_list(struct cad *c, const struct authority *a, int64_t shard, struct crl *l, struct proof_result *r)
{
	struct comparing p = {.c = c,
		.a = a,
		.shard = shard,
		.about = crl_about(l),
		.result = r,
		.changed = writer_new(MAX_CHANGES)};
	struct crl_reading list;
	enum err e = crl_read(crl_der(l), &list);

	r->lists++;
	if (e == ERR_OK && (crl_signed_by(&list, a->certificate) != ERR_OK || list.next_update <= cad_now(c))) {
		err_forget();
		proof_disagree(r, span_of(a->label), "has a list that is stale, or not signed by it");
	}
	if (e == ERR_OK)
		e = compare_rows(&p, &list);
	writer_free(&p.changed);
	return e;
}

static enum err
prove_authority(struct cad *c, struct authority *a, struct proof_result *r)
{
	for (int64_t shard = 0; shard <= MAX_SHARDS; shard++) {
		struct crl *l = crl_set_list(c->lists, a, shard);
		const enum err e = l != NULL ? prove_list(c, a, shard, l, r) : ERR_OK;

		crl_drop(l);
		TRY(e);
	}
	return proof_ocsp(c, a, r);
}

enum err
proof_run(struct cad *c, struct proof_result *out)
{
	const unix_time began = cad_now(c);

	*out = (struct proof_result){0};
	for (size_t i = 0; i < c->authorities.count; i++)
		if (!c->authorities.rows[i].is_root)
			TRY(prove_authority(c, &c->authorities.rows[i], out));
	out->at = cad_now(c);
	out->seconds = out->at - began;
	return ERR_OK;
}
