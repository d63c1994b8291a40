#include <string.h>

#include "signer/access/access.h"
#include "signer/decision/decision.h"

enum { LIST_MOST = 200, RECEIPT_WAIT = 1 };

static void
write_sealed(struct signer *s, struct json_writer *j, const struct decision_row *row, const char *id)
{
	AUTO(writer) at = writer_new(1024);

	json_time(j, "sealed_at", row->sealed_at);
	json_text(j, "decision", row->jws);
	json_object(j, "status");
	writer_format(&at, "%s/status/%lld", s->settings.url, (long long)row->status_list);
	json_span(j, "uri", writer_span(&at));
	json_int(j, "idx", row->status_index);
	json_object_end(j);
	writer_reset(&at);
	writer_format(&at, "%s/decisions/%s/receipt", s->settings.url, id);
	json_span(j, "receipt", writer_span(&at));
	writer_reset(&at);
	writer_format(&at, "%s/verify?id=%s", s->settings.url, id);
	json_span(j, "verify", writer_span(&at));
	if (row->revoked_at != 0) {
		json_time(j, "revoked_at", row->revoked_at);
		json_text(j, "revocation", row->revocation);
	}
}

static void
write_decision(struct signer *s, struct json_writer *j, const struct decision_row *row)
{
	AUTO(writer) id = writer_new(64);
	AUTO(writer) confirm = writer_new(1024);

	uuid_write(&id, &row->id);
	json_span(j, "id", writer_span(&id));
	json_text(j, "type", row->type);
	json_text(j, "agency", row->agency);
	json_text(j, "outcome", row->outcome);
	json_text(j, "state", row->state);
	json_time(j, "received_at", row->received_at);
	json_time(j, "due", row->due);
	if (row->jws != NULL) {
		write_sealed(s, j, row, (const char *)id.ptr);
		return;
	}
	if (row->refused_at != 0) {
		json_time(j, "refused_at", row->refused_at);
		json_text(j, "refusal", row->refusal);
		return;
	}
	writer_format(&confirm, "%s/confirm/%s", s->settings.url, (const char *)id.ptr);
	json_span(j, "confirm_url", writer_span(&confirm));
}

void
decision_answer(struct signer *s, const struct decision_row *row, struct reply *reply)
{
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	write_decision(s, &j, row);
	json_object_end(&j);
}

/* An agency sees its own. To others it does not exist. */
static enum err
find_own(struct signer *s, struct request *request, struct decision_row *row)
{
	const struct access *const by = request_attached(request);

	TRY(decision_find(s, request_param(request, "id"), row));
	REQUIRE_WHY(strcmp(row->agency, by->agency) == 0, ERR_NOT_FOUND, "no such decision of this agency");
	return ERR_OK;
}

enum err
decision_show(void *daemon, struct request *request, struct reply *reply)
{
	AUTO(decision_row) row = {0};

	TRY(find_own(daemon, request, &row));
	decision_answer(daemon, &row, reply);
	return ERR_OK;
}

enum err
decision_list(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	const struct access *const by = request_attached(request);
	const struct db_param params[] = {db_text(by->agency), db_text(request_query(request, "state")),
		db_int(LIST_MOST)};
	struct json_list rows = {0};
	struct json_writer j;

	TRY(db_pool_all(s->db, DECISION_LIST, params, &rows));
	j = reply_json(reply);
	json_object(&j, NULL);
	json_array(&j, "decisions");
	for (size_t i = 0; i < rows.count; i++) {
		json_object(&j, NULL);
		write_decision(s, &j, &((const struct decision_row *)rows.items)[i]);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
	db_rows_free(&signer_statements[DECISION_LIST], &rows);
	return ERR_OK;
}

enum err
decision_receipt(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	AUTO(decision_row) row = {0};
	enum err e;

	TRY(decision_find(s, request_param(request, "id"), &row));
	REQUIRE_WHY(row.jws != NULL, ERR_NOT_FOUND, "this decision is not sealed yet");
	/* Salt and private part stay with the agency; whoever holds the decision needs only the public proof. */
	e = tlog_receipt(s->log, "signer", &row.event, false, reply_body(reply, "application/json"));
	if (e == ERR_UNAVAILABLE)
		reply_retry(reply, 503, RECEIPT_WAIT);
	return e == ERR_UNAVAILABLE ? ERR_OK : e;
}
