#include <string.h>

#include "base/file.h"
#include "base/random.h"
#include "cli/order.h"
#include "http/client.h"
#include "jose/client_assertion.h"

enum { MAX_ANSWER = 1 << 20, MAX_LIST = 4 << 20, MAX_LISTED = 1000, MAX_ADDRESS = 2048 };

#define AGENCY_OPTIONS                                                                                  \
	{"--client-id", "ID", "the agency's service client", "MOHAR_AGENCY_CLIENT_ID", true, false},    \
		{"--client-jwk", "FILE", "its private JWK", "MOHAR_AGENCY_JWK", true, false},           \
		{"--issuer", "URL", "the identity provider", "MOHAR_ISSUER", true, false},              \
		{"--signer-url", "URL", "where decisions are sealed", "MOHAR_SIGNER_URL", true, false}, \
		ORDER_TLS_OPTION

struct token_answer {
	char *access_token;
};
static const struct json_row token_rows[] = {
	{"access_token", JSON_TEXT, JSON_REQUIRED, offsetof(struct token_answer, access_token), 0, 16 << 10, NULL, 0},
};
static const struct json_table token_table = {"token response", token_rows, 1, sizeof(struct token_answer), true};

/* RFC 6749 4.4 with private_key_jwt, for the audience that signerd is (RFC 8707). */
static enum err
token_form(struct cli *c, struct writer *form)
{
	AUTO(writer) text = writer_new(16 << 10);
	AUTO(writer) assertion = writer_new(16 << 10);
	AUTO(jwk) *key = NULL;

	TRY(file_read(cli_value(c, "--client-jwk"), 16 << 10, &text));
	TRY(cli_about(cli_value(c, "--client-jwk"), jwk_parse(writer_span(&text), true, &key)));
	TRY(client_assertion_make(key, cli_value(c, "--client-id"), cli_value(c, "--issuer"), cli_now(c), &assertion));
	form_write(form, "grant_type", "client_credentials");
	form_write(form, "scope", "decisions");
	form_write(form, "resource", cli_value(c, "--signer-url"));
	form_write(form, "client_id", cli_value(c, "--client-id"));
	form_write(form, "client_assertion_type", CLIENT_ASSERTION_TYPE);
	form_write(form, "client_assertion", (const char *)writer_span(&assertion).ptr);
	return writer_done(form);
}

/* "Authorization: Bearer ..." appended to header. */
static enum err
authorize(struct cli *c, struct writer *header)
{
	AUTO(writer) form = writer_new(64 << 10);
	AUTO(writer) url = writer_new(MAX_ADDRESS);
	AUTO(writer) answer = writer_new(MAX_ANSWER);
	struct http_call call = {.method = "POST",
		.content_type = "application/x-www-form-urlencoded",
		.ca_file = cli_value(c, "--tls-ca")};
	struct token_answer token;
	int status;

	TRY(token_form(c, &form));
	writer_format(&url, "%s/token", cli_value(c, "--issuer"));
	TRY(writer_done(&url));
	call.url = (const char *)writer_span(&url).ptr;
	call.body = writer_span(&form);
	TRY(http_call(&call, &status, &answer));
	REQUIRE_WHY(status == 200, ERR_UNAUTHENTICATED, "the identity provider gave no token: HTTP %d %.200s", status,
		(const char *)writer_span(&answer).ptr);
	TRY(json_decode(writer_span(&answer), &token_table, &token));
	writer_format(header, "Authorization: Bearer %s", token.access_token);
	json_free(&token_table, &token);
	return writer_done(header);
}

/* One call to signerd as the agency. path begins with a slash; idempotency key may be NULL. */
static enum err
ask(struct cli *c, const char *method, const char *path, struct span body, struct writer *answer)
{
	AUTO(writer) header = writer_new(64 << 10);
	AUTO(writer) url = writer_new(MAX_ADDRESS);
	AUTO(writer) key = writer_new(256);
	const char *headers[3] = {NULL};
	struct http_call call = {.method = method,
		.body = body,
		.ca_file = cli_value(c, "--tls-ca"),
		.headers = headers};
	int status;

	TRY(authorize(c, &header));
	headers[0] = (const char *)writer_span(&header).ptr;
	if (strcmp(path, "/decisions") == 0 && strcmp(method, "POST") == 0 && cli_value(c, "--key") != NULL) {
		writer_format(&key, "Idempotency-Key: %s", cli_value(c, "--key"));
		headers[1] = (const char *)writer_span(&key).ptr;
	}
	if (body.len > 0)
		call.content_type = "application/json";
	writer_format(&url, "%s%s", cli_value(c, "--signer-url"), path);
	TRY(writer_done(&url));
	call.url = (const char *)writer_span(&url).ptr;
	TRY(http_call(&call, &status, answer));
	REQUIRE_WHY(status != 404 || strcmp(path, "/decisions") == 0, ERR_NOT_FOUND,
		"this agency has no such decision at %s", cli_value(c, "--signer-url"));
	return order_result(status, writer_span(answer));
}

