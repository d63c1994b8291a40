#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/file.h"
#include "cli/ceremony/ceremony.h"
#include "cli/ceremony/ask.h"

enum { MAX_ATTRIBUTES = 8 << 10, MAX_RESULT_FILE = 16 << 20 };

/* ---- generate ---- */

/* An interrupted ceremony has made it: there it is, and it is not made twice. Its attributes were checked by mohar-hsmd when it made it. */
static enum err
made_before(struct ceremony *c, struct keyring *k, const char *key)
{
	AUTO(writer) spki = writer_new(1024);
	struct sha256 hash;

	const enum err e = keyring_pubkey(k, key, &spki);

	REQUIRE(e != ERR_UNAVAILABLE, e);
	hash = sha256_of(writer_span(&spki));
	json_object(&c->json, "made");
	json_text(&c->json, "label", key);
	if (e == ERR_OK) /* a secret key has no public half */
		json_hex(&c->json, "spki_sha256", sha256_span(&hash));
	err_forget();
	json_bool(&c->json, "before_interruption", true);
	json_object_end(&c->json);
	return ERR_OK;
}

static enum err
generate(struct ceremony *c, const struct script_step *s, bool again)
{
	AUTO(writer) attributes = writer_new(MAX_ATTRIBUTES);
	struct keyring *k;
	enum err e;

	bool quorum = false;

	TRY(ceremony_keyring(c, s->token, &k));
	TRY(ceremony_key_is_approved(k, s->key, &quorum));
	e = quorum ? ceremony_decide(c, k, "generate", s->key, SPAN(""), &attributes)
		   : keyring_generate(k, s->key, &attributes);
	if (e == ERR_EXISTS && again) {
		err_forget();
		return made_before(c, k, s->key);
	}
	TRY(e);
	json_raw(&c->json, "made", writer_span(&attributes));
	return ERR_OK;
}

static enum err
ceremony_generate(struct ceremony *c, const struct script_step *s)
{
	return generate(c, s, false);
}

/* ---- people ---- */

static enum err
ceremony_note(struct ceremony *c, const struct script_step *s)
{
	(void)c;
	(void)s; /* "say" is in every step's record */
	return ERR_OK;
}

static enum err
ceremony_confirm(struct ceremony *c, const struct script_step *s)
{
	if (!c->dry)
		TRY(ceremony_ask(c->cli, s->say));
	json_bool(&c->json, "confirmed", true);
	return ERR_OK;
}

/* ---- expect ---- */

static enum err
ceremony_expect(struct ceremony *c, const struct script_step *s)
{
	AUTO(writer) bytes = writer_new(MAX_RESULT_FILE);
	AUTO(writer) hex = writer_new(2 * SHA256_LEN);
	const struct input *in = NULL;
	char path[MAX_CEREMONY_PATH];
	struct sha256 hash;

	TRY(ceremony_path(c, s->file, "", path));
	TRY(file_read(path, MAX_RESULT_FILE, &bytes));
	hash = sha256_of(writer_span(&bytes));
	hex_write(&hex, sha256_span(&hash));
	json_hex(&c->json, "sha256", sha256_span(&hash));
	if (s->input != NULL)
		TRY(ceremony_input(c, s->input, &in));
	REQUIRE_WHY(c->dry || s->sha256 == NULL || span_is(writer_span(&hex), s->sha256), ERR_MISMATCH,
		"%s: its SHA-256 is %s, and the script expects %s", s->file, (const char *)writer_span(&hex).ptr,
		s->sha256);
	REQUIRE_WHY(c->dry || in == NULL || memcmp(hash.bytes, in->hash.bytes, SHA256_LEN) == 0, ERR_MISMATCH,
		"%s is not what input '%s' is", s->file, s->input);
	return ERR_OK;
}

static const struct {
	const char *name;
	ceremony_do *run;
} doings[] = {
	{"token", ceremony_token},
	{"genesis-check", ceremony_genesis_check},
	{"generate", ceremony_generate},
	{"certificate", ceremony_certificate},
	{"cross-certificate", ceremony_certificate},
	{"list", ceremony_list},
	{"policy", ceremony_policy},
	{"delete", ceremony_delete},
	{"destroy", ceremony_destroy},
	{"backup", ceremony_backup},
	{"restore", ceremony_restore},
	{"note", ceremony_note},
	{"confirm", ceremony_confirm},
	{"expect", ceremony_expect},
};

static enum err
run(struct ceremony *c, const struct script_step *s, bool again)
{
	if (again && strcmp(s->what, "generate") == 0)
		return generate(c, s, true);
	for (size_t i = 0; i < sizeof(doings) / sizeof(doings[0]); i++)
		if (strcmp(doings[i].name, s->what) == 0)
			return doings[i].run(c, s);
	return err_because(ERR_CONFIG, "a ceremony has no step '%s'", s->what);
}

enum err
ceremony_step(struct ceremony *c, const struct script_step *s, bool again)
{
	cli_progress(c->cli, "%s %s", s->what, s->key != NULL ? s->key : s->token != NULL ? s->token : "");
	if (s->say != NULL)
		cli_progress(c->cli, "  \"%s\"", s->say);
	writer_reset(&c->step);
	c->json = json_to(&c->step);
	json_object(&c->json, NULL);
	json_text(&c->json, "do", s->what);
	json_text(&c->json, "say", s->say);
	json_text(&c->json, "token", s->token);
	json_text(&c->json, "key", s->key);
	json_text(&c->json, "issuer", s->issuer);
	json_text(&c->json, "profile", s->profile);
	json_text(&c->json, "input", s->input);
	json_text(&c->json, "file", s->file);
	json_time(&c->json, "at", cli_now(c->cli));
	TRY(run(c, s, again));
	json_object_end(&c->json);
	return writer_done(&c->step);
}
