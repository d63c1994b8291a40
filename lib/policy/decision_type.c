#include "policy/decision_type.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct json_row fact_rows[] = {
	{"name", JSON_TEXT, JSON_REQUIRED, offsetof(struct fact, name), 0, 64, NULL, 0},
	{"kind", JSON_TEXT, JSON_REQUIRED, offsetof(struct fact, kind), 0, 16, NULL, 0},
	{"required", JSON_BOOL, JSON_REQUIRED, offsetof(struct fact, required), 0, 0, NULL, 0},
	{"pattern", JSON_TEXT, JSON_OPTIONAL, offsetof(struct fact, pattern), 0, 32, NULL, 0},
	{"min", JSON_INT, JSON_OPTIONAL, offsetof(struct fact, min), 0, 0, NULL, 0},
	{"max", JSON_INT, JSON_OPTIONAL, offsetof(struct fact, max), 0, 0, NULL, 0},
	{"choices", JSON_TEXTS, JSON_OPTIONAL, offsetof(struct fact, choices), 0, 64, NULL, 0},
};
static const struct json_table fact_table = {"fact", fact_rows, COUNT(fact_rows), sizeof(struct fact), false};

static const struct json_row title_rows[] = {
	{"en", JSON_TEXT, JSON_REQUIRED, offsetof(struct decision_title, en), 0, 256, NULL, 0},
	{"dz", JSON_TEXT, JSON_REQUIRED, offsetof(struct decision_title, dz), 0, 1024, NULL, 0},
};
static const struct json_table title_table = {"title", title_rows, COUNT(title_rows), sizeof(struct decision_title),
	false};

static const struct json_row confirmation_rows[] = {
	{"required", JSON_BOOL, JSON_REQUIRED, offsetof(struct confirmation, required), 0, 0, NULL, 0},
	{"level", JSON_INT, JSON_REQUIRED, offsetof(struct confirmation, level), 1, 3, NULL, 0},
	{"office", JSON_TEXT, JSON_OPTIONAL, offsetof(struct confirmation, office), 0, 64, NULL, 0},
};
static const struct json_table confirmation_table = {"confirmation", confirmation_rows, COUNT(confirmation_rows),
	sizeof(struct confirmation), false};

static const struct json_row appeal_rows[] = {
	{"to", JSON_TEXT, JSON_REQUIRED, offsetof(struct appeal, to), 0, 256, NULL, 0},
	{"days", JSON_INT, JSON_REQUIRED, offsetof(struct appeal, days), 1, 3650, NULL, 0},
};
static const struct json_table appeal_table = {"appeal", appeal_rows, COUNT(appeal_rows), sizeof(struct appeal), false};

static const struct json_row type_rows[] = {
	{"name", JSON_TEXT, JSON_REQUIRED, offsetof(struct decision_type, name), 0, 64, NULL, 0},
	{"version", JSON_INT, JSON_REQUIRED, offsetof(struct decision_type, version), 1, 1000000, NULL, 0},
	{"agency", JSON_TEXT, JSON_REQUIRED, offsetof(struct decision_type, agency), 0, 64, NULL, 0},
	{"title", JSON_OBJECT, JSON_REQUIRED, offsetof(struct decision_type, title), 0, 0, &title_table, 0},
	{"law", JSON_TEXT, JSON_REQUIRED, offsetof(struct decision_type, law), 0, 256, NULL, 0},
	{"confirmation", JSON_OBJECT, JSON_REQUIRED, offsetof(struct decision_type, confirmation), 0, 0,
		&confirmation_table, 0},
	{"time_limit_days", JSON_INT, JSON_REQUIRED, offsetof(struct decision_type, time_limit_days), 0, 3650, NULL, 0},
	{"outcomes", JSON_TEXTS, JSON_REQUIRED, offsetof(struct decision_type, outcomes), 0, 16, NULL, 0},
	{"appeal", JSON_OBJECT, JSON_REQUIRED, offsetof(struct decision_type, appeal), 0, 0, &appeal_table, 0},
	{"retention_years", JSON_INT, JSON_REQUIRED, offsetof(struct decision_type, retention_years), 1, 1000, NULL, 0},
	{"facts", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct decision_type, facts), 0, MAX_FACTS, &fact_table, 0},
};
static const struct json_table type_table = {"decision type", type_rows, COUNT(type_rows), sizeof(struct decision_type),
	false};

