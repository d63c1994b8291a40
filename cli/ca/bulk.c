/* bulk: suspending and resuming very many certificates: propose and see how many, approve what one has seen, follow how far it is. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/digest.h"
#include "base/encode.h"
#include "base/file.h"
#include "cli/ca/registration.h"
#include "http/client.h"

enum {
	MAX_KEYS_FILE = 320 << 20,
	MAX_KEYS = 4 << 20,
	KEYS_PART = 32768 * SHA256_LEN,
	POLL_MILLISECONDS = 300,
	WAIT_SECONDS = 600
};

/* ---- a bulk act, as the service tells it ---- */

struct sample {
	char *serial, *profile, *subject, *issued_at;
};
struct approved_by {
	char *name, *at;
};
struct told {
	char *id, *state, *action, *why, *proposer, *created_at, *expires_at, *started_at, *ended_at, *problem;
	char *keys_token, *criteria; /* criteria: JSON */
	int64_t quorum, approvals, count, changed;
	struct json_bytes serials_sha256;
	struct json_list samples, approved_by;
};
#define TEXT(RECORD, MEMBER, MOST)                                                                           \
	{                                                                                                    \
		.name = #MEMBER, .kind = JSON_TEXT, .offset = offsetof(struct RECORD, MEMBER), .max = (MOST) \
	}
#define NUMBER(MEMBER)                                                                     \
	{                                                                                  \
		.name = #MEMBER, .kind = JSON_INT, .offset = offsetof(struct told, MEMBER) \
	}
static const struct json_row sample_rows[] = {
	TEXT(sample, serial, 64),
	TEXT(sample, profile, 64),
	TEXT(sample, subject, 4096),
	TEXT(sample, issued_at, 32),
};
static const struct json_table sample_table = {"sample", sample_rows, 4, sizeof(struct sample), true};
static const struct json_row by_rows[] = {TEXT(approved_by, name, 256), TEXT(approved_by, at, 32)};
static const struct json_table by_table = {"approval", by_rows, 2, sizeof(struct approved_by), true};
static const struct json_row told_rows[] = {
	TEXT(told, id, 64),
	TEXT(told, state, 32),
	TEXT(told, action, 16),
	TEXT(told, why, 512),
	TEXT(told, proposer, 256),
	TEXT(told, created_at, 32),
	TEXT(told, expires_at, 32),
	TEXT(told, started_at, 32),
	TEXT(told, ended_at, 32),
	TEXT(told, problem, 512),
	TEXT(told, keys_token, 64),
	{.name = "criteria", .kind = JSON_RAW, .offset = offsetof(struct told, criteria)},
	NUMBER(quorum),
	NUMBER(approvals),
	NUMBER(count),
	NUMBER(changed),
	{.name = "serials_sha256",
		.kind = JSON_BYTES,
		.offset = offsetof(struct told, serials_sha256),
		.max = SHA256_LEN},
	{.name = "samples", .kind = JSON_OBJECTS, .offset = offsetof(struct told, samples), .table = &sample_table},
	{.name = "approved_by", .kind = JSON_OBJECTS, .offset = offsetof(struct told, approved_by), .table = &by_table},
};
enum { TOLD_ROWS = sizeof(told_rows) / sizeof(told_rows[0]), TEXT_ROWS = 10 };
static const struct json_table told_table = {"bulk act", told_rows, TOLD_ROWS, sizeof(struct told), true};

