#include "audit/chain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/reader.h"

bool
chain_head_equal(const struct chain_head *a, const struct chain_head *b)
{
	return a->count == b->count && memcmp(a->hash.bytes, b->hash.bytes, SHA256_LEN) == 0;
}

struct sha256
chain_next(const struct sha256 *previous, struct span json)
{
	const struct span parts[] = {sha256_span(previous), json};

	return sha256_of_parts(parts, 2);
}

/* One line without its newline, after previous. */
static enum err
line_check(struct span line, const struct sha256 *previous, struct sha256 *out, struct span *json)
{
	struct reader r = reader_over(line);
	struct sha256 said;
	struct span text;
	size_t len;

	TRY(reader_bytes(&r, CHAIN_HASH_TEXT, &text));
	TRY(hex_read(text, said.bytes, sizeof(said.bytes), &len));
	TRY(reader_bytes(&r, 1, &text));
	REQUIRE(text.ptr[0] == ' ', ERR_CORRUPT);
	*json = r.left;
	*out = chain_next(previous, *json);
	REQUIRE(memcmp(out->bytes, said.bytes, SHA256_LEN) == 0, ERR_CORRUPT);
	return ERR_OK;
}

static enum err
line_take(const char *path, struct chain_walk *w, struct span line)
{
	struct sha256 hash;
	struct span json;

	if (line_check(line, &w->head.hash, &hash, &json) != ERR_OK)
		return err_because(ERR_CORRUPT,
			"%s %s: %s %" PRIu64
			" does not follow from those before it: it was changed, or lines were taken away. Keep "
			"the file for the auditor and restore its backup",
			w->what, path, w->at == 0 ? "line" : "record", w->at == 0 ? w->lines + 1 : w->head.count + 1);
	w->head = (struct chain_head){w->head.count + 1, hash};
	w->lines++;
	return w->visit == NULL ? ERR_OK : w->visit(w->context, &w->head, json);
}

static enum err
walk(FILE *f, const char *path, struct chain_walk *w)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	enum err e = ERR_OK;

	while (e == ERR_OK && (len = getline(&line, &room, f)) > 0) {
		w->torn = line[len - 1] != '\n';
		if (w->torn)
			break;
		e = line_take(path, w, span_at(line, (size_t)len - 1));
		w->whole += len;
	}
	if (e == ERR_OK && ferror(f) != 0)
		e = err_because(ERR_IO, "%s %s: %s", w->what, path, strerror(errno));
	free(line);
	return e;
}

enum err
chain_walk(const char *path, struct chain_walk *w)
{
	FILE *f = fopen(path, "re");
	enum err e;

	w->head = w->from;
	w->whole = w->at;
	w->lines = 0;
	w->torn = false;
	REQUIRE_WHY(f != NULL, ERR_IO, "%s %s: %s", w->what, path, strerror(errno));
	e = fseeko(f, w->at, SEEK_SET) == 0 ? walk(f, path, w)
					    : err_because(ERR_IO, "%s %s: %s", w->what, path, strerror(errno));
	(void)fclose(f);
	return e;
}
