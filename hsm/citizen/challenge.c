#include "hsm/citizen/challenge.h"

static const char title[] = "mohar activation v1"; /* with its NUL */

struct sha256
challenge_make(struct span instance, struct span nonce, const struct blob *b, const struct digests *d)
{
	const struct sha256 spki = sha256_of(b->spki);
	const uint8_t numbers[] = {(uint8_t)(b->generation >> 24), (uint8_t)(b->generation >> 16),
		(uint8_t)(b->generation >> 8), (uint8_t)b->generation};
	const uint8_t sizes[] = {(uint8_t)d->each, (uint8_t)(d->count >> 8), (uint8_t)d->count};
	const struct span parts[] = {span_at(title, sizeof(title)), instance, nonce, b->id,
		span_at(numbers, sizeof(numbers)), sha256_span(&spki), span_at(sizes, sizeof(sizes)), d->bytes};

	return sha256_of_parts(parts, sizeof(parts) / sizeof(parts[0]));
}
