#include "hsm/quorum/restore.h"

#include <inttypes.h>
#include <stdlib.h>
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

/* The number behind the text before; what does not come out again as it stood is found by restore_read. */
static enum err
number_take(const char **at, const char *before, uint64_t *out)
{
	const size_t len = strlen(before);
	char *end;

	REQUIRE(strncmp(*at, before, len) == 0, ERR_MALFORMED);
	*out = strtoull(*at + len, &end, 10);
	REQUIRE(end > *at + len && *out <= INT64_MAX, ERR_MALFORMED);
	*at = end;
	return ERR_OK;
}

static enum err
head_take(const char **at, const char *before, struct chain_head *out)
{
	size_t len;

	TRY(number_take(at, before, &out->count));
	REQUIRE(**at == ':' && strlen(*at) > HASH_TEXT, ERR_MALFORMED);
	TRY(hex_read(span_at(*at + 1, HASH_TEXT), out->hash.bytes, SHA256_LEN, &len));
	*at += 1 + HASH_TEXT;
	return ERR_OK;
}

static enum err
parse(const char *at, struct restore *r)
{
	uint64_t known, approved;

	TRY(head_take(&at, "journal=", &r->journal));
	TRY(head_take(&at, " token=", &r->token));
	TRY(number_take(&at, " policy=", &known));
	TRY(number_take(&at, ":", &approved));
	r->known = (int64_t)known;
	r->approved = (int64_t)approved;
	return ERR_OK;
}

enum err
restore_read(struct span text, struct restore *out)
{
	AUTO(writer) again = writer_new(MAX_RESTORE);
	struct restore r = {.needed = true};
	char *copy = NULL;
	enum err e;

	REQUIRE(text.len <= MAX_RESTORE, ERR_MALFORMED);
	TRY(span_text(text, &copy));
	e = parse(copy, &r);
	free(copy);
	REQUIRE_WHY(e == ERR_OK, ERR_MALFORMED, "a restore is proposed with what STATUS tells in 'restore'");
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
