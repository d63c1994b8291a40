#include "hsm/quorum/restore.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"

enum { HASH_TEXT = 2 * SHA256_LEN };

static void
head_write(struct writer *w, const char *name, const struct chain_head *h)
{
	writer_format(w, "%s=%" PRIu64 ":", name, h->count);
	hex_write(w, sha256_span(&h->hash));
	writer_u8(w, ' ');
}

void
restore_write(const struct restore *r, struct writer *w)
{
	head_write(w, "journal", &r->journal);
	head_write(w, "token", &r->token);
	writer_format(w, "policy=%" PRId64 ":%" PRId64, r->known, r->approved);
}

enum err
restore_read(struct span text, struct restore *out)
{
	AUTO(writer) again = writer_new(MAX_RESTORE);
	char copy[MAX_RESTORE + 1], journal[HASH_TEXT + 1], token[HASH_TEXT + 1];
	struct restore r = {.needed = true};
	size_t len;

	REQUIRE(text.len <= MAX_RESTORE && memchr(text.ptr, '\0', text.len) == NULL, ERR_MALFORMED);
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	REQUIRE_WHY(sscanf(copy,
			    "journal=%" SCNu64 ":%64[0-9a-f] token=%" SCNu64 ":%64[0-9a-f] policy=%" SCNd64 ":%" SCNd64,
			    &r.journal.count, journal, &r.token.count, token, &r.known, &r.approved) == 6,
		ERR_MALFORMED, "a restore is proposed with what STATUS tells in 'restore'");
	TRY(hex_read(span_of(journal), r.journal.hash.bytes, SHA256_LEN, &len));
	TRY(hex_read(span_of(token), r.token.hash.bytes, SHA256_LEN, &len));
	restore_write(&r, &again);
	REQUIRE(writer_done(&again) == ERR_OK && span_equal(writer_span(&again), text), ERR_MALFORMED);
	*out = r;
	return ERR_OK;
}

bool
restore_same(const struct restore *a, const struct restore *b)
{
	return chain_head_equal(&a->token, &b->token) && a->known == b->known && a->approved == b->approved;
}