static void
tell(struct cli *c, const struct told *t)
{
	const struct sample *samples = t->samples.items;
	const struct approved_by *by = t->approved_by.items;

	for (size_t i = 0; i < TEXT_ROWS; i++)
		cli_text(c, told_rows[i].name, *(char *const *)(const void *)((const char *)t + told_rows[i].offset));
	if (t->criteria != NULL)
		cli_json(c, "criteria", span_of(t->criteria));
	cli_int(c, "quorum", t->quorum);
	cli_int(c, "approvals", t->approvals);
	if (t->serials_sha256.len > 0) {
		cli_int(c, "count", t->count);
		cli_int(c, "changed", t->changed);
		cli_base64url(c, "serials_sha256", span_at(t->serials_sha256.ptr, t->serials_sha256.len));
	}
	for (size_t i = 0; i < t->samples.count; i++) {
		cli_item(c, "samples");
		cli_text(c, "serial", samples[i].serial);
		cli_text(c, "profile", samples[i].profile);
		cli_text(c, "subject", samples[i].subject);
		cli_text(c, "issued_at", samples[i].issued_at);
		cli_item_end(c);
	}
	for (size_t i = 0; i < t->approved_by.count; i++) {
		cli_item(c, "approved_by");
		cli_text(c, "name", by[i].name);
		cli_text(c, "at", by[i].at);
		cli_item_end(c);
	}
}

static void
told_free(struct told *t)
{
	json_free(&told_table, t);
}

static enum err
fetch(struct cli *c, const char *id, struct told *out)
{
	AUTO(writer) path = writer_new(MAX_REGISTRATION_PATH);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);

	TRY(registration_id(id));
	writer_format(&path, "/bulk/%s", id);
	TRY(registration_send(c, "bulk.read", (const char *)writer_span(&path).ptr, (struct span){0}, &reply));
	return json_decode(writer_span(&reply), &told_table, out);
}

static bool
busy(const struct told *t)
{
	return strcmp(t->state, "counting") == 0 || strcmp(t->state, "running") == 0;
}

/* Until it is counted, or carried out; with progress for whoever looks. */
static enum err
await(struct cli *c, const char *id, struct told *out)
{
	const struct timespec pause = {.tv_nsec = POLL_MILLISECONDS * 1000000L};
	const unix_time until = cli_now(c) + WAIT_SECONDS;

	TRY(fetch(c, id, out));
	while (busy(out)) {
		REQUIRE_WHY(cli_now(c) < until, ERR_UNAVAILABLE, "%s is still %s; 'mohar ca bulk %s' shows it", id,
			out->state, id);
		if (out->count > 0)
			cli_progress(c, "%s: %lld of %lld", out->action, (long long)out->changed,
				(long long)out->count);
		told_free(out);
		nanosleep(&pause, NULL);
		TRY(fetch(c, id, out));
	}
	return ERR_OK;
}

static enum err
await_and_tell(struct cli *c, const char *id)
{
	struct told t;

	TRY(await(c, id, &t));
	tell(c, &t);
	const enum err e = strcmp(t.state, "failed") == 0
		? err_because(ERR_REFUSED, "%s", t.problem != NULL ? t.problem : "it failed")
		: ERR_OK;

	told_free(&t);
	return e;
}

/* ---- the list of keys ---- */

struct keys {
	struct writer bytes; /* 32 a key, ascending */
	struct sha256 hash;
};

static int
by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, SHA256_LEN);
}

/* A line of 64 hexadecimal digits a key, in any order; empty lines and lines that begin with # are passed over. */
static enum err
keys_read(const char *path, struct keys *out)
{
	AUTO(writer) text = writer_new(MAX_KEYS_FILE);
	uint8_t hash[SHA256_LEN];
	size_t line = 1, len;

	TRY(file_read(path, MAX_KEYS_FILE, &text));
	const char *at = (const char *)writer_span(&text).ptr;

	for (; *at != '\0'; line++) {
		const size_t n = strcspn(at, "\r\n");

		if (n > 0 && at[0] != '#') {
			REQUIRE_WHY(hex_read(span_at(at, n), hash, sizeof(hash), &len) == ERR_OK && len == SHA256_LEN,
				ERR_MALFORMED,
				"%s: line %zu: the SHA-256 of a SubjectPublicKeyInfo is 64 hexadecimal digits", path,
				line);
			writer_bytes(&out->bytes, span_at(hash, sizeof(hash)));
		}
		at += n;
		at += at[0] == '\r' && at[1] == '\n' ? 2 : at[0] != '\0' ? 1 : 0;
	}
	TRY(writer_done(&out->bytes));
	REQUIRE_WHY(out->bytes.len > 0, ERR_MALFORMED, "%s: there is no key in it", path);
	return ERR_OK;
}

