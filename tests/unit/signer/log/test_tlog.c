#include "tests/unit/lib/test.h"

#include <libpq-fe.h>
#include <openssl/x509.h>

#include "audit/receipt.h"
#include "base/encode.h"
#include "base/reader.h"
#include "db/migrate.h"
#include "http/exchange.h"
#include "signer/log/log.h"
#include "tests/unit/lib/db/scratch.h"

static const char origin[] = "mohar.example/log";
static const char *const schemas[] = {"ca", "idp", "signer", NULL};
static struct clock now;
static EVP_PKEY *key;
static bool hsm_down, hsm_lies;

/* The key daemon: a key in memory. */
enum err __wrap_keyring_pubkey(struct keyring *k, const char *label, struct writer *spki);
enum err __wrap_keyring_sign(struct keyring *k, const char *label, struct span object, struct span evidence,
	struct writer *signature);

enum err
__wrap_keyring_pubkey(struct keyring *k, const char *label, struct writer *spki)
{
	unsigned char *der = NULL;
	const int len = i2d_PUBKEY(key, &der);

	(void)k;
	assert_string_equal(label, "log");
	writer_bytes(spki, span_at(der, (size_t)len));
	OPENSSL_free(der);
	return writer_done(spki);
}

enum err
__wrap_keyring_sign(struct keyring *k, const char *label, struct span object, struct span evidence,
	struct writer *signature)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	struct checkpoint c;
	uint8_t bytes[64];
	size_t len = sizeof(bytes);

	(void)k;
	(void)label;
	assert_int_equal(evidence.len, 0);
	if (hsm_down) {
		EVP_MD_CTX_free(md);
		return err_because(ERR_UNAVAILABLE, "no HSM");
	}
	assert_ok(checkpoint_text_parse(object, &c)); /* as the real one does */
	assert_int_equal(EVP_DigestSignInit(md, NULL, NULL, NULL, key), 1);
	assert_int_equal(EVP_DigestSign(md, bytes, &len, object.ptr, object.len), 1);
	EVP_MD_CTX_free(md);
	bytes[0] ^= hsm_lies;
	writer_bytes(signature, span_at(bytes, len));
	return writer_done(signature);
}

static char answer[200];

static const char *
ask(const char *sql)
{
	PGconn *conn = PQconnectdb(scratch_conninfo());
	PGresult *result = PQexec(conn, sql);

	(void)snprintf(answer, sizeof(answer), "%s",
		PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : PQresultErrorMessage(result));
	PQclear(result);
	PQfinish(conn);
	return answer;
}

static int64_t
ask_number(const char *sql)
{
	return strtoll(ask(sql), NULL, 10);
}

static int
migrate(const char *schema, const char *folder)
{
	int applied;

	return db_migrate(scratch_conninfo(), schema, (const char *const[]){folder, NULL}, &applied) == ERR_OK ? 0 : -1;
}

static int
setup(void **state __attribute__((unused)))
{
	const char *root = getenv("MOHAR_ROOT");

	if (root != NULL && chdir(root) != 0)
		return -1;
	now = clock_fixed(1769903999);
	key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (scratch_conninfo() == NULL)
		return 0;
	(void)ask("CREATE ROLE mohar_signerd LOGIN");
	for (const char *const *schema = schemas; *schema != NULL; schema++)
		if (migrate(*schema, "lib/audit/sql") != 0)
			return -1;
	(void)ask("GRANT SELECT, INSERT ON signer.event TO mohar_signerd");
	return migrate("log", "signer/log/migrations");
}

static int
teardown(void **state __attribute__((unused)))
{
	EVP_PKEY_free(key);
	return 0;
}

#define NEEDS_POSTGRES()                                 \
	if (scratch_conninfo() == NULL) {                \
		print_message("PostgreSQL not found\n"); \
		skip();                                  \
	}

/* The act of some daemon: its event, committed. */
static struct uuid
act(const char *schema, enum log_tree tree, const char *private_part)
{
	AUTO(writer) sql = writer_new(64 << 10);
	AUTO(event) e = {.leaf = {{0}}};
	struct uuid id;

	assert_ok(event_make(&e, schema, "test.done", tree, 1769903999, SPAN("{\"n\":1}"), span_of(private_part)));
	writer_format(&sql, "INSERT INTO %s.event (id, tree, at, type, salt, entry, private) VALUES ('", schema);
	uuid_write(&sql, &e.id);
	writer_format(&sql, "', %d, now(), 'test.done', '\\x", (int)tree);
	hex_write(&sql, span_at(e.salt, SALT_LEN));
	writer_text(&sql, "', '\\x");
	hex_write(&sql, writer_span(&e.entry));
	writer_text(&sql, "', '\\x");
	hex_write(&sql, writer_span(&e.private_part));
	writer_text(&sql, "') RETURNING 1");
	assert_string_equal(ask((const char *)writer_span(&sql).ptr), "1");
	id = e.id;
	return id;
}

