#include "audit/path.h"

#include <string.h>

#include "base/reader.h"

enum { FULL_WIDTH = 256, MAX_LEVEL = 63, MAX_INDEX_PARTS = 6 };

/* Decimal without leading zeroes, from min to max. */
static enum err
read_decimal(struct span text, unsigned min, unsigned max, unsigned *out)
{
	unsigned n = 0;

	REQUIRE(text.len >= 1 && text.len <= 3 && (text.ptr[0] != '0' || text.len == 1), ERR_NOT_FOUND);
	for (size_t i = 0; i < text.len; i++) {
		REQUIRE(text.ptr[i] >= '0' && text.ptr[i] <= '9', ERR_NOT_FOUND);
		n = n * 10 + (unsigned)(text.ptr[i] - '0');
	}
	REQUIRE(n >= min && n <= max, ERR_NOT_FOUND);
	*out = n;
	return ERR_OK;
}

/* "x001/x234/067": three digits a part, all but the last behind an x; the first part of several is not x000. The cursor stops behind the last. */
static enum err
read_index(struct reader *r, uint64_t *out)
{
	uint64_t n = 0;

	for (int part = 0; part < MAX_INDEX_PARTS; part++) {
		struct span digits;
		const bool more = r->left.len > 0 && r->left.ptr[0] == 'x';

		TRY(reader_bytes(r, more ? 4 : 3, &digits));
		if (more)
			digits = span_at(digits.ptr + 1, 3);
		for (size_t i = 0; i < 3; i++) {
			REQUIRE(digits.ptr[i] >= '0' && digits.ptr[i] <= '9', ERR_NOT_FOUND);
			n = n * 10 + (uint64_t)(digits.ptr[i] - '0');
		}
		if (!more) {
			*out = n;
			return ERR_OK;
		}
		REQUIRE(n > 0, ERR_NOT_FOUND);
		TRY(reader_bytes(r, 1, &digits));
		REQUIRE(digits.ptr[0] == '/', ERR_NOT_FOUND);
	}
	return ERR_NOT_FOUND;
}

static enum err
read_tile(struct reader *r, struct log_path *p)
{
	struct span word;

	TRY(reader_until(r, '/', &word));
	REQUIRE(span_is(word, "tile"), ERR_NOT_FOUND);
	TRY(reader_until(r, '/', &word));
	p->resource = span_is(word, "entries") ? LOG_ENTRIES : LOG_TILE;
	if (p->resource == LOG_TILE)
		TRY(read_decimal(word, 0, MAX_LEVEL, &p->level));
	TRY(read_index(r, &p->index));
	p->width = FULL_WIDTH;
	if (r->left.len == 0)
		return ERR_OK;
	TRY(reader_until(r, '/', &word));
	REQUIRE(span_is(word, ".p"), ERR_NOT_FOUND);
	return read_decimal(r->left, 1, FULL_WIDTH - 1, &p->width);
}

static enum err
read_receipt(struct reader *r, struct log_path *p)
{
	struct span word;

	TRY(reader_until(r, '/', &word));
	REQUIRE(span_is(word, "receipt"), ERR_NOT_FOUND);
	TRY(reader_until(r, '/', &word));
	REQUIRE(word.len > 0 && word.len < sizeof(p->schema), ERR_NOT_FOUND);
	for (size_t i = 0; i < word.len; i++)
		REQUIRE(word.ptr[i] >= 'a' && word.ptr[i] <= 'z', ERR_NOT_FOUND);
	memcpy(p->schema, word.ptr, word.len);
	p->resource = LOG_RECEIPT;
	return uuid_read(r->left, &p->event);
}

enum err
log_path_read(struct span rest, struct log_path *out)
{
	struct log_path p = {.resource = LOG_CHECKPOINT};
	struct reader r = reader_over(rest);

	if (span_is(rest, "private/checkpoint"))
		p.resource = LOG_PRIVATE_CHECKPOINT;
	else if (span_is(rest, "witnessed/checkpoint"))
		p.resource = LOG_WITNESSED_CHECKPOINT;
	else if (!span_is(rest, "checkpoint"))
		REQUIRE_WHY((span_starts(rest, SPAN("receipt/")) ? read_receipt(&r, &p) : read_tile(&r, &p)) == ERR_OK,
			ERR_NOT_FOUND, "C2SP tlog-tiles: no such address in a log");
	*out = p;
	return ERR_OK;
}

static void
write_index(struct writer *w, uint64_t index)
{
	uint64_t unit = 1;

	while (index / unit >= 1000)
		unit *= 1000;
	for (; unit > 1; unit /= 1000)
		writer_format(w, "x%03u/", (unsigned)(index / unit % 1000));
	writer_format(w, "%03u", (unsigned)(index % 1000));
}

void
log_path_write(const struct log_path *p, struct writer *w)
{
	switch (p->resource) {
	case LOG_CHECKPOINT:
		writer_text(w, "checkpoint");
		return;
	case LOG_PRIVATE_CHECKPOINT:
		writer_text(w, "private/checkpoint");
		return;
	case LOG_WITNESSED_CHECKPOINT:
		writer_text(w, "witnessed/checkpoint");
		return;
	case LOG_TILE:
		writer_format(w, "tile/%u/", p->level);
		break;
	case LOG_RECEIPT:
		writer_format(w, "receipt/%s/", p->schema);
		uuid_write(w, &p->event);
		return;
	case LOG_ENTRIES:
		writer_text(w, "tile/entries/");
		break;
	}
	write_index(w, p->index);
	if (p->width < FULL_WIDTH)
		writer_format(w, ".p/%u", p->width);
}
