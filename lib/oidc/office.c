#include "oidc/office.h"

#include <stddef.h>
#include <string.h>

static const struct json_row office_rows[] = {
	{"agency", JSON_TEXT, JSON_REQUIRED, offsetof(struct office, agency), 0, 64, NULL, 0},
	{"office", JSON_TEXT, JSON_REQUIRED, offsetof(struct office, id), 0, 128, NULL, 0},
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

const struct office *
offices_find(const struct offices *o, const char *agency, const char *office)
{
	const struct office *const held = o->held.items;

	for (size_t i = 0; i < o->held.count; i++)
		if (strcmp(held[i].agency, agency) == 0 && strcmp(held[i].id, office) == 0)
			return &held[i];
	return NULL;
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
