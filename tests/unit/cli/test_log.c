#include "tests/unit/lib/test.h"

#include <fcntl.h>
#include <openssl/x509.h>

#include "audit/path.h"
#include "audit/receipt.h"
#include "audit/tile.h"
#include "base/encode.h"
#include "base/file.h"
#include "cli/cli.h"
#include "http/server.h"

enum { ENTRIES = 700 };

static const char origin[] = "mohar.example/log";

/* A log in memory behind a real server, which can be made to misbehave. */
static EVP_PKEY *key, *other_key;
static struct {
	struct event events[ENTRIES];
	uint64_t size;
	uint64_t forged_entry; /* served with one byte changed; ENTRIES: none */
	bool wrong_key, short_tile, down, broken;
} peer;

static enum err
leaf_or_node(void *context, unsigned level, uint64_t index, struct sha256 *out)
{
	struct sha256 left, right;

	if (level == 0) {
		*out = peer.events[index].leaf;
		return ERR_OK;
	}
	TRY(leaf_or_node(context, level - 1, index * 2, &left));
	TRY(leaf_or_node(context, level - 1, index * 2 + 1, &right));
	*out = merkle_node(&left, &right);
	return ERR_OK;
}

static const struct merkle_store memory = {leaf_or_node, NULL};

static enum err
write_note(struct writer *out)
{
	EVP_PKEY *signing = peer.wrong_key ? other_key : key;
	AUTO(writer) text = writer_new(MAX_CHECKPOINT);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	struct checkpoint c = {.size = peer.size};
	unsigned char *spki = NULL;
	uint8_t signature[64];
	size_t len = sizeof(signature);
	const int spki_len = i2d_PUBKEY(signing, &spki);
	enum err e;

	memcpy(c.origin, origin, sizeof(origin));
	TRY(merkle_root(&memory, c.size, &c.root));
	TRY(checkpoint_text(&c, &text));
	assert_int_equal(EVP_DigestSignInit(md, NULL, NULL, NULL, signing), 1);
	assert_int_equal(EVP_DigestSign(md, signature, &len, text.ptr, text.len), 1);
	e = checkpoint_note(&c, span_at(spki, (size_t)spki_len), span_at(signature, len), out);
	EVP_MD_CTX_free(md);
	OPENSSL_free(spki);
	return e;
}

static enum err
write_tile(const struct log_path *p, struct writer *out)
{
	const unsigned width = p->width - peer.short_tile;

	for (uint64_t i = 0; i < width; i++) {
		struct sha256 hash;

		TRY(leaf_or_node(NULL, 8 * p->level, p->index * TILE_WIDTH + i, &hash));
		writer_bytes(out, sha256_span(&hash));
	}
	return ERR_OK;
}

static void
write_entries(const struct log_path *p, struct writer *out)
{
	for (uint64_t i = p->index * TILE_WIDTH; i < p->index * TILE_WIDTH + p->width; i++) {
		struct writer *entry = &peer.events[i].entry;

		entry->ptr[10] ^= i == peer.forged_entry;
		writer_block16(out, writer_span(entry));
		entry->ptr[10] ^= i == peer.forged_entry;
	}
}

static enum err
serve(void *daemon, struct request *request, struct reply *reply)
{
	struct log_path p;

	(void)daemon;
	REQUIRE(!peer.down, ERR_UNAVAILABLE);
	REQUIRE(!peer.broken, ERR_IO);
	TRY(log_path_read(span_of(request_param(request, "rest")), &p));
	if (p.resource == LOG_CHECKPOINT)
		return write_note(reply_body(reply, "text/plain; charset=utf-8"));
	REQUIRE(p.index * TILE_WIDTH + p.width <= tile_hashes(peer.size, p.level), ERR_NOT_FOUND);
	if (p.resource == LOG_TILE)
		return write_tile(&p, reply_body(reply, "application/octet-stream"));
	write_entries(&p, reply_body(reply, "application/octet-stream"));
	return ERR_OK;
}

static struct http_server *server;
static struct clock now;
static char folder[] = "/tmp/mohar-log-XXXXXX";
static char url[64], trust[64], kept[64], receipt[64], said[64];

