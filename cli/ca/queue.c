/* queue: the registration authority's verbs: ask for a certificate, look at what waits, approve exactly what one has looked at, reject, withdraw. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/file.h"
#include "cli/ca/person.h"
#include "cli/ca/registration.h"
#include "http/client.h"
#include "x509/issue_digest.h"

/* ---- one request, as the service tells it ---- */

struct approved_by {
	char *name, *at;
};
struct told {
	char *id, *state, *profile, *title, *person, *handle, *batch, *applicant, *takes, *created_at, *expires_at,
		*ended_at, *ended_by, *reason, *serial;
	char *certificate, *chain;
	int64_t approvals;
	struct json_bytes spki_sha256, issue_sha256, csr;
	struct json_list subject, names; /* struct name_part, owned text */
	struct json_list approved_by;    /* struct approved_by */
};

#define TEXT(RECORD, MEMBER, MOST)                                                                           \
	{                                                                                                    \
		.name = #MEMBER, .kind = JSON_TEXT, .offset = offsetof(struct RECORD, MEMBER), .max = (MOST) \
	}
#define BYTES(MEMBER, MOST)                                                                                 \
	{                                                                                                   \
		.name = #MEMBER, .kind = JSON_BYTES, .offset = offsetof(struct told, MEMBER), .max = (MOST) \
	}
#define LIST(MEMBER, TABLE)                                                                                      \
	{                                                                                                        \
		.name = #MEMBER, .kind = JSON_OBJECTS, .offset = offsetof(struct told, MEMBER), .table = (TABLE) \
	}
static const struct json_row part_rows[] = {TEXT(name_part, type, 64), TEXT(name_part, value, 512)};
static const struct json_table part_table = {"name", part_rows, 2, sizeof(struct name_part), false};
static const struct json_row by_rows[] = {TEXT(approved_by, name, 256), TEXT(approved_by, at, 32)};
static const struct json_table by_table = {"approval", by_rows, 2, sizeof(struct approved_by), true};
static const struct json_row told_rows[] = {
	TEXT(told, id, 64),
	TEXT(told, state, 32),
	TEXT(told, profile, 64),
	TEXT(told, title, 4096),
	TEXT(told, person, 64),
	TEXT(told, handle, 64),
	TEXT(told, batch, 128),
	TEXT(told, applicant, 256),
	TEXT(told, takes, 32),
	TEXT(told, created_at, 32),
	TEXT(told, expires_at, 32),
	TEXT(told, ended_at, 32),
	TEXT(told, ended_by, 256),
	TEXT(told, reason, 512),
	TEXT(told, serial, 64),
	TEXT(told, certificate, 128 << 10),
	TEXT(told, chain, 256 << 10),
	{.name = "approvals", .kind = JSON_INT, .offset = offsetof(struct told, approvals)},
	BYTES(spki_sha256, SHA256_LEN),
	BYTES(issue_sha256, SHA256_LEN),
	BYTES(csr, MAX_CSR),
	LIST(subject, &part_table),
	LIST(names, &part_table),
	LIST(approved_by, &by_table),
};
enum { TOLD_ROWS = sizeof(told_rows) / sizeof(told_rows[0]), TEXT_ROWS = 15 };
static const struct json_table told_table = {"request", told_rows, TOLD_ROWS, sizeof(struct told), true};

static void
tell(struct cli *c, const struct told *t)
{
	const struct approved_by *by = t->approved_by.items;

	for (size_t i = 0; i < TEXT_ROWS; i++)
		cli_text(c, told_rows[i].name, *(char *const *)(const void *)((const char *)t + told_rows[i].offset));
	if (t->approvals > 0)
		cli_int(c, "approvals", t->approvals);
	if (t->issue_sha256.len > 0)
		cli_base64url(c, "issue_sha256", span_at(t->issue_sha256.ptr, t->issue_sha256.len));
	for (size_t i = 0; i < t->approved_by.count; i++) {
		cli_item(c, "approved_by");
		cli_text(c, "name", by[i].name);
		cli_text(c, "at", by[i].at);
		cli_item_end(c);
	}
}

