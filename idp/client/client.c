#include "idp/client/client.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "idp/idp.h"
#include "idp/store/store.h"

static const struct json_row name_rows[] = {
	{"language", JSON_TEXT, JSON_REQUIRED, offsetof(struct client_name, language), 1, 16, NULL, 0},
	{"text", JSON_TEXT, JSON_REQUIRED, offsetof(struct client_name, text), 1, 200, NULL, 0},
};
static const struct json_table name_table = {"client name", name_rows, 2, sizeof(struct client_name), false};

/* A list stands alone in the column: it is read as the only member of an object. */
struct names {
	struct json_list names;
};
static const struct json_row names_rows[] = {
	{"names", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct names, names), 0, 16, &name_table, 0},
};
static const struct json_table names_table = {"client names", names_rows, 1, sizeof(struct names), false};

static enum err
names_parse(const char *json, struct json_list *out)
{
	AUTO(writer) w = writer_new(MAX_JSON);
	struct names n;

	writer_format(&w, "{\"names\":%s}", json);
	TRY(writer_done(&w));
	TRY(json_decode(writer_span(&w), &names_table, &n));
	*out = n.names;
	return ERR_OK;
}

static void
client_destroy(struct client *c)
{
	struct names n = {c->names};

	json_free(&names_table, &n);
	jwks_free(&c->keys);
	client_row_free(&c->row);
	free(c);
}

void
client_free(struct client **c)
{
	if (*c != NULL && atomic_fetch_sub(&(*c)->references, 1) == 1)
		client_destroy(*c);
	*c = NULL;
}

static enum err
parse(struct client *c)
{
	REQUIRE(names_parse(c->row.name, &c->names) == ERR_OK && c->names.count > 0, ERR_CORRUPT);
	if (c->row.jwks != NULL)
		REQUIRE(jwks_parse(span_of(c->row.jwks), &c->keys) == ERR_OK, ERR_CORRUPT);
	return ERR_OK;
}

enum err
client_of_row(struct client_row *row, struct client **out)
{
	struct client *c = calloc(1, sizeof(*c));

	REQUIRE(c != NULL, ERR_NO_MEMORY);
	c->row = *row;
	*row = (struct client_row){0};
	atomic_init(&c->references, 1);
	if (parse(c) != ERR_OK) {
		client_destroy(c);
		return err_because(ERR_CORRUPT, "the row of a client does not parse");
	}
	*out = c;
	return ERR_OK;
}

const char *
client_name_in(const struct client *c, const char *language)
{
	const struct client_name *names = c->names.items;

	for (size_t i = 0; i < c->names.count; i++)
		if (strcmp(names[i].language, language) == 0)
			return names[i].text;
	return names[0].text;
}
