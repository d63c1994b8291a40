#include "webauthn/envelope.h"

#include <string.h>

enum err
envelope_check(const struct json_bytes *id, const struct json_bytes *raw_id, const char *type)
{
	REQUIRE_WHY(strcmp(type, "public-key") == 0, ERR_MISMATCH, "WebAuthn 5.1: type '%s' where public-key belongs",
		type);
	REQUIRE_WHY(id->len > 0 && span_equal(envelope_span(id), envelope_span(raw_id)), ERR_MISMATCH,
		"WebAuthn 5.1: id and rawId differ");
	return ERR_OK;
}

struct span
envelope_span(const struct json_bytes *b)
{
	return span_at(b->ptr, b->len);
}
