/* Notes and their texts from strangers: what is accepted must be written back byte for byte. */
/* covers: lib/audit/checkpoint.c lib/audit/path.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "audit/checkpoint.h"
#include "audit/path.h"

/* A key that signed nothing here: every note must be refused. */
static const uint8_t some_key[32] = {0x1a, 0x5c, 0xd9, 0x07, 0x14, 0x3c, 0x38, 0x4c, 0x41, 0xe8, 0x30, 0xc1, 0xbc, 0xe1,
	0x2a, 0xa8, 0x81, 0x7e, 0xc5, 0x64, 0x9a, 0xaa, 0xbf, 0x2c, 0x31, 0x38, 0x8b, 0x35, 0xb2, 0xd7, 0x44, 0xd6};

static void
text_round_trip(struct span text)
{
	AUTO(writer) w = writer_new(MAX_CHECKPOINT);
	struct checkpoint c;

	if (checkpoint_text_parse(text, &c) != ERR_OK)
		return;
	if (checkpoint_text(&c, &w) != ERR_OK || !span_equal(writer_span(&w), text))
		abort();
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
	static EVP_PKEY *key;
	struct checkpoint c;

	if (key == NULL)
		key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, some_key, sizeof(some_key));
	text_round_trip(span_at(data, size));
	path_round_trip(span_at(data, size));
	if (checkpoint_verify(span_at(data, size), "PeterNeumann", key, &c) == ERR_OK)
		abort();
	return 0;
}
