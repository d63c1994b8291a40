#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/frontier.h"
#include "base/file.h"
#include "base/reader.h"
#include "cli/log/journal.h"
#include "cli/log/log.h"
#include "cli/log/receipt.h"

enum { MAX_BODY = 8 << 20 };

enum err
log_options_open(const struct cli *c, struct log_client *l)
{
	l->url = cli_value(c, "--signer-url");
	l->ca_file = cli_value(c, "--tls-ca");
	l->policy_file = cli_value(c, "--log-policy");
	return log_client_open(l, cli_value(c, "--trust"));
}

static void
tell_head(struct cli *c, const struct log_client *l)
{
	cli_text(c, "origin", l->head.origin);
	cli_int(c, "size", (int64_t)l->head.size);
	cli_base64url(c, "root", sha256_span(&l->head.root));
	if (l->policy_file != NULL)
		cli_int(c, "cosigned", (int64_t)l->cosigned);
}

int
log_verdict(struct cli *c, enum err e, const char *good)
{
	char why[256];

	if (e == ERR_OK)
		return cli_end(c, good, NULL, EXIT_DONE);
	if (err_http(e) >= 500 && e != ERR_CORRUPT)
		return cli_fail(c, e);
	(void)snprintf(why, sizeof(why), "%s", err_why()[0] != '\0' ? err_why() : err_text(e));
	err_forget();
	return cli_end(c, e == ERR_UNTRUSTED || e == ERR_NOT_FOUND ? "unknown" : "invalid", why, EXIT_REFUSED);
}

/* What is wrong with a file that was given, and which one it is. */
static enum err
about_file(const char *option, const char *file, enum err e)
{
	char why[256];

	if (e == ERR_OK)
		return e;
	(void)snprintf(why, sizeof(why), "%s", err_why()[0] != '\0' ? err_why() : err_text(e));
	return err_because(e, "%s %.80s: is no checkpoint of this log: %.150s", option, file, why);
}

/* The log as it is must contain the log as it was when somebody kept its checkpoint (RFC 9162 2.1.4). */
static enum err
check_since(struct log_client *l, const char *file)
{
	AUTO(tile_cache) tiles = {.source = log_client_tiles(l)};
	const struct merkle_store store = tile_store(&tiles);
	AUTO(writer) note = writer_new(MAX_CHECKPOINT);
	struct checkpoint old;
	struct merkle_proof proof;

	TRY(file_read(file, MAX_CHECKPOINT, &note));
	TRY(about_file("--since", file,
		checkpoint_verify(writer_span(&note), l->trust.log_origin, l->trust.log_key, &old)));
	REQUIRE_WHY(old.size <= l->head.size, ERR_MISMATCH, "the log has shrunk: it had %llu leaves, now %llu",
		(unsigned long long)old.size, (unsigned long long)l->head.size);
	TRY(merkle_consistency(&store, old.size, l->head.size, &proof));
	return merkle_consistency_check(old.size, l->head.size, &proof, &old.root, &l->head.root);
}

static enum err
keep(const struct cli *c, struct span bytes)
{
	const char *out = cli_value(c, "--out");

	return out == NULL ? ERR_OK : file_write(out, bytes, 0644);
}

/* ---- checkpoint ---- */
static enum err
show_checkpoint(struct cli *c, struct log_client *l)
{
	TRY(log_options_open(c, l));
	tell_head(c, l);
	cli_text(c, "note", (const char *)writer_span(&l->note).ptr);
	if (cli_value(c, "--since") != NULL)
		TRY(check_since(l, cli_value(c, "--since")));
	return keep(c, writer_span(&l->note)); /* only what is verified and consistent is kept */
}

static int
run_checkpoint(struct cli *c)
{
	AUTO(log_client) l = {0};

	cli_begin(c);
	return log_verdict(c, show_checkpoint(c, &l), "valid");
}

/* ---- verify: the whole log ---- */

static enum err
hash_bundle(struct log_client *l, uint64_t bundle, struct frontier *f)
{
	AUTO(writer) body = writer_new(MAX_BODY);
	struct reader r;
	unsigned count;

	TRY(log_client_entries(l, bundle, &count, &body));
	r = reader_over(writer_span(&body));
	for (unsigned i = 0; i < count; i++) {
		struct span entry;

		REQUIRE_WHY(reader_block16(&r, MAX_ENTRY, &entry) == ERR_OK, ERR_MISMATCH,
			"log: bundle %llu ends early", (unsigned long long)bundle);
		frontier_add(f, leaf_hash(entry));
	}
	REQUIRE_WHY(reader_done(&r) == ERR_OK, ERR_MISMATCH, "log: bundle %llu has more entries than its tree",
		(unsigned long long)bundle);
	return ERR_OK;
}

