#include "cli/ceremony/script.h"

#include <string.h>

#include "base/file.h"
#include "json/scan.h"

static const struct json_row name_rows[] = {
	{"type", JSON_TEXT, JSON_REQUIRED, offsetof(struct script_name, type), .max = 32},
	{"value", JSON_TEXT, JSON_REQUIRED, offsetof(struct script_name, value), .max = 256},
};
static const struct json_table name_table = {"subject attribute", name_rows, 2, sizeof(struct script_name), false};

static const struct json_row step_rows[] = {
	{"do", JSON_TEXT, JSON_REQUIRED, offsetof(struct script_step, what), .max = 32},
	{"say", JSON_TEXT, JSON_OPTIONAL, offsetof(struct script_step, say), .max = 2048},
	{"token", JSON_TEXT, JSON_OPTIONAL, offsetof(struct script_step, token), .max = 32},
	{"key", JSON_TEXT, JSON_OPTIONAL, offsetof(struct script_step, key), .max = 64},
	{"issuer", JSON_TEXT, JSON_OPTIONAL, offsetof(struct script_step, issuer), .max = 64},
	{"profile", JSON_TEXT, JSON_OPTIONAL, offsetof(struct script_step, profile), .max = 64},
	{"input", JSON_TEXT, JSON_OPTIONAL, offsetof(struct script_step, input), .max = 64},
	{"file", JSON_TEXT, JSON_OPTIONAL, offsetof(struct script_step, file), .max = 96},
	{"sha256", JSON_TEXT, JSON_OPTIONAL, offsetof(struct script_step, sha256), .max = 64},
	{"subject", JSON_OBJECTS, JSON_OPTIONAL, offsetof(struct script_step, subject), .max = 8, .table = &name_table},
	{"revoke", JSON_TEXTS, JSON_OPTIONAL, offsetof(struct script_step, revoke), .max = MAX_INPUTS},
	{"days", JSON_INT, JSON_OPTIONAL, offsetof(struct script_step, days), .min = 1, .max = 36525},
	{"number", JSON_INT, JSON_OPTIONAL, offsetof(struct script_step, number), .min = 1, .max = 1LL << 40},
};
static const struct json_table step_table = {"step", step_rows, sizeof(step_rows) / sizeof(step_rows[0]),
	sizeof(struct script_step), false};

static const struct json_row input_rows[] = {
	{"name", JSON_TEXT, JSON_REQUIRED, offsetof(struct script_input, name), .max = 64},
	{"what", JSON_TEXT, JSON_REQUIRED, offsetof(struct script_input, what), .max = 256},
	{"sha256", JSON_TEXT, JSON_OPTIONAL, offsetof(struct script_input, sha256), .max = 64},
};
static const struct json_table input_table = {"input", input_rows, 3, sizeof(struct script_input), false};

static const struct json_row script_rows[] = {
	{"title", JSON_TEXT, JSON_REQUIRED, offsetof(struct script, title), .max = 256},
	{"roles", JSON_TEXTS, JSON_OPTIONAL, offsetof(struct script, roles), .max = MAX_ROLES},
	{"inputs", JSON_OBJECTS, JSON_OPTIONAL, offsetof(struct script, inputs), .max = MAX_INPUTS,
		.table = &input_table},
	{"steps", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct script, steps), .max = MAX_STEPS, .table = &step_table},
};
static const struct json_table script_table = {"ceremony", script_rows, sizeof(script_rows) / sizeof(script_rows[0]),
	sizeof(struct script), false};

/* ---- which step has which members ---- */

enum {
	TOKEN = 1 << 0,
	KEY = 1 << 1,
	ISSUER = 1 << 2,
	PROFILE = 1 << 3,
	INPUT = 1 << 4,
	NAMED_FILE = 1 << 5,
	HASH = 1 << 6,
	SUBJECT = 1 << 7,
	REVOKE = 1 << 8,
	DAYS = 1 << 9,
	NUMBER = 1 << 10,
	SAY = 1 << 11,
	MEMBERS = 12
};
static const char *const member_names[MEMBERS] = {"token", "key", "issuer", "profile", "input", "file", "sha256",
	"subject", "revoke", "days", "number", "say"};

