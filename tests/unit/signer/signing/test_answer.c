#include "tests/unit/lib/test.h"

#include "audit/event.h"
#include "base/encode.h"
#include "db/migrate.h"
#include "http/exchange.h"
#include "signer/signing/answer.h"
#include "signer/signing/signing.h"
#include "tests/unit/lib/db/scratch.h"
#include "tests/unit/signer/log/country.h"

enum { NOW = 1769903999 };
static struct signer s;

/* ---- mohar-hsmd, which takes its time: what happens meanwhile is the test's to say ---- */

static void (*meanwhile)(void);
static enum err hsm_says;
static unsigned activations;

enum err __wrap_keyring_activate(struct keyring *k, const char *label, struct span blob, const struct digests *digests,
	const uint8_t nonce[HSM_NONCE_LEN], struct span evidence, struct writer *signatures);

enum err
__wrap_keyring_activate(struct keyring *k, const char *label, struct span blob, const struct digests *digests,
	const uint8_t nonce[HSM_NONCE_LEN], struct span evidence, struct writer *signatures)
{
	(void)k;
	(void)label;
	(void)blob;
	(void)nonce;
	(void)evidence;
	activations++;
	if (meanwhile != NULL)
		meanwhile();
	if (hsm_says != ERR_OK)
		return err_because(hsm_says, "as the test wants");
	for (size_t i = 0; i < digests->count; i++)
		writer_block16(signatures, SPAN("signature"));
	return writer_done(signatures);
}

/* ---- a key, a request, and the page ---- */

static const char code[] = "the code behind the address";
static struct uuid request_id;

static void
run(const char *sql)
{
	assert_string_equal(ask(sql), "1");
}

static void
key_made(const struct uuid *own)
{
	AUTO(writer) sql = writer_new(4096);

	writer_text(&sql,
		"INSERT INTO signer.signing_key (id, person, name, state, actor, principal, sector, channel, begun_at, expires, code_hash, "
		"watch_hash, challenge, spki_sha256, blob, generation, credential_id, credential_key, certificate, chain, certified_at) VALUES ('");
	uuid_write(&sql, own);
	writer_text(&sql, "', 'p', 'Test Citizen', 'certified', 'r', 'p', 'signer', 'counter', now(), now(), sha256('");
	uuid_write(&sql, own);
	writer_text(&sql,
		"'), sha256(''), sha256(''), sha256(gen_random_uuid()::text::bytea), '', 1, 'c', 'k', 'x', 'x', now()) RETURNING 1");
	run((const char *)writer_span(&sql).ptr);
}

/* A new pending one. */
static void
request_made(void)
{
	AUTO(writer) sql = writer_new(4096);
	const struct uuid own = uuid_random();

	key_made(&own);
	request_id = uuid_random();
	writer_text(&sql,
		"INSERT INTO signer.signing_request (id, code_hash, key, agency, description, digest_size, digests, names, state, actor, principal, "
		"sector, channel, created_at, expires) VALUES ('");
	uuid_write(&sql, &request_id);
	writer_format(&sql, "', sha256('%s'), '", code);
	uuid_write(&sql, &own);
	writer_format(&sql,
		"', 'land', 'a deed', 32, sha256(''), '{}', 'pending', 'client', 'p', 'land', 'api', now(), to_timestamp(%d)) RETURNING 1",
		NOW + 3600);
	run((const char *)writer_span(&sql).ptr);
}

static enum err page(enum err (*handler)(void *, struct request *, struct reply *))
{
	struct exchange *x = exchange_new(NULL, "/signing/page/sign", NULL);
	enum err e;

	assert_non_null(x);
	x->request.body = writer_new(4096);
	writer_text(&x->request.body, "{\"id\":\"");
	uuid_write(&x->request.body, &request_id);
	writer_format(&x->request.body, "\",\"code\":\"%s\",\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"credential\":{}}",
		code);
	e = handler(&s, &x->request, &x->reply);
	exchange_free(&x);
	return e;
}

/* Of the request: its state, and how many events tell of an answer to it. */
static void
assert_state(const char *state, int answers)
{
	AUTO(writer) sql = writer_new(1024);
	AUTO(writer) expected = writer_new(100);

	writer_text(&sql,
		"SELECT r.state || ' ' || (SELECT count(*) FROM signer.event e WHERE convert_from(e.private, 'UTF8')::json->>'request' = r.id::text) "
		"|| CASE WHEN r.claim IS NULL THEN '' ELSE ' claimed' END FROM signer.signing_request r WHERE r.id = '");
	uuid_write(&sql, &request_id);
	writer_text(&sql, "'");
	writer_format(&expected, "%s %d", state, answers);
	assert_string_equal(ask((const char *)writer_span(&sql).ptr), (const char *)writer_span(&expected).ptr);
}