static enum err
tell_answer(struct cli *c, struct span json)
{
	struct told t;

	TRY(json_decode(json, &told_table, &t));
	tell(c, &t);
	json_free(&told_table, &t);
	return ERR_OK;
}

/* ---- request ---- */

static const struct cli_option request_options[] = {
	REGISTRATION_OPTIONS,
	{"--profile", "NAME", "certificate profile, such as officer", NULL, true, false},
	{"--csr", "FILE", "PKCS#10 request, PEM or DER: its key, and nothing beyond the profile", NULL, true, false},
	{"--handle", "HANDLE", "the person, as the registry knows them; a registrar's card asks it for their names",
		NULL, false, false},
	{"--person", "UUID", "the person's id, where the card is no registrar's", NULL, false, false},
	{"--subject", "TYPE=VALUE", "an attribute of the subject, such as CN=...", NULL, false, true},
	{"--name", "TYPE=VALUE", "an alternative name: dns, ip, email or uri", NULL, false, true},
	{"--batch", "LABEL", "a label that belongs to many, such as a delivery of cards", NULL, false, false},
	{"--certificate", "SERIAL", "the card's own certificate: its holder asks, who needs no appointment", NULL,
		false, false},
	{"--issuer", "URL", "the identity provider (with --handle)", "MOHAR_ISSUER", false, false},
	{0},
};

/* The request in DER, whatever form the file has, and the hash of its key. */
static enum err
read_request(const char *path, struct writer *der, struct sha256 *spki)
{
	AUTO(writer) text = writer_new(MAX_CSR);
	struct request_facts facts;

	TRY(file_read(path, MAX_CSR, &text));
	TRY(cli_about(path, csr_parse(writer_span(&text), &facts)));
	*spki = sha256_of(span_at(facts.spki.ptr, facts.spki.len));
	csr_free(&facts);
	writer_bytes(der, writer_span(&text));
	return writer_done(der);
}

/* The registry's names first; what --subject says beside them. */
static enum err
write_subject(struct cli *c, const struct registry_person *p, struct json_writer *j)
{
	AUTO(writer) more = writer_new(MAX_REGISTRATION_BODY);
	const struct name_part said[] = {{"CN", p->name}, {"serialNumber", p->card_subject}};
	struct json_writer w = json_to(&more);

	if (p->name == NULL)
		return registration_parts(c, "--subject", "subject", j);
	json_object(&w, NULL);
	TRY(registration_parts(c, "--subject", "subject", &w));
	json_object_end(&w);
	TRY(writer_done(&more));
	struct told t;

	TRY(json_decode(writer_span(&more), &told_table, &t));
	const struct name_part *parts = t.subject.items;

	json_array(j, "subject");
	for (size_t i = 0; i < 2 + t.subject.count; i++) {
		const struct name_part *part = i < 2 ? &said[i] : &parts[i - 2];

		json_object(j, NULL);
		json_text(j, "type", part->type);
		json_text(j, "value", part->value);
		json_object_end(j);
	}
	json_array_end(j);
	json_free(&told_table, &t);
	return ERR_OK;
}

static enum err
write_request(struct cli *c, const struct registry_person *p, struct writer *body)
{
	AUTO(writer) csr = writer_new(MAX_CSR);
	struct json_writer j = json_to(body);
	struct sha256 spki;

	TRY(read_request(cli_value(c, "--csr"), &csr, &spki));
	json_object(&j, NULL);
	json_text(&j, "profile", cli_value(c, "--profile"));
	json_bytes64(&j, "csr", writer_span(&csr));
	json_bytes64(&j, "spki_sha256", sha256_span(&spki));
	TRY(write_subject(c, p, &j));
	TRY(registration_parts(c, "--name", "names", &j));
	json_text(&j, "person", p->person != NULL ? p->person : cli_value(c, "--person"));
	json_text(&j, "handle", cli_value(c, "--handle"));
	json_text(&j, "registry", p->registry);
	json_text(&j, "batch", cli_value(c, "--batch"));
	json_text(&j, "certificate", cli_value(c, "--certificate"));
	json_object_end(&j);
	return writer_done(body);
}