static enum err
keys_sort(struct keys *k)
{
	size_t kept = SHA256_LEN;

	qsort(k->bytes.ptr, k->bytes.len / SHA256_LEN, SHA256_LEN, by_bytes);
	for (size_t at = SHA256_LEN; at < k->bytes.len; at += SHA256_LEN)
		if (memcmp(k->bytes.ptr + kept - SHA256_LEN, k->bytes.ptr + at, SHA256_LEN) != 0) {
			memmove(k->bytes.ptr + kept, k->bytes.ptr + at, SHA256_LEN);
			kept += SHA256_LEN;
		}
	k->bytes.len = kept;
	k->hash = sha256_of(writer_span(&k->bytes));
	return ERR_OK;
}

static enum err
send_part(struct cli *c, const char *id, const char *token, size_t part, struct span bytes)
{
	AUTO(writer) url = writer_new(MAX_REGISTRATION_PATH);
	AUTO(writer) header = writer_new(256);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	int status;

	writer_format(&url, "%s/bulk/%s/keys/%zu", cli_value(c, "--ca-url"), id, part);
	writer_format(&header, "Authorization: Bearer %s", token);
	TRY(writer_done(&url));
	const char *const headers[] = {(const char *)writer_span(&header).ptr, NULL};
	const struct http_call call = {
		.method = "POST",
		.url = (const char *)writer_span(&url).ptr,
		.content_type = "application/octet-stream",
		.headers = headers,
		.body = bytes,
		.ca_file = cli_value(c, "--tls-ca"),
		.timeout_ms = 30000,
	};

	TRY(http_call(&call, &status, &reply));
	return order_result(status, writer_span(&reply));
}

static enum err
keys_send(struct cli *c, const struct keys *k, const struct told *t)
{
	size_t part = 0;

	for (size_t at = 0; at < k->bytes.len; at += KEYS_PART, part++) {
		const size_t left = k->bytes.len - at;

		TRY(send_part(c, t->id, t->keys_token, part,
			span_at(k->bytes.ptr + at, left < KEYS_PART ? left : KEYS_PART)));
		cli_progress(c, "%zu keys sent", (at + (left < KEYS_PART ? left : KEYS_PART)) / SHA256_LEN);
	}
	return ERR_OK;
}

/* ---- suspend-many, resume-many ---- */

#define CRITERIA                                                                                                       \
	{"--why", "TEXT", "the reason, which approvers and the log read", NULL, true, false},                          \
		{"--profile", "NAME", "only this profile", NULL, false, false},                                        \
		{"--ca", "LABEL", "only what this CA has issued, such as citizen-ca", NULL, false, false},             \
		{"--issued-from", "TIME", "issued then or later: 2026-01-31, or 2026-01-31T23:59:59Z", NULL, false,    \
			false},                                                                                        \
		{"--issued-before", "TIME", "issued before then", NULL, false, false},                                 \
		{"--key-type", "NAME", "only keys of this kind, such as RSA-2048", NULL, false, false},                \
		{"--weak", NULL, "only keys that would be refused today, such as those with ROCA's fingerprint", NULL, \
			false, false},                                                                                 \
		{"--keys", "FILE",                                                                                     \
			"only these keys: SHA-256 of the SubjectPublicKeyInfo, in hexadecimal, a line each", NULL,     \
			false, false},                                                                                 \
		{"--batch", "LABEL", "only what was asked for under this label", NULL, false, false},                  \
	{                                                                                                              \
		"--bulk", "ID", "only what stands in the list of this earlier act", NULL, false, false                 \
	}

static const struct cli_option many_options[] = {REGISTRATION_OPTIONS, CRITERIA, {0}};

