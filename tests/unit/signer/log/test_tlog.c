#include "tests/unit/lib/test.h"

#include "audit/receipt.h"
#include "base/encode.h"
#include "tests/unit/lib/db/scratch.h"
#include "tests/unit/signer/log/country.h"

static void
assert_receipt(struct tlog *l, const char *schema, const struct uuid *id, bool opened, const char *log_origin)
{
	AUTO(writer) json = writer_new(MAX_RECEIPT);
	AUTO(receipt) r = {.index = 0};

	assert_ok(tlog_receipt(l, schema, id, opened, &json));
	assert_ok(receipt_parse(writer_span(&json), &r));
	assert_ok(receipt_check(&r, log_origin, key));
	assert_int_equal(r.private_part != NULL, opened);
}

CASE(an_event_of_every_daemon_is_logged_and_proved)
{
	NEEDS_POSTGRES();
	struct uuid ids[3];
	struct tlog *l;

	for (int i = 0; i < 3; i++)
		ids[i] = act(schemas[i], LOG_TREE_PUBLIC, "{\"who\":\"x\"}");
	l = open_log(50);
	wait_until_sequenced(l);
	for (int i = 0; i < 3; i++)
		assert_receipt(l, schemas[i], &ids[i], false, origin);
	assert_receipt(l, "signer", &ids[2], true, origin);
	tlog_free(&l);
	assert_null(l);
}

CASE(a_receipt_is_refused_before_its_time_and_to_strangers)
{
	NEEDS_POSTGRES();
	AUTO(writer) json = writer_new(MAX_RECEIPT);
	const struct uuid nobody = uuid_random();
	struct tlog *l;
	struct uuid id;

	l = open_log(0);
	sequence_all(l);
	id = act("signer", LOG_TREE_PUBLIC, "{}");
	assert_err(tlog_receipt(l, "signer", &id, false, &json), ERR_UNAVAILABLE);
	assert_err(tlog_receipt(l, "signer", &nobody, false, &json), ERR_NOT_FOUND);
	assert_err(tlog_receipt(l, "ca", &nobody, false, &json), ERR_NOT_FOUND);
	assert_err(tlog_receipt(l, "hsm", &nobody, false, &json), ERR_NOT_FOUND);
	tlog_free(&l);
	l = open_log(50);
	wait_until_sequenced(l);
	assert_receipt(l, "signer", &id, true, origin);
	id = act("ca", LOG_TREE_PUBLIC, "{}");
	wait_until_sequenced(l);
	assert_err(tlog_receipt(l, "ca", &id, true, &json), ERR_REFUSED);
	tlog_free(&l);
}

CASE(a_login_is_proved_privately_and_its_root_publicly)
{
	NEEDS_POSTGRES();
	AUTO(writer) note = writer_new(MAX_CHECKPOINT);
	struct checkpoint c;
	struct tlog *l = open_log(50);
	const struct uuid id = act("idp", LOG_TREE_PRIVATE, "{\"who\":\"x\"}");
	uint64_t size;

	wait_until_sequenced(l);
	assert_receipt(l, "idp", &id, false, origin);
	assert_ok(tlog_head(l, LOG_TREE_PRIVATE, &size, &note));
	assert_ok(checkpoint_verify(writer_span(&note), "mohar.example/log/private", key, &c));
	/* the newest public leaf of the log's own tells that very root */
	note.len = 0;
	note.failed = ERR_OK;
	base64url_write(&note, sha256_span(&c.root));
	assert_span(writer_span(&note),
		ask("SELECT convert_from(entry, 'UTF8')::jsonb->'public'->>'root' FROM log.leaf WHERE tree = 0 AND schema = 'log' ORDER BY index DESC LIMIT 1"));
	tlog_free(&l);
}

