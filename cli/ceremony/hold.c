#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/ceremony/ceremony.h"

static const char state_name[] = "ceremony", state_suffix[] = "part";

static enum err
step_failed(const struct script_step *s, size_t i, enum err e)
{
	char why[200];

	(void)snprintf(why, sizeof(why), "%s", err_why()[0] == '\0' ? err_text(e) : err_why());
	return err_because(e, "step %zu (%s%s%s): %s", i + 1, s->what, s->key == NULL ? "" : " ",
		s->key == NULL ? "" : s->key, why);
}

/* What was done before the interruption, taken over; certificates are needed again. */
static enum err
steps_again(struct ceremony *c)
{
	const struct script_step *steps = c->script.steps.items;
	const struct state_step *done = c->state->steps.items;

	REQUIRE_WHY(c->state->steps.count <= c->script.steps.count, ERR_CORRUPT, "more steps are done than there are");
	for (size_t i = 0; i < c->state->steps.count; i++) {
		json_raw(&c->top, NULL, span_of(done[i].json));
		if (strstr(steps[i].what, "certificate") != NULL) {
			const enum err e = ceremony_certificate_again(c, steps[i].key);

			if (e != ERR_OK)
				return step_failed(&steps[i], i, e);
		}
	}
	return ERR_OK;
}

static enum err
steps_do(struct ceremony *c)
{
	const struct script_step *steps = c->script.steps.items;
	const int64_t doing = c->state->doing;
	char path[MAX_CEREMONY_PATH];

	TRY(ceremony_path(c, state_name, state_suffix, path));
	json_array(&c->top, "steps");
	TRY(steps_again(c));
	for (size_t i = c->state->steps.count; i < c->script.steps.count; i++) {
		enum err e = state_begin(c->state, path, i);

		if (e == ERR_OK)
			e = ceremony_step(c, &steps[i], doing == (int64_t)i);
		if (e == ERR_OK)
			e = state_add(c->state, path, writer_span(&c->step));
		if (e != ERR_OK)
			return step_failed(&steps[i], i, e);
		json_raw(&c->top, NULL, writer_span(&c->step));
	}
	json_array_end(&c->top);
	return ERR_OK;
}

static enum err
transcript_store(struct ceremony *c)
{
	AUTO(writer) sealed = writer_new(2 * MAX_TRANSCRIPT);
	const struct sha256 hash = sha256_of(writer_span(&c->transcript));
	char path[MAX_CEREMONY_PATH];

	TRY(writer_done(&c->transcript));
	TRY(ceremony_seal(c, &sealed));
	TRY(ceremony_put(c, "transcript", "json", writer_span(&sealed)));
	TRY(ceremony_path(c, state_name, state_suffix, path));
	(void)unlink(path);
	TRY(ceremony_path(c, "transcript", "json", path));
	cli_text(c->cli, "transcript", path);
	cli_hex(c->cli, "sha256", sha256_span(&hash));
	return ERR_OK;
}

static void
inputs_write(struct ceremony *c)
{
	json_array(&c->top, "inputs");
	for (size_t i = 0; i < c->input_count; i++) {
		json_object(&c->top, NULL);
		json_text(&c->top, "name", c->inputs[i].row->name);
		json_text(&c->top, "what", c->inputs[i].row->what);
		json_hex(&c->top, "sha256", sha256_span(&c->inputs[i].hash));
		json_object_end(&c->top);
	}
	json_array_end(&c->top);
}

static enum err
begin(struct ceremony *c)
{
	char path[MAX_CEREMONY_PATH];

	TRY(ceremony_path(c, state_name, state_suffix, path));
	TRY(state_read(path, &c->script.hash, &c->keys_hash, &c->state));
	if (c->state->started == 0)
		c->state->started = cli_now(c->cli);
	else
		cli_progress(c->cli, "going on after step %zu", c->state->steps.count);
	json_object(&c->top, NULL);
	json_text(&c->top, "title", c->script.title);
	json_bytes64(&c->top, "script_sha256", sha256_span(&c->script.hash));
	json_bytes64(&c->top, "keys_sha256", sha256_span(&c->keys_hash));
	json_time(&c->top, "started", c->state->started);
	if (c->state->steps.count > 0 || c->state->doing >= 0)
		json_int(&c->top, "resumed_after", (int64_t)c->state->steps.count);
	inputs_write(c);
	TRY(ceremony_present(c));
	TRY(ceremony_approve(c));
	return ceremony_journals(c, &c->top, "journals_before");
}

/* Approved first, then done, then signed as it happened. The provider is gone before the cards sign again: their keys are not its. */
enum err
ceremony_hold(struct ceremony *c)
{
	enum err e;

	c->top = json_to(&c->transcript);
	TRY(begin(c));
	c->provides = c->root != NULL ? c->root : c->main;
	TRY(keyring_provider_load(c->provides));
	e = steps_do(c);
	keyring_provider_unload();
	c->provides = NULL;
	TRY(e);
	TRY(ceremony_journals(c, &c->top, "journals_after"));
	json_time(&c->top, "ended", cli_now(c->cli));
	json_object_end(&c->top);
	return transcript_store(c);
}
