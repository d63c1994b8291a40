#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/ceremony/asked.h"
#include "cli/ceremony/scratch.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { SCRATCH_DAYS = 365, MAX_WORDS = 1024 };

static const char scratch_module[] = "/usr/lib/softhsm/libsofthsm2.so";

/* ---- what the script takes for granted: keys and certificates of earlier ceremonies ---- */

static bool
makes(const struct script_step *steps, size_t before, const char *what, const char *key)
{
	for (size_t i = 0; i < before; i++)
		if (steps[i].key != NULL && strcmp(steps[i].what, what) == 0 && strcmp(steps[i].key, key) == 0)
			return true;
	return false;
}

/* On the token on which keys.json puts it. */
static enum err
key_make(struct ceremony *c, const char *label)
{
	const struct key_rule *rule = keys_file_key(&c->keys, span_of(label));
	const struct script_step s = {.what = (char[]){"generate"},
		.token = rule == NULL ? (char[]){"main"} : rule->token,
		.key = (char *)(uintptr_t)label};
	const enum err e = ceremony_step(c, &s, false);

	if (e == ERR_EXISTS) {
		err_forget();
		return ERR_OK;
	}
	return e;
}

static enum err
keys_make(struct ceremony *c)
{
	const struct script_step *steps = c->script.steps.items;

	for (size_t i = 0; i < c->script.steps.count; i++) {
		const struct script_step *s = &steps[i];
		const bool uses = strcmp(s->what, "certificate") == 0 || strcmp(s->what, "list") == 0 ||
			strcmp(s->what, "delete") == 0;

		if (s->issuer != NULL && !makes(steps, i, "generate", s->issuer))
			TRY(key_make(c, s->issuer));
		if (uses && !makes(steps, i, "generate", s->key))
			TRY(key_make(c, s->key));
	}
	return ERR_OK;
}

/* A certificate of the scratch key of that label, by itself. */
static enum err
root_make(struct ceremony *c, const char *label)
{
	struct script_name names[] = {{(char[]){"C"}, (char[]){"BT"}}, {(char[]){"O"}, (char[]){"rehearsal"}},
		{(char[]){"CN"}, (char[]){"a root of the rehearsal"}}};
	const struct script_step s = {.what = (char[]){"certificate"},
		.key = (char *)(uintptr_t)label,
		.issuer = (char *)(uintptr_t)label,
		.profile = (char[]){"root"},
		.subject = {names, 3},
		.days = SCRATCH_DAYS};
	enum err e;

	TRY(key_make(c, label));
	TRY(keyring_provider_load(c->root));
	c->provides = c->root;
	e = ceremony_step(c, &s, false);
	keyring_provider_unload();
	c->provides = NULL;
	TRY(e);
	X509_free(c->made[--c->made_count].x); /* an input is read from its file */
	return ERR_OK;
}

static bool
is_issuer(const struct ceremony *c, const char *name)
{
	const struct script_step *steps = c->script.steps.items;

	for (size_t i = 0; i < c->script.steps.count; i++) {
		if (steps[i].issuer != NULL && strcmp(steps[i].issuer, name) == 0)
			return true;
		if (strcmp(steps[i].what, "list") == 0 &&
			(strcmp(steps[i].key, name) == 0 || json_texts_have(&steps[i].revoke, name)))
			return true;
	}
	return false;
}

/* The list that revokes it: any certificate of the list's own key does for that. */
static const char *
revoker_of(const struct ceremony *c, const char *name)
{
	const struct script_step *steps = c->script.steps.items;

	for (size_t i = 0; i < c->script.steps.count; i++)
		if (json_texts_have(&steps[i].revoke, name))
			return steps[i].key;
	return NULL;
}

static const char *
used_by(const struct ceremony *c, const char *name)
{
	const struct script_step *steps = c->script.steps.items;

	for (size_t i = 0; i < c->script.steps.count; i++)
		if (steps[i].input != NULL && strcmp(steps[i].input, name) == 0)
			return steps[i].what;
	return "";
}

static enum err
request_make(const char *path)
{
	AUTO(writer) der = writer_new(MAX_CSR);
	OWN(EVP_PKEY) key = EVP_EC_gen("P-384");
	const struct name_part subject = {"CN", "another body's authority"};

	CRYPTO_OK(key != NULL, "a key");
	TRY(csr_make(key, &subject, 1, NULL, 0, &der));
	return file_write(path, writer_span(&der), 0600);
}

