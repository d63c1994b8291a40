#include "policy/claims.h"

#include <string.h>

enum { MAX_SCOPES = 64 };

static const struct json_row claims_row_rows[] = {
	{"scope", JSON_TEXT, JSON_REQUIRED, offsetof(struct claims_row, scope), 1, 64, NULL, 0},
	{"claims", JSON_TEXTS, JSON_REQUIRED, offsetof(struct claims_row, claims), 0, 32, NULL, 0},
	{"in_id_token", JSON_BOOL, JSON_REQUIRED, offsetof(struct claims_row, in_id_token), 0, 0, NULL, 0},
};
static const struct json_table claims_row_table = {"scope", claims_row_rows, 3, sizeof(struct claims_row), false};
static const struct json_row claims_rows[] = {
	{"version", JSON_INT, JSON_REQUIRED, offsetof(struct claims_policy, version), 1, 1, NULL, 0},
	{"scopes", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct claims_policy, scopes), 0, MAX_SCOPES,
		&claims_row_table, 0},
};
static const struct json_table claims_table = {"claims policy", claims_rows, 2, sizeof(struct claims_policy), false};

enum err
claims_policy_read(const char *path, struct claims_policy *out)
{
	TRY(json_decode_file(path, &claims_table, out));
	if (claims_of_scope(out, "openid") != NULL)
		return ERR_OK;
	claims_policy_free(out);
	return err_because(ERR_CONFIG, "%s: the scope 'openid' is missing", path);
}

void
claims_policy_free(struct claims_policy *p)
{
	json_free(&claims_table, p);
}

const struct claims_row *
claims_of_scope(const struct claims_policy *p, const char *scope)
{
	const struct claims_row *rows = p->scopes.items;

	for (size_t i = 0; i < p->scopes.count; i++)
		if (strcmp(rows[i].scope, scope) == 0)
			return &rows[i];
	return NULL;
}
