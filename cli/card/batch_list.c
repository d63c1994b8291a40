#include "cli/card/batch_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/card/role.h"

enum { MAX_LABEL = 32, MAX_FIELD = 256 };

#define TEXT(member, how, most)                                                                                       \
	{                                                                                                             \
		.name = #member, .kind = JSON_TEXT, .presence = (how), .offset = offsetof(struct batch_card, member), \
		.max = (most)                                                                                         \
	}
static const struct json_row card_rows[] = {
	TEXT(handle, JSON_REQUIRED, MAX_FIELD),
	TEXT(profiles, JSON_REQUIRED, MAX_FIELD),
	TEXT(label, JSON_REQUIRED, MAX_LABEL),
	TEXT(state, JSON_OPTIONAL, 16),
	TEXT(reason, JSON_OPTIONAL, 1 << 10),
	{.name = "serials",
		.kind = JSON_TEXTS,
		.offset = offsetof(struct batch_card, serials),
		.max = MAX_BATCH_SERIALS},
	{.name = "milliseconds",
		.kind = JSON_INT,
		.offset = offsetof(struct batch_card, milliseconds),
		.max = INT64_C(1) << 50},
};
static const struct json_table card_table = {"card of the batch", card_rows, sizeof(card_rows) / sizeof(card_rows[0]),
	sizeof(struct batch_card), false};

static const struct json_row list_rows[] = {
	{.name = "cards",
		.kind = JSON_OBJECTS,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct batch_list, cards),
		.max = MAX_BATCH_CARDS,
		.table = &card_table},
};
static const struct json_table list_table = {"report of a batch", list_rows, 1, sizeof(struct batch_list), false};

void
batch_list_free(struct batch_list *l)
{
	json_free(&list_table, l);
}

struct batch_card *
batch_card_at(const struct batch_list *l, size_t i)
{
	return (struct batch_card *)l->cards.items + i;
}

size_t
batch_count(const struct batch_list *l, const char *state)
{
	size_t n = 0;

	for (size_t i = 0; i < l->cards.count; i++)
		n += strcmp(batch_card_at(l, i)->state, state) == 0;
	return n;
}

enum err
batch_card_is(struct batch_card *card, const char *state, const char *reason)
{
	char *new_state = strdup(state), *new_reason = reason != NULL ? strdup(reason) : NULL;

	if (new_state == NULL || (reason != NULL && new_reason == NULL)) {
		free(new_state);
		free(new_reason);
		return ERR_NO_MEMORY;
	}
	free(card->state);
	free(card->reason);
	card->state = new_state;
	card->reason = new_reason;
	return ERR_OK;
}

/* ---- the list ---- */