/* What stands for an input: the given file where it can be used here, else something of the same kind. */
static enum err
input_stand_in(struct ceremony *c, const struct scratch *s, const char *name, const char *given,
	char path[MAX_CEREMONY_PATH])
{
	const char *what = used_by(c, name);
	char file[96];

	(void)snprintf(file, sizeof(file), "input-%.64s", name);
	scratch_path(s, file, path);
	if (strcmp(what, "policy") == 0 || strcmp(what, "token") == 0)
		return scratch_keys(s, given != NULL ? given : cli_value(c->cli, "--keys"), path,
			&c->keys.custodians.names, given != NULL ? 0 : 1 << 20);
	if (strcmp(what, "backup") == 0) {
		scratch_path(s, "main-tokens", path);
		return ERR_OK;
	}
	if (strcmp(what, "cross-certificate") == 0)
		return request_make(path);
	if (strcmp(what, "expect") == 0 && !is_issuer(c, name))
		return file_write(path, SPAN("of the real ceremony"), 0600);
	const char *label = revoker_of(c, name) != NULL ? revoker_of(c, name) : name;

	TRY(ceremony_path(c, label, "pem", path));
	return root_make(c, label);
}

/* Given inputs are held against their hashes all the same. */
static enum err
inputs_make(struct ceremony *c, const struct scratch *s, char paths[MAX_INPUTS][MAX_CEREMONY_PATH])
{
	const struct script_input *rows = c->script.inputs.items;

	for (size_t i = 0; i < c->script.inputs.count; i++) {
		AUTO(writer) bytes = writer_new(MAX_SCRIPT);
		struct input *in = &c->inputs[i];
		struct stat info;

		TRY(input_stand_in(c, s, rows[i].name, ceremony_input_given(c, rows[i].name), paths[i]));
		*in = (struct input){.row = &rows[i], .path = paths[i]};
		in->folder = stat(paths[i], &info) == 0 && S_ISDIR(info.st_mode);
		if (!in->folder) {
			TRY(file_read(paths[i], MAX_SCRIPT, &bytes));
			in->hash = sha256_of(writer_span(&bytes));
		}
		c->input_count = i + 1;
	}
	return ERR_OK;
}

/* ---- the rehearsal ---- */

static enum err
token_up(struct ceremony *c, struct scratch *s, const char *token, struct keyring **out)
{
	char keys[MAX_CEREMONY_PATH], socket[MAX_CEREMONY_PATH], file[64];

	(void)snprintf(file, sizeof(file), "%s.keys.json", token);
	scratch_path(s, file, keys);
	TRY(scratch_keys(s, cli_value(c->cli, "--keys"), keys, &c->keys.custodians.names, 0));
	TRY(scratch_genesis(s, token));
	TRY(scratch_start(s, token));
	(void)snprintf(file, sizeof(file), "%s.sock", token);
	scratch_path(s, file, socket);
	return keyring_open(socket, 1, out);
}

static enum err
custodians_there(struct ceremony *c)
{
	for (size_t i = 0; i < (size_t)c->keys.custodians.k && i < c->keys.custodians.names.count; i++) {
		struct custodian *who = &c->custodians[i];

		(void)snprintf(who->token, sizeof(who->token), "%s", json_text_at(&c->keys.custodians.names, i));
		TRY(secret_copy(SPAN(SCRATCH_PIN), &who->pin));
		c->custodian_count = i + 1;
	}
	return ERR_OK;
}

/* Between policy and token: the operator puts the file in place and starts mohar-hsmd again. */
enum err
ceremony_dry_restart(struct ceremony *c, const char *token, const char *keys)
{
	AUTO(writer) bytes = writer_new(MAX_SCRIPT);
	char to[MAX_CEREMONY_PATH], file[64];

	TRY(file_read(keys, MAX_SCRIPT, &bytes));
	(void)snprintf(file, sizeof(file), "%s.keys.json", token);
	scratch_path(c->scratch, file, to);
	scratch_stop(c->scratch, token);
	TRY(file_write(to, writer_span(&bytes), 0644));
	return scratch_start(c->scratch, token);
}

/* ---- what the true one will want ---- */

