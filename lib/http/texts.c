#include "http/texts.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "json/json.h"

/* A walk over text that json_check() has found to be one JSON object without duplicates: only its flatness is still open. */
struct walk {
	const char *path;
	const uint8_t *at, *end;
	unsigned line;
};

static void
skip_space(struct walk *w)
{
	for (; w->at < w->end && strchr(" \t\r\n", *w->at) != NULL && *w->at != '\0'; w->at++)
		w->line += *w->at == '\n';
}

static enum err
expect(struct walk *w, uint8_t c, const char *what)
{
	skip_space(w);
	REQUIRE_WHY(w->at < w->end && *w->at == c, ERR_CONFIG,
		"%s:%u: expected %s; the file is one flat object of texts", w->path, w->line, what);
	w->at++;
	return ERR_OK;
}

static unsigned
four_digits(const uint8_t *at)
{
	char digits[5] = {(char)at[0], (char)at[1], (char)at[2], (char)at[3], '\0'};

	return (unsigned)strtoul(digits, NULL, 16);
}

/* RFC 3629 3 */
static void
write_code_point(struct writer *out, unsigned c)
{
	if (c < 0x80) {
		writer_u8(out, (uint8_t)c);
	} else if (c < 0x800) {
		writer_u8(out, (uint8_t)(0xc0 | c >> 6));
		writer_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		writer_u8(out, (uint8_t)(0xe0 | c >> 12));
		writer_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		writer_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
	} else {
		writer_u8(out, (uint8_t)(0xf0 | c >> 18));
		writer_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		writer_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		writer_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
	}
}

/* Behind a backslash; the escapes are known to be well formed. */
static void
read_escape(struct walk *w, struct writer *out)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const uint8_t c = *w->at++;
	const char *plain = strchr(from, c);
	unsigned code;

	if (c != 'u') {
		writer_u8(out, plain != NULL && c != '\0' ? (uint8_t)to[plain - from] : c);
		return;
	}
	code = four_digits(w->at);
	w->at += 4;
	if (code >= 0xd800 && code < 0xdc00) {
		code = 0x10000 + ((code - 0xd800) << 10) + (four_digits(w->at + 2) - 0xdc00);
		w->at += 6;
	}
	write_code_point(out, code);
}

static enum err
read_string(struct walk *w, char **out)
{
	AUTO(writer) text = writer_new(MAX_TEXT);
	uint8_t *ptr;
	size_t len;

	TRY(expect(w, '"', "a text"));
	while (w->at < w->end && *w->at != '"') {
		const uint8_t c = *w->at++;

		if (c == '\\')
			read_escape(w, &text);
		else
			writer_u8(&text, c);
	}
	TRY(expect(w, '"', "the end of a text"));
	REQUIRE_WHY(writer_done(&text) != ERR_TOO_LONG, ERR_CONFIG, "%s:%u: a text of more than %d bytes", w->path,
		w->line, MAX_TEXT);
	TRY(writer_take(&text, &ptr, &len));
	*out = (char *)ptr;
	return ERR_OK;
}

static enum err
read_row(struct walk *w, struct texts *t)
{
	struct text_row *row = &t->rows[t->count];

	REQUIRE_WHY(t->count < MAX_TEXTS, ERR_CONFIG, "%s:%u: more than %d texts", w->path, w->line, MAX_TEXTS);
	skip_space(w);
	row->line = w->line;
	TRY(read_string(w, &row->key));
	t->count++;
	TRY(expect(w, ':', "':'"));
	return read_string(w, &row->value);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct text_row *)a)->key, ((const struct text_row *)b)->key);
}

static enum err
read_rows(struct walk *w, struct texts *t)
{
	TRY(expect(w, '{', "'{'"));
	for (;;) {
		TRY(read_row(w, t));
		skip_space(w);
		if (w->at < w->end && *w->at == '}')
			break;
		TRY(expect(w, ',', "',' or '}'"));
	}
	qsort(t->rows, t->count, sizeof(*t->rows), compare);
	return ERR_OK;
}

enum err
texts_read(const char *path, struct texts *out)
{
	AUTO(writer) file = writer_new(MAX_TEXTS_FILE);
	struct texts t = {.rows = calloc(MAX_TEXTS, sizeof(*t.rows))};
	struct walk w = {.path = path, .line = 1};
	enum err e;

	REQUIRE(t.rows != NULL, ERR_NO_MEMORY);
	e = file_read(path, MAX_TEXTS_FILE, &file);
	if (e == ERR_OK && json_check(writer_span(&file)) != ERR_OK)
		e = err_because(ERR_CONFIG, "%s: %s", path, err_why());
	w.at = file.ptr;
	w.end = file.ptr + file.len;
	if (e == ERR_OK)
		e = read_rows(&w, &t);
	if (e != ERR_OK) {
		texts_free(&t);
		return e;
	}
	*out = t;
	return ERR_OK;
}

void
texts_free(struct texts *t)
{
	for (size_t i = 0; t->rows != NULL && i < t->count; i++) {
		free(t->rows[i].key);
		free(t->rows[i].value);
	}
	free(t->rows);
	*t = (struct texts){0};
}

const struct text_row *
texts_find(const struct texts *t, const char *key)
{
	const struct text_row wanted = {.key = (char *)(uintptr_t)key};

	return t->count == 0 ? NULL : bsearch(&wanted, t->rows, t->count, sizeof(*t->rows), compare);
}
