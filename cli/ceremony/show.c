#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/ceremony/account.h"
#include "cli/ceremony/ceremony.h"
#include "cli/ceremony/publish.h"

enum { MAX_SHOWN = 2 * MAX_JWS, MAX_TRUST_FILE = 1 << 20, MAX_LOG_TEXT = 300, MAX_RECEIPT_PATH = 4096 };

const struct cli_option ceremony_show_options[] = {
	{"--keys", "FILE", "keys.json, whose custodians must have signed the transcript", "MOHAR_KEYS", false, false},
	{"--html", "FILE", "write one HTML file, for a screen and for a printer, instead of pages of text", NULL, false,
		false},
	{"--out", "FILE", "write the pages of text there", NULL, false, false},
	{"--trust", "FILE", "key set that holds the log's key: the transcript's receipt is checked with it",
		"MOHAR_TRUST", false, false},
	{"--receipt", "FILE", "the transcript's receipt, if it does not lie beside it", NULL, false, false},
	{0},
};

/* What was found out, and what there is to tell. */
struct shown {
	struct cli *c;
	struct keys_file keys;
	struct script script;
	struct transcript transcript;
	bool has_keys, has_script, has_transcript;
	char log[MAX_LOG_TEXT];
};

/* ---- the log ---- */

static enum err
log_check(struct shown *s, const char *path, const char *trust_path)
{
	AUTO(writer) receipt = writer_new(MAX_RECEIPT);
	AUTO(writer) keys = writer_new(MAX_TRUST_FILE);
	struct trust trust;
	char text[32];
	unix_time at = 0;
	enum err e;

	TRY(file_read(path, MAX_RECEIPT, &receipt));
	TRY(file_read(trust_path, MAX_TRUST_FILE, &keys));
	TRY(cli_about(trust_path, trust_read(writer_span(&keys), &trust)));
	e = transcript_receipt_check(&s->transcript, writer_span(&receipt), &trust, &at);
	trust_free(&trust);
	TRY(cli_about(path, e));
	AUTO(writer) when = writer_new(sizeof(text));

	time_write(&when, at);
	(void)snprintf(s->log, sizeof(s->log), "entered at %s; its receipt verifies with the log's key",
		(const char *)writer_span(&when).ptr);
	return ERR_OK;
}

/* A receipt that is named must be there, and one that is there must hold; without one the transcript stands for itself. */
static enum err
log_find(struct shown *s, const char *transcript)
{
	const char *named = cli_value(s->c, "--receipt"), *trust = cli_value(s->c, "--trust");
	char beside[MAX_RECEIPT_PATH];

	TRY(ceremony_receipt_path(transcript, beside, sizeof(beside)));
	if (named == NULL && access(beside, R_OK) != 0) {
		(void)snprintf(s->log, sizeof(s->log), "no receipt is at hand (mohar ceremony publish)");
		return ERR_OK;
	}
	if (trust == NULL) {
		REQUIRE_WHY(named == NULL, ERR_UNTRUSTED,
			"a receipt is checked with the log's key: give --trust, a key set (/jwks) that came to you another way");
		(void)snprintf(s->log, sizeof(s->log), "a receipt is at hand, and was not checked: give --trust");
		return ERR_OK;
	}
	return log_check(s, named != NULL ? named : beside, trust);
}

/* ---- reading ---- */

static bool
is_transcript(struct span text)
{
	static const char member[] = "\"payload\"";

	return memmem(text.ptr, text.len, member, sizeof(member) - 1) != NULL;
}

static enum err
transcript_open(struct shown *s, const char *path, struct span text)
{
	REQUIRE_WHY(s->has_keys, ERR_MALFORMED, "a transcript is checked against its custodians: give --keys");
	TRY(cli_about(path, transcript_read(text, &s->transcript)));
	s->has_transcript = true;
	TRY(cli_about(path, transcript_check(&s->transcript, text, &s->keys)));
	return log_find(s, path);
}