static enum err
write_time(struct cli *c, const char *option, const char *name, struct json_writer *j)
{
	const char *text = cli_value(c, option);
	AUTO(writer) whole = writer_new(64);
	unix_time t;

	if (text == NULL)
		return ERR_OK;
	writer_format(&whole, "%.40s%s", text, strlen(text) == 10 ? "T00:00:00Z" : "");
	REQUIRE_WHY(time_read(writer_span(&whole), &t) == ERR_OK, ERR_MALFORMED,
		"%s wants 2026-01-31 or 2026-01-31T23:59:59Z, not '%.40s'", option, text);
	json_int(j, name, t);
	return ERR_OK;
}

static enum err
write_proposal(struct cli *c, const char *action, const struct keys *k, struct writer *body)
{
	struct json_writer j = json_to(body);

	json_object(&j, NULL);
	json_text(&j, "action", action);
	json_text(&j, "why", cli_value(c, "--why"));
	json_object(&j, "criteria");
	json_text(&j, "profile", cli_value(c, "--profile"));
	json_text(&j, "issuer", cli_value(c, "--ca"));
	TRY(write_time(c, "--issued-from", "issued_from", &j));
	TRY(write_time(c, "--issued-before", "issued_before", &j));
	json_text(&j, "key_type", cli_value(c, "--key-type"));
	if (cli_flag(c, "--weak"))
		json_bool(&j, "weak", true);
	json_text(&j, "batch", cli_value(c, "--batch"));
	json_text(&j, "bulk", cli_value(c, "--bulk"));
	if (k->bytes.len > 0) {
		json_bytes64(&j, "keys_sha256", sha256_span(&k->hash));
		json_int(&j, "keys_count", (int64_t)(k->bytes.len / SHA256_LEN));
	}
	json_object_end(&j);
	json_object_end(&j);
	return writer_done(body);
}

static enum err
propose(struct cli *c, const char *action, struct keys *k)
{
	AUTO(writer) body = writer_new(MAX_REGISTRATION_BODY);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	AUTO(told) t = {0};

	if (cli_value(c, "--keys") != NULL) {
		TRY(keys_read(cli_value(c, "--keys"), k));
		TRY(keys_sort(k));
	}
	TRY(write_proposal(c, action, k, &body));
	TRY(registration_send(c, "bulk.propose", "/bulk", writer_span(&body), &reply));
	TRY(json_decode(writer_span(&reply), &told_table, &t));
	if (t.keys_token != NULL)
		TRY(keys_send(c, k, &t));
	return await_and_tell(c, t.id);
}

static int
run_many(struct cli *c, const char *action)
{
	struct keys k = {.bytes = writer_new((size_t)MAX_KEYS * SHA256_LEN)};

	cli_begin(c);
	const enum err e = propose(c, action, &k);

	writer_free(&k.bytes);
	return registration_ended(c, e);
}

static int
run_suspend_many(struct cli *c)
{
	return run_many(c, "suspend");
}

static int
run_resume_many(struct cli *c)
{
	return run_many(c, "resume");
}

/* ---- bulk ---- */

static const struct cli_option bulk_options[] = {REGISTRATION_OPTIONS, {0}};

struct list {
	struct json_list bulk;
};
static const struct json_row list_rows[] = {
	{.name = "bulk",
		.kind = JSON_OBJECTS,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct list, bulk),
		.max = 10000,
		.table = &told_table},
};
static const struct json_table list_table = {"list of bulk acts", list_rows, 1, sizeof(struct list), true};

static enum err
show(struct cli *c)
{
	AUTO(told) t = {0};

	TRY(fetch(c, cli_file(c, 0), &t));
	tell(c, &t);
	return ERR_OK;
}

static enum err
list(struct cli *c)
{
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct list all;

	TRY(registration_send(c, "bulk.read", "/bulk", (struct span){0}, &reply));
	TRY(json_decode(writer_span(&reply), &list_table, &all));
	const struct told *rows = all.bulk.items;

	cli_int(c, "total", (int64_t)all.bulk.count);
	for (size_t i = 0; i < all.bulk.count; i++) {
		cli_item(c, "bulk");
		tell(c, &rows[i]);
		cli_item_end(c);
	}
	json_free(&list_table, &all);
	return ERR_OK;
}

