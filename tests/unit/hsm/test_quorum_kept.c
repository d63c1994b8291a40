#include "asked.h"
#include "authenticator.h"

#include <signal.h>
#include <time.h>

#include "base/encode.h"
#include "base/file.h"
#include "hsm/quorum/approval.h"

/* What stays: across kills, changes of keys.json, destroyed keys, older copies. */
static int
set_up(void **state)
{
	struct rig *r = rig_new();

	*state = r;
	if (r == NULL)
		return 0;
	rig_up(r, NULL);
	rig_generate(r, "root-ca");
	rig_generate(r, "citizen-ca");
	return 0;
}

static int
tear_down(void **state)
{
	rig_free((struct rig **)state);
	return 0;
}

/* ---- starts in between ---- */

CASE(approvals_given_before_a_kill_count_after_it)
{
	struct rig *r = rig_of(state);
	AUTO(asked) a = asked_new(r);
	int64_t missing;

	rig_again(r);
	assert_ok(asked_approve(r, 0, &a, &missing));
	assert_int_equal(missing, 1);
	rig_again(r);
	assert_err(asked_approve(r, 0, &a, &missing), ERR_USED);
	assert_ok(asked_approve(r, 1, &a, &missing));
	assert_int_equal(missing, 0);
	rig_again(r);
	assert_err(asked_approve(r, 2, &a, &missing), ERR_USED);
}

/* Whoever owns the disk can write lines that follow; they count for nothing. */
CASE(an_approval_forged_into_the_journal_is_not_counted)
{
	struct rig *r = rig_of(state);
	AUTO(asked) a = asked_new(r);
	AUTO(writer) text = writer_new(1 << 20);
	AUTO(writer) json = writer_new(8192);
	struct sha256 last, hash;
	char path[128], *line;
	int64_t missing;
	size_t len;

	rig_stop(r, SIGKILL);
	rig_path(r, "journal", path);
	assert_ok(file_read(path, 1 << 20, &text));
	text.ptr[text.len - 1] = '\0';
	line = strrchr((char *)text.ptr, '\n') + 1;
	text.ptr[text.len - 1] = '\n';
	assert_ok(hex_read(span_at(line, 64), last.bytes, SHA256_LEN, &len));
	writer_text(&json, "{\"n\":999,\"at\":\"2026-01-01T00:00:00Z\",\"act\":\"approve\",\"id\":\"");
	hex_write(&json, span_at(a.p.id, HSM_NONCE_LEN));
	writer_text(&json, "\",\"detail\":\"custodian-2\\ne30.e30.AAAA\"}");
	hash = sha256_of_parts((const struct span[]){sha256_span(&last), writer_span(&json)}, 2);
	hex_write(&text, sha256_span(&hash));
	writer_format(&text, " %s\n", (const char *)writer_span(&json).ptr);
	assert_ok(file_write(path, writer_span(&text), 0600));
	rig_start(r);
	assert_true(rig_said(r, "an approval in the journal does not verify"));
	assert_ok(asked_approve(r, 0, &a, &missing));
	assert_int_equal(missing, 1);
	assert_ok(asked_approve(r, 1, &a, &missing));
}

/* The line `at` of text once more, behind the last one: 0 is the last, 1 the one before it. */
static void
line_again(struct writer *text, size_t at)
{
	const char *end = (const char *)text->ptr + text->len - 1, *begin;
	struct sha256 last, hash;
	size_t len;

	for (begin = end; begin[-1] != '\n'; begin--)
		;
	assert_ok(hex_read(span_at(begin, 64), last.bytes, SHA256_LEN, &len));
	for (; at > 0; at--)
		for (end = begin - 1, begin = end; begin > (const char *)text->ptr && begin[-1] != '\n'; begin--)
			;
	AUTO(writer) json = writer_new(8192);

	writer_bytes(&json, span_at(begin + 65, (size_t)(end - begin) - 65));
	hash = sha256_of_parts((const struct span[]){sha256_span(&last), writer_span(&json)}, 2);
	hex_write(text, sha256_span(&hash));
	writer_format(text, " %s\n", (const char *)writer_span(&json).ptr);
}