static void
write_trust(void)
{
	AUTO(writer) jwks = writer_new(4096);
	struct json_writer j = json_to(&jwks);
	uint8_t x[32];
	size_t len = sizeof(x);

	assert_int_equal(EVP_PKEY_get_raw_public_key(key, x, &len), 1);
	json_object(&j, NULL);
	json_array(&j, "keys");
	json_object(&j, NULL);
	json_text(&j, "kty", "OKP");
	json_text(&j, "crv", "Ed25519");
	json_bytes64(&j, "x", span_at(x, len));
	json_text(&j, "kid", "log");
	json_text(&j, "use", "sig");
	json_text(&j, "alg", "EdDSA");
	json_text(&j, "mohar_purpose", "log");
	json_text(&j, "origin", origin);
	json_object_end(&j);
	json_array_end(&j);
	json_object_end(&j);
	assert_ok(writer_done(&jwks));
	assert_ok(file_write(trust, writer_span(&jwks), 0600));
}

static int
setup(void **state __attribute__((unused)))
{
	static const struct route routes[] = {{"GET", "/log/{rest...}", &HTTP_ANYONE, serve, 0}};
	const struct http_server_options options = {.name = "log",
		.address = "127.0.0.1",
		.threads = 1,
		.routes = routes,
		.route_count = 1,
		.clock = &now};

	now = clock_system();
	key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	other_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	for (size_t i = 0; i < ENTRIES; i++)
		assert_ok(event_make(&peer.events[i], "ca", "certificate.issued", LOG_TREE_PUBLIC, (unix_time)i,
			SPAN("{\"n\":1}"), SPAN("{\"a\":1}")));
	if (mkdtemp(folder) == NULL || http_serve(&options, &server) != ERR_OK)
		return -1;
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", http_server_port(server));
	(void)snprintf(trust, sizeof(trust), "%s/jwks", folder);
	(void)snprintf(kept, sizeof(kept), "%s/kept", folder);
	(void)snprintf(receipt, sizeof(receipt), "%s/receipt", folder);
	(void)snprintf(said, sizeof(said), "%s/said", folder);
	write_trust();
	return 0;
}

static int
teardown(void **state __attribute__((unused)))
{
	http_stop(&server);
	for (size_t i = 0; i < ENTRIES; i++)
		event_free(&peer.events[i]);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other_key);
	(void)unlink(trust);
	(void)unlink(kept);
	(void)unlink(receipt);
	(void)unlink(said);
	return rmdir(folder);
}

static int
behave(void **state __attribute__((unused)))
{
	peer.size = ENTRIES;
	peer.forged_entry = ENTRIES;
	peer.wrong_key = peer.short_tile = peer.down = false;
	(void)unlink(kept);
	(void)unlink(receipt);
	return 0;
}

/* Runs a command line, ended by NULL; what it said is in words. */
static struct writer words;