/* A log whose thread looks only once: the test calls the sequencer's steps itself. */
static struct tlog *
open_log(int interval_ms)
{
	static char conninfo[300];
	const struct tlog_options options = {.database = conninfo,
		.key_label = "log",
		.origin = origin,
		.schemas = schemas,
		.clock = &now,
		.interval_ms = interval_ms};
	struct tlog *l = NULL;

	(void)snprintf(conninfo, sizeof(conninfo), "%s user=mohar_signerd", scratch_conninfo());
	assert_ok(tlog_open(&options, &l));
	return l;
}

/* Waits until the newest checkpoint covers the public tree and the outboxes are empty. */
static void
wait_until_sequenced(struct tlog *l)
{
	const char sql[] =
		"SELECT (SELECT count(*) FROM ca.outbox) + (SELECT count(*) FROM idp.outbox) + (SELECT count(*) FROM signer.outbox)"
		" + (SELECT sum(t.size - coalesce((SELECT max(size) FROM log.checkpoint c WHERE c.tree = t.id), 0)) FROM log.tree t)";
	const int64_t end = clock_ticks() + 10000000;
	uint64_t size = 0;

	while (clock_ticks() < end) {
		if (ask_number(sql) == 0 && (tlog_head(l, LOG_TREE_PUBLIC, &size, NULL) == ERR_OK) &&
			size == (uint64_t)ask_number("SELECT size FROM log.tree WHERE id = 0"))
			return;
		(void)usleep(10000);
	}
	fail_msg("not sequenced within 10 s");
}

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

	l = open_log(3600000);
	wait_until_sequenced(l);
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
	assert_receipt(l, "idp", &id, false, "mohar.example/log/private");
	assert_ok(tlog_head(l, LOG_TREE_PRIVATE, &size, &note));
	assert_ok(checkpoint_verify(writer_span(&note), "mohar.example/log/private", key, &c));
	/* the newest public leaf of the log's own tells that very root */
	(void)ask(
		"SELECT convert_from(entry, 'UTF8')::jsonb->'public'->>'root' FROM log.leaf WHERE tree = 0 AND schema = 'log' ORDER BY index DESC LIMIT 1");
	note.len = 0;
	note.failed = ERR_OK;
	base64url_write(&note, sha256_span(&c.root));
	assert_span(writer_span(&note), answer);
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

static void
many(int count)
{
	char sql[300];

	(void)snprintf(sql, sizeof(sql),
		"INSERT INTO ca.event (id, tree, at, type, entry) SELECT gen_random_uuid(), 0, now(), 'bulk', convert_to('{\"i\":' || i || '}', 'UTF8')"
		" FROM generate_series(1, %d) i",
		count);
	(void)ask(sql);
}

/* The whole tree once more from its entries, by nothing but hashing. */
static struct sha256
hash_entries(const struct sha256 *leaves, uint64_t count)
{
	uint64_t k = 1;
	struct sha256 left, right;

	if (count == 1)
		return leaves[0];
	while (k * 2 < count)
		k *= 2;
	left = hash_entries(leaves, k);
	right = hash_entries(leaves + k, count - k);
	return merkle_node(&left, &right);
}

/* A GET of the log; the body is the caller's to look at until the next call. */
static struct exchange *x;

static enum err
get(struct tlog *l, const char *rest, struct span *body)
{
	enum err e;

	exchange_free(&x);
	x = exchange_new(NULL, "/log/", NULL);
	assert_non_null(x);
	e = tlog_serve(l, rest, &x->reply);
	*body = writer_span(&x->reply.body);
	return e;
}