static enum err
request(struct cli *c)
{
	AUTO(writer) body = writer_new(MAX_REGISTRATION_BODY);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	AUTO(registry_person) p = {0};

	if (cli_value(c, "--handle") != NULL && cli_value(c, "--person") == NULL)
		TRY(registry_person_ask(c, cli_value(c, "--handle"), &p));
	TRY(write_request(c, &p, &body));
	TRY(registration_send(c, "request.submit", "/requests", writer_span(&body), &reply));
	return tell_answer(c, writer_span(&reply));
}

static int
run_request(struct cli *c)
{
	cli_begin(c);
	return registration_ended(c, request(c));
}

/* ---- queue ---- */

static const struct cli_option queue_options[] = {
	REGISTRATION_OPTIONS,
	{"--state", "NAME", "waiting (default), expired, issued, rejected or withdrawn; all: any", NULL, false, false},
	{"--profile", "NAME", "only this profile", NULL, false, false},
	{"--batch", "LABEL", "only this batch", NULL, false, false},
	{"--applicant", "NAME", "only what they asked for", NULL, false, false},
	{"--subject", "TEXT", "only subjects with this in them", NULL, false, false},
	{"--after", "PLACE", "the page after, as \"next\" of the page before said", NULL, false, false},
	{"--limit", "N", "how many at most, 200 the most", NULL, false, false},
	{"--summary", NULL, "how many wait, since when, and how long it will take", NULL, false, false},
	{0},
};

struct page {
	struct json_list requests;
	char *next;
};
static const struct json_row page_rows[] = {
	{.name = "requests",
		.kind = JSON_OBJECTS,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct page, requests),
		.max = 10000,
		.table = &told_table},
	{.name = "next", .kind = JSON_TEXT, .offset = offsetof(struct page, next), .max = 64},
};
static const struct json_table page_table = {"list of requests", page_rows, 2, sizeof(struct page), true};

static void
filter(struct cli *c, const char *name, const char *option, struct writer *query)
{
	if (cli_value(c, option) != NULL)
		form_write(query, name, cli_value(c, option));
}

static void
write_query(struct cli *c, struct writer *query)
{
	const char *state = cli_value(c, "--state") != NULL ? cli_value(c, "--state") : "waiting";

	if (strcmp(state, "all") != 0)
		form_write(query, "state", state);
	form_write(query, "order", strcmp(state, "waiting") == 0 ? "oldest" : "newest");
	filter(c, "profile", "--profile", query);
	filter(c, "batch", "--batch", query);
	filter(c, "applicant", "--applicant", query);
	filter(c, "text", "--subject", query);
	filter(c, "after", "--after", query);
	filter(c, "limit", "--limit", query);
}

static enum err
summary(struct cli *c)
{
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);

	TRY(registration_send(c, "request.read", "/requests/summary", (struct span){0}, &reply));
	TRY(json_check(writer_span(&reply)));
	cli_json(c, "summary", writer_span(&reply));
	return ERR_OK;
}

static enum err
queue(struct cli *c)
{
	AUTO(writer) query = writer_new(MAX_REGISTRATION_PATH);
	AUTO(writer) path = writer_new(MAX_REGISTRATION_PATH);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct page page;

	if (cli_flag(c, "--summary"))
		return summary(c);
	write_query(c, &query);
	writer_format(&path, "/requests?%s", (const char *)writer_span(&query).ptr);
	TRY(writer_done(&path));
	TRY(registration_send(c, "request.read", (const char *)writer_span(&path).ptr, (struct span){0}, &reply));
	TRY(json_decode(writer_span(&reply), &page_table, &page));
	const struct told *rows = page.requests.items;

	cli_int(c, "count", (int64_t)page.requests.count);
	for (size_t i = 0; i < page.requests.count; i++) {
		cli_item(c, "requests");
		tell(c, &rows[i]);
		cli_item_end(c);
	}
	cli_text(c, "next", page.next);
	json_free(&page_table, &page);
	return ERR_OK;
}

