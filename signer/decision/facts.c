#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "signer/decision/type.h"

static bool
looks_like(const char *pattern, const char *text)
{
	if (!fact_pattern_known(pattern))
		return false;
	for (const char *c = text; *c != '\0'; c++)
		if (!isupper((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '-' && *c != '/')
			return false;
	return *text != '\0';
}

static bool
is_date(const char *text)
{
	char whole[32];
	unix_time t;

	return strlen(text) == 10 && snprintf(whole, sizeof(whole), "%sT00:00:00Z", text) == 20 &&
		time_read(span_of(whole), &t) == ERR_OK;
}

static enum err
value_check(const struct fact *f, const struct fact_value *v)
{
	if (!v->present)
		return ERR_OK;
	REQUIRE_WHY(v->text == NULL || span_is_line(span_of(v->text)), ERR_MALFORMED,
		"fact %s holds characters that would mislead its reader", f->name);
	if (strcmp(f->kind, "choice") == 0)
		REQUIRE_WHY(json_texts_have(&f->choices, v->text), ERR_MALFORMED, "fact %s is not one of its choices",
			f->name);
	if (strcmp(f->kind, "date") == 0)
		REQUIRE_WHY(is_date(v->text), ERR_MALFORMED, "fact %s is not a date like 2026-01-31", f->name);
	if (f->pattern != NULL && v->text != NULL)
		REQUIRE_WHY(looks_like(f->pattern, v->text), ERR_MALFORMED,
			"fact %s is not a %s: capital letters, digits, - and /", f->name, f->pattern);
	return ERR_OK;
}

static bool
is_number(const struct fact *f)
{
	return strcmp(f->kind, "number") == 0;
}

static void
row_of(const struct fact *f, size_t i, struct json_row *row)
{
	const size_t base = offsetof(struct fact_values, at) + i * sizeof(struct fact_value);

	*row = (struct json_row){
		.name = f->name,
		.kind = is_number(f) ? JSON_INT : JSON_TEXT,
		.presence = f->required ? JSON_REQUIRED : JSON_OPTIONAL,
		.offset =
			base + (is_number(f) ? offsetof(struct fact_value, number) : offsetof(struct fact_value, text)),
		.min = is_number(f) ? f->min : 0,
		.max = f->max > 0 || is_number(f) ? f->max : 256,
		.present = base + offsetof(struct fact_value, present),
	};
}

/* The type's facts as a table of this house's strict decoder: unknown, repeated and missing ones are its affair. */
static struct json_table
table_of(const struct decision_type *t, struct json_row rows[MAX_FACTS])
{
	const struct fact *const facts = t->facts.items;

	for (size_t i = 0; i < t->facts.count; i++)
		row_of(&facts[i], i, &rows[i]);
	return (struct json_table){"facts", rows, t->facts.count, sizeof(struct fact_values), false};
}

enum err
facts_read(const struct decision_type *t, struct span json, struct fact_values *out)
{
	const struct fact *const facts = t->facts.items;
	struct json_row rows[MAX_FACTS];
	const struct json_table table = table_of(t, rows);
	struct fact_values values;
	enum err e = ERR_OK;

	TRY(json_decode(json, &table, &values));
	for (size_t i = 0; e == ERR_OK && i < t->facts.count; i++)
		e = value_check(&facts[i], &values.at[i]);
	if (e != ERR_OK) {
		json_free(&table, &values);
		return e;
	}
	*out = values;
	return ERR_OK;
}

void
facts_free(const struct decision_type *t, struct fact_values *values)
{
	struct json_row rows[MAX_FACTS];
	const struct json_table table = table_of(t, rows);

	json_free(&table, values);
}

enum err
facts_check(const struct decision_type *t, struct span json)
{
	struct fact_values values;

	TRY(facts_read(t, json, &values));
	facts_free(t, &values);
	return ERR_OK;
}
