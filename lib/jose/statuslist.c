#include "jose/statuslist.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/encode.h"

enum { CLOCK_LEEWAY = 60 };

static bool
bits_fit(int64_t bits)
{
	return bits == 1 || bits == 2 || bits == 4 || bits == 8;
}

static size_t
bytes_of(const struct statuslist *s)
{
	return (s->entries * s->bits + 7) / 8;
}

enum err
statuslist_new(unsigned bits, size_t entries, struct statuslist *out)
{
	struct statuslist s = {.bits = bits, .entries = entries};

	REQUIRE_WHY(bits_fit(bits), ERR_MALFORMED, "Token Status List 4.1: bits must be 1, 2, 4 or 8");
	REQUIRE_WHY(entries > 0 && entries <= MAX_STATUS_ENTRIES, ERR_TOO_LONG, "a status list has 1 to %d entries",
		MAX_STATUS_ENTRIES);
	s.bytes = calloc(1, bytes_of(&s));
	REQUIRE(s.bytes != NULL, ERR_NO_MEMORY);
	*out = s;
	return ERR_OK;
}

void
statuslist_free(struct statuslist *s)
{
	free(s->bytes);
	*s = (struct statuslist){0};
}

enum err
statuslist_set(struct statuslist *s, size_t index, unsigned value)
{
	const size_t per_byte = 8 / s->bits;
	const unsigned mask = (1u << s->bits) - 1;
	unsigned shift;

	REQUIRE(index < s->entries, ERR_NOT_FOUND);
	REQUIRE(value <= mask, ERR_MALFORMED);
	shift = (unsigned)(index % per_byte) * s->bits;
	s->bytes[index / per_byte] = (uint8_t)((s->bytes[index / per_byte] & ~(mask << shift)) | value << shift);
	return ERR_OK;
}

enum err
statuslist_get(const struct statuslist *s, size_t index, unsigned *value)
{
	const size_t per_byte = 8 / s->bits;
	const unsigned mask = (1u << s->bits) - 1;

	REQUIRE_WHY(index < s->entries, ERR_NOT_FOUND, "Token Status List 8.3: index %zu is past the end of the list",
		index);
	*value = s->bytes[index / per_byte] >> (index % per_byte) * s->bits & mask;
	return ERR_OK;
}

enum err
statuslist_pack(const struct statuslist *s, struct writer *lst)
{
	uLongf len = compressBound((uLong)bytes_of(s));
	uint8_t *const packed = malloc(len);
	const int done = packed != NULL ? compress2(packed, &len, s->bytes, (uLong)bytes_of(s), Z_BEST_COMPRESSION)
					: Z_MEM_ERROR;

	if (done == Z_OK)
		base64url_write(lst, span_at(packed, len));
	free(packed);
	REQUIRE(done == Z_OK, ERR_NO_MEMORY);
	return writer_done(lst);
}

/* Inflates into at most room bytes; the stream must end exactly where the input does. */
static enum err
inflate_all(struct span packed, uint8_t *out, size_t room, size_t *len)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)packed.ptr,
		.avail_in = (uInt)packed.len,
		.next_out = out,
		.avail_out = (uInt)room};
	int end;

	REQUIRE(inflateInit(&z) == Z_OK, ERR_NO_MEMORY);
	end = inflate(&z, Z_FINISH);
	*len = z.total_out;
	inflateEnd(&z);
	REQUIRE_WHY(end != Z_BUF_ERROR || z.avail_out > 0, ERR_TOO_LONG,
		"the status list inflates to more than %zu bytes", room);
	REQUIRE_WHY(end == Z_STREAM_END && z.avail_in == 0, ERR_MALFORMED,
		"Token Status List 4.1: not one whole zlib stream");
	return ERR_OK;
}

