#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/card/card.h"
#include "cli/ceremony/ceremony.h"
#include "cli/ceremony/ask.h"
#include "cli/ceremony/facts.h"
#include "cli/ceremony/fido2.h"
#include "cli/ceremony/proposal.h"
#include "cli/ceremony/propose.h"

enum { MAX_EVIDENCE = 8 << 10, MAX_EXECUTED = 64 << 10 };

const struct cli_option ceremony_propose_options[] = {
	{"--kind", "KIND", "what is to be done: sign, generate, policy, delete, restore", NULL, true, false},
	{"--key", "LABEL", "the key that signs, is made, or is destroyed", NULL, false, false},
	{"--hsm-socket", "PATH", "the mohar-hsmd whose token that is", "MOHAR_HSM_SOCKET", true, false},
	{"--out", "FILE", "where the proposal goes", NULL, true, false},
	{0},
};

const struct cli_option ceremony_approve_options[] = {
	{"--hsm-socket", "PATH", "the mohar-hsmd where it was proposed", "MOHAR_HSM_SOCKET", true, false},
	{"--module", "PATH", "the card's PKCS#11 module", "MOHAR_CARD_MODULE", false, false},
	{"--token", "LABEL", "the custodian's card", "MOHAR_CARD_TOKEN", false, false},
	{"--pin", "PIN", "its PIN, or file:PATH; asked if absent", "MOHAR_CARD_PIN", false, false},
	FIDO2_OPTIONS,
	{"--out", "FILE", "where the result goes, once k custodians have approved; without it FILE.result", NULL, false,
		false},
	{"--yes", NULL, "approve without being asked", NULL, false, false},
	{0},
};

/* What mohar-hsmd waits for, as it says in STATUS. */
struct waiting {
	char *restore;
};
static const struct json_row waiting_rows[] = {{"restore", JSON_TEXT, JSON_REQUIRED, 0, .max = 256}};
static const struct json_table waiting_table = {"status of a mohar-hsmd that waits for a restore", waiting_rows, 1,
	sizeof(struct waiting), true};

static enum err
restore_object(struct keyring *k, struct writer *object)
{
	AUTO(writer) json = writer_new(1 << 20);
	struct waiting w;

	TRY(keyring_status(k, &json));
	REQUIRE_WHY(json_decode(writer_span(&json), &waiting_table, &w) == ERR_OK, ERR_REFUSED,
		"this mohar-hsmd does not wait for a restore");
	writer_text(object, w.restore);
	json_free(&waiting_table, &w);
	return writer_done(object);
}

static enum err
object_of(struct cli *c, const char *kind, struct keyring *k, struct writer *object)
{
	if (strcmp(kind, "restore") == 0 && cli_file_count(c) == 0)
		return restore_object(k, object);
	if ((strcmp(kind, "delete") == 0 || strcmp(kind, "generate") == 0) && cli_file_count(c) == 0)
		return ERR_OK;
	REQUIRE_WHY(cli_file_count(c) == 1, ERR_MALFORMED,
		"name one file: what a key signs (DER), or the new keys.json; none for generate, delete and restore");
	return file_read(cli_file(c, 0), MAX_PROPOSED, object);
}

static void
tell(struct cli *c, const struct carried *p)
{
	const struct carried_approval *approvals = p->approvals.items;

	cli_text(c, "kind", p->kind);
	cli_text(c, "key", p->key);
	cli_text(c, "summary", p->summary);
	cli_time(c, "expires", p->expires);
	cli_int(c, "k", p->k);
	cli_bool(c, "executed", p->executed);
	for (size_t i = 0; i < p->approvals.count; i++) {
		cli_item(c, "approvals");
		cli_text(c, "by", approvals[i].by);
		cli_time(c, "at", approvals[i].at);
		cli_item_end(c);
	}
}

static enum err
propose(struct cli *c, struct keyring *k)
{
	AUTO(writer) object = writer_new(MAX_PROPOSED);
	const char *kind = cli_value(c, "--kind"), *key = cli_value(c, "--key");
	struct hsm_proposal told;
	struct carried p = {.kind = (char *)(uintptr_t)kind, .key = (char *)(uintptr_t)key, .summary = told.summary};

	TRY(object_of(c, kind, k, &object));
	TRY(keyring_propose(k, kind, key, writer_span(&object), SPAN(""), &told));
	TRY(facts_agree(kind, key, writer_span(&object), told.summary));
	p.id = (struct json_bytes){told.id, HSM_NONCE_LEN};
	p.object = (struct json_bytes){object.ptr, object.len};
	p.expires = told.expires;
	p.k = told.k;
	TRY(carried_write(cli_value(c, "--out"), &p, NULL, 0));
	tell(c, &p);
	return ERR_OK;
}

static int
with_keyring(struct cli *c, enum err (*act)(struct cli *c, struct keyring *k))
{
	struct keyring *k = NULL;
	enum err e;

	cli_begin(c);
	e = keyring_open(cli_value(c, "--hsm-socket"), 1, &k);
	if (e == ERR_OK)
		e = act(c, k);
	keyring_free(&k);
	return e == ERR_OK ? cli_end(c, "done", NULL, EXIT_DONE) : cli_fail(c, e);
}