/* propose, approve, approve, execute are in the journal; the first three come again. */
CASE(an_executed_proposal_is_not_reopened_by_lines_forged_behind_it)
{
	struct rig *r = rig_fresh(state, "status");
	AUTO(writer) text = writer_new(1 << 20);
	AUTO(writer) nothing = writer_new(1024);
	struct hsm_proposal p;
	char path[128];
	int64_t missing;

	assert_ok(keyring_propose(r->keyring, "delete", "status", SPAN(""), SPAN(""), &p));
	assert_ok(asked_approve_bytes(r, 0, &p, SPAN(""), &missing, &nothing));
	assert_ok(asked_approve_bytes(r, 1, &p, SPAN(""), &missing, &nothing));
	assert_int_equal(missing, 0);
	rig_stop(r, SIGKILL);
	rig_path(r, "journal", path);
	assert_ok(file_read(path, 1 << 20, &text));
	while (strstr(strrchr((const char *)writer_span(&text).ptr, '{'), "execute") == NULL &&
		text.len > 1) /* what the fresh worker wrote behind it */
		for (text.len--; text.ptr[text.len - 1] != '\n'; text.len--)
			;
	for (int i = 0; i < 3; i++)
		line_again(&text, 3);
	assert_ok(file_write(path, writer_span(&text), 0600));
	rig_start(r);
	assert_true(rig_said(r, "has the id of an earlier one and is not counted"));
	assert_err(asked_approve_bytes(r, 2, &p, SPAN(""), &missing, &nothing), ERR_USED);
	rig_free(&r);
}

/* ---- keys that are made by custodians only ---- */

static enum err
pubkey(struct rig *r, const char *label)
{
	AUTO(writer) spki = writer_new(1024);

	return keyring_pubkey(r->keyring, label, &spki);
}

CASE(a_key_with_generate_quorum_is_made_by_custodians_only)
{
	AUTO(writer) json = writer_new(1 << 16);
	AUTO(writer) made = writer_new(1 << 16);
	AUTO(writer) status = writer_new(1 << 18);
	struct hsm_proposal p;
	struct rig *r;

	(void)rig_of(state);
	r = rig_new_with(
		"{\"label\": \"guarded\", \"purpose\": \"status-jws\", \"algorithm\": \"P-256\", \"token\": \"main\", "
		"\"callers\": [\"signer\"], \"typ\": [\"statuslist+jwt\"], \"lifetime\": 60, \"generate\": \"quorum\"},");
	assert_non_null(r);
	rig_up(r, NULL);
	assert_err(keyring_generate(r->keyring, "guarded", &json), ERR_REFUSED);
	assert_err(keyring_propose(r->keyring, "generate", "status", SPAN(""), SPAN(""), &p), ERR_REFUSED);
	assert_err(keyring_propose(r->keyring, "generate", "guarded", SPAN("x"), SPAN(""), &p), ERR_MALFORMED);
	assert_ok(keyring_propose(r->keyring, "generate", "guarded", SPAN(""), SPAN(""), &p));
	assert_non_null(strstr(p.summary, "MAKE KEY 'guarded' on token 'main'\n"));
	assert_non_null(strstr(p.summary, "  used by        signer\n"));
	assert_err(pubkey(r, "guarded"), ERR_NOT_FOUND);
	assert_ok(rig_approve(r, r->keyring, "generate", "guarded", SPAN(""), &made));
	assert_non_null(strstr((const char *)writer_span(&made).ptr, "\"never_extractable\":true"));
	assert_ok(pubkey(r, "guarded"));
	assert_err(keyring_propose(r->keyring, "generate", "guarded", SPAN(""), SPAN(""), &p), ERR_EXISTS);
	assert_ok(keyring_status(r->keyring, &status));
	assert_non_null(strstr((const char *)writer_span(&status).ptr, "\"generate\":\"quorum\""));
	rig_free(&r);
}

/* ---- FIDO2 keys ---- */

static enum err
approve_by_key(struct rig *r, const struct asked *a, const struct authenticator *key, const struct wish *w)
{
	AUTO(writer) json = writer_new(8192);
	AUTO(writer) result = writer_new(1024);
	bool executed;
	int64_t missing;

	authenticator_assert(key, w, &json);
	return keyring_approve(r->keyring, a->p.id, writer_span(&a->object), writer_span(&json), &executed, &missing,
		&result);
}

