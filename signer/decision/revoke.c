#include <string.h>

#include "audit/event.h"
#include "base/encode.h"
#include "signer/access/access.h"
#include "signer/decision/decision.h"
#include "signer/status/lists.h"

struct revocation {
	char *reason;
};

static const struct json_row revocation_rows[] = {
	{"reason", JSON_TEXT, JSON_REQUIRED, offsetof(struct revocation, reason), 1, 512, NULL, 0},
};
static const struct json_table revocation_table = {"revocation", revocation_rows, 1, sizeof(struct revocation), false};

static enum err
event_of(const struct decision_row *row, const struct access *by, const char *reason, unix_time now, struct event *out)
{
	const struct sha256 hash = sha256_of(span_of(row->jws));
	AUTO(writer) open = writer_new(MAX_ENTRY);
	AUTO(writer) closed = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&open);

	json_object(&j, NULL);
	json_text(&j, "agency", row->agency);
	json_bytes64(&j, "decision_sha256", sha256_span(&hash));
	json_object_end(&j);
	j = json_to(&closed);
	json_object(&j, NULL);
	json_text(&j, "client", by->client);
	json_text(&j, "reason", reason);
	json_object_end(&j);
	TRY(writer_done(&open));
	TRY(writer_done(&closed));
	return event_make(out, "signer", "decision.revoked", LOG_TREE_PUBLIC, now, writer_span(&open),
		writer_span(&closed));
}

static enum err
revoke(struct signer *s, const struct decision_row *row, const struct access *by, const char *reason)
{
	const unix_time now = clock_now(&s->clock);
	AUTO(event) event = {0};
	size_t affected;

	TRY(event_of(row, by, reason, now, &event));
	const struct db_param params[] = {
		db_uuid(&row->id),
		db_text(reason),
		db_text(by->agency),
		db_time(now),
		db_uuid(&event.id),
		db_int(event.tree),
		db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part)),
	};

	TRY(db_pool_run(s->db, DECISION_REVOKE, params, &affected));
	REQUIRE_WHY(affected == 1, ERR_USED, "this decision is revoked already");
	status_changed(s, row->status_list);
	return ERR_OK;
}

enum err
decision_revoke(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	const struct access *const by = request_attached(request);
	AUTO(decision_row) row = {0};
	struct revocation r;
	enum err e;

	TRY(decision_find(s, request_param(request, "id"), &row));
	REQUIRE_WHY(strcmp(row.agency, by->agency) == 0, ERR_NOT_FOUND, "no such decision of this agency");
	REQUIRE_WHY(row.jws != NULL, ERR_REFUSED, "this decision is not sealed yet, so there is nothing to revoke");
	TRY(json_decode(request_body(request), &revocation_table, &r));
	e = span_is_line(span_of(r.reason)) ? revoke(s, &row, by, r.reason)
					    : err_because(ERR_MALFORMED, "reason: is not one line of text");
	json_free(&revocation_table, &r);
	TRY(e);
	decision_row_free(&row);
	TRY(decision_find(s, request_param(request, "id"), &row));
	decision_answer(s, &row, reply);
	return ERR_OK;
}
