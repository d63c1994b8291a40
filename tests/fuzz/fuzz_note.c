/* Verifier keys, cosigned notes and log policies from strangers: what is accepted is written back byte for byte, and nobody's word counts who did not sign. */
/* covers: lib/audit/note.c lib/audit/cosignature.c lib/audit/log_policy.c */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "audit/log_policy.h"
#include "tests/fuzz/country.h"

static const char vkey[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

static void
vkey_round_trip(struct span text)
{
	AUTO(writer) w = writer_new(MAX_VKEY);
	struct note_key k;

	if (note_vkey_read(text, &k) != ERR_OK)
		return;
	promise(note_vkey_write(&k, &w) == ERR_OK && span_equal(writer_span(&w), text));
	note_key_free(&k);
}

/* The log's key as a witness's: nobody cosigns with it. */
static void
nobody_cosigned(struct span note)
{
	AUTO(writer) line = writer_new(MAX_NOTE);
	struct note_key witness;
	unix_time at;

	promise(note_key_of(SPAN("w.example"), NOTE_COSIGNATURE, country()->log, &witness) == ERR_OK);
	promise(cosignature_check(note, &witness, &at) != ERR_OK);
	promise(cosignature_take(SPAN("a\n1\nb\n\n"), note, &witness, &line) != ERR_OK);
}

/* A line in that witness's name, of any bytes. */
static void
nobody_signed(struct span bytes)
{
	AUTO(writer) note = writer_new(MAX_NOTE);
	struct note_key witness;
	unix_time at;

	if (bytes.len == 0 || bytes.len > 1000)
		return;
	promise(note_key_of(SPAN("w.example"), NOTE_COSIGNATURE, country()->log, &witness) == ERR_OK);
	writer_text(&note, "a\n1\nb\n\n");
	promise(note_line_write(&witness, bytes, &note) == ERR_OK);
	promise(cosignature_check(writer_span(&note), &witness, &at) == ERR_BAD_SIGNATURE);
}

static void
policy_holds(struct span text)
{
	struct log_policy p;

	if (log_policy_parse(text, "policy", &p) != ERR_OK)
		return;
	promise((log_policy_check(&p, SPAN("a\n1\nb\n\n"), NULL) == ERR_OK) == (p.quorum < 0));
	log_policy_free(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	vkey_round_trip(SPAN(vkey));
	vkey_round_trip(span_at(data, size));
	nobody_cosigned(span_at(data, size));
	nobody_signed(span_at(data, size));
	policy_holds(span_at(data, size));
	return 0;
}
