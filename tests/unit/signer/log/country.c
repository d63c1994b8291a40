#include "tests/unit/lib/test.h"

#include <libpq-fe.h>
#include <openssl/x509.h>

#include "audit/receipt.h"
#include "base/encode.h"
#include "db/migrate.h"
#include "tests/unit/lib/db/scratch.h"
#include "tests/unit/signer/log/country.h"

const char origin[] = "mohar.example/log";
const char *const schemas[] = {"ca", "idp", "signer", NULL};
static struct clock now;
EVP_PKEY *key;
bool hsm_down, hsm_lies, hsm_refuses_private;

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
	if (hsm_refuses_private && strstr(c.origin, "/private") != NULL) {
		EVP_MD_CTX_free(md);
		return err_because(ERR_REFUSED, "not that origin");
	}
	assert_int_equal(EVP_DigestSignInit(md, NULL, NULL, NULL, key), 1);
	assert_int_equal(EVP_DigestSign(md, bytes, &len, object.ptr, object.len), 1);
	EVP_MD_CTX_free(md);
	bytes[0] ^= hsm_lies;
	writer_bytes(signature, span_at(bytes, len));
	return writer_done(signature);
}

static char answer[200];

const char *
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

int64_t
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

int
country_setup(void **state __attribute__((unused)))
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

int
country_teardown(void **state __attribute__((unused)))
{
	EVP_PKEY_free(key);
	return 0;
}

struct uuid
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

struct tlog *
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

void
sequence_all(struct tlog *l)
{
	size_t count;

	do
		assert_ok(sequencer_batch(l, &count));
	while (count > 0);
	assert_ok(sequencer_sign(l));
	assert_ok(sequencer_refresh(l));
}

void
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

void
act_often(int count)
{
	char sql[300];

	(void)snprintf(sql, sizeof(sql),
		"INSERT INTO ca.event (id, tree, at, type, entry) SELECT gen_random_uuid(), 0, now(), 'bulk', convert_to('{\"i\":' || i || '}', 'UTF8')"
		" FROM generate_series(1, %d) i",
		count);
	(void)ask(sql);
}
