#include "json/json.h"

#include <stdlib.h>
#include <string.h>

static void
free_texts(struct json_list *list)
{
	char **texts = list->items;

	for (size_t i = 0; i < list->count; i++)
		free(texts[i]);
	free(texts);
}

static void
free_objects(struct json_list *list, const struct json_table *table)
{
	for (size_t i = 0; i < list->count; i++)
		json_free(table, (char *)list->items + i * table->size);
	free(list->items);
}

void
json_free(const struct json_table *table, void *out)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct json_row *row = &table->rows[i];
		void *field = (char *)out + row->offset;

		switch (row->kind) {
		case JSON_TEXT:
		case JSON_RAW:
			free(*(char **)field);
			break;
		case JSON_BYTES:
			free(((struct json_bytes *)field)->ptr);
			break;
		case JSON_TEXTS:
			free_texts(field);
			break;
		case JSON_OBJECT:
			json_free(row->table, field);
			break;
		case JSON_OBJECTS:
			free_objects(field, row->table);
			break;
		case JSON_INT:
		case JSON_BOOL:
			break;
		}
	}
	memset(out, 0, table->size);
}

const char *
json_text_at(const struct json_list *list, size_t i)
{
	return ((char *const *)list->items)[i];
}

bool
json_texts_have(const struct json_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(json_text_at(list, i), text) == 0)
			return true;
	return false;
}
