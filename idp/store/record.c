#include "idp/store/record.h"

#include "idp/store/store.h"

static struct span
object_or_empty(struct span json)
{
	return json.len > 0 ? json : SPAN("{}");
}

enum err
record_make(struct event *e, const char *type, enum log_tree tree, unix_time at, struct span public_part,
	struct span private_part)
{
	return event_make(e, "idp", type, tree, at, object_or_empty(public_part), object_or_empty(private_part));
}

void
record_params(const struct event *e, struct db_param out[EVENT_PARAM_COUNT])
{
	out[0] = db_uuid(&e->id);
	out[1] = db_int(e->tree);
	out[2] = db_time(e->at);
	out[3] = db_text(e->type);
	out[4] = db_bytes(span_at(e->salt, SALT_LEN));
	out[5] = db_bytes(writer_span(&e->entry));
	out[6] = db_bytes(writer_span(&e->private_part));
}

enum err
record_add(struct db *db, const struct event *e, const char *actor, const struct uuid *principal, const char *sector,
	const char *channel)
{
	struct db_param p[4 + EVENT_PARAM_COUNT] = {db_text(actor), db_uuid(principal), db_text(sector),
		db_text(channel)};

	record_params(e, p + 4);
	return db_run(db, ST_EVENT_ADD, p, NULL);
}
