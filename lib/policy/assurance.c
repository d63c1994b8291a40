#include "policy/assurance.h"

#include <string.h>

enum { MAX_SESSION_SECONDS = 7 * 86400 };

static const struct json_row assurance_row_rows[] = {
	{"level", JSON_INT, JSON_REQUIRED, offsetof(struct assurance_row, level), 1, ASSURANCE_LEVELS, NULL, 0},
	{"acr", JSON_TEXT, JSON_REQUIRED, offsetof(struct assurance_row, acr), 1, 255, NULL, 0},
	{"aliases", JSON_TEXTS, JSON_REQUIRED, offsetof(struct assurance_row, aliases), 0, 8, NULL, 0},
	{"session_seconds", JSON_INT, JSON_REQUIRED, offsetof(struct assurance_row, session_seconds), 60,
		MAX_SESSION_SECONDS, NULL, 0},
	{"idle_seconds", JSON_INT, JSON_REQUIRED, offsetof(struct assurance_row, idle_seconds), 0, MAX_SESSION_SECONDS,
		NULL, 0},
};
static const struct json_table assurance_row_table = {"level", assurance_row_rows, 5, sizeof(struct assurance_row),
	false};
static const struct json_row assurance_rows[] = {
	{"version", JSON_INT, JSON_REQUIRED, offsetof(struct assurance_policy, version), 1, 1, NULL, 0},
	{"levels", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct assurance_policy, levels), 0, ASSURANCE_LEVELS,
		&assurance_row_table, 0},
};
static const struct json_table assurance_table = {"assurance policy", assurance_rows, 2,
	sizeof(struct assurance_policy), false};

static enum err
levels_in_order(const char *path, const struct assurance_policy *p)
{
	const struct assurance_row *rows = p->levels.items;

	REQUIRE_WHY(p->levels.count == ASSURANCE_LEVELS, ERR_CONFIG, "%s: 'levels' must hold the levels 1, 2 and 3",
		path);
	for (size_t i = 0; i < p->levels.count; i++) {
		REQUIRE_WHY(rows[i].level == (int64_t)i + 1, ERR_CONFIG, "%s: level %zu stands in place of %lld", path,
			i + 1, (long long)rows[i].level);
		for (size_t k = 0; k < i; k++)
			REQUIRE_WHY(strcmp(rows[i].acr, rows[k].acr) != 0, ERR_CONFIG,
				"%s: acr '%s' stands for two levels", path, rows[i].acr);
	}
	return ERR_OK;
}

enum err
assurance_policy_read(const char *path, struct assurance_policy *out)
{
	enum err e;

	TRY(json_decode_file(path, &assurance_table, out));
	e = levels_in_order(path, out);
	if (e != ERR_OK)
		assurance_policy_free(out);
	return e;
}

void
assurance_policy_free(struct assurance_policy *p)
{
	json_free(&assurance_table, p);
}

const char *
assurance_acr(const struct assurance_policy *p, int64_t level)
{
	const struct assurance_row *rows = p->levels.items;

	return level >= 1 && level <= (int64_t)p->levels.count ? rows[level - 1].acr : "";
}

int64_t
assurance_of_acr(const struct assurance_policy *p, struct span acr)
{
	const struct assurance_row *rows = p->levels.items;

	for (size_t i = 0; i < p->levels.count; i++) {
		if (span_is(acr, rows[i].acr))
			return rows[i].level;
		for (size_t k = 0; k < rows[i].aliases.count; k++)
			if (span_is(acr, json_text_at(&rows[i].aliases, k)))
				return rows[i].level;
	}
	return 0;
}