static int
run_queue(struct cli *c)
{
	cli_begin(c);
	return registration_ended(c, queue(c));
}

/* ---- approve ---- */

static const struct cli_option approve_options[] = {
	REGISTRATION_OPTIONS,
	{"--over", "SHA256", "approve only if issue_sha256 is this, as the queue showed it", NULL, false, false},
	{"--handle", "HANDLE", "the person, if the request does not say it", NULL, false, false},
	{"--issuer", "URL", "the identity provider, which says what the person is called", "MOHAR_ISSUER", false,
		false},
	{"--out", "FILE", "where certificate and chain go, PEM, if this was the last approval", NULL, false, false},
	{0},
};

static enum err
fetch(struct cli *c, const char *id, struct told *out)
{
	AUTO(writer) path = writer_new(MAX_REGISTRATION_PATH);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);

	TRY(registration_id(id));
	writer_format(&path, "/requests/%s", id);
	TRY(registration_send(c, "request.read", (const char *)writer_span(&path).ptr, (struct span){0}, &reply));
	return json_decode(writer_span(&reply), &told_table, out);
}

/* What is shown is what is approved: the hash is made anew from it, and the key is that of the request which signed itself. */
static enum err
check_shown(struct cli *c, const struct told *t)
{
	const struct issue_facts facts = {
		.profile = t->profile,
		.person = t->person,
		.subject = t->subject.items,
		.subject_count = t->subject.count,
		.names = t->names.items,
		.names_count = t->names.count,
		.spki_sha256 = span_at(t->spki_sha256.ptr, t->spki_sha256.len),
	};
	AUTO(writer) text = writer_new(64);
	struct request_facts asked;
	struct sha256 digest;

	TRY(issue_digest(&facts, &digest));
	REQUIRE_WHY(span_equal(sha256_span(&digest), span_at(t->issue_sha256.ptr, t->issue_sha256.len)), ERR_MISMATCH,
		"the service shows one request and asks for the approval of another");
	cli_base64url(c, "approved", sha256_span(&digest));
	base64url_write(&text, sha256_span(&digest));
	REQUIRE_WHY(cli_value(c, "--over") == NULL || span_is(writer_span(&text), cli_value(c, "--over")), ERR_MISMATCH,
		"the request's issue_sha256 is %s, not what --over says", (const char *)writer_span(&text).ptr);
	if (t->csr.len == 0)
		return ERR_OK;
	TRY(csr_parse(span_at(t->csr.ptr, t->csr.len), &asked));
	digest = sha256_of(span_at(asked.spki.ptr, asked.spki.len));
	csr_free(&asked);
	REQUIRE_WHY(span_equal(sha256_span(&digest), facts.spki_sha256), ERR_MISMATCH,
		"the request is signed by another key than the one that would be certified");
	return ERR_OK;
}

static enum err
write_approval(const struct told *t, const char *registry, struct writer *body)
{
	struct json_writer j = json_to(body);

	json_object(&j, NULL);
	json_text(&j, "request", t->id);
	json_text(&j, "profile", t->profile);
	json_text(&j, "person", t->person);
	name_parts_write(&j, "subject", t->subject.items, t->subject.count);
	name_parts_write(&j, "names", t->names.items, t->names.count);
	json_bytes64(&j, "spki_sha256", span_at(t->spki_sha256.ptr, t->spki_sha256.len));
	json_bytes64(&j, "issue_sha256", span_at(t->issue_sha256.ptr, t->issue_sha256.len));
	json_text(&j, "registry", registry);
	json_object_end(&j);
	return writer_done(body);
}

static enum err
keep(const char *path, struct span json)
{
	AUTO(writer) pem = writer_new(512 << 10);
	struct told t;

	TRY(json_decode(json, &told_table, &t));
	const bool issued = t.certificate != NULL;

	if (issued) {
		writer_text(&pem, t.certificate);
		writer_text(&pem, t.chain != NULL ? t.chain : "");
	}
	json_free(&told_table, &t);
	return issued ? file_write(path, writer_span(&pem), 0644) : ERR_OK;
}

