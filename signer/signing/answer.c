#include "signer/signing/answer.h"

#include "audit/event.h"
#include "base/digest.h"
#include "base/log.h"

enum err
answer_claim(struct signer *s, const struct uuid *request, struct uuid *claim)
{
	const unix_time now = clock_now(&s->clock);
	size_t affected;

	*claim = uuid_random();
	const struct db_param p[] = {db_uuid(request), db_uuid(claim), db_time(now), db_time(now + CLAIM_SECONDS)};

	TRY(db_pool_run(s->db, SIGNING_REQUEST_CLAIM, p, &affected));
	REQUIRE_WHY(affected == 1, ERR_USED, "this request was answered already, or is being answered at this moment");
	return ERR_OK;
}

void
answer_release(struct signer *s, const struct uuid *request, const struct uuid *claim)
{
	const struct db_param p[] = {db_uuid(request), db_uuid(claim)};
	char why[256];

	(void)snprintf(why, sizeof(why), "%s", err_why()); /* of what failed before */
	if (db_pool_run(s->db, SIGNING_REQUEST_RELEASE, p, NULL) != ERR_OK)
		log_warn("signing", "a claim is not taken back and lasts %d s: %s", CLAIM_SECONDS, err_why());
	err_remember("%s", why);
}

/* The public leaf of a signature names nobody: only what was signed with it can find it. Refusals are nobody's business. */
static enum err
event_of(const struct signing_request_row *row, const struct answer *a, unix_time now, struct event *out)
{
	const struct sha256 digests = sha256_of(span_at(row->digests.ptr, row->digests.len));
	const struct sha256 signatures = sha256_of(a->signatures);
	const bool is_signed = a->signatures.len > 0;
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	AUTO(writer) open = writer_new(MAX_ENTRY);
	AUTO(writer) closed = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&open);

	json_object(&j, NULL);
	if (is_signed)
		json_bytes64(&j, "signatures_sha256", sha256_span(&signatures));
	json_object_end(&j);
	j = json_to(&closed);
	uuid_write(&id, &row->id);
	json_object(&j, NULL);
	json_text(&j, "agency", row->agency);
	json_text(&j, "description", row->description);
	json_bytes64(&j, "digests_sha256", sha256_span(&digests));
	json_text(&j, "person", row->principal);
	json_span(&j, "request", writer_span(&id));
	json_object_end(&j);
	TRY(writer_done(&open));
	TRY(writer_done(&closed));
	return event_make(out, "signer", a->event, is_signed ? LOG_TREE_PUBLIC : LOG_TREE_PRIVATE, now,
		writer_span(&open), writer_span(&closed));
}

enum err
answer_store(struct signer *s, const struct signing_request_row *row, const struct uuid *claim, const struct answer *a)
{
	const unix_time now = clock_now(&s->clock);
	AUTO(event) event = {0};
	size_t affected;

	TRY(event_of(row, a, now, &event));
	const struct db_param p[] = {
		db_uuid(&row->id),
		db_uuid(claim),
		db_text(a->state),
		db_time(now),
		db_json(a->signatures.len > 0 ? a->signatures : (struct span){0}),
		db_uuid(&event.id),
		db_int(event.tree),
		db_text(event.type),
		db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part)),
	};

	TRY(db_pool_run(s->db, SIGNING_REQUEST_ANSWER, p, &affected));
	REQUIRE_WHY(affected == 1, ERR_USED, "this request was answered already");
	return ERR_OK;
}
