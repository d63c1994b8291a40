#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/encode.h"
#include "cli/frame.h"
#include "cli/tell.h"

enum { MAX_VALUE = 16 << 20 };

/* Running out of memory in a command that talks to a person: say so and stop. */
static void *
must(void *p)
{
	if (p == NULL) {
		fputs("mohar: out of memory\n", stderr);
		_exit(EXIT_REFUSED);
	}
	return p;
}

static struct cli_told *
tell(struct cli *c, enum told_kind kind, const char *name)
{
	if (c->told_count == c->told_room) {
		c->told_room = c->told_room == 0 ? 32 : 2 * c->told_room;
		c->told = must(reallocarray(c->told, c->told_room, sizeof(*c->told)));
	}
	struct cli_told *t = &c->told[c->told_count++];

	*t = (struct cli_told){.kind = kind, .name = must(strdup(name != NULL ? name : ""))};
	return t;
}

void
cli_told_free(struct cli *c)
{
	for (size_t i = 0; i < c->told_count; i++) {
		free(c->told[i].name);
		free(c->told[i].value);
	}
	free(c->told);
	c->told = NULL;
	c->told_count = c->told_room = 0;
}

void
cli_begin(struct cli *c)
{
	cli_told_free(c);
}

void
cli_text(struct cli *c, const char *name, const char *value)
{
	if (value != NULL)
		tell(c, TOLD_TEXT, name)->value = must(strdup(value));
}

void
cli_int(struct cli *c, const char *name, int64_t n)
{
	struct cli_told *t = tell(c, TOLD_INT, name);

	t->number = n;
	if (asprintf(&t->value, "%lld", (long long)n) < 0)
		must(NULL);
}

void
cli_bool(struct cli *c, const char *name, bool b)
{
	struct cli_told *t = tell(c, TOLD_BOOL, name);

	t->number = b;
	t->value = must(strdup(b ? "yes" : "no"));
}

static void
tell_written(struct cli *c, enum told_kind kind, const char *name, struct writer *w)
{
	size_t len;
	uint8_t *text;

	if (writer_take(w, &text, &len) != ERR_OK)
		must(NULL);
	tell(c, kind, name)->value = (char *)text;
}

void
cli_base64url(struct cli *c, const char *name, struct span bytes)
{
	AUTO(writer) w = writer_new(MAX_VALUE);

	base64url_write(&w, bytes);
	tell_written(c, TOLD_TEXT, name, &w);
}

void
cli_hex(struct cli *c, const char *name, struct span bytes)
{
	AUTO(writer) w = writer_new(MAX_VALUE);

	hex_write(&w, bytes);
	tell_written(c, TOLD_TEXT, name, &w);
}

void
cli_time(struct cli *c, const char *name, unix_time t)
{
	AUTO(writer) w = writer_new(MAX_VALUE);

	time_write(&w, t);
	tell_written(c, TOLD_TEXT, name, &w);
}

void
cli_json(struct cli *c, const char *name, struct span json)
{
	AUTO(writer) w = writer_new(MAX_VALUE);

	writer_bytes(&w, json);
	tell_written(c, TOLD_JSON, name, &w);
}

void
cli_item(struct cli *c, const char *list)
{
	tell(c, TOLD_ITEM, list);
}

void
cli_item_end(struct cli *c)
{
	size_t depth = 1;

	tell(c, TOLD_END, NULL);
	/* The item it closes learns where it ends. */
	for (size_t i = c->told_count - 1; i-- > 0;) {
		if (c->told[i].kind == TOLD_END)
			depth++;
		else if (c->told[i].kind == TOLD_ITEM && --depth == 0) {
			c->told[i].end = c->told_count - 1;
			return;
		}
	}
}

size_t
told_next(const struct cli *c, size_t i, size_t end)
{
	const char *list = c->told[i].name;

	for (i = c->told[i].end + 1; i < end; i++) {
		if (c->told[i].kind != TOLD_ITEM)
			continue;
		if (strcmp(c->told[i].name, list) == 0)
			return i;
		i = c->told[i].end;
	}
	return end;
}

/* A verb that failed in the middle of an item has not closed it. */
static void
close_items(struct cli *c)
{
	size_t open = 0;

	for (size_t i = 0; i < c->told_count; i++)
		if (c->told[i].kind == TOLD_ITEM)
			open++;
		else if (c->told[i].kind == TOLD_END)
			open--;
	while (open-- > 0)
		cli_item_end(c);
}

int
cli_end(struct cli *c, const char *result, const char *why, int code)
{
	AUTO(writer) title = writer_new(1 << 10);

	close_items(c);
	if (c->json)
		told_json(c, result, why, stdout);
	else
		told_people(c, result, stdout);
	fflush(stdout);
	if (code != EXIT_DONE) {
		cli_verb_title(c->verb, &title);
		fprintf(stderr, "%s: %s%s%s%s%s\n", (const char *)writer_span(&title).ptr, cli_paint(stderr, PAINT_BAD),
			result, cli_paint(stderr, PAINT_NONE), why != NULL ? ": " : "", why != NULL ? why : "");
	}
	return code;
}

int
cli_fail(struct cli *c, enum err e)
{
	const int code = err_exit(e) == EXIT_DONE ? EXIT_REFUSED : err_exit(e);
	char why[256] = {0};

	(void)strncpy(why, err_why()[0] != '\0' ? err_why() : err_text(e), sizeof(why) - 1);
	err_forget();
	return cli_end(c, code == EXIT_UNREACHABLE ? "unreachable" : "refused", why, code);
}

enum err
cli_about(const char *path, enum err e)
{
	char why[200] = {0};

	if (e == ERR_OK)
		return ERR_OK;
	(void)strncpy(why, err_why()[0] != '\0' ? err_why() : err_text(e), sizeof(why) - 1);
	return err_because(e, "%s: %s", path, why);
}

void
cli_progress(struct cli *c, const char *format, ...)
{
	va_list arguments;

	if (c->json || isatty(STDERR_FILENO) == 0)
		return;
	fputs(cli_paint(stderr, PAINT_DIM), stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "%s\n", cli_paint(stderr, PAINT_NONE));
}
