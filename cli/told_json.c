#include <string.h>

#include "cli/tell.h"

enum { MAX_DOCUMENT = 256 << 20 };

static void write_members(struct cli *c, struct json_writer *j, size_t from, size_t to);

/* All items of the list whose first is at first, up to the end of their parent. */
static void
write_list(struct cli *c, struct json_writer *j, size_t first, size_t to)
{
	json_array(j, c->told[first].name);
	for (size_t i = first; i < to; i = told_next(c, i, to)) {
		c->told[i].printed = true;
		json_object(j, NULL);
		write_members(c, j, i + 1, c->told[i].end);
		json_object_end(j);
	}
	json_array_end(j);
}

static void
write_members(struct cli *c, struct json_writer *j, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct cli_told *t = &c->told[i];

		switch (t->kind) {
		case TOLD_TEXT:
			json_text(j, t->name, t->value);
			break;
		case TOLD_INT:
			json_int(j, t->name, t->number);
			break;
		case TOLD_BOOL:
			json_bool(j, t->name, t->number != 0);
			break;
		case TOLD_JSON:
			json_raw(j, t->name, span_of(t->value));
			break;
		case TOLD_ITEM:
			if (!t->printed)
				write_list(c, j, i, to);
			i = t->end;
			break;
		case TOLD_END:
			break;
		}
	}
}

void
told_json(struct cli *c, const char *result, const char *why, FILE *to)
{
	AUTO(writer) w = writer_new(MAX_DOCUMENT);
	struct json_writer j = json_to(&w);

	json_object(&j, NULL);
	write_members(c, &j, 0, c->told_count);
	json_text(&j, "result", result);
	json_text(&j, "why", why);
	json_object_end(&j);
	if (writer_done(&w) != ERR_OK) {
		fputs("{\"result\":\"refused\",\"why\":\"the answer is too long\"}\n", to);
		return;
	}
	fwrite(writer_span(&w).ptr, 1, writer_span(&w).len, to);
	fputc('\n', to);
}
