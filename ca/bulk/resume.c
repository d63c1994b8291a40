/* resume: suspend_many (revoke/many.h) the other way: whatever of the list is suspended is valid again, batch by batch, each with its event. */
#include <string.h>

#include "ca/bulk/bulk.h"
#include "ca/revoke/many.h"
#include "ca/status/keeper.h"

static enum err
make_event(const char *bulk, const char *actor, const struct resumed_row *b, unix_time at, struct event *out)
{
	AUTO(writer) public_part = writer_new(MAX_ENTRY);
	AUTO(writer) private_part = writer_new(MAX_ENTRY);
	const struct sha256 hash = sha256_of(span_at(b->serials.ptr, b->serials.len));
	struct json_writer j = json_to(&public_part);

	json_object(&j, NULL);
	json_text(&j, "bulk", bulk);
	json_int(&j, "count", b->count);
	json_bytes64(&j, "serials_sha256", sha256_span(&hash));
	json_object_end(&j);
	TRY(writer_done(&public_part));
	j = json_to(&private_part);
	json_object(&j, NULL);
	json_text(&j, "actor", actor);
	json_object_end(&j);
	TRY(writer_done(&private_part));
	return event_make(out, "ca", "certificate.resumed-many", LOG_TREE_PUBLIC, at, writer_span(&public_part),
		writer_span(&private_part));
}

static enum err
record(struct db *db, const char *bulk, const char *actor, const struct resumed_row *b, unix_time at)
{
	struct event event = {0};

	TRY(make_event(bulk, actor, b, at, &event));
	const struct db_param params[] = {
		db_text(bulk),
		db_int(b->count),
		db_bytes(span_at(b->serials.ptr, b->serials.len)),
		db_time(at),
		db_text(actor),
		db_uuid(&event.id),
		db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part)),
	};
	const enum err e = db_run(db, BULK_RESUMED, params, NULL);

	event_free(&event);
	return e;
}

static enum err
batch(struct cad *c, const struct uuid *selection, const uint8_t after[SERIAL_LEN], const char *bulk, const char *actor,
	struct resumed_row *out)
{
	const struct db_param params[] = {db_uuid(selection), db_bytes(span_at(after, SERIAL_LEN)),
		db_int(SUSPEND_BATCH)};
	AUTO(db) *db = NULL;

	TRY(db_lease(bulk_db(c), &db));
	TRY(db_begin(db));
	TRY(db_one(db, BULK_RESUME, params, out));
	enum err e = out->count > 0 ? record(db, bulk, actor, out, cad_now(c)) : ERR_OK;

	if (e == ERR_OK)
		e = db_commit(db);
	if (e != ERR_OK)
		db_row_free(&bulk_statements[BULK_RESUME], out);
	return e;
}

enum err
resume_many(struct cad *c, const struct uuid *selection, const char *bulk, const char *actor, bulk_tick *tick,
	void *context)
{
	uint8_t after[SERIAL_LEN] = {0};
	size_t done = 0;
	bool more = true;

	while (more) {
		struct resumed_row b;

		TRY(batch(c, selection, after, bulk, actor, &b));
		more = b.last.len == SERIAL_LEN;
		if (more)
			memcpy(after, b.last.ptr, SERIAL_LEN);
		done += (size_t)b.count;
		keeper_changed(c->keeper, span_at(b.serials.ptr, b.serials.len));
		db_row_free(&bulk_statements[BULK_RESUME], &b);
		TRY(tick(context, done));
	}
	return ERR_OK;
}
