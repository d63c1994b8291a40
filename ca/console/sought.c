#include "ca/console/sought.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "ca/revoke/revoke.h"

enum { SERIAL_DIGITS = 32, KEY_DIGITS = 2 * SHA256_LEN };

/* Small hexadecimal digits without what stands between them; 0 if there is anything else. */
static size_t
digits(const char *q, char out[KEY_DIGITS + 1])
{
	size_t n = 0;

	for (const char *at = q; *at != '\0'; at++) {
		if (*at == ':' || *at == ' ')
			continue;
		if (!isxdigit((unsigned char)*at) || n == KEY_DIGITS)
			return 0;
		out[n++] = (char)tolower((unsigned char)*at);
	}
	out[n] = '\0';
	return n;
}

static bool
is_key(const char *q, const char *hex, size_t count, uint8_t out[SHA256_LEN])
{
	size_t len;

	if (count == KEY_DIGITS)
		return hex_read(span_of(hex), out, SHA256_LEN, &len) == ERR_OK && len == SHA256_LEN;
	return base64url_exactly(span_of(q), out, SHA256_LEN) == ERR_OK;
}

enum err
sought_read(const char *q, struct sought *out)
{
	char hex[KEY_DIGITS + 1] = "";

	*out = (struct sought){0};
	if (q == NULL || q[strspn(q, " ")] == '\0')
		return ERR_OK;
	REQUIRE_WHY(strlen(q) <= MAX_SOUGHT && span_is_line(span_of(q)), ERR_MALFORMED,
		"what is sought is one line of %d characters at most", MAX_SOUGHT);
	const size_t count = digits(q, hex);

	if (count == SERIAL_DIGITS) {
		out->kind = SOUGHT_SERIAL;
		(void)snprintf(out->subject, sizeof(out->subject), "%s", hex);
	} else if (uuid_read(span_of(q), &out->person) == ERR_OK) {
		out->kind = SOUGHT_PERSON;
	} else if (is_key(q, hex, count, out->bytes)) {
		out->kind = SOUGHT_KEY;
	} else {
		out->kind = SOUGHT_SUBJECT;
		(void)snprintf(out->subject, sizeof(out->subject), "%s%s", strchr(q, '=') == NULL ? "CN=" : "", q);
	}
	err_forget();
	return ERR_OK;
}

const char *
certificate_status(unix_time revoked_at, int64_t reason, unix_time not_after, unix_time now)
{
	if (revoked_at != 0)
		return reason == REASON_HOLD ? "suspended" : "revoked";
	return not_after < now ? "expired" : "good";
}
