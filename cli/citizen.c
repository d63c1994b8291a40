#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/encode.h"
#include "base/file.h"
#include "cli/registry.h"
#include "cli/signing.h"

enum { MAX_BODY = 40 << 10, MAX_PEM = 32 << 10 };
#define PEOPLE "/registry/people"

/* The one operand: the person's handle. */
static enum err
handle_of(struct cli *c, const char **out)
{
	REQUIRE_WHY(cli_file_count(c) == 1, ERR_MALFORMED, "one HANDLE is wanted");
	*out = cli_file(c, 0);
	return ERR_OK;
}

/* A whole number from 1 to 3; otherwise if the option is absent. */
static enum err
level_of(struct cli *c, const char *option, int64_t otherwise, int64_t *out)
{
	const char *text = cli_value(c, option);

	*out = otherwise;
	if (text == NULL)
		return ERR_OK;
	REQUIRE_WHY(strlen(text) == 1 && text[0] >= '1' && text[0] <= '3', ERR_MALFORMED, "%s: 1, 2 or 3", option);
	*out = text[0] - '0';
	return ERR_OK;
}

/* Sends body as an order about handle, and tells the answer. */
static enum err
order_about(struct cli *c, const char *act, const char *handle, const char *verb, struct span body)
{
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);

	TRY(registry_send(c, act, PEOPLE, handle, verb, body, &reply));
	return registry_tell(c, writer_span(&reply));
}

/* ---- add, countersign ---- */
#define FACTS                                                                                                         \
	{"--handle", "HANDLE", "how registrars find the person: a-z 0-9 . _ -", NULL, true, false},                   \
		{"--name", "NAME", "full name", NULL, true, false},                                                   \
		{"--number", "NUMBER", "national number, or file:PATH (the command line is seen by others)", NULL,    \
			true, false},                                                                                 \
		{"--birthdate", "DATE", "YYYY-MM-DD", NULL, true, false},                                             \
		{"--gender", "WORD", "as policies/identity.json lists them", NULL, true, false},                      \
	{                                                                                                             \
		"--proofing", "N", "1 self-registered, 2 by a registrar, 3 in person by two registrars; 2 if absent", \
			NULL, false, false                                                                            \
	}

static const struct cli_option add_options[] = {
	REGISTRY_OPTIONS,
	FACTS,
	{"--countersign", "FILE", "a second registrar's countersignature, for proofing 3", NULL, false, false},
	{0},
};
static const struct cli_option countersign_options[] = {
	REGISTRY_OPTIONS,
	FACTS,
	{"--out", "FILE", "where the countersignature is written", NULL, true, false},
	{0},
};

static enum err
number_of(struct cli *c, struct writer *out)
{
	const char *text = cli_value(c, "--number");

	if (strncmp(text, "file:", 5) != 0) {
		writer_text(out, text);
		return writer_done(out);
	}
	TRY(file_read(text + 5, 64, out));
	while (out->len > 0 && out->ptr[out->len - 1] == '\n')
		out->ptr[--out->len] = '\0';
	return ERR_OK;
}

static enum err
countersign_read(struct cli *c, struct writer *out)
{
	const char *path = cli_value(c, "--countersign");

	if (path == NULL)
		return ERR_OK;
	TRY(file_read(path, MAX_BODY, out));
	while (out->len > 0 && out->ptr[out->len - 1] == '\n')
		out->ptr[--out->len] = '\0';
	return ERR_OK;
}

static enum err
facts_body(struct cli *c, struct writer *body)
{
	AUTO(writer) number = writer_new(64);
	AUTO(writer) countersign = writer_new(MAX_BODY);
	struct json_writer j = json_to(body);
	int64_t proofing;

	TRY(level_of(c, "--proofing", 2, &proofing));
	TRY(number_of(c, &number));
	TRY(countersign_read(c, &countersign));
	json_object(&j, NULL);
	json_text(&j, "handle", cli_value(c, "--handle"));
	json_text(&j, "name", cli_value(c, "--name"));
	json_span(&j, "number", writer_span(&number));
	json_text(&j, "birthdate", cli_value(c, "--birthdate"));
	json_text(&j, "gender", cli_value(c, "--gender"));
	json_int(&j, "proofing", proofing);
	if (countersign.len > 0)
		json_span(&j, "countersign", writer_span(&countersign));
	json_object_end(&j);
	return writer_done(body);
}

static enum err
add(struct cli *c)
{
	AUTO(writer) body = writer_new(MAX_BODY);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);

	TRY(facts_body(c, &body));
	TRY(registry_send(c, "citizen.add", PEOPLE, NULL, NULL, writer_span(&body), &reply));
	cli_text(c, "handle", cli_value(c, "--handle"));
	return registry_tell(c, writer_span(&reply));
}

static int
run_add(struct cli *c)
{
	cli_begin(c);
	return registry_end(c, add(c));
}

