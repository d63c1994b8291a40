#include "cli/verify/pile.h"

#include <string.h>

#include "base/file.h"

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span
trimmed(struct span s)
{
	while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
		s.len--;
	while (s.len > 0 && is_blank(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	return s;
}

static bool
has(struct span s, const char *word)
{
	return s.len > 0 && memmem(s.ptr, s.len, word, strlen(word)) != NULL;
}

static enum paper_kind
kind_of_json(struct span bytes)
{
	if (has(bytes, "\"entry\"") && has(bytes, "\"proof\""))
		return PAPER_RECEIPT;
	return has(bytes, "\"jwks\"") ? PAPER_BUNDLE : PAPER_STRANGE;
}

static enum paper_kind
kind_of_jws(struct span bytes)
{
	AUTO(jws) j = {0};

	if (jws_parse(bytes, &j) != ERR_OK || j.header.typ == NULL)
		return PAPER_STRANGE;
	if (strcmp(j.header.typ, "decision+jwt") == 0)
		return PAPER_DECISION;
	return strcmp(j.header.typ, "statuslist+jwt") == 0 ? PAPER_STATUS : PAPER_STRANGE;
}

enum paper_kind
paper_kind_of(struct span bytes)
{
	if (bytes.len == 0)
		return PAPER_STRANGE;
	if (bytes.ptr[0] == '{')
		return kind_of_json(bytes);
	if (span_starts(bytes, SPAN("-----BEGIN CERTIFICATE")) || bytes.ptr[0] == 0x30)
		return PAPER_CERTIFICATE;
	if (span_starts(bytes, SPAN("ey")))
		return kind_of_jws(bytes);
	return has(bytes, "\n\n\xe2\x80\x94 ") ? PAPER_CHECKPOINT : PAPER_STRANGE;
}

static enum err
add(struct pile *p, const char *name, struct span bytes, bool judged)
{
	struct paper *const paper = &p->papers[p->count];
	const struct span whole = bytes.len > 0 && bytes.ptr[0] == 0x30 ? bytes : trimmed(bytes);

	REQUIRE_WHY(p->count < MAX_PILE, ERR_TOO_LONG, "%s: more than %d files", name, MAX_PILE);
	*paper = (struct paper){.kind = paper_kind_of(whole),
		.name = name,
		.bytes = writer_new(MAX_PILE_FILE),
		.judged = judged};
	p->count++;
	/* a note's signature line ends in a newline that belongs to it */
	writer_bytes(&paper->bytes, paper->kind == PAPER_CHECKPOINT ? bytes : whole);
	return writer_done(&paper->bytes);
}

static enum err bundle_text(struct pile *p, const char *path, struct span json);

enum err
pile_add(struct pile *p, const char *path)
{
	AUTO(writer) bytes = writer_new(MAX_PILE_FILE);

	TRY(file_read(path, MAX_PILE_FILE, &bytes));
	TRY(add(p, path, writer_span(&bytes), true));
	if (p->papers[p->count - 1].kind == PAPER_BUNDLE)
		return bundle_text(p, path, writer_span(&bytes));
	return ERR_OK;
}

struct bundle {
	char *jwks, *checkpoint;
	struct json_list status;
};
static const struct json_row bundle_rows[] = {
	{"jwks", JSON_RAW, JSON_REQUIRED, offsetof(struct bundle, jwks), 0, 1 << 20, NULL, 0},
	{"status", JSON_TEXTS, JSON_REQUIRED, offsetof(struct bundle, status), 0, 64, NULL, 0},
	{"checkpoint", JSON_TEXT, JSON_OPTIONAL, offsetof(struct bundle, checkpoint), 0, MAX_CHECKPOINT, NULL, 0},
};
static const struct json_table bundle_table = {"bundle", bundle_rows, 3, sizeof(struct bundle), false};

/* Its keys are not taken as trusted: whoever hands over a bundle could have made them. Only --trust says whom to believe. */
static enum err
bundle_text(struct pile *p, const char *path, struct span json)
{
	struct bundle b;
	enum err e = ERR_OK;

	TRY(cli_about(path, json_decode(json, &bundle_table, &b)));
	for (size_t i = 0; e == ERR_OK && i < b.status.count; i++)
		e = add(p, path, span_of(json_text_at(&b.status, i)), false);
	if (e == ERR_OK && b.checkpoint != NULL)
		e = add(p, path, span_of(b.checkpoint), false);
	json_free(&bundle_table, &b);
	return e;
}

enum err
pile_bundle(struct pile *p, const char *path)
{
	AUTO(writer) bytes = writer_new(MAX_PILE_FILE);

	TRY(file_read(path, MAX_PILE_FILE, &bytes));
	return bundle_text(p, path, writer_span(&bytes));
}

enum err
pile_trust(struct pile *p, const char *path)
{
	AUTO(writer) bytes = writer_new(MAX_PILE_FILE);

	TRY(file_read(path, MAX_PILE_FILE, &bytes));
	if (has(writer_span(&bytes), "-----BEGIN CERTIFICATE")) {
		p->anchors.max = MAX_PILE_FILE;
		writer_bytes(&p->anchors, writer_span(&bytes));
		return writer_done(&p->anchors);
	}
	REQUIRE_WHY(!p->trusted, ERR_MALFORMED, "%s: one key set is enough; give --trust once for keys", path);
	TRY(cli_about(path, trust_read(trimmed(writer_span(&bytes)), &p->trust)));
	p->trusted = true;
	return ERR_OK;
}

void
pile_free(struct pile *p)
{
	for (size_t i = 0; i < p->count; i++)
		writer_free(&p->papers[i].bytes);
	trust_free(&p->trust);
	writer_free(&p->anchors);
	*p = (struct pile){0};
}