/* What signerd says of a decision, as far as people want to see it. */
struct answer {
	char *id, *type, *state, *outcome, *due, *confirm_url, *decision, *receipt, *verify;
};
#define ANSWER(name, member, most)                                                                \
	{                                                                                         \
		name, JSON_TEXT, JSON_OPTIONAL, offsetof(struct answer, member), 0, most, NULL, 0 \
	}
static const struct json_row answer_rows[] = {
	ANSWER("id", id, 64),
	ANSWER("type", type, 64),
	ANSWER("state", state, 16),
	ANSWER("outcome", outcome, 64),
	ANSWER("due", due, 32),
	ANSWER("confirm_url", confirm_url, 1024),
	ANSWER("decision", decision, 128 << 10),
	ANSWER("receipt", receipt, 1024),
	ANSWER("verify", verify, 1024),
};
static const struct json_table answer_table = {"decision", answer_rows, sizeof(answer_rows) / sizeof(answer_rows[0]),
	sizeof(struct answer), true};

static enum err
tell(struct cli *c, struct span json)
{
	struct answer a;
	enum err e = ERR_OK;

	TRY(json_decode(json, &answer_table, &a));
	cli_text(c, "id", a.id);
	cli_text(c, "type", a.type);
	cli_text(c, "state", a.state);
	cli_text(c, "outcome", a.outcome);
	cli_text(c, "due", a.due);
	cli_text(c, "confirm_url", a.confirm_url);
	cli_text(c, "receipt", a.receipt);
	cli_text(c, "verify", a.verify);
	if (cli_value(c, "--out") != NULL && a.decision != NULL)
		e = file_write(cli_value(c, "--out"), span_of(a.decision), 0644);
	else
		cli_text(c, "decision", a.decision);
	json_free(&answer_table, &a);
	return e;
}

struct listing {
	struct json_list decisions; /* struct answer */
};
static const struct json_row listing_rows[] = {
	{"decisions", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct listing, decisions), 0, MAX_LISTED, &answer_table,
		0},
};
static const struct json_table listing_table = {"list of decisions", listing_rows, 1, sizeof(struct listing), true};

/* A row each. The sealed text is long, and `show` has it. */
static enum err
tell_list(struct cli *c, struct span json)
{
	struct listing l;

	TRY(json_decode(json, &listing_table, &l));
	cli_int(c, "count", (int64_t)l.decisions.count);
	for (size_t i = 0; i < l.decisions.count; i++) {
		const struct answer *const a = &((const struct answer *)l.decisions.items)[i];

		cli_item(c, "decisions");
		cli_text(c, "id", a->id);
		cli_text(c, "type", a->type);
		cli_text(c, "outcome", a->outcome);
		cli_text(c, "state", a->state);
		cli_text(c, "due", a->due);
		cli_item_end(c);
	}
	json_free(&listing_table, &l);
	return ERR_OK;
}

static int
tell_and_end(struct cli *c, enum err e, const struct writer *answer)
{
	if (e == ERR_OK)
		e = tell(c, writer_span(answer));
	return e == ERR_OK ? cli_end(c, "done", NULL, EXIT_DONE) : cli_fail(c, e);
}

static enum err
create_body(struct cli *c, struct writer *body)
{
	struct json_writer j = json_to(body);
	const char *const facts = cli_value(c, "--facts");

	REQUIRE_WHY(json_check(span_of(facts)) == ERR_OK, ERR_MALFORMED, "--facts is not one JSON object");
	json_object(&j, NULL);
	json_text(&j, "type", cli_value(c, "--type"));
	json_text(&j, "sub", cli_value(c, "--sub"));
	json_text(&j, "outcome", cli_value(c, "--outcome"));
	json_raw(&j, "facts", span_of(facts));
	if (cli_value(c, "--reason") != NULL) {
		json_array(&j, "reasons");
		for (size_t i = 0; cli_value_at(c, "--reason", i) != NULL; i++)
			json_text(&j, NULL, cli_value_at(c, "--reason", i));
		json_array_end(&j);
	}
	json_object_end(&j);
	return writer_done(body);
}

