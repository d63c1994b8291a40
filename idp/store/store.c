#include "idp/store/store.h"

#include <stdlib.h>

#include "base/log.h"

static const struct store_part *const parts[] = {&store_person, &store_credential, &store_session, &store_flow,
	&store_token, &store_client};

static struct db_statement table[STATEMENTS];

static void
fill(void)
{
	for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++)
		for (size_t i = 0; i < parts[p]->count; i++)
			table[parts[p]->rows[i].number] = parts[p]->rows[i].statement;
	for (size_t n = 0; n < STATEMENTS; n++)
		if (table[n].sql == NULL) {
			log_error("store", "statement %zu has no SQL", n);
			abort();
		}
}

const struct db_statement *
store_table(void)
{
	if (table[0].sql == NULL)
		fill();
	return table;
}

void
store_free(enum statement n, void *row)
{
	db_row_free(&store_table()[n], row);
}

void
store_list_free(enum statement n, struct json_list *rows)
{
	db_rows_free(&store_table()[n], rows);
}
