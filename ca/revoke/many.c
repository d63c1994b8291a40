#include "ca/revoke/many.h"

#include <string.h>

#include "audit/event.h"
#include "base/digest.h"
#include "ca/status/keeper.h"
#include "ca/store/statements.h"

enum { MAX_SELECTION_PART = 1 << 20 };

/* Where the next batch begins. */
struct cursor {
	unix_time issued_from;
	uint8_t serial[SERIAL_LEN];
};

static enum err
batch(struct db *db, const struct suspend_query *q, const struct cursor *at, unix_time now, struct batch_row *out)
{
	const struct db_param params[] = {db_text(q->issuer), db_text(q->profile), db_time(at->issued_from),
		db_time(q->issued_before), db_uuid(q->selection), db_time(now), db_int(SUSPEND_BATCH),
		db_bytes(span_at(at->serial, SERIAL_LEN))};

	return db_one(db, q->selection != NULL ? CA_SUSPEND_SELECTED : CA_SUSPEND_BATCH, params, out);
}

static enum err
make_event(const struct suspend_query *q, const struct suspend_order *o, const struct batch_row *b, unix_time now,
	struct event *out)
{
	AUTO(writer) public_part = writer_new(MAX_ENTRY);
	AUTO(writer) private_part = writer_new(MAX_ENTRY);
	const struct sha256 hash = sha256_of(span_at(b->serials.ptr, b->serials.len));
	struct json_writer j = json_to(&public_part);

	json_object(&j, NULL);
	json_text(&j, "bulk", o->bulk);
	json_int(&j, "count", b->count);
	if (q->issuer != NULL)
		json_text(&j, "issuer", q->issuer);
	if (q->profile != NULL)
		json_text(&j, "profile", q->profile);
	json_text(&j, "reason", "certificateHold");
	json_bytes64(&j, "serials_sha256", sha256_span(&hash));
	json_object_end(&j);
	TRY(writer_done(&public_part));
	j = json_to(&private_part);
	json_object(&j, NULL);
	json_text(&j, "actor", o->actor);
	json_object_end(&j);
	TRY(writer_done(&private_part));
	return event_make(out, "ca", "certificate.suspended-many", LOG_TREE_PUBLIC, now, writer_span(&public_part),
		writer_span(&private_part));
}

static enum err
record(struct db *db, const struct suspend_query *q, const struct suspend_order *o, const struct batch_row *b,
	unix_time now)
{
	struct event event = {0};

	TRY(make_event(q, o, b, now, &event));
	const struct db_param params[] = {
		db_text(o->bulk),
		db_int(b->count),
		db_bytes(span_at(b->serials.ptr, b->serials.len)),
		db_time(now),
		db_text(o->actor),
		db_text(o->principal != NULL ? o->principal : o->actor),
		db_text(o->channel),
		db_uuid(&event.id),
		db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part)),
	};
	const enum err e = db_run(db, CA_SUSPEND_EVENT, params, NULL);

	event_free(&event);
	return e;
}

static enum err
suspend_batch(struct cad *c, const struct suspend_query *q, const struct suspend_order *o, const struct cursor *at,
	struct batch_row *out)
{
	AUTO(db) *db = NULL;
	const unix_time now = cad_now(c);

	TRY(db_lease(c->db, &db));
	TRY(db_begin(db));
	TRY(batch(db, q, at, now, out));
	enum err e = out->count > 0 ? record(db, q, o, out, now) : ERR_OK;

	if (e == ERR_OK)
		e = db_commit(db);
	if (e != ERR_OK)
		db_row_free(&ca_statements[CA_SUSPEND_BATCH], out);
	return e;
}

/* To where the last batch ended; false at the end of all. By query: whoever was issued in the same second and is suspended already is passed over by its status. */
static bool
advance(const struct suspend_query *q, const struct batch_row *b, struct cursor *at)
{
	if (q->selection == NULL) {
		at->issued_from = b->issued_at;
		return b->count == SUSPEND_BATCH;
	}
	if (b->last.len != SERIAL_LEN)
		return false;
	memcpy(at->serial, b->last.ptr, SERIAL_LEN);
	return true;
}

enum err
suspend_many(struct cad *c, const struct suspend_query *q, const struct suspend_order *order,
	suspend_progress *progress, void *context, size_t *done)
{
	struct cursor at = {.issued_from = q->issued_from};
	bool more = true;

	*done = 0;
	while (more) {
		struct batch_row b;

		TRY(suspend_batch(c, q, order, &at, &b));
		*done += (size_t)b.count;
		keeper_changed(c->keeper, span_at(b.serials.ptr, b.serials.len));
		more = advance(q, &b, &at);
		db_row_free(&ca_statements[CA_SUSPEND_BATCH], &b);
		if (progress != NULL)
			TRY(progress(context, *done));
	}
	return ERR_OK;
}

enum err
suspend_count(struct cad *c, const struct suspend_query *q, int64_t *count)
{
	const struct db_param params[] = {db_text(q->issuer), db_text(q->profile), db_time(q->issued_from),
		db_time(q->issued_before), db_uuid(q->selection), db_time(cad_now(c))};
	struct number_row row;

	TRY(db_pool_one(c->db, CA_SUSPEND_COUNT, params, &row));
	*count = row.number;
	return ERR_OK;
}

enum err
selection_add(struct cad *c, const struct uuid *id, struct span serials)
{
	const struct db_param params[] = {db_uuid(id), db_bytes(serials)};

	REQUIRE_WHY(serials.len > 0 && serials.len % SERIAL_LEN == 0 && serials.len <= MAX_SELECTION_PART,
		ERR_MALFORMED, "a selection is added to by whole serials of %d bytes, %d at most at a time", SERIAL_LEN,
		MAX_SELECTION_PART / SERIAL_LEN);
	return db_pool_run(c->db, CA_SELECTION_ADD, params, NULL);
}

enum err
selection_drop(struct cad *c, const struct uuid *id)
{
	const struct db_param params[] = {db_uuid(id)};

	return db_pool_run(c->db, CA_SELECTION_DROP, params, NULL);
}
