#include "policy/monitor.h"

#include <string.h>

enum { MAX_RULES = 256, MAX_TYPES = 256, MAX_DAYS = 36525, MAX_SECONDS = 31536000, MAX_COUNT = 1000000000 };

#define RULE(member) offsetof(struct monitor_rule, member)
#define AT(member) offsetof(struct monitor_policy, member)

static const struct json_row rule_rows[] = {
	{"issuer", JSON_TEXT, JSON_REQUIRED, RULE(issuer), 1, 64, NULL, 0},
	{"profile", JSON_TEXT, JSON_REQUIRED, RULE(profile), 1, 64, NULL, 0},
	{"days", JSON_INT, JSON_REQUIRED, RULE(days), 1, MAX_DAYS, NULL, 0},
	{"per_hour", JSON_INT, JSON_OPTIONAL, RULE(per_hour), 0, MAX_COUNT, NULL, 0},
	{"tell", JSON_BOOL, JSON_OPTIONAL, RULE(tell), 0, 0, NULL, 0},
};
static const struct json_table rule_table = {"certificates", rule_rows, sizeof(rule_rows) / sizeof(rule_rows[0]),
	sizeof(struct monitor_rule), false};
static const struct json_row policy_rows[] = {
	{"version", JSON_INT, JSON_REQUIRED, AT(version), 1, 1, NULL, 0},
	{"types", JSON_TEXTS, JSON_REQUIRED, AT(types), 0, MAX_TYPES, NULL, 0},
	{"certificates", JSON_OBJECTS, JSON_REQUIRED, AT(certificates), 0, MAX_RULES, &rule_table, 0},
	{"clock_seconds", JSON_INT, JSON_REQUIRED, AT(clock_seconds), 1, MAX_SECONDS, NULL, 0},
	{"backdate_seconds", JSON_INT, JSON_REQUIRED, AT(backdate_seconds), 1, MAX_SECONDS, NULL, 0},
	{"revocations_per_hour", JSON_INT, JSON_REQUIRED, AT(revocations_per_hour), 1, MAX_COUNT, NULL, 0},
	{"quiet_seconds", JSON_INT, JSON_OPTIONAL, AT(quiet_seconds), 0, MAX_SECONDS, NULL, 0},
};
static const struct json_table policy_table = {"monitor policy", policy_rows,
	sizeof(policy_rows) / sizeof(policy_rows[0]), sizeof(struct monitor_policy), false};

int
monitor_rule_of(const struct monitor_policy *p, const char *issuer, const char *profile)
{
	const struct monitor_rule *rules = p->certificates.items;

	for (size_t i = 0; i < p->certificates.count; i++)
		if (strcmp(rules[i].issuer, issuer) == 0 && strcmp(rules[i].profile, profile) == 0)
			return (int)i;
	return -1;
}

/* One rule for one thing: a second one would never be asked. */
static enum err
check_rules(const char *path, const struct monitor_policy *p)
{
	const struct monitor_rule *rules = p->certificates.items;

	for (size_t i = 0; i < p->certificates.count; i++)
		REQUIRE_WHY(monitor_rule_of(p, rules[i].issuer, rules[i].profile) == (int)i, ERR_CONFIG,
			"%s: certificates: issuer '%s' and profile '%s' stand there twice", path, rules[i].issuer,
			rules[i].profile);
	return ERR_OK;
}

enum err
monitor_policy_read(const char *path, struct monitor_policy *out)
{
	enum err e;

	TRY(json_decode_file(path, &policy_table, out));
	e = check_rules(path, out);
	if (e != ERR_OK)
		monitor_policy_free(out);
	return e;
}

void
monitor_policy_free(struct monitor_policy *p)
{
	json_free(&policy_table, p);
}