static enum err
send_approval(struct cli *c, const struct told *t, struct writer *reply)
{
	const char *handle = cli_value(c, "--handle") != NULL ? cli_value(c, "--handle") : t->handle;
	AUTO(writer) body = writer_new(MAX_REGISTRATION_BODY);
	AUTO(writer) path = writer_new(MAX_REGISTRATION_PATH);
	AUTO(registry_person) p = {0};

	cli_text(c, "profile", t->profile);
	cli_text(c, "title", t->title);
	TRY(check_shown(c, t));
	if (t->person != NULL && handle != NULL && cli_value(c, "--issuer") != NULL)
		TRY(registry_person_ask(c, handle, &p));
	TRY(write_approval(t, p.registry, &body));
	writer_format(&path, "/requests/%s/approve", t->id);
	return registration_send(c, "certificate.issue", (const char *)writer_span(&path).ptr, writer_span(&body),
		reply);
}

static enum err
approve(struct cli *c)
{
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct told t, after;

	TRY(fetch(c, cli_file(c, 0), &t));
	const enum err e = send_approval(c, &t, &reply);

	json_free(&told_table, &t);
	TRY(e);
	TRY(json_decode(writer_span(&reply), &told_table, &after));
	cli_text(c, "id", cli_file(c, 0));
	cli_text(c, "state", after.state != NULL ? after.state : "issued");
	cli_text(c, "serial", after.serial);
	cli_text(c, "certificate", after.certificate);
	json_free(&told_table, &after);
	return cli_value(c, "--out") != NULL ? keep(cli_value(c, "--out"), writer_span(&reply)) : ERR_OK;
}

static int
run_approve(struct cli *c)
{
	cli_begin(c);
	return registration_ended(c, approve(c));
}

/* ---- reject, withdraw ---- */

static const struct cli_option reject_options[] = {
	REGISTRATION_OPTIONS,
	{"--reason", "TEXT", "why; the applicant reads it", NULL, true, false},
	{0},
};
static const struct cli_option withdraw_options[] = {
	REGISTRATION_OPTIONS,
	{"--certificate", "SERIAL", "the card's own certificate, if its holder asked", NULL, false, false},
	{0},
};

static enum err
end(struct cli *c, const char *act, const char *verb)
{
	AUTO(writer) body = writer_new(MAX_REGISTRATION_BODY);
	AUTO(writer) path = writer_new(MAX_REGISTRATION_PATH);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct json_writer j = json_to(&body);

	TRY(registration_id(cli_file(c, 0)));
	json_object(&j, NULL);
	json_text(&j, "request", cli_file(c, 0));
	json_text(&j, "reason", strcmp(verb, "reject") == 0 ? cli_value(c, "--reason") : NULL);
	json_text(&j, "certificate", strcmp(verb, "withdraw") == 0 ? cli_value(c, "--certificate") : NULL);
	json_object_end(&j);
	TRY(writer_done(&body));
	writer_format(&path, "/requests/%s/%s", cli_file(c, 0), verb);
	TRY(registration_send(c, act, (const char *)writer_span(&path).ptr, writer_span(&body), &reply));
	return tell_answer(c, writer_span(&reply));
}

static int
run_reject(struct cli *c)
{
	cli_begin(c);
	return registration_ended(c, end(c, "request.reject", "reject"));
}

static int
run_withdraw(struct cli *c)
{
	cli_begin(c);
	return registration_ended(c, end(c, "request.withdraw", "withdraw"));
}

const struct cli_verb cli_ca_queue[] = {
	{"ca", "request", NULL, "ask for a certificate; it waits in the queue for its approvals", request_options,
		run_request},
	{"ca", "queue", NULL, "what waits for approval, the oldest first", queue_options, run_queue},
	{"ca", "approve", "ID", "approve a request, over exactly the bytes that are shown; the last approval issues",
		approve_options, run_approve},
	{"ca", "reject", "ID", "refuse a request, with the reason", reject_options, run_reject},
	{"ca", "withdraw", "ID", "take one's own request back", withdraw_options, run_withdraw},
	{0},
};
