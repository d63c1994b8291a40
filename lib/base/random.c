#include "base/random.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base/encode.h"

/* A thread's own, drawn ahead: a draw costs as much for 32 bytes as for 256. What is handed out is wiped here. */
enum { DRAWN = 256, MAX_FROM_DRAWN = 64 };

static _Thread_local struct {
	uint8_t bytes[DRAWN];
	size_t left;
} drawn;

static pthread_once_t watched = PTHREAD_ONCE_INIT;

/* In a child: what its parent has drawn is not its own. A child has one thread, which is the one that forked. */
static void
forget(void)
{
	OPENSSL_cleanse(&drawn, sizeof(drawn));
}

static void
watch_forks(void)
{
	if (pthread_atfork(NULL, NULL, forget) != 0)
		abort();
}

static void
draw(uint8_t *out, size_t len)
{
	while (len > 0) {
		const int part = len > INT_MAX ? INT_MAX : (int)len;

		if (RAND_bytes(out, part) != 1)
			abort();
		out += part;
		len -= (size_t)part;
	}
}

void
random_bytes(uint8_t *out, size_t len)
{
	if (len > MAX_FROM_DRAWN) {
		draw(out, len);
		return;
	}
	if (drawn.left < len) {
		if (pthread_once(&watched, watch_forks) != 0)
			abort();
		draw(drawn.bytes, DRAWN);
		drawn.left = DRAWN;
	}
	if (len == 0)
		return;
	drawn.left -= len;
	memcpy(out, drawn.bytes + drawn.left, len);
	OPENSSL_cleanse(drawn.bytes + drawn.left, len);
}

void
random_token(char out[TOKEN_TEXT_LEN + 1])
{
	AUTO(writer) w = writer_new(TOKEN_TEXT_LEN);
	uint8_t bytes[32];

	random_bytes(bytes, sizeof(bytes));
	base64url_write(&w, span_at(bytes, sizeof(bytes)));
	OPENSSL_cleanse(bytes, sizeof(bytes));
	if (writer_done(&w) != ERR_OK)
		abort();
	memcpy(out, w.ptr, TOKEN_TEXT_LEN + 1);
}

struct uuid
uuid_random(void)
{
	struct uuid u;

	random_bytes(u.bytes, sizeof(u.bytes));
	u.bytes[6] = (uint8_t)((u.bytes[6] & 0x0f) | 0x40); /* RFC 9562 4.2: version 4 */
	u.bytes[8] = (uint8_t)((u.bytes[8] & 0x3f) | 0x80); /* RFC 9562 4.1: variant 10 */
	return u;
}

/* A hyphen stands before these bytes (RFC 9562 4). */
static bool
hyphen_before(size_t i)
{
	return i == 4 || i == 6 || i == 8 || i == 10;
}

void
uuid_write(struct writer *w, const struct uuid *u)
{
	for (size_t i = 0; i < sizeof(u->bytes); i++) {
		if (hyphen_before(i))
			writer_text(w, "-");
		hex_write(w, span_at(&u->bytes[i], 1));
	}
}

enum err
uuid_read(struct span text, struct uuid *out)
{
	struct uuid u;
	size_t at = 0, len;

	REQUIRE(text.len == UUID_TEXT_LEN, ERR_MALFORMED);
	for (size_t i = 0; i < sizeof(u.bytes); i++) {
		if (hyphen_before(i))
			REQUIRE(text.ptr[at++] == '-', ERR_MALFORMED);
		TRY(hex_read(span_at(text.ptr + at, 2), &u.bytes[i], 1, &len));
		at += 2;
	}
	*out = u;
	return ERR_OK;
}

struct span
uuid_span(const struct uuid *u)
{
	return span_at(u->bytes, sizeof(u->bytes));
}
