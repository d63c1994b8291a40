#include "hsm/quorum/summary.h"

#include <stdlib.h>
#include <string.h>

#include "json/json.h"

/* Each file becomes lines "keys 'root-ca' list_days: 400", one for each value; sorted, they are compared. Rows of an array are told by their label, name or
 * profile, so that a row put in the middle is one row more and not many changed ones. */
enum { MAX_TEXT = 2 << 20, MAX_LINE = 64 << 10 };

struct lines {
	char **at; /* owned, as is each */
	size_t count, room;
};

struct flat {
	struct span left; /* of the canonical text: JSON, compact, members sorted */
	struct writer path;
	struct lines lines;
};

static void
lines_free(struct lines *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->at[i]);
	free(l->at);
	*l = (struct lines){0};
}

static void
flat_free(struct flat *f)
{
	writer_free(&f->path);
	lines_free(&f->lines);
}

static enum err
lines_add(struct lines *l, struct span text)
{
	if (l->count == l->room) {
		const size_t room = l->room == 0 ? 256 : 2 * l->room;
		char **at = realloc(l->at, room * sizeof(*at));

		REQUIRE(at != NULL, ERR_NO_MEMORY);
		l->at = at;
		l->room = room;
	}
	TRY(span_text(text, &l->at[l->count]));
	l->count++;
	return ERR_OK;
}

static void
skip(struct flat *f, size_t n)
{
	f->left = span_at(f->left.ptr + n, f->left.len - n);
}

/* The text of a string, without its quotes; of anything else up to the next comma or bracket. */
static struct span
scalar(struct span left)
{
	size_t i = 1;

	if (left.ptr[0] == '"') {
		while (i < left.len && left.ptr[i] != '"')
			i += left.ptr[i] == '\\' ? 2 : 1;
		return span_at(left.ptr, i < left.len ? i + 1 : left.len);
	}
	while (i < left.len && strchr(",]}", left.ptr[i]) == NULL)
		i++;
	return span_at(left.ptr, i);
}

static struct span
unquoted(struct span s)
{
	return s.len >= 2 && s.ptr[0] == '"' ? span_at(s.ptr + 1, s.len - 2) : s;
}

/* The end of the value that left begins with. */
static size_t
extent(struct span left)
{
	size_t depth = 0, i = 0;

	do {
		const uint8_t c = left.ptr[i];

		if (c == '"') {
			i += scalar(span_at(left.ptr + i, left.len - i)).len;
			continue;
		}
		depth += c == '{' || c == '[';
		depth -= depth > 0 && (c == '}' || c == ']');
		i++;
	} while (i < left.len && (depth > 0 || strchr(",]}", left.ptr[i]) == NULL));
	return i;
}

/* What tells an object among its neighbours; empty if nothing does. Looks at its own members only. */
static struct span
identity(struct span object)
{
	static const char *const names[] = {"\"label\"", "\"name\"", "\"profile\""};

	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
		for (size_t i = 1; i < object.len && object.ptr[i] == '"';) {
			const struct span name = scalar(span_at(object.ptr + i, object.len - i));
			const size_t at = i + name.len + 1;
			size_t len;

			if (at >= object.len)
				break;
			len = extent(span_at(object.ptr + at, object.len - at));
			if (span_is(name, names[n]) && object.ptr[at] == '"')
				return unquoted(span_at(object.ptr + at, len));
			i = at + len + 1;
		}
	return SPAN("");
}

static enum err flatten(struct flat *f);

static enum err
object_flatten(struct flat *f)
{
	const size_t before = f->path.len;

	skip(f, 1);
	while (f->left.len > 0 && f->left.ptr[0] != '}') {
		const struct span name = scalar(f->left);

		if (before > 0)
			writer_u8(&f->path, ' ');
		summary_foreign(&f->path, unquoted(name));
		skip(f, name.len);
		REQUIRE(f->left.len > 1, ERR_MALFORMED);
		skip(f, 1);
		TRY(flatten(f));
		f->path.len = before;
		if (f->left.len > 0 && f->left.ptr[0] == ',')
			skip(f, 1);
	}
	REQUIRE(f->left.len > 0, ERR_MALFORMED);
	skip(f, 1);
	return ERR_OK;
}

static enum err
array_flatten(struct flat *f)
{
	const size_t before = f->path.len;

	skip(f, 1);
	for (size_t i = 0; f->left.len > 0 && f->left.ptr[0] != ']'; i++) {
		if (f->left.ptr[0] == '{') {
			const struct span id = identity(f->left);

			writer_text(&f->path, " '");
			if (id.len > 0)
				summary_foreign(&f->path, id);
			else
				writer_format(&f->path, "%zu", i + 1);
			writer_text(&f->path, "'");
		}
		TRY(flatten(f));
		f->path.len = before;
		if (f->left.len > 0 && f->left.ptr[0] == ',')
			skip(f, 1);
	}
	REQUIRE(f->left.len > 0, ERR_MALFORMED);
	skip(f, 1);
	return ERR_OK;
}

/* A key is one value: its members say nothing by themselves. */
static bool
is_key(const struct flat *f)
{
	return f->path.len >= 4 && memcmp(f->path.ptr + f->path.len - 4, " jwk", 4) == 0;
}

static enum err
value_flatten(struct flat *f)
{
	AUTO(writer) line = writer_new(MAX_LINE);
	const struct span value = span_at(f->left.ptr, extent(f->left));

	writer_bytes(&line, writer_span(&f->path));
	writer_text(&line, ": ");
	summary_foreign(&line, unquoted(value));
	TRY(writer_done(&line));
	skip(f, value.len);
	return lines_add(&f->lines, writer_span(&line));
}

static enum err
flatten(struct flat *f)
{
	REQUIRE(f->left.len > 0, ERR_MALFORMED);
	TRY(writer_done(&f->path));
	if (f->left.ptr[0] == '{' && !is_key(f))
		return object_flatten(f);
	if (f->left.ptr[0] == '[')
		return array_flatten(f);
	return value_flatten(f);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum err
flat_make(struct span json, struct flat *f)
{
	AUTO(writer) text = writer_new(MAX_TEXT);

	TRY(json_canonical(json, &text));
	f->left = writer_span(&text);
	TRY(flatten(f));
	if (f->lines.count > 1)
		qsort(f->lines.at, f->lines.count, sizeof(*f->lines.at), compare);
	return ERR_OK;
}

static void
merge(const struct lines *a, const struct lines *b, struct writer *w)
{
	size_t i = 0, j = 0, different = 0;

	while (i < a->count || j < b->count) {
		const int order = i == a->count ? 1 : j == b->count ? -1 : strcmp(a->at[i], b->at[j]);

		if (order < 0)
			writer_format(w, "  - %s\n", a->at[i]);
		if (order > 0)
			writer_format(w, "  + %s\n", b->at[j]);
		different += order != 0;
		i += order <= 0;
		j += order >= 0;
	}
	if (different == 0)
		writer_text(w, "  (the same rows, in another order or written otherwise)\n");
}

enum err
summary_difference(struct span before, struct span after, struct writer *w)
{
	AUTO(flat) a = {.path = writer_new(MAX_LINE)};
	AUTO(flat) b = {.path = writer_new(MAX_LINE)};

	TRY(flat_make(before, &a));
	TRY(flat_make(after, &b));
	merge(&a.lines, &b.lines, w);
	return ERR_OK;
}