/* A given file is held against its hash as on the day, whatever stands for it here. */
static enum err
inputs_tell(struct ceremony *c)
{
	const struct script_input *rows = c->script.inputs.items;

	for (size_t i = 0; i < c->script.inputs.count; i++) {
		const char *path = ceremony_input_given(c, rows[i].name);
		struct input in;

		if (path != NULL)
			TRY(ceremony_input_take(&rows[i], path, &in));
		cli_item(c->cli, "inputs");
		cli_text(c->cli, "name", rows[i].name);
		cli_text(c->cli, "what", rows[i].what);
		cli_text(c->cli, "state",
			path == NULL ? "not given: something of its kind stood for it"
				: rows[i].sha256 == NULL
				? "given; the script expects no hash: put this one in, or compare it on the day"
				: "given, and as the script expects");
		if (path != NULL)
			cli_hex(c->cli, "sha256", sha256_span(&in.hash));
		cli_text(c->cli, "expected", rows[i].sha256);
		cli_item_end(c->cli);
	}
	return ERR_OK;
}

/* Who is named on the command line as for the day; where nobody is, that is not yet a fault. */
static enum err
roles_tell(struct ceremony *c)
{
	const bool anybody = cli_value_at(c->cli, "--present", 0) != NULL || cli_value_at(c->cli, "--card", 0) != NULL;

	for (size_t i = 0; i < c->script.roles.count; i++) {
		const char *role = json_text_at(&c->script.roles, i);
		char state[128] = "present";

		if (strcmp(role, "custodian") == 0)
			(void)snprintf(state, sizeof(state), "%lld of the %zu in keys.json, with their cards",
				(long long)c->keys.custodians.k, c->keys.custodians.names.count);
		else if (!ceremony_role_is_present(c, role))
			(void)snprintf(state, sizeof(state), "missing: nobody is named yet (--present \"%.32s=NAME\")",
				role);
		REQUIRE_WHY(!anybody || ceremony_role_is_present(c, role), ERR_REFUSED,
			"the script wants a %s, and --present names others only", role);
		cli_item(c->cli, "roles");
		cli_text(c->cli, "role", role);
		cli_text(c->cli, "state", state);
		cli_item_end(c->cli);
	}
	return ERR_OK;
}

static void
steps_tell(struct ceremony *c)
{
	const struct script_step *steps = c->script.steps.items;

	for (size_t i = 0; i < c->script.steps.count; i++) {
		const struct script_step *s = &steps[i];
		const struct key_rule *rule = s->key == NULL ? NULL : keys_file_key(&c->keys, span_of(s->key));
		AUTO(writer) title = writer_new(MAX_WORDS);
		AUTO(writer) asked = writer_new(MAX_WORDS);

		asked_title(s->what, s->token, s->key, s->input, &title);
		asked_of(s->what, c->keys.custodians.k, rule != NULL && rule->generate != NULL, &asked);
		cli_item(c->cli, "plan");
		cli_int(c->cli, "step", (int64_t)i + 1);
		cli_text(c->cli, "do", s->what);
		cli_text(c->cli, "title", (const char *)writer_span(&title).ptr);
		cli_text(c->cli, "asked", (const char *)writer_span(&asked).ptr);
		cli_item_end(c->cli);
	}
}

static enum err
rehearse(struct ceremony *c, struct scratch *s)
{
	char out[MAX_CEREMONY_PATH], keys[MAX_CEREMONY_PATH], paths[MAX_INPUTS][MAX_CEREMONY_PATH];
	const char *module = cli_value(c->cli, "--scratch-module");

	TRY(ceremony_keys(c, c->keys_path));
	TRY(inputs_tell(c));
	TRY(roles_tell(c));
	steps_tell(c);
	TRY(scratch_begin(s, module != NULL ? module : scratch_module, cli_value(c->cli, "--hsmd"),
		&c->keys.custodians.names));
	scratch_path(s, "out", out);
	REQUIRE(mkdir(out, 0700) == 0, ERR_IO);
	c->out = out;
	c->module = s->module;
	c->scratch = s;
	TRY(token_up(c, s, "root", &c->root));
	TRY(token_up(c, s, "main", &c->main));
	scratch_path(s, "main.keys.json", keys);
	keys_file_free(&c->keys);
	TRY(ceremony_keys(c, keys)); /* as it is here, with the cards of here */
	TRY(custodians_there(c));
	TRY(inputs_make(c, s, paths));
	TRY(keys_make(c));
	return ceremony_hold(c);
}

enum err
ceremony_dry(struct ceremony *c)
{
	struct scratch s = {0};
	enum err e = rehearse(c, &s);

	keyring_provider_unload();
	scratch_end(&s);
	cli_bool(c->cli, "dry_run", true);
	return e;
}