static enum err
verify_all(struct cli *c, struct log_client *l)
{
	struct frontier f = {.count = 0};
	struct sha256 root;

	TRY(log_options_open(c, l));
	tell_head(c, l);
	for (uint64_t bundle = 0; f.size < l->head.size; bundle++) {
		TRY(hash_bundle(l, bundle, &f));
		cli_progress(c, "%llu of %llu entries", (unsigned long long)f.size, (unsigned long long)l->head.size);
	}
	root = frontier_root(&f);
	cli_int(c, "entries", (int64_t)f.size);
	REQUIRE_WHY(span_equal(sha256_span(&root), sha256_span(&l->head.root)), ERR_MISMATCH,
		"the entries do not hash to the root that the log signed");
	if (cli_value(c, "--since") != NULL)
		TRY(check_since(l, cli_value(c, "--since")));
	return keep(c, writer_span(&l->note));
}

static int
run_verify(struct cli *c)
{
	AUTO(log_client) l = {0};

	cli_begin(c);
	if (cli_value(c, "--journal") != NULL)
		return log_verdict(c, journal_verify(c), "valid");
	if (cli_value_at(c, "--operations", 0) != NULL || cli_flag(c, "--status"))
		return cli_end(c, "refused", "--operations and --status go with --journal", EXIT_USAGE);
	if (cli_value(c, "--signer-url") == NULL)
		return cli_end(c, "refused", "give --signer-url for the log, or --journal for mohar-hsmd's own",
			EXIT_USAGE);
	return log_verdict(c, verify_all(c, &l), "valid");
}

/* ---- prove ---- */

/* The entry at an index, out of its bundle. */
static enum err
fetch_entry(struct log_client *l, uint64_t index, struct json_bytes *out)
{
	AUTO(writer) body = writer_new(MAX_BODY);
	struct span entry = SPAN("");
	struct reader r;
	unsigned count;

	TRY(log_client_entries(l, index / TILE_WIDTH, &count, &body));
	r = reader_over(writer_span(&body));
	for (uint64_t i = 0; i <= index % TILE_WIDTH; i++)
		REQUIRE_WHY(reader_block16(&r, MAX_ENTRY, &entry) == ERR_OK, ERR_MISMATCH,
			"log: the bundle of entry %llu ends early", (unsigned long long)index);
	out->ptr = malloc(entry.len + 1);
	REQUIRE(out->ptr != NULL, ERR_NO_MEMORY);
	memcpy(out->ptr, entry.ptr, entry.len);
	out->len = entry.len;
	return ERR_OK;
}

