/* What is shown of bulk acts: criteria, count, samples, approvals, progress. */
#include "ca/bulk/bulk.h"
#include "ca/order.h"

static const char *const readers[] = {"ca-operator", "registrar", NULL};

void
bulk_row_free(struct bulk_row *b)
{
	db_row_free(&bulk_statements[BULK_GET], b);
}

enum err
bulk_find(struct cad *c, const char *id, struct bulk_row *out)
{
	struct uuid uuid;

	TRY(uuid_read(span_of(id), &uuid));
	const struct db_param params[] = {db_uuid(&uuid)};
	const enum err e = db_pool_one(bulk_db(c), BULK_GET, params, out);

	return e == ERR_NOT_FOUND ? err_because(e, "there is no bulk act %s", id) : e;
}

static enum err
write_approvals(struct cad *c, struct json_writer *j, const struct bulk_row *b)
{
	const struct db_param params[] = {db_uuid(&b->id)};
	struct json_list list;

	TRY(db_pool_all(bulk_db(c), BULK_APPROVALS, params, &list));
	const struct bulk_approval_row *rows = list.items;

	json_array(j, "approved_by");
	for (size_t i = 0; i < list.count; i++) {
		json_object(j, NULL);
		json_text(j, "name", rows[i].approver);
		json_time(j, "at", rows[i].at);
		json_object_end(j);
	}
	json_array_end(j);
	db_rows_free(&bulk_statements[BULK_APPROVALS], &list);
	return ERR_OK;
}

static void
write_times(struct json_writer *j, const struct bulk_row *b)
{
	json_time(j, "created_at", b->created_at);
	json_time(j, "expires_at", b->expires_at);
	if (b->started_at != 0)
		json_time(j, "started_at", b->started_at);
	if (b->ended_at != 0)
		json_time(j, "ended_at", b->ended_at);
	json_text(j, "problem", b->problem);
}

enum err
bulk_write(struct cad *c, struct json_writer *j, const struct bulk_row *b, bool whole)
{
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);

	uuid_write(&id, &b->id);
	json_span(j, "id", writer_span(&id));
	json_text(j, "state", bulk_state(b, cad_now(c)));
	json_text(j, "action", b->action);
	json_raw(j, "criteria", span_of(b->criteria));
	json_text(j, "why", b->why);
	json_text(j, "proposer", b->proposer);
	json_int(j, "quorum", b->quorum);
	json_int(j, "approvals", b->approvals);
	write_times(j, b);
	if (b->serials_sha256.len > 0) {
		json_int(j, "count", b->count);
		json_int(j, "changed", b->changed);
		json_bytes64(j, "serials_sha256", span_at(b->serials_sha256.ptr, b->serials_sha256.len));
	}
	if (!whole)
		return ERR_OK;
	if (b->samples != NULL)
		json_raw(j, "samples", span_of(b->samples));
	return write_approvals(c, j, b);
}

enum err
bulk_get(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	struct bulk_row b;
	AUTO(act) act = {0};

	TRY(order_of_bearer(c, request, readers, "bulk.read", &act));
	TRY(bulk_find(c, request_param(request, "id"), &b));
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	const enum err e = bulk_write(c, &j, &b, true);

	json_object_end(&j);
	bulk_row_free(&b);
	return e;
}

enum err
bulk_list_get(void *daemon, struct request *request, struct reply *reply)
{
	const struct db_param params[] = {db_int(MAX_BULK_LISTED)};
	struct cad *c = daemon;
	struct json_list list;
	AUTO(act) act = {0};
	enum err e = ERR_OK;

	TRY(order_of_bearer(c, request, readers, "bulk.read", &act));
	TRY(db_pool_all(bulk_db(c), BULK_LIST, params, &list));
	const struct bulk_row *rows = list.items;
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_array(&j, "bulk");
	for (size_t i = 0; i < list.count && e == ERR_OK; i++) {
		json_object(&j, NULL);
		e = bulk_write(c, &j, &rows[i], false);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
	db_rows_free(&bulk_statements[BULK_LIST], &list);
	return e;
}