static int
run_bulk(struct cli *c)
{
	cli_begin(c);
	return registration_ended(c, cli_file_count(c) > 0 ? show(c) : list(c));
}

/* ---- approve-many, withdraw-many ---- */

static const struct cli_option approve_options[] = {
	REGISTRATION_OPTIONS,
	{"--over", "SHA256", "approve only if serials_sha256 is this, as it was shown", NULL, false, false},
	{0},
};

static enum err
write_approval(struct cli *c, const struct told *t, struct writer *body)
{
	AUTO(writer) over = writer_new(64);
	struct json_writer j = json_to(body);

	REQUIRE_WHY(t->serials_sha256.len > 0, ERR_REFUSED, "it is %s; there is nothing to approve yet", t->state);
	base64url_write(&over, span_at(t->serials_sha256.ptr, t->serials_sha256.len));
	REQUIRE_WHY(cli_value(c, "--over") == NULL || span_is(writer_span(&over), cli_value(c, "--over")), ERR_MISMATCH,
		"the list's serials_sha256 is %s, not what --over says", (const char *)writer_span(&over).ptr);
	json_object(&j, NULL);
	json_text(&j, "bulk", t->id);
	json_text(&j, "action", t->action);
	json_int(&j, "count", t->count);
	json_bytes64(&j, "serials_sha256", span_at(t->serials_sha256.ptr, t->serials_sha256.len));
	json_object_end(&j);
	return writer_done(body);
}

static enum err
approve(struct cli *c)
{
	AUTO(writer) body = writer_new(MAX_REGISTRATION_BODY);
	AUTO(writer) path = writer_new(MAX_REGISTRATION_PATH);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	AUTO(told) t = {0};

	TRY(fetch(c, cli_file(c, 0), &t));
	TRY(write_approval(c, &t, &body));
	writer_format(&path, "/bulk/%s/approve", t.id);
	TRY(registration_send(c, "bulk.approve", (const char *)writer_span(&path).ptr, writer_span(&body), &reply));
	return await_and_tell(c, t.id);
}

static int
run_approve(struct cli *c)
{
	cli_begin(c);
	return registration_ended(c, approve(c));
}

static enum err
withdraw(struct cli *c)
{
	AUTO(writer) body = writer_new(MAX_REGISTRATION_BODY);
	AUTO(writer) path = writer_new(MAX_REGISTRATION_PATH);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct json_writer j = json_to(&body);
	AUTO(told) t = {0};

	TRY(registration_id(cli_file(c, 0)));
	json_object(&j, NULL);
	json_text(&j, "bulk", cli_file(c, 0));
	json_object_end(&j);
	writer_format(&path, "/bulk/%s/withdraw", cli_file(c, 0));
	TRY(registration_send(c, "bulk.withdraw", (const char *)writer_span(&path).ptr, writer_span(&body), &reply));
	TRY(json_decode(writer_span(&reply), &told_table, &t));
	tell(c, &t);
	return ERR_OK;
}

static int
run_withdraw(struct cli *c)
{
	cli_begin(c);
	return registration_ended(c, withdraw(c));
}

const struct cli_verb cli_ca_bulk[] = {
	{"ca", "suspend-many", NULL, "propose to suspend all certificates with something in common; tells how many",
		many_options, run_suspend_many},
	{"ca", "resume-many", NULL, "propose to end the hold of all certificates with something in common",
		many_options, run_resume_many},
	{"ca", "bulk", "[ID]", "what was proposed for many certificates, and how far it is", bulk_options, run_bulk},
	{"ca", "approve-many", "ID", "approve such a proposal, over exactly its list; the quorum's last carries it out",
		approve_options, run_approve},
	{"ca", "withdraw-many", "ID", "take a proposal back before it runs", bulk_options, run_withdraw},
	{0},
};
