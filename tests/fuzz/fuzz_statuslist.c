/* Status list tokens from a network that lies. The first byte chooses: a P, the payload of a token that is then signed by a trusted key; an L, "bits" and "lst" as they stand in a token; a
 * Z, "bits" and bytes of a zlib stream; else a whole token. What is taken keeps its promises, and packed again gives the same entries. */
/* covers: lib/jose/statuslist.c */
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "tests/fuzz/country.h"

static void
kept(const struct statuslist *s)
{
	const unsigned most = (1U << s->bits) - 1;
	AUTO(writer) lst = writer_new(MAX_JWS);
	AUTO(statuslist) again = {0};
	unsigned value = 0, other = 0;

	promise(s->entries > 0 && s->entries <= MAX_STATUS_ENTRIES && s->bytes != NULL);
	promise(statuslist_get(s, s->entries, &value) == ERR_NOT_FOUND);
	promise(statuslist_pack(s, &lst) == ERR_OK);
	promise(statuslist_unpack(s->bits, writer_span(&lst), &again) == ERR_OK && again.entries == s->entries);
	for (size_t i = 0; i < s->entries; i += s->entries / 64 + 1) {
		promise(statuslist_get(s, i, &value) == ERR_OK && value <= most);
		promise(statuslist_get(&again, i, &other) == ERR_OK && other == value);
		promise(statuslist_set(&again, i, most) == ERR_OK && statuslist_get(&again, i, &other) == ERR_OK &&
			other == most);
	}
	promise(statuslist_set(&again, 0, most + 1) == ERR_MALFORMED);
}

static void
unpack(unsigned bits, struct span lst)
{
	AUTO(statuslist) s = {0};

	if (statuslist_unpack(bits, lst, &s) == ERR_OK)
		kept(&s);
	else
		promise(s.bytes == NULL);
}

static void
verify(struct span token)
{
	AUTO(statuslist) s = {0};
	AUTO(writer) payload = writer_new(MAX_JWS);
	unix_time iat = 0;

	if (statuslist_verify(token, country()->trust.status, COUNTRY_LIST, COUNTRY_NOW, &s, &iat) != ERR_OK) {
		promise(s.bytes == NULL);
		return;
	}
	kept(&s);
	promise(iat <= COUNTRY_NOW + 60);
	promise(statuslist_payload(&s, COUNTRY_LIST, iat, COUNTRY_NOW + 1, 30, &payload) == ERR_OK &&
		json_check(writer_span(&payload)) == ERR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span rest = size > 1 ? span_at(data + 2, size - 2) : (struct span){0};
	AUTO(writer) text = writer_new(MAX_JWS);

	if (size < 2 || size > 1 << 16) {
		return 0;
	} else if (data[0] == 'P') {
		country_seal(country()->status, "statuslist+jwt", span_at(data + 1, size - 1), &text);
		verify(writer_span(&text));
	} else if (data[0] == 'L') {
		unpack(data[1], rest);
	} else if (data[0] == 'Z') {
		base64url_write(&text, rest);
		unpack(data[1], writer_span(&text));
	} else {
		verify(span_at(data, size));
	}
	return 0;
}
