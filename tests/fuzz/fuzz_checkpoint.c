/* Notes and their texts from strangers: what is accepted must be written back byte for byte. */
/* covers: lib/audit/checkpoint.c lib/audit/path.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "audit/checkpoint.h"
#include "audit/path.h"
#include "tests/fuzz/country.h"

/* A note that we sign says what it said; whatever else verifies must be a seed's own. */
static void
note_round_trip(const struct checkpoint *c)
{
	AUTO(writer) note = writer_new(MAX_CHECKPOINT);
	struct checkpoint again;

	country_note(c->size, &c->root, &note);
	promise(checkpoint_verify(writer_span(&note), COUNTRY_ORIGIN, country()->log, &again) == ERR_OK);
	promise(again.size == c->size && span_equal(sha256_span(&again.root), sha256_span(&c->root)));
	promise(checkpoint_verify(writer_span(&note), COUNTRY_ORIGIN, country()->land, &again) != ERR_OK);
	promise(checkpoint_verify(writer_span(&note), "another.example/log", country()->log, &again) != ERR_OK);
}

static void
text_round_trip(struct span text)
{
	AUTO(writer) w = writer_new(MAX_CHECKPOINT);
	struct checkpoint c;

	if (checkpoint_text_parse(text, &c) != ERR_OK)
		return;
	if (checkpoint_text(&c, &w) != ERR_OK || !span_equal(writer_span(&w), text))
		abort();
	note_round_trip(&c);
}

static void
path_round_trip(struct span text)
{
	AUTO(writer) w = writer_new(1000);
	struct log_path p;

	if (log_path_read(text, &p) != ERR_OK)
		return;
	log_path_write(&p, &w);
	if (!span_equal(writer_span(&w), text))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct checkpoint c;

	text_round_trip(span_at(data, size));
	path_round_trip(span_at(data, size));
	if (checkpoint_verify(span_at(data, size), COUNTRY_ORIGIN, country()->log, &c) == ERR_OK)
		promise(strcmp(c.origin, COUNTRY_ORIGIN) == 0);
	return 0;
}