bool
fact_pattern_known(const char *pattern)
{
	return strcmp(pattern, "parcel") == 0 || strcmp(pattern, "reference") == 0;
}

static enum err
fact_check(const char *path, const struct fact *f)
{
	static const char *const kinds[] = {"text", "number", "choice", "date"};
	bool known = false;

	for (size_t k = 0; k < COUNT(kinds); k++)
		known = known || strcmp(f->kind, kinds[k]) == 0;
	REQUIRE_WHY(known, ERR_CONFIG, "%s: fact %s: kind %s is not text, number, choice or date", path, f->name,
		f->kind);
	REQUIRE_WHY(strcmp(f->kind, "choice") != 0 || f->choices.count > 0, ERR_CONFIG, "%s: fact %s: name its choices",
		path, f->name);
	REQUIRE_WHY(f->pattern == NULL || fact_pattern_known(f->pattern), ERR_CONFIG,
		"%s: fact %s: pattern %s is not parcel or reference", path, f->name, f->pattern);
	REQUIRE_WHY(strcmp(f->kind, "number") != 0 || f->min <= f->max, ERR_CONFIG,
		"%s: fact %s: min is more than max, so no number fits", path, f->name);
	return ERR_OK;
}

static enum err
type_check(const char *path, const struct decision_type *t)
{
	const struct fact *const facts = t->facts.items;

	REQUIRE_WHY(t->outcomes.count > 0, ERR_CONFIG, "%s: outcomes: name at least one", path);
	REQUIRE_WHY(!t->confirmation.required || t->confirmation.office != NULL, ERR_CONFIG,
		"%s: confirmation is required, but no office is named: say which office confirms", path);
	for (size_t i = 0; i < t->facts.count; i++) {
		TRY(fact_check(path, &facts[i]));
		for (size_t k = 0; k < i; k++)
			REQUIRE_WHY(strcmp(facts[i].name, facts[k].name) != 0, ERR_CONFIG, "%s: fact %s is there twice",
				path, facts[i].name);
	}
	return ERR_OK;
}

enum err
decision_type_read(const char *path, struct decision_type *out)
{
	AUTO(decision_type) t = {0};

	TRY(json_decode_file(path, &type_table, &t));
	TRY(type_check(path, &t));
	*out = t;
	t = (struct decision_type){0};
	return ERR_OK;
}

void
decision_type_free(struct decision_type *t)
{
	json_free(&type_table, t);
}

static int
is_json(const struct dirent *d)
{
	const size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && len > 5 && strcmp(d->d_name + len - 5, ".json") == 0;
}

static enum err
read_named(const char *folder, struct dirent **names, int n, struct decision_type *types)
{
	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];

		REQUIRE((size_t)snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name) < sizeof(path),
			ERR_TOO_LONG);
		TRY(decision_type_read(path, &types[i]));
		REQUIRE_WHY(decision_type_find(types, (size_t)i, types[i].name) == NULL, ERR_CONFIG,
			"%s: type %s is there twice", path, types[i].name);
	}
	return ERR_OK;
}

enum err
decision_types_read(const char *folder, struct decision_type **out, size_t *count)
{
	struct dirent **names;
	struct decision_type *types;
	const int n = scandir(folder, &names, is_json, alphasort);
	enum err e;

	REQUIRE_WHY(n >= 0, ERR_CONFIG, "%s: no such folder of decision types", folder);
	types = calloc((size_t)n + 1, sizeof(*types));
	e = types == NULL       ? ERR_NO_MEMORY
		: n > MAX_TYPES ? err_because(ERR_CONFIG, "%s: more than %d decision types", folder, MAX_TYPES)
				: read_named(folder, names, n, types);
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	if (e != ERR_OK) {
		decision_types_free(&types, (size_t)n);
		return e;
	}
	*out = types;
	*count = (size_t)n;
	return ERR_OK;
}

void
decision_types_free(struct decision_type **types, size_t count)
{
	for (size_t i = 0; *types != NULL && i < count; i++)
		decision_type_free(&(*types)[i]);
	free(*types);
	*types = NULL;
}

const struct decision_type *
decision_type_find(const struct decision_type *types, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (types[i].name != NULL && strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

unix_time
decision_due(const struct decision_type *t, unix_time received)
{
	const unix_time day = 86400;

	return (received / day + t->time_limit_days + 1) * day - 1;
}