/* A rig whose third custodian has a FIDO2 key and no card. */
static struct rig *
rig_with_key(const struct authenticator *key)
{
	AUTO(writer) text = writer_new(1 << 20);
	AUTO(writer) row = writer_new(8192);
	AUTO(writer) cose = writer_new(1024);
	struct rig *r = rig_new();
	char *at;

	assert_non_null(r);
	rig_keys_read(r, &text);
	at = strstr((char *)text.ptr, "{\"name\": \"custodian-3\"");
	text.len = (size_t)((uint8_t *)at - text.ptr);
	authenticator_key(key, &cose);
	writer_text(&text, "{\"name\": \"custodian-3\", \"roles\": [\"custodian\"], \"credential\": {\"id\": \"");
	base64url_write(&text, span_at(key->id, sizeof(key->id)));
	writer_text(&text, "\", \"key\": \"");
	base64url_write(&text, writer_span(&cose));
	writer_text(&text, "\"}}]}\n");
	rig_keys_write(r, &text);
	rig_up(r, NULL);
	rig_generate(r, "root-ca");
	return r;
}

CASE(a_fido2_key_approves_and_each_wrong_assertion_is_refused)
{
	struct authenticator key = authenticator_new(), stranger = authenticator_new();
	struct rig *r;

	(void)rig_of(state);
	r = rig_with_key(&key);
	AUTO(asked) a = asked_new(r);
	const struct sha256 object = sha256_of(writer_span(&a.object)), summary = sha256_of(span_of(a.p.summary)),
			    challenge = approval_challenge(a.p.id, a.p.expires, &object, &summary),
			    other = approval_challenge(a.p.id, a.p.expires, &summary, &object);
	const struct sha256 longer = approval_challenge(a.p.id, a.p.expires + 1, &object, &summary);
	struct wish good = wish_for(sha256_span(&challenge)), w;
	int64_t missing;

	good.rp_id = APPROVAL_RP_ID;
	good.origin = APPROVAL_AUDIENCE;
	w = good;
	w.flags = AUTHENTICATOR_UP;
	assert_int_not_equal(approve_by_key(r, &a, &key, &w), ERR_OK);
	w = good;
	w.origin = "https://sign.localhost:8447";
	assert_err(approve_by_key(r, &a, &key, &w), ERR_MISMATCH);
	w = good;
	w.rp_id = "sign.localhost";
	assert_err(approve_by_key(r, &a, &key, &w), ERR_MISMATCH);
	w = good;
	w.challenge = sha256_span(&other);
	assert_err(approve_by_key(r, &a, &key, &w), ERR_MISMATCH);
	w = good;
	w.challenge = sha256_span(&longer);
	assert_err(approve_by_key(r, &a, &key, &w), ERR_MISMATCH);
	w = good;
	w.type = "webauthn.create";
	assert_int_not_equal(approve_by_key(r, &a, &key, &w), ERR_OK);
	assert_err(approve_by_key(r, &a, &stranger, &good), ERR_UNAUTHENTICATED);
	memcpy(stranger.id, key.id, sizeof(key.id));
	assert_err(approve_by_key(r, &a, &stranger, &good), ERR_BAD_SIGNATURE);
	assert_ok(approve_by_key(r, &a, &key, &good));
	assert_err(approve_by_key(r, &a, &key, &good), ERR_USED);
	rig_again(r); /* and it is verified again from the journal */
	assert_err(approve_by_key(r, &a, &key, &good), ERR_USED);
	assert_ok(asked_approve(r, 0, &a, &missing));
	assert_int_equal(missing, 0);
	rig_free(&r);
	authenticator_free(&key);
	authenticator_free(&stranger);
}

/* ---- keys.json ---- */

static enum err
propose_text(struct rig *r, const struct writer *text)
{
	struct hsm_proposal p;

	return keyring_propose(r->keyring, "policy", NULL, writer_span(text), SPAN(""), &p);
}