static void
claim_changed(const char *to)
{
	AUTO(writer) sql = writer_new(1024);

	writer_format(&sql, "UPDATE signer.signing_request SET %s WHERE id = '", to);
	uuid_write(&sql, &request_id);
	writer_text(&sql, "' RETURNING 1");
	run((const char *)writer_span(&sql).ptr);
}

/* ---- cases ---- */

static void
another_asks(void)
{
	assert_ok(db_ping(s.db));
	assert_ok(page(signing_page_request));
}

CASE(a_slow_hsm_leaves_the_only_connection_to_others)
{
	NEEDS_POSTGRES();
	request_made();
	meanwhile = another_asks;
	assert_ok(page(signing_page_sign));
	assert_state("signed", 1);
}

static void
another_tab_answers(void)
{
	const unsigned before = activations;

	meanwhile = NULL;
	assert_err(page(signing_page_sign), ERR_USED);
	assert_err(page(signing_page_decline), ERR_USED);
	assert_int_equal(activations, before); /* the key was not asked twice */
}

CASE(of_two_tabs_at_once_one_answers_and_the_other_reaches_no_key)
{
	NEEDS_POSTGRES();
	request_made();
	meanwhile = another_tab_answers;
	assert_ok(page(signing_page_sign));
	assert_state("signed", 1);
	assert_err(page(signing_page_sign), ERR_USED);
	assert_err(page(signing_page_decline), ERR_USED);
	assert_state("signed", 1);
}

CASE(what_the_hsm_refuses_is_unanswered_and_can_be_tried_again_at_once)
{
	NEEDS_POSTGRES();
	request_made();
	hsm_says = ERR_UNAVAILABLE;
	assert_err(page(signing_page_sign), ERR_UNAVAILABLE);
	assert_string_equal(err_why(), "as the test wants");
	assert_state("pending", 0);
	hsm_says = ERR_OK;
	assert_ok(page(signing_page_decline));
	assert_state("declined", 1);
}

CASE(the_claim_of_a_daemon_that_died_ends_by_itself)
{
	NEEDS_POSTGRES();
	request_made();
	claim_changed("claim = gen_random_uuid(), claimed_until = to_timestamp(1769904000)");
	assert_err(page(signing_page_sign), ERR_USED);
	claim_changed("claimed_until = to_timestamp(1769903999)");
	assert_ok(page(signing_page_sign));
	assert_state("signed", 1);
}

static void
time_runs_out(void)
{
	meanwhile = NULL;
	claim_changed("claimed_until = to_timestamp(0)");
	assert_ok(page(signing_page_decline));
}

CASE(a_signature_that_comes_after_its_claim_is_neither_stored_nor_told_nor_logged)
{
	NEEDS_POSTGRES();
	request_made();
	meanwhile = time_runs_out;
	assert_err(page(signing_page_sign), ERR_USED);
	assert_state("declined", 1);
}

static int
calm(void **state __attribute__((unused)))
{
	meanwhile = NULL;
	hsm_says = ERR_OK;
	return 0;
}

static int
open_signer(void **state)
{
	static char conninfo[300];
	int applied;

	if (country_setup(state) != 0)
		return -1;
	s.clock = clock_fixed(NOW);
	if (scratch_conninfo() == NULL)
		return 0;
	(void)snprintf(conninfo, sizeof(conninfo), "%s user=mohar_signerd", scratch_conninfo());
	if (db_migrate(scratch_conninfo(), "signer",
		    (const char *const[]){"lib/audit/sql", "signer/store/migrations", NULL}, &applied) != ERR_OK)
		return -1;
	return db_pool_open(conninfo, 1, signer_statements, SIGNER_STATEMENTS, &s.db) == ERR_OK ? 0 : -1;
}

static int
close_signer(void **state)
{
	db_pool_free(&s.db);
	return country_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_slow_hsm_leaves_the_only_connection_to_others, calm),
		cmocka_unit_test_setup(of_two_tabs_at_once_one_answers_and_the_other_reaches_no_key, calm),
		cmocka_unit_test_setup(what_the_hsm_refuses_is_unanswered_and_can_be_tried_again_at_once, calm),
		cmocka_unit_test_setup(the_claim_of_a_daemon_that_died_ends_by_itself, calm),
		cmocka_unit_test_setup(a_signature_that_comes_after_its_claim_is_neither_stored_nor_told_nor_logged,
			calm),
	};
	return cmocka_run_group_tests(tests, open_signer, close_signer);
}