/* A token's label, and the name of a letter's file. */
static bool
is_label(const char *label)
{
	const size_t len = strlen(label);

	return len > 0 && len <= MAX_LABEL && label[0] != '.' && label[len - 1] != ' ' &&
		strspn(label, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ._-") == len;
}

static enum err
check(const struct batch_list *l, const struct batch_card *card)
{
	struct card_roles ignored;

	REQUIRE_WHY(card->handle[0] != '\0', ERR_MALFORMED, "handle is empty");
	REQUIRE_WHY(is_label(card->label), ERR_MALFORMED,
		"label '%.40s': 1 to %d letters, digits, dots, dashes, underscores and blanks", card->label, MAX_LABEL);
	TRY(card_roles_named(card->profiles, &ignored));
	for (size_t i = 0; i < l->cards.count; i++)
		REQUIRE_WHY(strcmp(batch_card_at(l, i)->label, card->label) != 0, ERR_EXISTS,
			"label '%s' is there twice", card->label);
	return ERR_OK;
}

/* Takes the card, whatever comes. */
static enum err
append(struct batch_list *l, struct batch_card *card)
{
	enum err e = check(l, card);
	struct batch_card *grown = NULL;

	if (e == ERR_OK)
		e = batch_card_is(card, "waiting", NULL);
	if (e == ERR_OK && l->cards.count == MAX_BATCH_CARDS)
		e = err_because(ERR_TOO_LONG, "more than %d cards; divide the list", MAX_BATCH_CARDS);
	if (e == ERR_OK) {
		grown = reallocarray(l->cards.items, l->cards.count + 1, sizeof(*grown));
		e = grown != NULL ? ERR_OK : ERR_NO_MEMORY;
	}
	if (e != ERR_OK) {
		json_free(&card_table, card);
		return e;
	}
	l->cards.items = grown;
	grown[l->cards.count++] = *card;
	return ERR_OK;
}

static char *
field_of(struct span line, size_t number)
{
	const uint8_t *at = line.ptr, *end = line.ptr + line.len;

	for (;;) {
		const uint8_t *comma = at < end ? memchr(at, ',', (size_t)(end - at)) : NULL;
		const uint8_t *stop = comma != NULL ? comma : end;

		if (number-- == 0)
			return strndup((const char *)at, (size_t)(stop - at));
		if (comma == NULL)
			return NULL;
		at = comma + 1;
	}
}

static enum err
csv_line(struct span line, struct batch_card *out)
{
	size_t commas = 0;

	for (size_t i = 0; i < line.len; i++)
		commas += line.ptr[i] == ',';
	*out = (struct batch_card){0};
	REQUIRE_WHY(memchr(line.ptr, '"', line.len) == NULL && commas == 2, ERR_MALFORMED,
		"three fields without quotes are wanted: handle,profiles,label");
	out->handle = field_of(line, 0);
	out->profiles = field_of(line, 1);
	out->label = field_of(line, 2);
	if (out->handle != NULL && out->profiles != NULL && out->label != NULL)
		return ERR_OK;
	json_free(&card_table, out);
	return ERR_NO_MEMORY;
}

static enum err
read_line(struct batch_list *l, struct span line, bool csv, bool head)
{
	struct batch_card card;

	if (line.len == 0)
		return ERR_OK;
	if (csv && head) {
		REQUIRE_WHY(span_is(line, "handle,profiles,label"), ERR_MALFORMED,
			"the first line of a CSV list is handle,profiles,label");
		return ERR_OK;
	}
	REQUIRE_WHY(span_is_text(line), ERR_MALFORMED, "not text in UTF-8");
	TRY(csv ? csv_line(line, &card) : json_decode(line, &card_table, &card));
	return append(l, &card);
}

static enum err
read_lines(struct span text, struct batch_list *out, size_t *number)
{
	const bool csv = text.len == 0 || text.ptr[0] != '{';

	for (*number = 1; text.len > 0; (*number)++) {
		const uint8_t *newline = memchr(text.ptr, '\n', text.len);
		struct span line = span_at(text.ptr, newline != NULL ? (size_t)(newline - text.ptr) : text.len);
		const size_t used = line.len + (newline != NULL ? 1 : 0);

		if (line.len > 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
		TRY(read_line(out, line, csv, *number == 1));
		text = span_at(text.ptr + used, text.len - used);
	}
	return ERR_OK;
}

enum err
batch_list_read(const char *path, struct batch_list *out)
{
	AUTO(writer) text = writer_new(MAX_BATCH_LIST);
	size_t number = 0;
	char why[256];

	*out = (struct batch_list){0};
	TRY(file_read(path, MAX_BATCH_LIST, &text));
	const enum err e = read_lines(writer_span(&text), out, &number);

	if (e != ERR_OK) {
		batch_list_free(out);
		(void)snprintf(why, sizeof(why), "%s", err_why());
		return err_because(e, "%s:%zu: %s", path, number, why);
	}
	REQUIRE_WHY(out->cards.count > 0, ERR_MALFORMED, "%s: no card is in the list", path);
	return ERR_OK;
}

/* ---- the report ---- */

static enum err
take_over(struct batch_card *card, struct batch_card *before)
{
	REQUIRE_WHY(strcmp(card->handle, before->handle) == 0 && strcmp(card->profiles, before->profiles) == 0,
		ERR_MISMATCH, "label '%s' was of %s (%s) in the report, and is of %s (%s) in the list", card->label,
		before->handle, before->profiles, card->handle, card->profiles);
	const struct batch_card now = *card;

	*card = *before;
	*before = now;
	return card->state != NULL ? ERR_OK : batch_card_is(card, "waiting", NULL);
}

enum err
batch_report_read(const char *path, struct batch_list *list)
{
	struct batch_list before;
	enum err e = json_decode_file(path, &list_table, &before);

	if (e == ERR_NOT_FOUND) {
		err_forget();
		return ERR_OK;
	}
	TRY(e);
	for (size_t i = 0; e == ERR_OK && i < list->cards.count; i++)
		for (size_t n = 0; e == ERR_OK && n < before.cards.count; n++)
			if (strcmp(batch_card_at(list, i)->label, batch_card_at(&before, n)->label) == 0) {
				e = take_over(batch_card_at(list, i), batch_card_at(&before, n));
				break;
			}
	batch_list_free(&before);
	return e;
}

static void
write_json(const struct batch_list *l, struct writer *w)
{
	struct json_writer j = json_to(w);

	json_object(&j, NULL);
	json_array(&j, "cards");
	for (size_t i = 0; i < l->cards.count; i++) {
		const struct batch_card *card = batch_card_at(l, i);

		json_object(&j, NULL);
		json_text(&j, "handle", card->handle);
		json_text(&j, "profiles", card->profiles);
		json_text(&j, "label", card->label);
		json_text(&j, "state", card->state);
		json_text(&j, "reason", card->reason);
		json_array(&j, "serials");
		for (size_t n = 0; n < card->serials.count; n++)
			json_text(&j, NULL, json_text_at(&card->serials, n));
		json_array_end(&j);
		json_int(&j, "milliseconds", card->milliseconds);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
	writer_u8(w, '\n');
}

static void
write_text(const struct batch_list *l, struct writer *w)
{
	writer_format(w, "%zu cards: %zu done, %zu failed, %zu to do\n\n", l->cards.count, batch_count(l, "done"),
		batch_count(l, "failed"), batch_count(l, "waiting") + batch_count(l, "begun"));
	for (size_t i = 0; i < l->cards.count; i++) {
		const struct batch_card *card = batch_card_at(l, i);

		writer_format(w, "%-8s %-32s %-24s %6lld.%lld s", card->state, card->label, card->handle,
			(long long)(card->milliseconds / 1000), (long long)(card->milliseconds % 1000 / 100));
		for (size_t n = 0; n < card->serials.count; n++)
			writer_format(w, "  %s", json_text_at(&card->serials, n));
		writer_format(w, "\n%s%s%s", card->reason != NULL ? "         " : "",
			card->reason != NULL ? card->reason : "", card->reason != NULL ? "\n" : "");
	}
}

enum err
batch_report_write(const char *path, const struct batch_list *list)
{
	AUTO(writer) json = writer_new(4 * MAX_BATCH_LIST);
	AUTO(writer) text = writer_new(4 * MAX_BATCH_LIST);
	AUTO(writer) beside = writer_new(4 << 10);

	write_json(list, &json);
	write_text(list, &text);
	writer_format(&beside, "%s.txt", path);
	TRY(writer_done(&json));
	TRY(writer_done(&text));
	TRY(writer_done(&beside));
	TRY(file_write(path, writer_span(&json), 0640));
	return file_write((const char *)writer_span(&beside).ptr, writer_span(&text), 0640);
}