CASE(a_policy_that_could_not_rule_is_refused_when_it_is_proposed)
{
	struct rig *r = rig_of(state);
	AUTO(writer) now = writer_new(1 << 20);
	static const char *const changes[][2] = {
		{"\"version\": 1", "\"version\": 1 "}, /* not higher */
		{"\"version\": 1", "\"version\": 2, \"verzion\": 2"},
		{"\"k\": 2", "\"k\": 4"},
		{"[\"custodian-1\", \"custodian-2\", \"custodian-3\"]", "[]"},
		{"[\"custodian-1\", \"custodian-2\", \"custodian-3\"]", "[\"custodian-1\", \"custodian-1\"]"},
		{"[\"custodian-1\", \"custodian-2\", \"custodian-3\"]",
			"[\"custodian-1\", \"nobody-1\", \"nobody-2\"]"},
		{"\"purpose\": \"ocsp\"", "\"purpose\": \"anything\""},
	};

	rig_keys_read(r, &now);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		AUTO(writer) text = writer_new(1 << 20);

		writer_bytes(&text, writer_span(&now));
		text_exchange(changes[i][0], changes[i][1], &text);
		if (i > 1)
			text_exchange("\"version\": 1", "\"version\": 2", &text);
		assert_int_not_equal(propose_text(r, &text), ERR_OK);
	}
	now.len /= 2;
	assert_err(propose_text(r, &now), ERR_MALFORMED);
}

CASE(an_approved_policy_takes_over_and_the_old_one_is_refused_then)
{
	struct rig *r = rig_fresh(state, "root-ca");
	AUTO(writer) old = writer_new(1 << 20);
	AUTO(writer) new = writer_new(1 << 20);
	AUTO(writer) nothing = writer_new(1024);
	AUTO(writer) json = writer_new(1 << 16);
	AUTO(asked) before = asked_new(r);
	struct hsm_proposal p;
	int64_t missing;

	assert_ok(asked_approve(r, 2, &before, &missing));
	rig_keys_read(r, &old);
	writer_bytes(&new, writer_span(&old));
	text_exchange("\"version\": 1", "\"version\": 2", &new);
	text_exchange("[\"custodian-1\", \"custodian-2\", \"custodian-3\"]", "[\"custodian-1\", \"custodian-2\"]",
		&new);
	rig_keys_write(r, &new);
	assert_int_equal(rig_run(r, "check"), 1); /* nobody has approved it */
	rig_keys_write(r, &old);
	assert_ok(rig_approve(r, r->keyring, "policy", NULL, writer_span(&new), &nothing));
	/* What was open is void, and nothing else is decided until the new file is in place. */
	assert_err(asked_approve(r, 0, &before, &missing), ERR_REVOKED);
	assert_err(keyring_propose(r->keyring, "sign", "root-ca", writer_span(&before.object), SPAN(""), &p),
		ERR_REFUSED);
	assert_int_not_equal(propose_text(r, &new), ERR_OK);
	rig_again(r);
	assert_true(rig_said(r, "but version 1 is in place: exchange it"));
	assert_err(asked_approve(r, 0, &before, &missing), ERR_REVOKED);
	rig_stop(r, SIGTERM);
	rig_keys_write(r, &new);
	assert_int_equal(rig_run(r, "check"), 0);
	rig_start(r);
	assert_true(rig_said(r, "keys.json version 2 takes over from version 1"));
	assert_ok(keyring_status(r->keyring, &json));
	assert_non_null(strstr((const char *)writer_span(&json).ptr, "\"version\":2"));
	assert_err(asked_approve(r, 0, &before, &missing), ERR_REVOKED);
	AUTO(asked) after = asked_new(r);
	assert_err(asked_approve(r, 2, &after, &missing), ERR_REFUSED); /* no custodian any more */
	assert_ok(asked_approve(r, 0, &after, &missing));
	assert_ok(asked_approve(r, 1, &after, &missing));
	rig_stop(r, SIGTERM);
	rig_keys_write(r, &old);
	assert_int_equal(rig_run(r, "serve"), 1);
	assert_true(rig_said(r, "is not the one that genesis sealed"));
	rig_free(&r);
}

CASE(a_profile_with_quorum_is_signed_by_custodians_only)
{
	AUTO(writer) text = writer_new(1 << 20);
	struct rig *r;

	(void)rig_of(state);
	r = rig_new();
	rig_keys_read(r, &text);
	text_exchange("{\"profile\": \"root\",", "{\"profile\": \"root\", \"quorum\": true,", &text);
	rig_keys_write(r, &text);
	rig_up(r, NULL);
	rig_generate(r, "root-ca");
	AUTO(writer) object = writer_new(1 << 16);
	AUTO(writer) signature = writer_new(1024);
	asked_object(r, &object);
	assert_err(keyring_sign(r->keyring, "root-ca", writer_span(&object), SPAN(""), &signature), ERR_REFUSED);
	assert_ok(rig_approve(r, r->keyring, "sign", "root-ca", writer_span(&object), &signature));
	assert_true(signature.len > 64);
	rig_free(&r);
}