/* The index that is asked for. */
static bool
read_index(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

/* An older receipt: its index is asked for again, its private part goes along. */
static enum err
read_receipt(const char *file, struct receipt *r)
{
	AUTO(writer) json = writer_new(MAX_RECEIPT);

	TRY(file_read(file, MAX_RECEIPT, &json));
	return receipt_parse(writer_span(&json), r);
}

/* "ca/UUID": whose event, and which. */
static enum err
fetch_event(struct log_client *l, const char *name, struct receipt *r)
{
	struct reader reader = reader_over(span_of(name));
	struct span schema;
	char text[16] = "";
	struct uuid id;

	REQUIRE_WHY(reader_until(&reader, '/', &schema) == ERR_OK && schema.len > 0 && schema.len < sizeof(text) &&
			uuid_read(reader.left, &id) == ERR_OK,
		ERR_MALFORMED, "--event wants SCHEMA/EVENT, such as ca/123e4567-e89b-42d3-a456-426614174000");
	memcpy(text, schema.ptr, schema.len);
	return receipt_fetch(l, text, &id, r);
}

static enum err
tell_receipt(struct cli *c, const struct log_client *l, const struct receipt *r)
{
	AUTO(writer) json = writer_new(MAX_RECEIPT);

	TRY(receipt_write(r, &json));
	tell_head(c, l);
	cli_int(c, "index", (int64_t)r->index);
	cli_json(c, "entry", span_at(r->entry.ptr, r->entry.len));
	cli_json(c, "receipt", writer_span(&json));
	return keep(c, writer_span(&json));
}

static enum err
prove(struct cli *c, struct log_client *l, struct receipt *r)
{
	AUTO(tile_cache) tiles = {.source = log_client_tiles(l)};
	const struct merkle_store store = tile_store(&tiles);

	if (cli_file_count(c) == 1)
		TRY(read_receipt(cli_file(c, 0), r));
	TRY(log_options_open(c, l));
	if (cli_value(c, "--event") != NULL) {
		TRY(fetch_event(l, cli_value(c, "--event"), r));
		return tell_receipt(c, l, r);
	}
	REQUIRE_WHY(r->index < l->head.size, ERR_NOT_FOUND, "the log has %llu entries; none is number %llu",
		(unsigned long long)l->head.size, (unsigned long long)r->index);
	if (r->entry.ptr == NULL)
		TRY(fetch_entry(l, r->index, &r->entry));
	TRY(merkle_inclusion(&store, r->index, l->head.size, &r->proof));
	r->size = l->head.size;
	free(r->checkpoint);
	r->checkpoint = NULL;
	TRY(span_text(writer_span(&l->note), &r->checkpoint));
	TRY(receipt_check(r, l->trust.log_origin, l->trust.log_key));
	return tell_receipt(c, l, r);
}

static int
run_prove(struct cli *c)
{
	AUTO(log_client) l = {0};
	AUTO(receipt) r = {.index = 0};

	const char *index = cli_value(c, "--index");

	cli_begin(c);
	if ((index != NULL) + (cli_value(c, "--event") != NULL) + (int)cli_file_count(c) != 1)
		return cli_end(c, "refused", "give one of --index, --event, and an older receipt", EXIT_USAGE);
	if (index != NULL && !read_index(index, &r.index))
		return cli_end(c, "refused", "--index wants a whole number", EXIT_USAGE);
	return log_verdict(c, prove(c, &l, &r), "valid");
}

static const struct cli_option checkpoint_options[] = {
	LOG_OPTIONS,
	{"--since", "FILE", "a checkpoint kept earlier, which the log must still contain", NULL, false, false},
	{"--out", "FILE", "keep the checkpoint there", NULL, false, false},
	{0},
};
static const struct cli_option verify_options[] = {
	{"--signer-url", "URL", "the service that keeps the log", "MOHAR_SIGNER_URL", false, false},
	{"--tls-ca", "FILE", "PEM anchors for its address", "MOHAR_TLS_CA", false, false},
	{"--trust", "FILE", "key set that holds the log's key", "MOHAR_TRUST", false, false},
	LOG_POLICY_OPTION,
	{"--since", "FILE", "a checkpoint kept earlier, which the log must still contain", NULL, false, false},
	{"--out", "FILE", "keep the checkpoint there", NULL, false, false},
	LOG_JOURNAL_OPTIONS,
	{0},
};
static const struct cli_option monitor_options[] = {
	LOG_OPTIONS,
	{"--state", "FILE", "where it stands, kept from one run to the next; begun if it is not there", NULL, true,
		false},
	{"--rules", "FILE", "what is usual: monitor.json", "MOHAR_MONITOR_RULES", true, false},
	{"--key", "SHA256", "tell certificates for this key (SHA-256 of its SPKI, base64url)", NULL, false, true},
	{"--follow", "SECONDS", "look again and again, until something surprises", NULL, false, false},
	{0},
};
static const struct cli_option prove_options[] = {
	LOG_OPTIONS,
	{"--index", "N", "the entry's number", NULL, false, false},
	{"--event", "SCHEMA/EVENT", "the event's number, as ca/UUID", NULL, false, false},
	{"--out", "FILE", "write the receipt there", NULL, false, false},
	{0},
};

const struct cli_verb cli_log[] = {
	{"log", "checkpoint", NULL, "the newest signed checkpoint, verified", checkpoint_options, run_checkpoint},
	{"log", "verify", NULL, "every entry of the log, hashed up to the signed root; or mohar-hsmd's journal",
		verify_options, run_verify},
	{"log", "monitor", NULL, "what is new in the log, that it continues what was seen, and whatever is not usual",
		monitor_options, run_monitor},
	{"log", "prove", "[RECEIPT]", "a fresh receipt for an entry, or for an older receipt's", prove_options,
		run_prove},
	{0},
};