CASE(a_forgotten_event_still_verifies_without_its_private_part)
{
	NEEDS_POSTGRES();
	AUTO(writer) json = writer_new(MAX_RECEIPT);
	AUTO(receipt) r = {.index = 0};
	const struct uuid id = act("signer", LOG_TREE_PUBLIC, "{\"who\":\"x\"}");
	struct tlog *l = open_log(50);

	wait_until_sequenced(l);
	(void)ask("UPDATE signer.event SET salt = NULL, private = NULL");
	assert_ok(tlog_receipt(l, "signer", &id, true, &json));
	assert_ok(receipt_parse(writer_span(&json), &r));
	assert_null(r.private_part);
	assert_ok(receipt_check(&r, origin, key));
	tlog_free(&l);
}

CASE(two_sequencers_log_every_event_once)
{
	NEEDS_POSTGRES();
	const int64_t before = ask_number("SELECT size FROM log.tree WHERE id = 0");
	struct tlog *a = open_log(5), *b = open_log(5);

	for (int i = 0; i < 20; i++)
		act_often(100);
	wait_until_sequenced(a);
	wait_until_sequenced(b);
	assert_int_equal(ask_number("SELECT size FROM log.tree WHERE id = 0") - before, 2000);
	assert_int_equal(ask_number("SELECT count(*) - max(index) FROM log.leaf WHERE tree = 0"), 1);
	tlog_free(&a);
	tlog_free(&b);
}

CASE(without_the_hsm_events_are_kept_and_signed_later)
{
	NEEDS_POSTGRES();
	struct tlog *l;
	struct uuid id;
	AUTO(writer) json = writer_new(MAX_RECEIPT);

	l = open_log(0);
	sequence_all(l);
	hsm_down = true;
	id = act("signer", LOG_TREE_PUBLIC, "{}");
	size_t count;

	assert_ok(sequencer_batch(l, &count));
	assert_int_equal(count, 1);
	assert_err(sequencer_sign(l), ERR_UNAVAILABLE);
	assert_err(tlog_receipt(l, "signer", &id, false, &json), ERR_UNAVAILABLE);
	hsm_down = false;
	hsm_lies = true;
	assert_err(sequencer_sign(l), ERR_BAD_SIGNATURE); /* never shown unverified */
	hsm_lies = false;
	assert_ok(sequencer_sign(l));
	assert_ok(sequencer_refresh(l));
	assert_receipt(l, "signer", &id, true, origin);
	tlog_free(&l);
}

CASE(one_trees_trouble_is_not_the_others)
{
	NEEDS_POSTGRES();
	struct tlog *l = open_log(0);
	struct uuid id;
	size_t count;

	sequence_all(l);
	(void)act("idp", LOG_TREE_PRIVATE, "{}");
	id = act("signer", LOG_TREE_PUBLIC, "{}");
	hsm_refuses_private = true;
	assert_ok(sequencer_batch(l, &count));
	assert_err(sequencer_sign(l), ERR_REFUSED);
	hsm_refuses_private = false;
	assert_ok(sequencer_refresh(l));
	assert_receipt(l, "signer", &id, true, origin);
	tlog_free(&l);
}

CASE(a_leaf_that_is_not_its_entrys_stops_the_log)
{
	NEEDS_POSTGRES();
	struct tlog *l = open_log(0);
	size_t count;

	sequence_all(l);
	(void)act("idp", LOG_TREE_PUBLIC, "{}");
	(void)ask("UPDATE idp.outbox SET leaf = sha256('x')");
	assert_err(sequencer_batch(l, &count), ERR_CORRUPT);
	assert_int_equal(ask_number("SELECT count(*) FROM idp.outbox"), 1); /* nothing is lost */
	(void)ask("UPDATE idp.outbox SET leaf = sha256('\\x00'::bytea || entry)");
	assert_ok(sequencer_batch(l, &count));
	assert_int_equal(count, 1);
	tlog_free(&l);
}

/* What the serving role is answered. */
static const char *
ask_as_signerd(const char *sql)
{
	char text[2000];

	(void)snprintf(text, sizeof(text), "SET SESSION AUTHORIZATION mohar_signerd; %s", sql);
	return ask(text);
}

