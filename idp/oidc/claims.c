#include "idp/oidc/claims.h"

#include <stddef.h>
#include <string.h>

struct claim {
	const char *name;
	size_t offset;
	bool is_json;
};

static const struct claim rows[] = {
	{"name", offsetof(struct claims_source, name), false},
	{"birthdate", offsetof(struct claims_source, birthdate), false},
	{"gender", offsetof(struct claims_source, gender), false},
	{"offices", offsetof(struct claims_source, offices), true},
};
const char *const claims_supported[] = {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "name",
	"birthdate", "gender", "offices", NULL};

static bool
granted(const struct claims_policy *policy, const struct json_list *scopes, bool id_token, const char *claim)
{
	for (size_t i = 0; i < scopes->count; i++) {
		const struct claims_row *row = claims_of_scope(policy, json_text_at(scopes, i));

		if (row != NULL && (!id_token || row->in_id_token) && json_texts_have(&row->claims, claim))
			return true;
	}
	return false;
}

void
claims_write(struct json_writer *j, const struct claims_policy *policy, const struct json_list *scopes, bool id_token,
	const struct claims_source *source)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *value = *(const char *const *)((const char *)source + rows[i].offset);

		if (value == NULL || !granted(policy, scopes, id_token, rows[i].name))
			continue;
		if (rows[i].is_json)
			json_raw(j, rows[i].name, span_of(value));
		else
			json_text(j, rows[i].name, value);
	}
}

static bool
is_known(const char *claim)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, claim) == 0)
			return true;
	return false;
}

enum err
claims_known(const struct claims_policy *policy)
{
	const struct claims_row *scopes = policy->scopes.items;

	for (size_t i = 0; i < policy->scopes.count; i++)
		for (size_t k = 0; k < scopes[i].claims.count; k++)
			REQUIRE_WHY(is_known(json_text_at(&scopes[i].claims, k)), ERR_CONFIG,
				"claims.json: scope '%s' names an unknown claim '%s'", scopes[i].scope,
				json_text_at(&scopes[i].claims, k));
	return ERR_OK;
}
