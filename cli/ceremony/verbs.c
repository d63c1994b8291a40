#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/ceremony/ceremony.h"
#include "cli/ceremony/fido2.h"
#include "cli/ceremony/propose.h"
#include "cli/ceremony/publish.h"
#include "cli/order.h"

enum { MAX_CARD_PIN = 64 };

static const struct cli_option run_options[] = {
	{"--keys", "FILE", "keys.json, as genesis sealed it into both tokens", "MOHAR_KEYS", true, false},
	{"--policies", "DIR", "folder of the policies: certificate profiles", "MOHAR_POLICIES", true, false},
	{"--root-socket", "PATH", "the mohar-hsmd of the root's token", "MOHAR_HSM_ROOT_SOCKET", false, false},
	{"--main-socket", "PATH", "the mohar-hsmd of the main token", "MOHAR_HSM_SOCKET", false, false},
	{"--out", "DIR", "folder for certificates, list and transcript; an interrupted ceremony goes on in it", NULL,
		false, false},
	{"--input", "NAME=PATH", "a file that the script names; a folder for a backup", NULL, false, true},
	{"--present", "ROLE=NAME", "who else is there", NULL, false, true},
	{"--card", "ROLE:LABEL:PIN", "who else is there, with a card that signs the transcript", NULL, false, true},
	{"--dry-run", NULL, "the whole script on scratch tokens and cards, which are removed", NULL, false, false},
	{"--scratch-module", "PATH", "with --dry-run: SoftHSM's PKCS#11 module", "MOHAR_SCRATCH_MODULE", false, false},
	{"--hsmd", "PATH", "with --dry-run: mohar-hsmd, if it is not beside this command", "MOHAR_HSMD", false, false},
	{"--module", "PATH", "PKCS#11 module of the custodians' cards", "MOHAR_CARD_MODULE", false, false},
	{"--custodian", "LABEL:PIN", "a custodian's card and PIN (or file:PATH); once for each who takes part", NULL,
		false, true},
	{"--yes", NULL, "answer every question with yes", NULL, false, false},
	{"--signer-url", "URL", "the service that keeps the log: the transcript is entered there", "MOHAR_SIGNER_URL",
		false, false},
	ORDER_TLS_OPTION,
	{"--pki-url", "URL", "where lists and CA certificates will be found", "MOHAR_PKI_URL", false, false},
	{0},
};

static enum err
pin_take(const char *value, struct secret **out)
{
	int fd;

	if (strncmp(value, "file:", 5) != 0)
		return secret_copy(span_of(value), out);
	fd = open(value + 5, O_RDONLY | O_CLOEXEC);
	REQUIRE_WHY(fd >= 0, ERR_NOT_FOUND, "%s: the PIN file cannot be read: %s", value + 5, strerror(errno));
	return secret_read(fd, MAX_CARD_PIN, out);
}

static enum err
custodians_take(struct ceremony *c)
{
	const char *value;

	for (size_t i = 0; (value = cli_value_at(c->cli, "--custodian", i)) != NULL; i++) {
		const char *colon = strchr(value, ':');
		struct custodian *who = &c->custodians[i];

		REQUIRE_WHY(i < MAX_CUSTODIANS, ERR_TOO_LONG, "more than %d custodians", MAX_CUSTODIANS);
		REQUIRE_WHY(colon != NULL && colon > value && (size_t)(colon - value) < sizeof(who->token),
			ERR_MALFORMED, "--custodian is LABEL:PIN, or LABEL:file:PATH");
		memcpy(who->token, value, (size_t)(colon - value));
		TRY(pin_take(colon + 1, &who->pin));
		c->custodian_count = i + 1;
	}
	return ERR_OK;
}

/* ROLE:LABEL:PIN */
static enum err
witnesses_take(struct ceremony *c)
{
	const char *value;

	for (size_t i = 0; (value = cli_value_at(c->cli, "--card", i)) != NULL; i++) {
		const char *colon = strchr(value, ':'), *second = colon == NULL ? NULL : strchr(colon + 1, ':');
		struct custodian *who = &c->witnesses[i];

		REQUIRE_WHY(i < MAX_PRESENT, ERR_TOO_LONG, "more than %d cards", MAX_PRESENT);
		REQUIRE_WHY(second != NULL && colon > value && (size_t)(colon - value) < sizeof(who->role) &&
				second > colon + 1 && (size_t)(second - colon) <= sizeof(who->token),
			ERR_MALFORMED, "--card is ROLE:LABEL:PIN, or ROLE:LABEL:file:PATH");
		memcpy(who->role, value, (size_t)(colon - value));
		memcpy(who->token, colon + 1, (size_t)(second - colon) - 1);
		TRY(pin_take(second + 1, &who->pin));
		c->witness_count = i + 1;
	}
	return ERR_OK;
}

static enum err
sockets_open(struct ceremony *c)
{
	const char *root = cli_value(c->cli, "--root-socket"), *main = cli_value(c->cli, "--main-socket");

	REQUIRE_WHY(root != NULL || main != NULL, ERR_MALFORMED, "name --root-socket, --main-socket, or both");
	if (root != NULL)
		TRY(keyring_open(root, 1, &c->root));
	return main != NULL ? keyring_open(main, 1, &c->main) : ERR_OK;
}

