#include <stdlib.h>
#include <string.h>

#include "idp/oidc/authorization.h"

enum { MAX_WORDS = 32 };

static enum err
words_add(struct json_list *l, struct span word)
{
	char **items;
	char *text;

	REQUIRE_WHY(l->count < MAX_WORDS, ERR_TOO_LONG, "RFC 6749 3.3: more than %d values in a list", MAX_WORDS);
	TRY(span_text(word, &text));
	if (json_texts_have(l, text)) {
		free(text);
		return ERR_OK;
	}
	items = realloc(l->items, (l->count + 1) * sizeof(*items));
	if (items == NULL) {
		free(text);
		return ERR_NO_MEMORY;
	}
	items[l->count++] = text;
	l->items = items;
	return ERR_OK;
}

/* RFC 6749 3.3: %x21 / %x23-5B / %x5D-7E */
static bool
word_character(char c)
{
	return c >= 0x21 && c <= 0x7e && c != '"' && c != '\\';
}

static enum err
split(const char *text, struct json_list *out)
{
	for (const char *at = text; *at != '\0';) {
		size_t len = 0;

		while (word_character(at[len]))
			len++;
		REQUIRE_WHY(len > 0, ERR_MALFORMED,
			"RFC 6749 3.3: a list of words separated by single spaces is wanted");
		TRY(words_add(out, span_at(at, len)));
		at += len;
		if (*at == '\0')
			break;
		REQUIRE_WHY(at[0] == ' ' && at[1] != '\0', ERR_MALFORMED,
			"RFC 6749 3.3: a list of words separated by single spaces is wanted");
		at++;
	}
	return ERR_OK;
}

enum err
words_split(const char *text, struct json_list *out)
{
	enum err e;

	*out = (struct json_list){0};
	e = split(text, out);
	if (e != ERR_OK)
		words_free(out);
	return e;
}

void
words_free(struct json_list *l)
{
	char **items = l->items;

	for (size_t i = 0; i < l->count; i++)
		free(items[i]);
	free(items);
	*l = (struct json_list){0};
}

enum err
words_join(const struct json_list *l, struct writer *w)
{
	for (size_t i = 0; i < l->count; i++) {
		if (i > 0)
			writer_text(w, " ");
		writer_text(w, json_text_at(l, i));
	}
	return writer_done(w);
}