/* ---- destruction ---- */

/* The worker is replaced behind the answer: connections of before are gone. */
CASE(a_deleted_key_is_gone_and_an_old_copy_of_the_token_does_not_bring_it_back)
{
	struct rig *r = rig_fresh(state, "status");
	AUTO(writer) nothing = writer_new(1024);
	AUTO(writer) json = writer_new(1 << 16);
	struct hsm_proposal p;
	char command[512];

	rig_stop(r, SIGTERM);
	(void)snprintf(command, sizeof(command), "cp -a %s/token %s/old-token", r->dir, r->dir);
	assert_int_equal(system(command), 0);
	rig_start(r);
	assert_err(keyring_propose(r->keyring, "delete", "log", SPAN(""), SPAN(""), &p), ERR_NOT_FOUND);
	assert_err(keyring_propose(r->keyring, "delete", "status", SPAN("x"), SPAN(""), &p), ERR_MALFORMED);
	assert_ok(rig_approve(r, r->keyring, "delete", "status", SPAN(""), &nothing));
	rig_stop(r, SIGTERM);
	rig_start(r);
	assert_err(pubkey(r, "status"), ERR_NOT_FOUND);
	rig_stop(r, SIGTERM);
	(void)snprintf(command, sizeof(command), "rm -rf %s/token && mv %s/old-token %s/token", r->dir, r->dir, r->dir);
	assert_int_equal(system(command), 0);
	rig_start(r);
	assert_true(rig_said(r, "key 'status' was deleted by custodians"));
	assert_err(pubkey(r, "status"), ERR_NOT_FOUND);
	assert_err(keyring_generate(r->keyring, "status", &json), ERR_EXISTS);
	rig_again(r); /* a key that was not made again is deleted still */
	assert_err(pubkey(r, "status"), ERR_NOT_FOUND);
	rig_free(&r);
}

/* ---- restore ---- */

static void
shell(struct rig *r, const char *format)
{
	char command[512];

	(void)snprintf(command, sizeof(command), format, r->dir, r->dir, r->dir);
	assert_int_equal(system(command), 0);
}

/* What STATUS wants proposed; "" if it is not waiting for that. */
static void
restore_text(struct rig *r, char out[512])
{
	AUTO(writer) json = writer_new(1 << 16);
	const char *at;

	assert_ok(keyring_status(r->keyring, &json));
	at = strstr((const char *)writer_span(&json).ptr, "\"restore\":\"");
	out[0] = '\0';
	if (at != NULL)
		(void)snprintf(out, 512, "%.*s", (int)strcspn(at + 11, "\""), at + 11);
	assert_true((at != NULL) == (strstr((const char *)writer_span(&json).ptr, "\"state\":\"restore\"") != NULL));
}

static void
serves_again(struct rig *r)
{
	const struct timespec pause = {0, 5000000};
	uint8_t bytes[8];
	enum err e = ERR_UNAVAILABLE;

	for (int i = 0; i < 1000 && e != ERR_OK; i++) {
		e = keyring_random(r->keyring, bytes, sizeof(bytes));
		(void)nanosleep(&pause, NULL);
	}
	assert_ok(e);
}