static enum err
shown_open(struct shown *s)
{
	AUTO(writer) text = writer_new(MAX_SHOWN);
	const char *keys = cli_value(s->c, "--keys"), *path = cli_file(s->c, 0);

	REQUIRE_WHY(cli_file_count(s->c) == 1, ERR_MALFORMED, "name one script or transcript");
	if (keys != NULL) {
		TRY(keys_file_read(keys, NULL, &s->keys));
		s->has_keys = true;
	}
	TRY(file_read(path, MAX_SHOWN, &text));
	if (is_transcript(writer_span(&text)))
		return transcript_open(s, path, writer_span(&text));
	TRY(script_read(path, &s->script));
	s->has_script = true;
	return ERR_OK;
}

static void
shown_close(struct shown *s)
{
	if (s->has_keys)
		keys_file_free(&s->keys);
	if (s->has_script)
		script_free(&s->script);
	if (s->has_transcript)
		transcript_free(&s->transcript);
}

/* ---- telling ---- */

static void
facts_tell(const struct shown *s)
{
	const struct account a = {.script = s->has_script ? &s->script : NULL, .transcript = &s->transcript};
	const struct transcript_approval *approvals = s->transcript.approvals.items;
	struct cli *c = s->c;

	cli_text(c, "title", s->has_script ? s->script.title : s->transcript.title);
	cli_hex(c, "sha256", sha256_span(s->has_script ? &s->script.hash : &s->transcript.hash));
	cli_text(c, "started", s->transcript.started);
	cli_text(c, "ended", s->transcript.ended);
	cli_text(c, "log", s->log[0] == '\0' ? NULL : s->log);
	for (size_t i = 0; i < s->transcript.approvals.count; i++) {
		cli_item(c, "approvals");
		cli_text(c, "custodian", approvals[i].by);
		cli_item_end(c);
	}
	for (size_t i = 0; i < account_steps(&a); i++) {
		const struct account_step step = account_step_at(&a, i);

		cli_item(c, "steps");
		cli_text(c, "do", step.what);
		cli_text(c, "token", step.token);
		cli_text(c, "key", step.key);
		cli_text(c, "profile", step.profile);
		if (step.done != NULL) {
			cli_text(c, "serial", step.done->serial);
			cli_text(c, "at", step.done->at);
		}
		cli_item_end(c);
	}
}

static enum err
paper_make(const struct shown *s, const struct paper_form *form, struct writer *out)
{
	const struct account a = {.script = s->has_script ? &s->script : NULL,
		.transcript = s->has_transcript ? &s->transcript : NULL,
		.keys = s->has_keys ? &s->keys : NULL,
		.log = s->log};
	struct paper p = s->has_script ? paper_new(form, "script", s->script.title, &s->script.hash)
				       : paper_new(form, "transcript", s->transcript.title, &s->transcript.hash);
	enum err e;

	account_write(&a, &p);
	e = paper_end(&p, out);
	paper_free(&p);
	return e;
}

/* Pages go to standard output as they are, and nothing else with them: what they say of signatures is in them. */
static enum err
paper_put(const struct shown *s, bool *printed)
{
	const char *html = cli_value(s->c, "--html"), *file = cli_value(s->c, "--out");
	AUTO(writer) out = writer_new(2 * MAX_PAPER);

	*printed = html == NULL && file == NULL && !cli_is_json(s->c);
	if (html != NULL) {
		TRY(paper_make(s, &paper_html, &out));
		TRY(file_write(html, writer_span(&out), 0644));
		writer_reset(&out);
	}
	if (!*printed && file == NULL)
		return ERR_OK;
	TRY(paper_make(s, &paper_text, &out));
	if (file != NULL)
		return file_write(file, writer_span(&out), 0644);
	REQUIRE(fwrite(out.ptr, 1, out.len, stdout) == out.len && fflush(stdout) == 0, ERR_IO);
	return ERR_OK;
}

int
ceremony_show(struct cli *c)
{
	struct shown s = {.c = c};
	bool printed = false;
	enum err e;

	cli_begin(c);
	e = shown_open(&s);
	if (e == ERR_OK)
		e = paper_put(&s, &printed);
	if (e == ERR_OK && !printed)
		facts_tell(&s);
	if (e == ERR_OK && printed) {
		shown_close(&s);
		return EXIT_DONE;
	}
	const int code = e == ERR_OK ? cli_end(c, s.has_script ? "done" : "valid", NULL, EXIT_DONE) : cli_fail(c, e);

	shown_close(&s);
	return code;
}