/* The same digest as the registry makes (idp/registry/registry.h): what the second registrar vouches for. */
static enum err
facts_digest(struct cli *c, struct writer *out)
{
	AUTO(writer) number = writer_new(64);
	AUTO(writer) facts = writer_new(MAX_BODY);
	struct sha256 h;
	int64_t proofing;

	TRY(level_of(c, "--proofing", 3, &proofing));
	TRY(number_of(c, &number));
	writer_format(&facts, "%s\n%s\n%s\n%s\n%s\n%d\n", cli_value(c, "--handle"), cli_value(c, "--name"),
		(const char *)writer_span(&number).ptr, cli_value(c, "--birthdate"), cli_value(c, "--gender"),
		(int)proofing);
	TRY(writer_done(&facts));
	h = sha256_of(writer_span(&facts));
	base64url_write(out, sha256_span(&h));
	return writer_done(out);
}

static enum err
countersign(struct cli *c)
{
	AUTO(writer) digest = writer_new(64);
	AUTO(writer) body = writer_new(MAX_BODY);
	AUTO(writer) jws = writer_new(MAX_BODY);
	AUTO(card) *card = NULL;
	struct json_writer j = json_to(&body);

	TRY(facts_digest(c, &digest));
	json_object(&j, NULL);
	json_span(&j, "facts_sha256", writer_span(&digest));
	json_object_end(&j);
	TRY(writer_done(&body));
	TRY(card_of(c, &card));
	TRY(act_sign(card, "citizen.countersign", cli_value(c, "--issuer"), writer_span(&body), cli_now(c), &jws));
	TRY(file_write(cli_value(c, "--out"), writer_span(&jws), 0600));
	cli_text(c, "countersignature", cli_value(c, "--out"));
	return ERR_OK;
}

static int
run_countersign(struct cli *c)
{
	cli_begin(c);
	return registry_end(c, countersign(c));
}

/* ---- show, freeze ---- */
static const struct cli_option plain_options[] = {REGISTRY_OPTIONS, {0}};

static enum err
handle_body(const char *handle, struct writer *body)
{
	struct json_writer j = json_to(body);

	json_object(&j, NULL);
	json_text(&j, "handle", handle);
	json_object_end(&j);
	return writer_done(body);
}

static enum err
show(struct cli *c)
{
	AUTO(writer) body = writer_new(MAX_BODY);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	const char *handle;

	TRY(handle_of(c, &handle));
	TRY(handle_body(handle, &body));
	TRY(registry_send(c, "citizen.show", PEOPLE, handle, "show", writer_span(&body), &reply));
	cli_json(c, "citizen", writer_span(&reply));
	return ERR_OK;
}

static int
run_show(struct cli *c)
{
	cli_begin(c);
	return registry_end(c, show(c));
}

static const struct cli_option freeze_options[] = {
	REGISTRY_OPTIONS,
	{"--signer-url", "URL", "where citizens' signing keys are kept: they are stopped too", "MOHAR_SIGNER_URL",
		false, false},
	{0},
};

/* The signing keys, if we are told where they are; that they were left alone is told too. */
static enum err
freeze_signing(struct cli *c, const char *handle)
{
	struct signing_person p = {0};
	AUTO(card) *card = NULL;
	int64_t frozen;
	enum err e;

	if (cli_value(c, "--signer-url") == NULL) {
		cli_text(c, "signing_keys", "not stopped: give --signer-url, or `mohar citizen signing-freeze`");
		return ERR_OK;
	}
	TRY(card_of(c, &card));
	TRY(signing_person_find(c, card, handle, &p));
	e = signing_freeze(c, card, p.person, &frozen);
	signing_person_free(&p);
	TRY(e);
	cli_int(c, "signing_keys_frozen", frozen);
	return ERR_OK;
}

/* Of somebody who is frozen already the signing keys may not be: whoever says freeze wants both stopped. */
static enum err
freeze_logins(struct cli *c, const char *handle)
{
	AUTO(writer) body = writer_new(MAX_BODY);
	enum err e;

	TRY(handle_body(handle, &body));
	e = order_about(c, "citizen.freeze", handle, "freeze", writer_span(&body));
	if (e == ERR_EXISTS) {
		err_forget();
		cli_text(c, "handle", handle);
		cli_text(c, "logins", "were stopped already");
		return ERR_OK;
	}
	TRY(e);
	cli_text(c, "logins", "stopped");
	return ERR_OK;
}

static enum err
freeze(struct cli *c)
{
	const char *handle;

	TRY(handle_of(c, &handle));
	TRY(freeze_logins(c, handle));
	return freeze_signing(c, handle);
}

static int
run_freeze(struct cli *c)
{
	cli_begin(c);
	return registry_end(c, freeze(c));
}

/* ---- activate ---- */
static const struct cli_option activate_options[] = {
	REGISTRY_OPTIONS,
	{"--level", "N", "the level at which the authenticator will be bound; 1 if absent", NULL, false, false},
	{"--present", NULL, "I have the person before me (needed above level 1)", NULL, false, false},
	{0},
};

