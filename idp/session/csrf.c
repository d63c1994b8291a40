#include <string.h>

#include "base/digest.h"
#include "base/encode.h"
#include "base/secret.h"
#include "idp/session/session.h"

void
csrf_make(const char *purpose, struct span cookie, char out[CSRF_TEXT_LEN + 1])
{
	const uint8_t zero = 0;
	const struct span parts[] = {SPAN("mohar-csrf"), span_at(&zero, 1), span_of(purpose), span_at(&zero, 1),
		cookie};
	const struct sha256 h = sha256_of_parts(parts, sizeof(parts) / sizeof(parts[0]));
	AUTO(writer) w = writer_new(CSRF_TEXT_LEN);

	base64url_write(&w, sha256_span(&h));
	memcpy(out, writer_span(&w).ptr, CSRF_TEXT_LEN);
	out[CSRF_TEXT_LEN] = '\0';
}

enum err
csrf_check(const char *purpose, struct span cookie, const char *given)
{
	char wanted[CSRF_TEXT_LEN + 1];

	csrf_make(purpose, cookie, wanted);
	REQUIRE_WHY(cookie.len > 0 && given != NULL && strlen(given) == CSRF_TEXT_LEN &&
			secret_equal(span_of(given), span_of(wanted)),
		ERR_REFUSED, "the form is not from a page of this browser");
	return ERR_OK;
}
