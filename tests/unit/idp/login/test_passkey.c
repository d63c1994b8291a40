#include "tests/unit/lib/test.h"

#include "http/exchange.h"
#include "idp/login/passkey.h"

/* {"type":"webauthn.get","challenge":"AAEC...Hw","origin":"https://localhost"} in base64url, inside a credential. */
#define CLIENT_DATA                                                                                                                    \
	"eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiQUFFQ0F3UUZCZ2NJQ1FvTERBME9EeEFSRWhNVUZSWVhHQmthR3h3ZEhoOCIsIm9yaWdpbiI6Imh0" \
	"dHBzOi8vbG9jYWxob3N0In0"

CASE(challenge_is_found_in_the_client_data)
{
	uint8_t challenge[CHALLENGE_LEN];

	assert_ok(passkey_challenge(SPAN("{\"id\":\"AA\",\"response\":{\"clientDataJSON\":\"" CLIENT_DATA
					 "\",\"signature\":\"AA\"},\"type\":\"public-key\"}"),
		challenge));
	for (size_t i = 0; i < CHALLENGE_LEN; i++)
		assert_int_equal(challenge[i], i);
}

CASE(short_long_or_missing_challenge_is_refused)
{
	uint8_t challenge[CHALLENGE_LEN];

	/* {"challenge":"AAEC"} */
	assert_err(passkey_challenge(SPAN("{\"response\":{\"clientDataJSON\":\"eyJjaGFsbGVuZ2UiOiJBQUVDIn0\"}}"),
			   challenge),
		ERR_MALFORMED);
	/* {} */
	assert_err(passkey_challenge(SPAN("{\"response\":{\"clientDataJSON\":\"e30\"}}"), challenge), ERR_MALFORMED);
	assert_err(passkey_challenge(SPAN("{\"response\":{}}"), challenge), ERR_MALFORMED);
	assert_err(passkey_challenge(SPAN("{\"response\":{\"clientDataJSON\":\"not base64url!\"}}"), challenge),
		ERR_MALFORMED);
	assert_err(passkey_challenge(SPAN("[]"), challenge), ERR_MALFORMED);
	assert_err(passkey_challenge(SPAN(""), challenge), ERR_MALFORMED);
}

/* Which of two challenges is meant must not depend on the parser. */
CASE(challenge_there_twice_is_refused)
{
	uint8_t challenge[CHALLENGE_LEN];

	assert_err(passkey_challenge(SPAN("{\"response\":{\"clientDataJSON\":\"" CLIENT_DATA
					  "\",\"clientDataJSON\":\"" CLIENT_DATA "\"}}"),
			   challenge),
		ERR_MALFORMED);
}

CASE(name_is_one_line)
{
	AUTO(writer) w = writer_new(1000);
	const char *name;

	assert_ok(passkey_name("My phone", "Passkey", &name));
	assert_string_equal(name, "My phone");
	assert_ok(passkey_name("  ", "Passkey", &name));
	assert_string_equal(name, "Passkey");
	assert_ok(passkey_name(NULL, "Passkey", &name));
	assert_string_equal(name, "Passkey");
	assert_err(passkey_name("a\nb", "Passkey", &name), ERR_MALFORMED);
	for (int i = 0; i <= MAX_PASSKEY_NAME; i++)
		writer_u8(&w, 'a');
	assert_err(passkey_name((const char *)w.ptr, "Passkey", &name), ERR_MALFORMED);
}

static enum err
from(const char *origin, const char *type)
{
	struct idp d = {.web_origin = "https://id.example"};
	struct exchange *x = exchange_new(NULL, "/login/passkey", NULL);
	enum err e;

	if (origin != NULL)
		x->request.headers[x->request.header_count++] = (struct http_header){"Origin", origin};
	x->request.headers[x->request.header_count++] = (struct http_header){"Content-Type", type};
	e = script_request(&d, &x->request);
	exchange_free(&x);
	return e;
}

CASE(request_from_another_origin_is_refused)
{
	assert_ok(from("https://id.example", "application/json"));
	assert_err(from(NULL, "application/json"), ERR_REFUSED);
	assert_err(from("null", "application/json"), ERR_REFUSED);
	assert_err(from("https://id.example.evil.example", "application/json"), ERR_REFUSED);
	assert_err(from("https://ID.example", "application/json"), ERR_REFUSED);
	assert_err(from("http://id.example", "application/json"), ERR_REFUSED);
	assert_err(from("https://id.example:8443", "application/json"), ERR_REFUSED);
}

/* A foreign page's form can send these three without asking first (Fetch 2.2.2); JSON it cannot. */
CASE(form_types_are_no_script_request)
{
	assert_err(from("https://id.example", "text/plain"), ERR_MALFORMED);
	assert_err(from("https://id.example", "application/x-www-form-urlencoded"), ERR_MALFORMED);
	assert_err(from("https://id.example", "multipart/form-data; boundary=x"), ERR_MALFORMED);
}

RUN(cmocka_unit_test(challenge_is_found_in_the_client_data),
	cmocka_unit_test(short_long_or_missing_challenge_is_refused),
	cmocka_unit_test(challenge_there_twice_is_refused), cmocka_unit_test(name_is_one_line),
	cmocka_unit_test(request_from_another_origin_is_refused), cmocka_unit_test(form_types_are_no_script_request))
