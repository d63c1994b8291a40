#include "ca/acme/nonce.h"

#include <string.h>

#include "base/digest.h"
#include "base/encode.h"
#include "base/random.h"
#include "base/reader.h"
#include "base/secret.h"

/* u64 end, random bytes, MAC */
enum { END_LEN = 8, RANDOM_LEN = 8, MAC_LEN = 16, SIGNED_LEN = END_LEN + RANDOM_LEN };

static void
mac(const uint8_t key[NONCE_KEY_LEN], const uint8_t *bytes, uint8_t out[MAC_LEN])
{
	const struct sha256 h = hmac_sha256(span_at(key, NONCE_KEY_LEN), span_at(bytes, SIGNED_LEN));

	memcpy(out, h.bytes, MAC_LEN);
}

void
nonce_make(const uint8_t key[NONCE_KEY_LEN], unix_time now, char out[NONCE_TEXT_LEN + 1])
{
	AUTO(writer) text = writer_new(NONCE_TEXT_LEN);
	uint8_t nonce[NONCE_LEN];
	const uint64_t end = (uint64_t)(now + NONCE_SECONDS);

	for (int i = 0; i < END_LEN; i++)
		nonce[i] = (uint8_t)(end >> (8 * (END_LEN - 1 - i)));
	random_bytes(nonce + END_LEN, RANDOM_LEN);
	mac(key, nonce, nonce + SIGNED_LEN);
	base64url_write(&text, span_at(nonce, NONCE_LEN));
	memcpy(out, writer_span(&text).ptr, NONCE_TEXT_LEN);
	out[NONCE_TEXT_LEN] = '\0';
}

enum err
nonce_read(const uint8_t key[NONCE_KEY_LEN], struct span text, unix_time now, uint8_t out[NONCE_LEN],
	unix_time *expires)
{
	uint8_t expected[MAC_LEN];
	uint64_t end;

	TRY(base64url_exactly(text, out, NONCE_LEN));
	mac(key, out, expected);
	REQUIRE_WHY(secret_equal(span_at(expected, MAC_LEN), span_at(out + SIGNED_LEN, MAC_LEN)), ERR_REFUSED,
		"RFC 8555 6.5: not a nonce of this service");
	struct reader r = reader_over(span_at(out, END_LEN));

	TRY(reader_u64(&r, &end));
	*expires = (unix_time)end;
	REQUIRE_WHY(*expires > now, ERR_EXPIRED, "RFC 8555 6.5: the nonce is too old");
	return ERR_OK;
}