CASE(an_outbox_row_cannot_be_lost_before_it_is_logged)
{
	NEEDS_POSTGRES();
	static const char stays[] = "an outbox row stays until it is logged";
	struct tlog *l = open_log(0);

	sequence_all(l);
	(void)act("idp", LOG_TREE_PRIVATE, "{\"who\":\"x\"}");
	assert_non_null(strstr(ask_as_signerd("DELETE FROM idp.outbox"), stays));
	/* with a leaf of another entry, and with one that no tree has grown over */
	assert_non_null(strstr(
		ask_as_signerd(
			"BEGIN; INSERT INTO log.leaf SELECT 1, 1000000, 'idp', event, '\\x00' FROM idp.outbox; DELETE FROM idp.outbox; COMMIT"),
		stays));
	assert_non_null(strstr(
		ask_as_signerd(
			"BEGIN; INSERT INTO log.leaf SELECT 1, 1000000, 'idp', event, entry FROM idp.outbox; DELETE FROM idp.outbox; COMMIT"),
		stays));
	assert_non_null(strstr(ask_as_signerd("TRUNCATE idp.outbox"), "permission denied"));
	assert_non_null(strstr(ask_as_signerd("ALTER TABLE idp.outbox DISABLE TRIGGER ALL"), "must be owner"));
	assert_int_equal(ask_number("SELECT count(*) FROM idp.outbox"), 1);
	sequence_all(l);
	assert_int_equal(ask_number("SELECT count(*) FROM idp.outbox"), 0);
	tlog_free(&l);
}

CASE(history_cannot_be_rewritten)
{
	NEEDS_POSTGRES();
	assert_non_null(strstr(ask("UPDATE log.leaf SET entry = 'x'"), "the log only grows"));
	assert_non_null(strstr(ask("DELETE FROM log.leaf"), "the log only grows"));
	assert_non_null(strstr(ask("UPDATE log.tree SET size = 0"), "the log only grows"));
	assert_non_null(
		strstr(ask("UPDATE log.tile SET hashes = substring(hashes FROM 33) WHERE octet_length(hashes) > 32"),
			"the log only grows"));
	assert_non_null(strstr(ask("UPDATE log.checkpoint SET note = 'x'"), "the log only grows"));
}

CASE(a_tree_that_lost_what_it_signed_is_not_signed_again)
{
	NEEDS_POSTGRES();
	struct tlog *l = open_log(0);
	size_t count;

	sequence_all(l);
	(void)ask("ALTER TABLE log.tile DISABLE TRIGGER ALL");
	(void)ask(
		"UPDATE log.tile SET hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1) WHERE tree = 0 AND level = 0 AND index = 0");
	(void)ask(
		"UPDATE log.tile SET hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1) WHERE tree = 0 AND level = 1 AND index = 0");
	(void)act("ca", LOG_TREE_PUBLIC, "{}");
	assert_ok(sequencer_batch(l, &count));
	assert_err(sequencer_sign(l), ERR_CORRUPT);
	assert_non_null(strstr(err_why(), "no longer contains its checkpoint"));
	tlog_free(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_of_every_daemon_is_logged_and_proved),
		cmocka_unit_test(a_receipt_is_refused_before_its_time_and_to_strangers),
		cmocka_unit_test(a_login_is_proved_privately_and_its_root_publicly),
		cmocka_unit_test(a_forgotten_event_still_verifies_without_its_private_part),
		cmocka_unit_test(two_sequencers_log_every_event_once),
		cmocka_unit_test(without_the_hsm_events_are_kept_and_signed_later),
		cmocka_unit_test(one_trees_trouble_is_not_the_others),
		cmocka_unit_test(a_leaf_that_is_not_its_entrys_stops_the_log),
		cmocka_unit_test(an_outbox_row_cannot_be_lost_before_it_is_logged),
		cmocka_unit_test(history_cannot_be_rewritten),
		cmocka_unit_test(a_tree_that_lost_what_it_signed_is_not_signed_again),
	};
	return cmocka_run_group_tests(tests, country_setup, country_teardown);
}
