/* An officer refuses to confirm: not sealed, for good, and with a reason that the agency is told. */
#include <string.h>

#include "audit/event.h"
#include "signer/decision/decision.h"

/* Nothing was issued, so the public log has nothing to show. */
static enum err
event_of(const struct decision_row *row, const struct sealing *by, const char *reason, unix_time now, struct event *out)
{
	AUTO(writer) closed = writer_new(MAX_ENTRY);
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	struct json_writer j = json_to(&closed);

	uuid_write(&id, &row->id);
	json_object(&j, NULL);
	json_text(&j, "actor", by->actor);
	json_text(&j, "agency", row->agency);
	json_text(&j, "client", row->client);
	json_span(&j, "decision", writer_span(&id));
	json_text(&j, "decision_type", row->type);
	json_text(&j, "office", by->office);
	json_text(&j, "reason", reason);
	json_text(&j, "sub", row->subject);
	json_object_end(&j);
	TRY(writer_done(&closed));
	return event_make(out, "signer", "decision.refused", LOG_TREE_PRIVATE, now, SPAN("{}"), writer_span(&closed));
}

enum err
decision_refuse(struct signer *s, const struct decision_row *row, const struct sealing *by, const char *reason)
{
	const unix_time now = clock_now(&s->clock);
	AUTO(event) event = {0};
	size_t affected;

	REQUIRE_WHY(reason != NULL && reason[0] != '\0' && strlen(reason) <= MAX_REFUSAL &&
			span_is_line(span_of(reason)),
		ERR_MALFORMED, "reason: one line of text, of 1 to %d bytes", MAX_REFUSAL);
	TRY(event_of(row, by, reason, now, &event));
	const struct db_param params[] = {
		db_uuid(&row->id),
		db_text(reason),
		db_text(by->office),
		db_text(by->actor),
		db_time(now),
		db_uuid(&event.id),
		db_int(event.tree),
		db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part)),
	};

	TRY(db_pool_run(s->db, DECISION_REFUSE, params, &affected));
	REQUIRE_WHY(affected == 1, ERR_USED, "this decision is not pending any more");
	return ERR_OK;
}
