#include "cli/ceremony_script.h"

#include "base/file.h"

static const struct json_row name_rows[] = {
	{"type", JSON_TEXT, JSON_REQUIRED, offsetof(struct script_name, type), .max = 32},
	{"value", JSON_TEXT, JSON_REQUIRED, offsetof(struct script_name, value), .max = 256},
};
static const struct json_table name_table = {"subject attribute", name_rows, 2, sizeof(struct script_name), false};

static const struct json_row step_rows[] = {
	{"do", JSON_TEXT, JSON_REQUIRED, offsetof(struct script_step, what), .max = 32},
	{"token", JSON_TEXT, JSON_OPTIONAL, offsetof(struct script_step, token), .max = 32},
	{"key", JSON_TEXT, JSON_OPTIONAL, offsetof(struct script_step, key), .max = 64},
	{"issuer", JSON_TEXT, JSON_OPTIONAL, offsetof(struct script_step, issuer), .max = 64},
	{"profile", JSON_TEXT, JSON_OPTIONAL, offsetof(struct script_step, profile), .max = 64},
	{"subject", JSON_OBJECTS, JSON_OPTIONAL, offsetof(struct script_step, subject), .max = 8, .table = &name_table},
	{"days", JSON_INT, JSON_OPTIONAL, offsetof(struct script_step, days), .min = 1, .max = 36525},
};
static const struct json_table step_table = {"step", step_rows, sizeof(step_rows) / sizeof(step_rows[0]),
	sizeof(struct script_step), false};

static const struct json_row script_rows[] = {
	{"title", JSON_TEXT, JSON_REQUIRED, offsetof(struct script, title), .max = 256},
	{"steps", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct script, steps), .max = MAX_STEPS, .table = &step_table},
};
static const struct json_table script_table = {"ceremony", script_rows, 2, sizeof(struct script), false};

enum err
script_read(const char *path, struct script *out)
{
	AUTO(writer) text = writer_new(MAX_SCRIPT);
	struct script s;

	TRY(file_read(path, MAX_SCRIPT, &text));
	TRY(json_decode_file(path, &script_table, &s));
	s.hash = sha256_of(writer_span(&text));
	*out = s;
	return ERR_OK;
}

void
script_free(struct script *s)
{
	json_free(&script_table, s);
}
