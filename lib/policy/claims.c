#include "policy/claims.h"

#include <string.h>

enum { MAX_SCOPES = 64, MAX_WORDS = 8 << 10 };

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
	{"service_scopes", JSON_TEXTS, JSON_OPTIONAL, offsetof(struct claims_policy, service_scopes), 0, MAX_SCOPES,
		NULL, 0},
};
static const struct json_table claims_table = {"claims policy", claims_rows, 3, sizeof(struct claims_policy), false};

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

static void
words_add(struct writer *w, const char *word)
{
	writer_format(w, "%s%s", w->len > 0 ? ", " : "", word);
}

static const char *
words_text(struct writer *w)
{
	return writer_done(w) == ERR_OK ? (const char *)writer_span(w).ptr : "...";
}

enum err
claims_scopes_check(const struct claims_policy *p, const struct json_list *scopes)
{
	const struct claims_row *rows = p->scopes.items;
	AUTO(writer) unknown = writer_new(MAX_WORDS);
	AUTO(writer) known = writer_new(MAX_WORDS);

	for (size_t i = 0; i < scopes->count; i++) {
		const char *scope = json_text_at(scopes, i);

		if (claims_of_scope(p, scope) == NULL && !json_texts_have(&p->service_scopes, scope))
			words_add(&unknown, scope);
	}
	if (unknown.len == 0)
		return ERR_OK;
	for (size_t i = 0; i < p->scopes.count; i++)
		words_add(&known, rows[i].scope);
	for (size_t i = 0; i < p->service_scopes.count; i++)
		words_add(&known, json_text_at(&p->service_scopes, i));
	return err_because(ERR_MALFORMED, "scopes: unknown: %.100s; known: %.120s", words_text(&unknown),
		words_text(&known));
}