CASE(a_journal_that_lost_lines_serves_nothing_until_custodians_restore)
{
	struct rig *r = rig_fresh(state, "root-ca");
	AUTO(writer) result = writer_new(1024);
	AUTO(asked) root = asked_new(r);
	struct hsm_proposal p;
	char text[512], later[512];
	uint8_t bytes[8];
	int64_t missing;

	rig_stop(r, SIGTERM);
	shell(r, "cp %s/journal %s/journal.old");
	rig_start(r);
	rig_generate(r, "log");
	rig_stop(r, SIGTERM);
	shell(r, "cp %s/journal.old %s/journal");
	assert_int_equal(rig_run(r, "check"), 1);
	rig_start(r);
	restore_text(r, text);
	assert_true(text[0] != '\0');
	assert_err(keyring_random(r->keyring, bytes, sizeof(bytes)), ERR_UNAVAILABLE);
	assert_err(pubkey(r, "root-ca"), ERR_UNAVAILABLE);
	assert_err(keyring_sign(r->keyring, "root-ca", writer_span(&root.object), SPAN(""), &result), ERR_UNAVAILABLE);
	assert_err(keyring_propose(r->keyring, "delete", "root-ca", SPAN(""), SPAN(""), &p), ERR_REFUSED);
	assert_err(asked_approve(r, 0, &root, &missing), ERR_REFUSED);
	assert_err(keyring_propose(r->keyring, "restore", NULL, SPAN(""), SPAN(""), &p), ERR_MALFORMED);
	memcpy(later, text, sizeof(text));
	*strstr(later, "token=") = 't';
	strstr(later, "token=")[6] ^= 1;
	assert_err(keyring_propose(r->keyring, "restore", NULL, span_of(later), SPAN(""), &p), ERR_MISMATCH);
	assert_ok(keyring_propose(r->keyring, "restore", NULL, span_of(text), SPAN(""), &p));
	assert_non_null(strstr(p.summary, "lines of the journal or more"));
	assert_ok(asked_approve_bytes(r, 0, &p, span_of(text), &missing, &result));
	rig_again(r); /* still waiting, and nothing is forgotten */
	restore_text(r, later);
	assert_true(later[0] != '\0');
	assert_err(asked_approve_bytes(r, 0, &p, span_of(text), &missing, &result), ERR_USED);
	assert_ok(asked_approve_bytes(r, 2, &p, span_of(text), &missing, &result));
	assert_int_equal(missing, 0);
	serves_again(r);
	restore_text(r, text);
	assert_true(text[0] == '\0');
	rig_stop(r, SIGTERM);
	assert_int_equal(rig_run(r, "check"), 0);
	rig_start(r);
	assert_ok(asked_approve(r, 1, &root, &missing));
	rig_free(&r);
}

CASE(an_older_copy_of_the_token_does_not_bring_an_old_policy_back)
{
	struct rig *r = rig_fresh(state, "root-ca");
	AUTO(writer) old = writer_new(1 << 20);
	AUTO(writer) new = writer_new(1 << 20);
	AUTO(writer) nothing = writer_new(1024);
	char text[512];

	rig_stop(r, SIGTERM);
	shell(r, "cp -a %s/token %s/old-token");
	rig_start(r);
	rig_keys_read(r, &old);
	writer_bytes(&new, writer_span(&old));
	text_exchange("\"version\": 1", "\"version\": 2", &new);
	assert_ok(rig_approve(r, r->keyring, "policy", NULL, writer_span(&new), &nothing));
	rig_stop(r, SIGTERM);
	shell(r, "rm -rf %s/token && mv %s/old-token %s/token");
	rig_start(r);
	restore_text(r, text);
	assert_non_null(strstr(text, "policy=1:2"));
	assert_true(rig_said(r, "the token is an older copy"));
	assert_ok(rig_approve(r, r->keyring, "restore", NULL, span_of(text), &nothing));
	serves_again(r);
	rig_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(approvals_given_before_a_kill_count_after_it),
		cmocka_unit_test(an_approval_forged_into_the_journal_is_not_counted),
		cmocka_unit_test(an_executed_proposal_is_not_reopened_by_lines_forged_behind_it),
		cmocka_unit_test(a_key_with_generate_quorum_is_made_by_custodians_only),
		cmocka_unit_test(a_fido2_key_approves_and_each_wrong_assertion_is_refused),
		cmocka_unit_test(a_policy_that_could_not_rule_is_refused_when_it_is_proposed),
		cmocka_unit_test(an_approved_policy_takes_over_and_the_old_one_is_refused_then),
		cmocka_unit_test(a_profile_with_quorum_is_signed_by_custodians_only),
		cmocka_unit_test(a_deleted_key_is_gone_and_an_old_copy_of_the_token_does_not_bring_it_back),
		cmocka_unit_test(a_journal_that_lost_lines_serves_nothing_until_custodians_restore),
		cmocka_unit_test(an_older_copy_of_the_token_does_not_bring_an_old_policy_back),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