static enum err
activate(struct cli *c)
{
	AUTO(writer) body = writer_new(MAX_BODY);
	struct json_writer j = json_to(&body);
	const char *handle;
	int64_t level;

	TRY(handle_of(c, &handle));
	TRY(level_of(c, "--level", 1, &level));
	REQUIRE_WHY(level == 1 || cli_flag(c, "--present"), ERR_REFUSED,
		"level %d needs --present: that you have the person before you, which your card signs", (int)level);
	json_object(&j, NULL);
	json_text(&j, "handle", handle);
	json_int(&j, "level", level);
	json_bool(&j, "present", cli_flag(c, "--present"));
	json_object_end(&j);
	TRY(writer_done(&body));
	return order_about(c, "citizen.activate", handle, "activate", writer_span(&body));
}

static int
run_activate(struct cli *c)
{
	cli_begin(c);
	return registry_end(c, activate(c));
}

/* ---- card ---- */
static const struct cli_option card_options[] = {
	REGISTRY_OPTIONS,
	{"--certificate", "FILE", "the card's certificate, PEM", NULL, true, false},
	{0},
};

static enum err
bind_card(struct cli *c)
{
	AUTO(writer) pem = writer_new(MAX_PEM);
	AUTO(writer) body = writer_new(MAX_BODY);
	struct json_writer j = json_to(&body);
	const char *handle;

	TRY(handle_of(c, &handle));
	TRY(file_read(cli_value(c, "--certificate"), MAX_PEM, &pem));
	json_object(&j, NULL);
	json_text(&j, "handle", handle);
	json_span(&j, "certificate", writer_span(&pem));
	json_object_end(&j);
	TRY(writer_done(&body));
	return order_about(c, "citizen.card", handle, "card", writer_span(&body));
}

static int
run_card(struct cli *c)
{
	cli_begin(c);
	return registry_end(c, bind_card(c));
}

/* ---- appoint ---- */
static const struct cli_option appoint_options[] = {
	REGISTRY_OPTIONS,
	{"--agency", "AGENCY", "the agency, as its clients and seals name it", NULL, true, false},
	{"--office", "OFFICE", "the office", NULL, true, false},
	{"--title", "TITLE", "what its holder is called", NULL, true, false},
	{"--from", "TIME", "when it begins, 2026-01-31T00:00:00Z; now if absent", NULL, false, false},
	{"--until", "TIME", "when it ends", NULL, true, false},
	{0},
};

static enum err
appoint(struct cli *c)
{
	AUTO(writer) body = writer_new(MAX_BODY);
	struct json_writer j = json_to(&body);
	const char *handle;

	TRY(handle_of(c, &handle));
	json_object(&j, NULL);
	json_text(&j, "handle", handle);
	json_text(&j, "agency", cli_value(c, "--agency"));
	json_text(&j, "office", cli_value(c, "--office"));
	json_text(&j, "title", cli_value(c, "--title"));
	json_text(&j, "from", cli_value(c, "--from"));
	json_text(&j, "until", cli_value(c, "--until"));
	json_object_end(&j);
	TRY(writer_done(&body));
	return order_about(c, "citizen.appoint", handle, "appoint", writer_span(&body));
}

static int
run_appoint(struct cli *c)
{
	cli_begin(c);
	return registry_end(c, appoint(c));
}

const struct cli_verb cli_citizen[] = {
	{"citizen", "add", NULL, "register a person, found from then on by a handle", add_options, run_add},
	{"citizen", "countersign", NULL, "a second registrar vouches for the same facts, for proofing 3",
		countersign_options, run_countersign},
	{"citizen", "show", "HANDLE",
		"a person, with authenticators and offices; the person's log shows that you looked", plain_options,
		run_show},
	{"citizen", "activate", "HANDLE", "a single-use address at which the person registers a passkey",
		activate_options, run_activate},
	{"citizen", "card", "HANDLE", "bind a card, by its certificate", card_options, run_card},
	{"citizen", "appoint", "HANDLE", "appoint to an office", appoint_options, run_appoint},
	{"citizen", "freeze", "HANDLE",
		"end every session and token of a person, let in none, and stop the person's signing keys",
		freeze_options, run_freeze},
	{"citizen", "signing-key", "HANDLE",
		"with the citizen before you: a signing key in the HSM that only the citizen's passkey activates",
		signing_key_options, signing_key_run},
	{"citizen", "signing-show", "HANDLE", "a person's signing keys", signing_options, signing_show_run},
	{"citizen", "signing-freeze", "HANDLE", "stop a person's signing keys, and only them", signing_options,
		signing_freeze_run},
	{"citizen", "signing-unfreeze", "HANDLE", "let a person's stopped signing keys sign again", signing_options,
		signing_unfreeze_run},
	{0},
};
