#include <string.h>

#include "signer/officer/officer.h"

static const struct json_row office_rows[] = {
	{"agency", JSON_TEXT, JSON_REQUIRED, offsetof(struct office, agency), 0, 64, NULL, 0},
	{"office", JSON_TEXT, JSON_REQUIRED, offsetof(struct office, id), 0, 64, NULL, 0},
	{"title", JSON_TEXT, JSON_REQUIRED, offsetof(struct office, title), 0, 256, NULL, 0},
};
static const struct json_table office_table = {"office", office_rows, 3, sizeof(struct office), true};
static const struct json_row offices_rows[] = {
	{"offices", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct offices, held), 0, 32, &office_table, 0},
};
static const struct json_table offices_table = {"offices", offices_rows, 1, sizeof(struct offices), false};

enum err
offices_read(const char *json, struct offices *out)
{
	AUTO(writer) whole = writer_new(16 << 10);

	writer_format(&whole, "{\"offices\":%s}", json != NULL ? json : "[]");
	TRY(writer_done(&whole));
	return json_decode(writer_span(&whole), &offices_table, out);
}

void
offices_free(struct offices *o)
{
	json_free(&offices_table, o);
}

int64_t
acr_level(const char *acr)
{
	static const char prefix[] = "urn:mohar:loa:";
	const size_t len = sizeof(prefix) - 1;

	if (acr == NULL || strncmp(acr, prefix, len) != 0 || acr[len] < '1' || acr[len] > '3' || acr[len + 1] != '\0')
		return 0;
	return acr[len] - '0';
}

enum err
officer_may(const struct decision_type *t, int64_t level, const struct offices *o, const struct office **by)
{
	const struct office *const held = o->held.items;

	REQUIRE_WHY(t->confirmation.required, ERR_REFUSED, "this type needs no confirmation");
	REQUIRE_WHY(level >= t->confirmation.level, ERR_REFUSED, "confirming %s needs a login at level %lld", t->name,
		(long long)t->confirmation.level);
	for (size_t i = 0; i < o->held.count; i++)
		if (strcmp(held[i].agency, t->agency) == 0 && strcmp(held[i].id, t->confirmation.office) == 0)
			return *by = &held[i], ERR_OK;
	return err_because(ERR_REFUSED, "confirming %s is the office %s's of agency %s", t->name,
		t->confirmation.office, t->agency);
}
