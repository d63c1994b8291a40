#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "signer/decision/type.h"

/* A fact's value while it is being checked. */
struct value {
	char *text;
	int64_t number;
	bool present;
};
struct values {
	struct value at[MAX_FACTS];
};

/* Patterns are few and named: a regular expression in a policy file would be code that nobody reviews. */
static bool
looks_like(const char *pattern, const char *text)
{
	if (strcmp(pattern, "parcel") != 0 && strcmp(pattern, "reference") != 0)
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

	return strlen(text) == 10 && snprintf(whole, sizeof(whole), "%sT00:00:00Z", text) == 20 && time_read(span_of(whole), &t) == ERR_OK;
}

static enum err
value_check(const struct fact *f, const struct value *v)
{
	if (!v->present)
		return ERR_OK;
	if (strcmp(f->kind, "choice") == 0)
		REQUIRE_WHY(json_texts_have(&f->choices, v->text), ERR_MALFORMED, "fact %s is not one of its choices", f->name);
	if (strcmp(f->kind, "date") == 0)
		REQUIRE_WHY(is_date(v->text), ERR_MALFORMED, "fact %s is not a date like 2026-01-31", f->name);
	if (f->pattern != NULL && v->text != NULL)
		REQUIRE_WHY(looks_like(f->pattern, v->text), ERR_MALFORMED, "fact %s is not a %s: capital letters, digits, - and /", f->name,
		    f->pattern);
	return ERR_OK;
}

/* The type's facts as a table of this house's strict decoder: unknown, repeated and missing ones are its affair. */
static void
row_of(const struct fact *f, size_t i, struct json_row *row)
{
	const bool number = strcmp(f->kind, "number") == 0;
	const size_t base = offsetof(struct values, at) + i * sizeof(struct value);

	*row = (struct json_row){
	    .name = f->name,
	    .kind = number ? JSON_INT : JSON_TEXT,
	    .presence = f->required ? JSON_REQUIRED : JSON_OPTIONAL,
	    .offset = base + (number ? offsetof(struct value, number) : offsetof(struct value, text)),
	    .min = number ? f->min : 0,
	    .max = f->max > 0 || number ? f->max : 256,
	    .present = base + offsetof(struct value, present),
	};
}

enum err
facts_check(const struct decision_type *t, struct span json)
{
	const struct fact *const facts = t->facts.items;
	struct json_row rows[MAX_FACTS];
	const struct json_table table = {"facts", rows, t->facts.count, sizeof(struct values), false};
	struct values values;
	enum err e = ERR_OK;

	for (size_t i = 0; i < t->facts.count; i++)
		row_of(&facts[i], i, &rows[i]);
	TRY(json_decode(json, &table, &values));
	for (size_t i = 0; e == ERR_OK && i < t->facts.count; i++)
		e = value_check(&facts[i], &values.at[i]);
	json_free(&table, &values);
	return e;
}
