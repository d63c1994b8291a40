#include "http/form.h"

#include <string.h>

#include "base/reader.h"
#include "http/exchange.h"

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* UTF-8 text in which a line may end by CR LF. */
static bool
is_text(struct span s)
{
	while (s.len > 0) {
		const size_t len = span_character(s);

		if (len == 0 || s.ptr[0] == 0x7f)
			return false;
		if (s.ptr[0] < 0x20 && s.ptr[0] != '\t' && s.ptr[0] != '\n' &&
			!(s.ptr[0] == '\r' && s.len > 1 && s.ptr[1] == '\n'))
			return false;
		s.ptr += len;
		s.len -= len;
	}
	return true;
}

enum err
percent_read(struct span text, bool plus, char *out, size_t *len)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		REQUIRE_WHY(c > 0x20 && c < 0x7f, ERR_MALFORMED, "RFC 3986 2: a byte that must be percent-encoded");
		if (c == '%') {
			const int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
			const int low = i + 2 < text.len ? hex_digit(text.ptr[i + 2]) : -1;

			REQUIRE_WHY(high >= 0 && low >= 0, ERR_MALFORMED, "RFC 3986 2.1: '%%' without two hex digits");
			c = (uint8_t)(high * 16 + low);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		out[n++] = (char)c;
	}
	out[n] = '\0';
	REQUIRE_WHY(is_text(span_at(out, n)), ERR_MALFORMED, "not UTF-8 text after percent-decoding");
	*len = n;
	return ERR_OK;
}

static enum err
decode(struct span text, struct arena *arena, const char **out)
{
	char *to = arena_take(arena, text.len + 1);
	size_t len;

	REQUIRE(to != NULL, ERR_NO_MEMORY);
	TRY(percent_read(text, true, to, &len));
	*out = to;
	return ERR_OK;
}

static enum err
add_field(struct form *f, struct span pair, struct arena *arena)
{
	struct reader r = reader_over(pair);
	struct form_field *field = &f->fields[f->count];
	struct span name;

	if (reader_until(&r, '=', &name) != ERR_OK) {
		name = pair;
		r.left.len = 0;
	}
	REQUIRE_WHY(name.len > 0, ERR_MALFORMED, "a parameter without a name");
	TRY(decode(name, arena, &field->name));
	TRY(decode(r.left, arena, &field->value));
	REQUIRE_WHY(form_value(f, field->name) == NULL, ERR_MALFORMED, "RFC 6749 3.1: parameter '%.40s' more than once",
		field->name);
	f->count++;
	return ERR_OK;
}

static size_t
pairs_in(struct span text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.len; i++)
		n += text.ptr[i] == '&';
	return n;
}

enum err
form_read(struct span text, struct arena *arena, struct form *out)
{
	struct reader r = reader_over(text);
	struct form f = {0};
	size_t pairs;

	if (text.len == 0) {
		*out = f;
		return ERR_OK;
	}
	pairs = pairs_in(text);
	REQUIRE_WHY(pairs <= MAX_FORM_FIELDS, ERR_TOO_LONG, "more than %d parameters", MAX_FORM_FIELDS);
	f.fields = arena_take(arena, pairs * sizeof(*f.fields));
	REQUIRE(f.fields != NULL, ERR_NO_MEMORY);
	for (size_t i = 0; i < pairs; i++) {
		struct span pair;

		if (reader_until(&r, '&', &pair) != ERR_OK)
			pair = r.left;
		TRY(add_field(&f, pair, arena));
	}
	*out = f;
	return ERR_OK;
}

const char *
form_value(const struct form *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->fields[i].name, name) == 0)
			return f->fields[i].value;
	return NULL;
}