static const struct {
	const char *name;
	unsigned needed, allowed; /* allowed: beside those, and beside "say" */
} forms[] = {
	{"token", TOKEN, INPUT},
	{"genesis-check", TOKEN, 0},
	{"generate", TOKEN | KEY, 0},
	{"certificate", KEY | ISSUER | PROFILE | DAYS | SUBJECT, 0},
	{"cross-certificate", KEY | ISSUER | PROFILE | DAYS | SUBJECT | INPUT, 0},
	{"list", KEY | DAYS, NUMBER | REVOKE},
	{"policy", TOKEN | INPUT, 0},
	{"delete", TOKEN | KEY, 0},
	{"destroy", TOKEN, 0},
	{"backup", TOKEN | INPUT, 0},
	{"restore", TOKEN, 0},
	{"note", SAY, 0},
	{"confirm", SAY, 0},
	{"expect", NAMED_FILE, HASH | INPUT},
};
static const char known[] =
	"token, genesis-check, generate, certificate, cross-certificate, list, policy, delete, destroy, backup, "
	"restore, note, confirm, expect";

static unsigned
members_of(const struct script_step *s)
{
	return (s->token != NULL ? TOKEN : 0U) | (s->key != NULL ? KEY : 0U) | (s->issuer != NULL ? ISSUER : 0U) |
		(s->profile != NULL ? PROFILE : 0U) | (s->input != NULL ? INPUT : 0U) |
		(s->file != NULL ? NAMED_FILE : 0U) | (s->sha256 != NULL ? HASH : 0U) |
		(s->subject.count > 0 ? SUBJECT : 0U) | (s->revoke.count > 0 ? REVOKE : 0U) |
		(s->days > 0 ? DAYS : 0U) | (s->number > 0 ? NUMBER : 0U) | (s->say != NULL ? SAY : 0U);
}

static const char *
first_of(unsigned members)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (members & 1U << i)
			return member_names[i];
	return "";
}

static bool
has_input(const struct script *s, const char *name)
{
	const struct script_input *inputs = s->inputs.items;

	for (size_t i = 0; i < s->inputs.count; i++)
		if (strcmp(inputs[i].name, name) == 0)
			return true;
	return false;
}

/* Without the place, which the caller has. */
static enum err
step_check(const struct script *s, const struct script_step *step)
{
	const unsigned members = members_of(step);

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(forms[i].name, step->what) != 0)
			continue;
		const unsigned missing = forms[i].needed & ~members,
			       surplus = members & ~(forms[i].needed | forms[i].allowed | SAY);

		REQUIRE_WHY(missing == 0, ERR_CONFIG, "step '%s' lacks '%s'", step->what, first_of(missing));
		REQUIRE_WHY(surplus == 0, ERR_CONFIG, "step '%s' has no '%s'", step->what, first_of(surplus));
		REQUIRE_WHY(step->input == NULL || has_input(s, step->input), ERR_CONFIG,
			"input '%s' is not among the script's inputs", step->input);
		for (size_t n = 0; n < step->revoke.count; n++)
			REQUIRE_WHY(has_input(s, json_text_at(&step->revoke, n)), ERR_CONFIG,
				"input '%s' is not among the script's inputs", json_text_at(&step->revoke, n));
		REQUIRE_WHY(step->token == NULL || strcmp(step->token, "root") == 0 || strcmp(step->token, "main") == 0,
			ERR_CONFIG, "a step's token is 'root' or 'main'");
		return ERR_OK;
	}
	return err_because(ERR_CONFIG, "a ceremony has no step '%s'; known are: %s", step->what, known);
}

static enum err
check(const char *path, struct span text, const struct script *s)
{
	const struct script_step *steps = s->steps.items;
	const struct json_place whole = {0}, list = {.up = &whole, .name = "steps"};

	REQUIRE_WHY(s->steps.count > 0, ERR_CONFIG, "%s: a ceremony without steps", path);
	for (size_t i = 0; i < s->steps.count; i++) {
		const struct json_place place = {.up = &list, .index = i};
		char why[200];

		if (step_check(s, &steps[i]) == ERR_OK)
			continue;
		(void)strncpy(why, err_why(), sizeof(why) - 1);
		why[sizeof(why) - 1] = '\0';
		return err_because(ERR_CONFIG, "%s:%u: %s", path, json_place_line(text, &place), why);
	}
	return ERR_OK;
}

enum err
script_read(const char *path, struct script *out)
{
	AUTO(writer) text = writer_new(MAX_SCRIPT);
	struct script s;
	enum err e;

	TRY(file_read(path, MAX_SCRIPT, &text));
	TRY(json_decode_file(path, &script_table, &s));
	e = check(path, writer_span(&text), &s);
	if (e != ERR_OK) {
		script_free(&s);
		return e;
	}
	s.hash = sha256_of(writer_span(&text));
	*out = s;
	return ERR_OK;
}

void
script_free(struct script *s)
{
	json_free(&script_table, s);
}