static int
run_create(struct cli *c)
{
	AUTO(writer) body = writer_new(MAX_ANSWER);
	AUTO(writer) answer = writer_new(MAX_ANSWER);
	enum err e;

	cli_begin(c);
	e = create_body(c, &body);
	if (e == ERR_OK)
		e = ask(c, "POST", "/decisions", writer_span(&body), &answer);
	return tell_and_end(c, e, &answer);
}

/* /decisions/ID, and what follows. An id is checked here, so that nothing else becomes part of the address. */
static enum err
path_of(struct cli *c, const char *rest, struct writer *path)
{
	struct uuid id;

	REQUIRE_WHY(cli_file_count(c) == 1 && uuid_read(span_of(cli_file(c, 0)), &id) == ERR_OK, ERR_MALFORMED,
		"name one decision by its id, a UUID");
	writer_format(path, "/decisions/%s%s", cli_file(c, 0), rest);
	return writer_done(path);
}

static int
run_show(struct cli *c)
{
	AUTO(writer) path = writer_new(MAX_ADDRESS);
	AUTO(writer) answer = writer_new(MAX_ANSWER);
	enum err e;

	cli_begin(c);
	e = path_of(c, "", &path);
	if (e == ERR_OK)
		e = ask(c, "GET", (const char *)writer_span(&path).ptr, (struct span){0}, &answer);
	return tell_and_end(c, e, &answer);
}

static int
run_revoke(struct cli *c)
{
	AUTO(writer) path = writer_new(MAX_ADDRESS);
	AUTO(writer) body = writer_new(MAX_ANSWER);
	AUTO(writer) answer = writer_new(MAX_ANSWER);
	struct json_writer j = json_to(&body);
	enum err e;

	cli_begin(c);
	json_object(&j, NULL);
	json_text(&j, "reason", cli_value(c, "--reason"));
	json_object_end(&j);
	e = path_of(c, "/revoke", &path);
	if (e == ERR_OK)
		e = ask(c, "POST", (const char *)writer_span(&path).ptr, writer_span(&body), &answer);
	return tell_and_end(c, e, &answer);
}

static int
run_list(struct cli *c)
{
	AUTO(writer) answer = writer_new(MAX_LIST);
	enum err e;

	cli_begin(c);
	e = ask(c, "GET", "/decisions", (struct span){0}, &answer);
	if (e == ERR_OK)
		e = tell_list(c, writer_span(&answer));
	return e == ERR_OK ? cli_end(c, "done", NULL, EXIT_DONE) : cli_fail(c, e);
}

static const struct cli_option create_options[] = {
	{"--type", "NAME", "decision type, such as land-transfer", NULL, true, false},
	{"--sub", "SUBJECT", "whom it concerns, as the agency's portal knows them", NULL, true, false},
	{"--outcome", "WORD", "one of the type's outcomes", NULL, true, false},
	{"--facts", "JSON", "the facts, one JSON object", NULL, true, false},
	{"--reason", "TEXT", "a reason; a rejection needs one", NULL, false, true},
	{"--key", "TEXT", "Idempotency-Key: the same key again gives the same decision", NULL, false, false},
	{"--out", "FILE", "where the sealed decision goes", NULL, false, false},
	AGENCY_OPTIONS,
	{0},
};
static const struct cli_option show_options[] = {
	{"--out", "FILE", "where the sealed decision goes", NULL, false, false},
	AGENCY_OPTIONS,
	{0},
};
static const struct cli_option revoke_options[] = {
	{"--reason", "TEXT", "why it no longer stands", NULL, true, false},
	AGENCY_OPTIONS,
	{0},
};
static const struct cli_option list_options[] = {AGENCY_OPTIONS, {0}};

const struct cli_verb cli_decision[] = {
	{"decision", "create", NULL, "propose a decision; it is sealed at once, or when its officer confirms it",
		create_options, run_create},
	{"decision", "show", "ID", "where a decision stands", show_options, run_show},
	{"decision", "revoke", "ID", "withdraw a sealed decision, in every form of it", revoke_options, run_revoke},
	{"decision", "list", NULL, "the agency's decisions by due date", list_options, run_list},
	{0},
};