static enum err
begin(struct ceremony *c)
{
	struct cli *cli = c->cli;
	char path[MAX_CEREMONY_PATH];

	c->out = cli_value(cli, "--out");
	c->module = cli_value(cli, "--module");
	REQUIRE_WHY(c->out != NULL && c->module != NULL, ERR_MALFORMED, "a ceremony needs --out and --module");
	(void)mkdir(c->out, 0755); /* of the day; one that is there goes on */
	REQUIRE_WHY(access(c->out, W_OK) == 0, ERR_CONFIG, "--out %s: %s", c->out, strerror(errno));
	TRY(ceremony_path(c, "transcript", "json", path));
	REQUIRE_WHY(access(path, F_OK) != 0, ERR_EXISTS,
		"%s is there: this ceremony has been held; choose another --out", path);
	TRY(ceremony_keys(c, c->keys_path));
	TRY(custodians_take(c));
	TRY(witnesses_take(c));
	TRY(ceremony_inputs(c));
	return sockets_open(c);
}

static void
end(struct ceremony *c)
{
	for (size_t i = 0; i < c->custodian_count; i++)
		secret_free(&c->custodians[i].pin);
	for (size_t i = 0; i < c->witness_count; i++)
		secret_free(&c->witnesses[i].pin);
	for (size_t i = 0; i < c->made_count; i++)
		X509_free(c->made[i].x);
	keyring_free(&c->root);
	keyring_free(&c->main);
	keys_file_free(&c->keys);
	script_free(&c->script);
	state_free(&c->state);
	writer_free(&c->step);
	writer_free(&c->transcript);
}

static enum err
run_script(struct ceremony *c)
{
	struct cli *cli = c->cli;

	REQUIRE_WHY(cli_file_count(cli) == 1, ERR_MALFORMED, "name one script");
	c->script_path = cli_file(cli, 0);
	c->keys_path = cli_value(cli, "--keys");
	c->policies = cli_value(cli, "--policies");
	c->pki_url = cli_value(cli, "--pki-url");
	c->dry = cli_flag(cli, "--dry-run");
	TRY(script_read(c->script_path, &c->script));
	if (c->dry)
		return ceremony_dry(c);
	TRY(begin(c));
	return ceremony_hold(c);
}

/* The ceremony is over, whatever becomes of this: what is signed can be entered at any time. */
static void
published_tell(struct ceremony *c)
{
	char path[MAX_CEREMONY_PATH], later[2 * MAX_CEREMONY_PATH];
	enum err e = ceremony_path(c, "transcript", "json", path);

	if (e == ERR_OK && cli_value(c->cli, "--signer-url") != NULL)
		e = ceremony_post(c->cli, path);
	else
		e = err_because(ERR_UNAVAILABLE, "no --signer-url was given");
	if (e == ERR_OK)
		return;
	(void)snprintf(later, sizeof(later), "not yet: %.200s. Later: mohar ceremony publish %s",
		err_why()[0] != '\0' ? err_why() : err_text(e), path);
	err_forget();
	cli_text(c->cli, "log", later);
}

static int
run(struct cli *cli)
{
	struct ceremony c = {.cli = cli, .transcript = writer_new(MAX_TRANSCRIPT), .step = writer_new(MAX_STEP_TEXT)};
	enum err e;
	int code;

	cli_begin(cli);
	e = run_script(&c);
	if (e == ERR_OK && !c.dry)
		published_tell(&c);
	if (e == ERR_OK) {
		cli_int(cli, "steps", (int64_t)c.script.steps.count);
		cli_int(cli, "custodians", (int64_t)c.custodian_count);
	}
	code = e == ERR_OK ? cli_end(cli, "done", NULL, EXIT_DONE) : cli_fail(cli, e);
	end(&c);
	return code;
}

const struct cli_verb cli_ceremony[] = {
	{"ceremony", "run", "FILE",
		"hold a scripted ceremony: k custodians approve, keys and certificates are made, the transcript is signed",
		run_options, run},
	{"ceremony", "show", "FILE",
		"a script, or a transcript after its signatures were checked, for people: pages for a printer, or HTML",
		ceremony_show_options, ceremony_show},
	{"ceremony", "publish", "FILE", "enter a transcript in the transparency log, and keep its receipt beside it",
		ceremony_publish_options, ceremony_publish},
	{"ceremony", "propose", "[FILE]",
		"propose to the custodians: a signature, a key, a policy, a key's end, a restore",
		ceremony_propose_options, ceremony_propose},
	{"ceremony", "approve", "FILE", "read a proposal and approve it, as one custodian; the last one has it done",
		ceremony_approve_options, ceremony_approve_verb},
	{"ceremony", "status", "FILE...", "where proposals stand", NULL, ceremony_status},
	{"ceremony", "enrol", NULL, "make a custodian's credential on a FIDO2 key, for keys.json",
		ceremony_enrol_options, ceremony_enrol},
	{0},
};
