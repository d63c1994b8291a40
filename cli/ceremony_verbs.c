#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/ceremony.h"
#include "cli/ceremony_fido2.h"
#include "cli/ceremony_propose.h"

enum { MAX_CARD_PIN = 64, MAX_PATH_TEXT = 512 };

static const struct cli_option run_options[] = {
	{"--keys", "FILE", "keys.json, as genesis sealed it into both tokens", "MOHAR_KEYS", true, false},
	{"--policies", "DIR", "folder of the policies: certificate profiles", "MOHAR_POLICIES", true, false},
	{"--root-socket", "PATH", "the mohar-hsmd of the root's token", "MOHAR_HSM_ROOT_SOCKET", true, false},
	{"--main-socket", "PATH", "the mohar-hsmd of the main token", "MOHAR_HSM_SOCKET", true, false},
	{"--out", "DIR", "folder for certificates, list and transcript", NULL, true, false},
	{"--module", "PATH", "PKCS#11 module of the custodians' cards", "MOHAR_CARD_MODULE", true, false},
	{"--custodian", "LABEL:PIN", "a custodian's card and PIN (or file:PATH); once for each who takes part", NULL,
		true, true},
	{"--yes", NULL, "answer every question with yes", NULL, false, false},
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

static enum err
begin(struct ceremony *c)
{
	struct cli *cli = c->cli;
	char path[MAX_PATH_TEXT];

	REQUIRE_WHY(cli_file_count(cli) == 1, ERR_MALFORMED, "name one script");
	c->out = cli_value(cli, "--out");
	c->policies = cli_value(cli, "--policies");
	c->module = cli_value(cli, "--module");
	c->pki_url = cli_value(cli, "--pki-url");
	REQUIRE_WHY(access(c->out, W_OK) == 0, ERR_CONFIG, "--out %s: %s", c->out, strerror(errno));
	REQUIRE(snprintf(path, sizeof(path), "%s/transcript.json", c->out) < (int)sizeof(path), ERR_CONFIG);
	REQUIRE_WHY(access(path, F_OK) != 0, ERR_EXISTS,
		"%s is there: this ceremony has been held; choose another --out", path);
	TRY(script_read(cli_file(cli, 0), &c->script));
	TRY(ceremony_keys(c, cli_value(cli, "--keys")));
	TRY(custodians_take(c));
	TRY(keyring_open(cli_value(cli, "--root-socket"), 1, &c->root));
	return keyring_open(cli_value(cli, "--main-socket"), 1, &c->main);
}

static enum err
steps_do(struct ceremony *c)
{
	const struct script_step *steps = c->script.steps.items;

	json_array(&c->json, "steps");
	for (size_t i = 0; i < c->script.steps.count; i++) {
		const enum err e = ceremony_step(c, &steps[i]);

		if (e != ERR_OK) {
			char why[200];

			(void)snprintf(why, sizeof(why), "%s", err_why()[0] == '\0' ? err_text(e) : err_why());
			return err_because(e, "step %zu (%s %s): %s", i + 1, steps[i].what,
				steps[i].key == NULL ? "" : steps[i].key, why);
		}
	}
	json_array_end(&c->json);
	return ERR_OK;
}

static enum err
transcript_store(struct ceremony *c)
{
	AUTO(writer) sealed = writer_new(MAX_JWS);
	char path[MAX_PATH_TEXT];

	TRY(writer_done(&c->transcript));
	TRY(ceremony_seal(c, &sealed));
	REQUIRE(snprintf(path, sizeof(path), "%s/transcript.json", c->out) < (int)sizeof(path), ERR_CONFIG);
	TRY(file_write(path, writer_span(&sealed), 0644));
	cli_text(c->cli, "transcript", path);
	return ERR_OK;
}

/* Approved first, then done, then signed as it happened. The provider is gone before the cards sign again: their keys are not its. */
static enum err
hold(struct ceremony *c)
{
	enum err e;

	json_object(&c->json, NULL);
	json_text(&c->json, "title", c->script.title);
	json_bytes64(&c->json, "script_sha256", sha256_span(&c->script.hash));
	json_bytes64(&c->json, "keys_sha256", sha256_span(&c->keys_hash));
	json_time(&c->json, "started", cli_now(c->cli));
	TRY(ceremony_approve(c));
	TRY(keyring_provider_load(c->root));
	e = steps_do(c);
	keyring_provider_unload();
	TRY(e);
	json_time(&c->json, "ended", cli_now(c->cli));
	json_object_end(&c->json);
	return transcript_store(c);
}

static void
end(struct ceremony *c)
{
	for (size_t i = 0; i < c->custodian_count; i++)
		secret_free(&c->custodians[i].pin);
	for (size_t i = 0; i < c->made_count; i++)
		X509_free(c->made[i].x);
	keyring_free(&c->root);
	keyring_free(&c->main);
	keys_file_free(&c->keys);
	script_free(&c->script);
	writer_free(&c->transcript);
}

static int
run(struct cli *cli)
{
	struct ceremony c = {.cli = cli, .transcript = writer_new(MAX_TRANSCRIPT)};
	enum err e;
	int code;

	c.json = json_to(&c.transcript);
	cli_begin(cli);
	e = begin(&c);
	if (e == ERR_OK)
		e = hold(&c);
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
	{"ceremony", "show", "FILE", "check a transcript's signatures and tell what was done", ceremony_show_options,
		ceremony_show},
	{"ceremony", "propose", "[FILE]", "propose to the custodians: a signature, a policy, a key's end, a restore",
		ceremony_propose_options, ceremony_propose},
	{"ceremony", "approve", "FILE", "read a proposal and approve it, as one custodian; the last one has it done",
		ceremony_approve_options, ceremony_approve_verb},
	{"ceremony", "status", "FILE...", "where proposals stand", NULL, ceremony_status},
	{"ceremony", "enrol", NULL, "make a custodian's credential on a FIDO2 key, for keys.json",
		ceremony_enrol_options, ceremony_enrol},
	{0},
};