CASE(tiles_and_entries_lead_anybody_to_the_signed_root)
{
	NEEDS_POSTGRES();
	struct tlog *l = open_log(50);
	struct sha256 *leaves;
	struct checkpoint c;
	struct span body;
	struct sha256 root;
	size_t have = 0;

	many(2600); /* more than two batches; ten full tiles and a level above */
	wait_until_sequenced(l);
	assert_ok(get(l, "checkpoint", &body));
	assert_ok(checkpoint_verify(body, origin, key, &c));
	assert_true(c.size >= 2600);
	leaves = calloc(c.size, sizeof(*leaves));
	assert_non_null(leaves);
	for (uint64_t tile = 0; tile <= c.size / 256; tile++) {
		const unsigned width = tile == c.size / 256 ? (unsigned)(c.size % 256) : 256;
		char path[64];
		struct reader r;

		if (width == 0)
			break;
		(void)snprintf(path, sizeof(path), width == 256 ? "tile/entries/%03u" : "tile/entries/%03u.p/%u",
			(unsigned)tile, width);
		assert_ok(get(l, path, &body));
		r = reader_over(body);
		for (unsigned i = 0; i < width; i++) {
			struct span entry;

			assert_ok(reader_block16(&r, MAX_ENTRY, &entry));
			leaves[have++] = leaf_hash(entry);
		}
		assert_ok(reader_done(&r));
		(void)snprintf(path, sizeof(path), width == 256 ? "tile/0/%03u" : "tile/0/%03u.p/%u", (unsigned)tile,
			width);
		assert_ok(get(l, path, &body));
		assert_int_equal(body.len, width * 32);
		assert_memory_equal(body.ptr, &leaves[have - width], width * 32);
	}
	assert_true(have == c.size);
	root = hash_entries(leaves, c.size);
	assert_memory_equal(root.bytes, c.root.bytes, 32);
	assert_ok(get(l, "tile/1/000.p/10", &body));
	root = hash_entries(leaves + 256 * 3, 256);
	assert_memory_equal(body.ptr + 3 * 32, root.bytes, 32);
	free(leaves);
	tlog_free(&l);
}

CASE(what_is_beyond_the_signed_tree_is_not_served)
{
	NEEDS_POSTGRES();
	struct tlog *l = open_log(3600000);
	char path[64];
	struct span body;
	uint64_t size;

	wait_until_sequenced(l);
	assert_ok(tlog_head(l, LOG_TREE_PUBLIC, &size, NULL));
	(void)snprintf(path, sizeof(path), "tile/0/%03u.p/%u", (unsigned)(size / 256), (unsigned)(size % 256) + 1);
	assert_err(get(l, path, &body), ERR_NOT_FOUND);
	(void)snprintf(path, sizeof(path), "tile/0/%03u", (unsigned)(size / 256));
	assert_err(get(l, path, &body), ERR_NOT_FOUND);
	(void)snprintf(path, sizeof(path), "tile/entries/%03u", (unsigned)(size / 256) + 1);
	assert_err(get(l, path, &body), ERR_NOT_FOUND);
	assert_err(get(l, "tile/2/000", &body), ERR_NOT_FOUND);
	assert_err(get(l, "tile/63/000", &body), ERR_NOT_FOUND);
	assert_err(get(l, "tile/0/x999/x999/x999/x999/x999/999", &body), ERR_NOT_FOUND);
	assert_err(get(l, "../checkpoint", &body), ERR_NOT_FOUND);
	exchange_free(&x);
	tlog_free(&l);
}

CASE(two_sequencers_log_every_event_once)
{
	NEEDS_POSTGRES();
	const int64_t before = ask_number("SELECT size FROM log.tree WHERE id = 0");
	struct tlog *a = open_log(5), *b = open_log(5);

	for (int i = 0; i < 20; i++)
		many(100);
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

	l = open_log(3600000);
	wait_until_sequenced(l);
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

CASE(a_leaf_that_is_not_its_entrys_stops_the_log)
{
	NEEDS_POSTGRES();
	struct tlog *l = open_log(3600000);
	size_t count;

	wait_until_sequenced(l);
	(void)act("idp", LOG_TREE_PUBLIC, "{}");
	(void)ask("UPDATE idp.outbox SET leaf = sha256('x')");
	assert_err(sequencer_batch(l, &count), ERR_CORRUPT);
	assert_int_equal(ask_number("SELECT count(*) FROM idp.outbox"), 1); /* nothing is lost */
	(void)ask("UPDATE idp.outbox SET leaf = sha256('\\x00'::bytea || entry)");
	assert_ok(sequencer_batch(l, &count));
	assert_int_equal(count, 1);
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
	struct tlog *l = open_log(3600000);
	size_t count;

	wait_until_sequenced(l);
	(void)ask("ALTER TABLE log.tile DISABLE TRIGGER ALL");
	(void)ask(
		"UPDATE log.tile SET hashes = overlay(hashes PLACING '\\x00'::bytea FROM 1) WHERE tree = 0 AND level = 0 AND index = 0");
	(void)ask(
		"UPDATE log.tile SET hashes = overlay(hashes PLACING '\\x00'::bytea FROM 1) WHERE tree = 0 AND level = 1 AND index = 0");
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
		cmocka_unit_test(tiles_and_entries_lead_anybody_to_the_signed_root),
		cmocka_unit_test(what_is_beyond_the_signed_tree_is_not_served),
		cmocka_unit_test(two_sequencers_log_every_event_once),
		cmocka_unit_test(without_the_hsm_events_are_kept_and_signed_later),
		cmocka_unit_test(a_leaf_that_is_not_its_entrys_stops_the_log),
		cmocka_unit_test(history_cannot_be_rewritten),
		cmocka_unit_test(a_tree_that_lost_what_it_signed_is_not_signed_again),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
