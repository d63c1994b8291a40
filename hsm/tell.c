#include "hsm/tell.h"

#include "json/json.h"
#include "sandbox/sandbox.h"

static void
key_write(struct json_writer *j, const struct key *k, const struct count_sum *sum)
{
	const bool present = atomic_load(&k->present);

	json_object(j, NULL);
	json_text(j, "label", k->rule->label);
	json_text(j, "purpose", k->rule->purpose);
	json_text(j, "algorithm", k->rule->algorithm);
	json_text(j, "agency", k->rule->agency);
	json_bool(j, "present", present);
	json_text(j, "generate", k->rule->generate);
	if (present && k->found.spki.len > 0) {
		const struct sha256 hash = sha256_of(writer_span(&k->found.spki));

		json_bytes64(j, "spki_sha256", sha256_span(&hash));
	}
	if (sum != NULL) {
		json_int(j, "operations", (int64_t)sum->done);
		json_int(j, "refused", (int64_t)sum->refused);
		json_int(j, "failed", (int64_t)sum->failed);
	}
	json_object_end(j);
}

static void
records_write(struct json_writer *j, struct service *s)
{
	const struct chain_head head = record_head(&s->records);
	const struct record_mark kept = record_kept(&s->records);

	json_object(j, "operations");
	json_int(j, "records", (int64_t)head.count);
	json_hex(j, "head", sha256_span(&head.hash));
	json_int(j, "kept", (int64_t)kept.head.count);
	json_int(j, "segment", kept.segment);
	json_object_end(j);
}

/* In the state "restore" with what is to be proposed. */
static void
state_write(struct json_writer *j, struct service *s)
{
	AUTO(writer) restore = writer_new(MAX_RESTORE);

	if (!s->restore.needed) {
		json_text(j, "state", breaker_is_open(&s->breaker) ? "unavailable" : "ready");
		return;
	}
	restore_write(&s->restore, &restore);
	json_text(j, "state", "restore");
	json_span(j, "restore", writer_span(&restore));
}

static void
tokens_write(struct json_writer *j, const struct token *t)
{
	static const char *const states[] = {[TOKEN_DOWN] = "down", [TOKEN_READY] = "ready", [TOKEN_WORKS] = "works"};

	json_array(j, "tokens");
	for (size_t i = 0; i < token_count(t); i++) {
		json_object(j, NULL);
		json_text(j, "label", token_label(t, i));
		json_text(j, "state", states[token_state(t, i)]);
		json_object_end(j);
	}
	json_array_end(j);
}

enum err
tell_status(struct service *s, struct writer *json)
{
	const struct chain_head head = journal_head(&s->journal);
	struct json_writer j = json_to(json);

	json_object(&j, NULL);
	json_text(&j, "token", s->settings.token);
	json_text(&j, "serves", s->settings.serves);
	json_time(&j, "since", s->since);
	state_write(&j, s);
	tokens_write(&j, s->token);
	json_int(&j, "recycles", (int64_t)atomic_load(&s->recycles));
	if (sandbox_missing()[0] != '\0')
		json_text(&j, "unprotected", sandbox_missing());
	json_object(&j, "policy");
	json_int(&j, "version", s->policy.file.version);
	json_hex(&j, "sha256", sha256_span(&s->policy.hash));
	json_object_end(&j);
	json_object(&j, "journal");
	json_int(&j, "lines", (int64_t)head.count);
	json_hex(&j, "head", sha256_span(&head.hash));
	json_object_end(&j);
	records_write(&j, s);
	json_object(&j, "queue");
	json_int(&j, "waiting", (int64_t)atomic_load(&s->waiting));
	json_int(&j, "limit", s->settings.queue);
	json_int(&j, "workers", s->settings.workers);
	json_object_end(&j);
	json_int(&j, "signatures", (int64_t)atomic_load(&s->signatures));
	json_int(&j, "unwraps", (int64_t)atomic_load(&s->unwraps));
	json_int(&j, "refusals", (int64_t)atomic_load(&s->refusals));
	json_array(&j, "keys");
	for (size_t i = 0; i < s->keys.count; i++) {
		const struct count_sum sum = counts_sum(s->counts, i);

		key_write(&j, &s->keys.rows[i], &sum);
	}
	json_array_end(&j);
	json_object_end(&j);
	return writer_done(json);
}

enum err
tell_keys(const struct service *s, uid_t uid, struct writer *json)
{
	const uint32_t callers = policy_callers(&s->policy, uid);
	const bool all = callers & keys_file_caller(&s->policy.file, "ceremony");
	struct json_writer j = json_to(json);

	json_array(&j, NULL);
	for (size_t i = 0; i < s->keys.count; i++)
		if (all || (callers & s->keys.rows[i].rule->allowed))
			key_write(&j, &s->keys.rows[i], NULL);
	json_array_end(&j);
	return writer_done(json);
}