static int
mohar(const char *first, ...)
{
	char *argv[24] = {(char[]){"mohar"}};
	int argc = 1, code, out, fd;
	va_list list;

	va_start(list, first);
	for (const char *word = first; word != NULL; word = va_arg(list, const char *))
		argv[argc++] = strdup(word);
	va_end(list);
	(void)fflush(stdout);
	out = dup(STDOUT_FILENO);
	fd = open(said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
	code = cli_main(argc, argv);
	(void)fflush(stdout);
	assert_true(dup2(out, STDOUT_FILENO) >= 0);
	close(out);
	close(fd);
	while (argc > 1)
		free(argv[--argc]);
	words.max = 1 << 20;
	assert_ok(file_read(said, 1 << 20, &words));
	return code;
}

#define LOG(verb, ...) mohar("log", verb, "--signer-url", url, "--trust", trust, "--json", __VA_ARGS__)

static void
assert_said(const char *text)
{
	if (strstr((const char *)writer_span(&words).ptr, text) == NULL)
		fail_msg("'%s' is not in: %s", text, (const char *)writer_span(&words).ptr);
}

CASE(a_right_log_is_valid)
{
	assert_int_equal(LOG("verify", "--out", kept, NULL), 0);
	assert_said("\"result\":\"valid\"");
	assert_said("\"entries\":700");
	assert_int_equal(LOG("checkpoint", "--since", kept, NULL), 0);
	assert_said("\"size\":700");
}

CASE(one_changed_byte_in_one_entry_is_found)
{
	peer.forged_entry = 513;
	assert_int_equal(LOG("verify", "--out", kept, NULL), 1);
	assert_said("\"result\":\"invalid\"");
	assert_said("do not hash to the root");
	assert_int_equal(access(kept, F_OK), -1); /* and nothing is kept of it */
}

CASE(growth_is_consistent_and_a_fork_is_not)
{
	struct sha256 leaf;

	peer.size = 300;
	assert_int_equal(LOG("checkpoint", "--out", kept, NULL), 0);
	peer.size = ENTRIES;
	assert_int_equal(LOG("checkpoint", "--since", kept, NULL), 0);
	leaf = peer.events[7].leaf;
	peer.events[7].leaf.bytes[0] ^= 1;
	assert_int_equal(LOG("checkpoint", "--since", kept, NULL), 1);
	assert_said("not consistent");
	peer.events[7].leaf = leaf;
	peer.size = 299;
	assert_int_equal(LOG("checkpoint", "--since", kept, NULL), 1);
	assert_said("has shrunk");
}

CASE(another_key_is_refused_and_no_key_is_unknown)
{
	peer.wrong_key = true;
	assert_int_equal(LOG("checkpoint", NULL), 1);
	assert_said("\"result\":\"invalid\"");
	peer.wrong_key = false;
	assert_int_equal(mohar("log", "checkpoint", "--signer-url", url, "--json", NULL), 1);
	assert_said("\"result\":\"unknown\"");
	assert_said("no key of the log is trusted");
}

CASE(an_entry_is_proved_by_number_and_later_by_its_receipt)
{
	AUTO(writer) json = writer_new(MAX_RECEIPT);
	AUTO(receipt) r = {.index = 0};

	peer.size = 500;
	assert_int_equal(LOG("prove", "--index", "259", "--out", receipt, NULL), 0);
	assert_ok(file_read(receipt, MAX_RECEIPT, &json));
	assert_ok(receipt_parse(writer_span(&json), &r));
	assert_ok(receipt_check(&r, origin, key));
	assert_true(r.index == 259 && r.size == 500);
	receipt_free(&r);
	peer.size = ENTRIES;
	assert_int_equal(LOG("prove", "--out", receipt, receipt, NULL), 0);
	assert_ok(file_read(receipt, MAX_RECEIPT, &json));
	assert_ok(receipt_parse(writer_span(&json), &r));
	assert_ok(receipt_check(&r, origin, key));
	assert_true(r.index == 259 && r.size == ENTRIES);
}

CASE(what_cannot_be_proved_is_not_written)
{
	assert_int_equal(LOG("prove", "--index", "700", "--out", receipt, NULL), 1);
	assert_said("none is number 700");
	peer.forged_entry = 3;
	assert_int_equal(LOG("prove", "--index", "3", "--out", receipt, NULL), 1);
	assert_said("\"result\":\"invalid\"");
	peer.short_tile = true;
	assert_int_equal(LOG("prove", "--index", "4", "--out", receipt, NULL), 1);
	assert_int_equal(access(receipt, F_OK), -1);
	assert_int_equal(LOG("prove", "--index", "x", NULL), 2);
	assert_int_equal(LOG("prove", NULL), 2);
	assert_int_equal(LOG("prove", "--index", "1", receipt, NULL), 2);
}

CASE(a_log_that_does_not_answer_is_unreachable)
{
	peer.down = true;
	assert_int_equal(LOG("verify", NULL), 3);
	assert_int_equal(mohar("log", "verify", "--signer-url", "http://127.0.0.1:1", "--trust", trust, "--json", NULL),
		3);
}

CASE(a_log_that_fails_is_there_and_failed)
{
	peer.broken = true;
	assert_int_equal(LOG("verify", NULL), 1);
	assert_said("\"result\":\"refused\"");
	assert_said("the log failed: HTTP 500");
}

#define ROW(name) cmocka_unit_test_setup(name, behave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(a_right_log_is_valid),
		ROW(one_changed_byte_in_one_entry_is_found),
		ROW(growth_is_consistent_and_a_fork_is_not),
		ROW(another_key_is_refused_and_no_key_is_unknown),
		ROW(an_entry_is_proved_by_number_and_later_by_its_receipt),
		ROW(what_cannot_be_proved_is_not_written),
		ROW(a_log_that_does_not_answer_is_unreachable),
		ROW(a_log_that_fails_is_there_and_failed),
	};
	const int failed = cmocka_run_group_tests(tests, setup, teardown);

	writer_free(&words);
	return failed;
}