int
ceremony_propose(struct cli *c)
{
	return with_keyring(c, propose);
}

/* ---- approve ---- */

static enum err
by_card(struct cli *c, const struct proposal_file *p, struct writer *evidence)
{
	struct card *card = NULL;
	enum err e;

	REQUIRE_WHY(cli_value(c, "--module") != NULL && cli_value(c, "--token") != NULL, ERR_MALFORMED,
		"say with what to approve: --module and --token for a card, or --fido2 and --credential");
	TRY(card_of(c, &card));
	e = proposal_approval(p, card, cli_now(c), evidence);
	card_free(&card);
	return e;
}

static enum err
result_store(struct cli *c, struct carried *p, const struct writer *result)
{
	char path[4096];

	p->executed = true;
	p->result = (struct json_bytes){result->ptr, result->len};
	if (result->len == 0)
		return ERR_OK;
	REQUIRE((size_t)snprintf(path, sizeof(path), "%s.result", cli_file(c, 0)) < sizeof(path), ERR_TOO_LONG);
	cli_text(c, "result_file", cli_value(c, "--out") != NULL ? cli_value(c, "--out") : path);
	return file_write(cli_value(c, "--out") != NULL ? cli_value(c, "--out") : path, writer_span(result), 0644);
}

static enum err
approve(struct cli *c, struct keyring *k, struct carried *p)
{
	AUTO(writer) evidence = writer_new(MAX_EVIDENCE);
	AUTO(writer) result = writer_new(MAX_EXECUTED);
	struct proposal_file what = {.kind = p->kind, .label = p->key, .object = span_at(p->object.ptr, p->object.len)};
	const char *by = cli_value(c, "--fido2") != NULL ? cli_value(c, "--fido2") : cli_value(c, "--token");
	bool executed = false;
	int64_t missing = 0;
	enum err e;

	memcpy(what.told.id, p->id.ptr, HSM_NONCE_LEN);
	what.told.expires = p->expires;
	(void)snprintf(what.told.summary, sizeof(what.told.summary), "%s", p->summary);
	TRY(cli_value(c, "--fido2") != NULL ? fido2_approval(c, &what, &evidence) : by_card(c, &what, &evidence));
	TRY(keyring_approve(k, what.told.id, what.object, writer_span(&evidence), &executed, &missing, &result));
	e = executed ? result_store(c, p, &result) : ERR_OK;
	if (e == ERR_OK)
		e = carried_write(cli_file(c, 0), p, by, cli_now(c));
	p->result = (struct json_bytes){0}; /* borrowed from result */
	cli_bool(c, "executed", executed);
	cli_int(c, "missing", missing);
	return e;
}

static enum err
approve_file(struct cli *c, struct keyring *k)
{
	AUTO(writer) facts = writer_new(MAX_FACTS);
	struct carried p;
	enum err e;

	REQUIRE_WHY(cli_file_count(c) == 1, ERR_MALFORMED, "name one proposal");
	TRY(carried_read(cli_file(c, 0), &p));
	e = p.executed ? err_because(ERR_USED, "this proposal was executed: it is done once") : ERR_OK;
	if (e == ERR_OK)
		e = facts_write(p.kind, p.key, span_at(p.object.ptr, p.object.len), &facts);
	if (e == ERR_OK && !cli_flag(c, "--yes"))
		fprintf(stderr, "%s\nRead from the bytes by this command itself:\n%s\n", p.summary,
			(const char *)writer_span(&facts).ptr);
	if (e == ERR_OK)
		e = ceremony_ask(c, "Do you approve?");
	if (e == ERR_OK) {
		cli_text(c, "summary", p.summary);
		e = approve(c, k, &p);
	}
	carried_free(&p);
	return e;
}

int
ceremony_approve_verb(struct cli *c)
{
	return with_keyring(c, approve_file);
}

/* ---- status ---- */

static enum err
status_of(struct cli *c, const char *path)
{
	struct carried p;

	TRY(carried_read(path, &p));
	cli_item(c, "proposals");
	cli_text(c, "file", path);
	tell(c, &p);
	cli_text(c, "state", p.executed ? "executed" : p.expires <= cli_now(c) ? "expired" : "open");
	cli_int(c, "missing", p.executed || (int64_t)p.approvals.count > p.k ? 0 : p.k - (int64_t)p.approvals.count);
	cli_item_end(c);
	carried_free(&p);
	return ERR_OK;
}

int
ceremony_status(struct cli *c)
{
	enum err e = ERR_OK;

	cli_begin(c);
	if (cli_file_count(c) == 0)
		e = err_because(ERR_MALFORMED, "name one proposal or more");
	for (size_t i = 0; i < cli_file_count(c) && e == ERR_OK; i++)
		e = cli_about(cli_file(c, i), status_of(c, cli_file(c, i)));
	return e == ERR_OK ? cli_end(c, "done", NULL, EXIT_DONE) : cli_fail(c, e);
}