enum err
statuslist_unpack(unsigned bits, struct span lst, struct statuslist *out)
{
	AUTO(statuslist) s = {0};
	uint8_t *packed = NULL;
	size_t packed_len, len;
	enum err e;

	TRY(statuslist_new(bits, MAX_STATUS_ENTRIES, &s));
	TRY(base64url_take(lst, &packed, &packed_len));
	e = inflate_all(span_at(packed, packed_len), s.bytes, bytes_of(&s), &len);
	free(packed);
	TRY(e);
	REQUIRE_WHY(len > 0, ERR_MALFORMED, "Token Status List 4.1: the list is empty");
	s.entries = len * 8 / bits;
	*out = s;
	s = (struct statuslist){0};
	return ERR_OK;
}

enum err
statuslist_payload(const struct statuslist *s, const char *uri, unix_time iat, unix_time exp, int64_t ttl,
	struct writer *json)
{
	AUTO(writer) lst = writer_new(MAX_JWS);
	struct json_writer j = json_to(json);

	TRY(statuslist_pack(s, &lst));
	json_object(&j, NULL);
	json_text(&j, "sub", uri);
	json_int(&j, "iat", iat);
	json_int(&j, "exp", exp);
	json_int(&j, "ttl", ttl);
	json_object(&j, "status_list");
	json_int(&j, "bits", s->bits);
	json_span(&j, "lst", writer_span(&lst));
	json_object_end(&j);
	json_object_end(&j);
	return writer_done(json);
}

struct list_member {
	int64_t bits;
	char *lst;
};

struct payload {
	char *sub;
	int64_t iat, exp;
	bool has_exp;
	struct list_member list;
};

static const struct json_row list_rows[] = {
	{"bits", JSON_INT, JSON_REQUIRED, offsetof(struct list_member, bits), 1, 8, NULL, 0},
	{"lst", JSON_TEXT, JSON_REQUIRED, offsetof(struct list_member, lst), 0, MAX_JWS, NULL, 0},
};
static const struct json_table list_table = {"status_list", list_rows, 2, sizeof(struct list_member), true};
static const struct json_row payload_rows[] = {
	{"sub", JSON_TEXT, JSON_REQUIRED, offsetof(struct payload, sub), 0, 0, NULL, 0},
	{"iat", JSON_INT, JSON_REQUIRED, offsetof(struct payload, iat), 0, 0, NULL, 0},
	{"exp", JSON_INT, JSON_OPTIONAL, offsetof(struct payload, exp), 0, 0, NULL, offsetof(struct payload, has_exp)},
	{"status_list", JSON_OBJECT, JSON_REQUIRED, offsetof(struct payload, list), 0, 0, &list_table, 0},
};
static const struct json_table payload_table = {"Status List Token", payload_rows, 4, sizeof(struct payload), true};

static enum err
payload_check(const struct payload *p, const char *uri, unix_time now)
{
	REQUIRE_WHY(strcmp(p->sub, uri) == 0, ERR_MISMATCH,
		"Token Status List 8.3: this list is %s, not the one the token names", p->sub);
	REQUIRE_WHY(p->iat <= now + CLOCK_LEEWAY, ERR_EXPIRED,
		"Token Status List 8.3: the list is issued in the future");
	REQUIRE_WHY(p->has_exp && now < p->exp, ERR_EXPIRED,
		"Token Status List 8.3: the list is stale; fetch a fresh one");
	return ERR_OK;
}

enum err
statuslist_verify(struct span token, const struct jwks *keys, const char *uri, unix_time now, struct statuslist *out,
	unix_time *iat)
{
	AUTO(jws) j = {0};
	struct payload p;
	enum err e;

	TRY(jws_verify(token, keys, "statuslist+jwt", &j));
	TRY(json_decode(span_at(j.payload.ptr, j.payload.len), &payload_table, &p));
	e = payload_check(&p, uri, now);
	if (e == ERR_OK)
		e = statuslist_unpack((unsigned)p.list.bits, span_of(p.list.lst), out);
	*iat = p.iat;
	json_free(&payload_table, &p);
	return e;
}
