#include "policy/identity.h"

#include <string.h>

static const struct json_row identity_rows[] = {
	{"version", JSON_INT, JSON_REQUIRED, offsetof(struct identity_policy, version), 1, 1, NULL, 0},
	{"number_digits", JSON_INT, JSON_REQUIRED, offsetof(struct identity_policy, number_digits), 6, 20, NULL, 0},
	{"genders", JSON_TEXTS, JSON_REQUIRED, offsetof(struct identity_policy, genders), 0, 16, NULL, 0},
	{"activation_hours", JSON_INT, JSON_REQUIRED, offsetof(struct identity_policy, activation_hours), 1, 24 * 31,
		NULL, 0},
};
static const struct json_table identity_table = {"identity policy", identity_rows, 4, sizeof(struct identity_policy),
	false};

enum err
identity_policy_read(const char *path, struct identity_policy *out)
{
	return json_decode_file(path, &identity_table, out);
}

void
identity_policy_free(struct identity_policy *p)
{
	json_free(&identity_table, p);
}

enum err
identity_number_check(const struct identity_policy *p, const char *text)
{
	const size_t len = strlen(text);

	REQUIRE_WHY(len == (size_t)p->number_digits && strspn(text, "0123456789") == len, ERR_MALFORMED,
		"a national number has exactly %lld digits", (long long)p->number_digits);
	return ERR_OK;
}
