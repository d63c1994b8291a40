#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/ec.h>

#include "base/encode.h"
#include "ca/acme/binding.h"
#include "ca/acme/jws.h"

enum { NOW = 1790000000 };
static const char url[] = "https://ca.example/acme/new-account";
/* RFC 7515 A.3 */
static const char rfc_jwk[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
			      "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}";

static struct acme_jws jws;
static EVP_PKEY *key;
static struct jwk *public_key;

static void
base64(const char *text, struct writer *w)
{
	base64url_write(w, span_of(text));
}

/* A body of header and payload, signed by sign (NULL: by "AAAA"). */
static struct span
body(const char *header, const char *payload, void (*sign)(struct span input, struct writer *signature))
{
	static char text[8192];
	AUTO(writer) input = writer_new(8192);
	AUTO(writer) raw = writer_new(1024);
	AUTO(writer) signature = writer_new(2048);

	base64(header, &input);
	const size_t head = writer_span(&input).len;

	writer_text(&input, ".");
	base64(payload, &input);
	const struct span all = writer_span(&input);

	if (sign != NULL) {
		sign(all, &raw);
		base64url_write(&signature, writer_span(&raw));
	} else {
		writer_text(&signature, "AAAA");
	}
	(void)snprintf(text, sizeof(text), "{\"protected\":\"%.*s\",\"payload\":\"%s\",\"signature\":\"%s\"}",
		(int)head, (const char *)all.ptr, (const char *)all.ptr + head + 1,
		(const char *)writer_span(&signature).ptr);
	return span_of(text);
}

static void
sign_es256(struct span input, struct writer *signature)
{
	assert_int_equal(jose_alg_find(SPAN("ES256"))->sign(key, input, signature), ERR_OK);
}

static const uint8_t mac_key[32] = {7};

static void
sign_hs256(struct span input, struct writer *signature)
{
	const struct sha256 mac = hmac_sha256(span_at(mac_key, sizeof(mac_key)), input);

	writer_bytes(signature, sha256_span(&mac));
}

static enum problem
read_jws(struct span text)
{
	acme_jws_free(&jws);
	return acme_jws_read(text, &jws);
}

static int
make_key(void **state)
{
	(void)state;
	key = EVP_EC_gen("P-256");
	return key != NULL && jwk_from_key(key, NULL, &public_key) == ERR_OK ? 0 : 1;
}

static int
free_key(void **state)
{
	(void)state;
	acme_jws_free(&jws);
	jwk_free(&public_key);
	EVP_PKEY_free(key);
	return 0;
}

static void
a_signed_request_verifies_and_a_changed_one_does_not(void **state)
{
	(void)state;
	assert_int_equal(read_jws(body("{\"alg\":\"ES256\",\"kid\":\"k\",\"nonce\":\"n\",\"url\":\"u\"}", "{\"a\":1}",
				 sign_es256)),
		ACME_OK);
	assert_string_equal(jws.kid, "k");
	assert_string_equal(jws.nonce, "n");
	assert_string_equal(jws.url, "u");
	assert_true(span_is(span_at(jws.payload.ptr, jws.payload.len), "{\"a\":1}"));
	assert_int_equal(acme_jws_check(&jws, public_key), ACME_OK);
	jws.signature.ptr[5] ^= 1;
	assert_int_equal(acme_jws_check(&jws, public_key), ACME_UNAUTHORIZED);
	jws.signature.ptr[5] ^= 1;
	jws.payload_text[0] ^= 1;
	assert_int_equal(acme_jws_check(&jws, public_key), ACME_UNAUTHORIZED);
}

static void
the_header_does_not_choose_the_algorithm(void **state)
{
	static const char *const algs[] = {"none", "HS256", "ES384", "RS256", "PS256", "ES512", "es256", ""};
	char header[128];

	(void)state;
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
		(void)snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"k\"}", algs[i]);
		assert_int_equal(read_jws(body(header, "{}", sign_es256)), ACME_OK);
		assert_int_equal(acme_jws_check(&jws, public_key), ACME_BAD_SIGNATURE_ALGORITHM);
	}
}

static void
headers_that_are_refused(void **state)
{
	static const char *const bad[] = {"{}", "{\"alg\":\"ES256\"}", "{\"kid\":\"k\"}",
		"{\"alg\":\"ES256\",\"kid\":\"k\",\"jwk\":{}}", "{\"alg\":\"ES256\",\"kid\":\"k\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"ES256\",\"kid\":\"k\",\"b64\":false}", "{\"alg\":\"ES256\",\"kid\":\"k\",\"x5c\":[]}",
		"{\"alg\":\"ES256\",\"kid\":\"k\",\"jku\":\"https://a/\"}",
		"{\"alg\":\"ES256\",\"kid\":\"k\",\"x5u\":\"https://a/\"}",
		"{\"alg\":\"ES256\",\"kid\":\"k\",\"kid\":\"j\"}", "{\"alg\":1,\"kid\":\"k\"}", "[]", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (read_jws(body(bad[i], "{}", NULL)) != ACME_MALFORMED)
			fail_msg("%s", bad[i]);
}

static void
bodies_that_are_refused(void **state)
{
	static const char *const bad[] = {"", "{}", "[]", "a.b.c", "{\"protected\":\"e30\",\"payload\":\"\"}",
		"{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"A\"}",
		"{\"protected\":\"e30=\",\"payload\":\"\",\"signature\":\"AAAA\"}",
		"{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"AAAA\",\"header\":{}}",
		"{\"protected\":\"e30\",\"payload\":\"\",\"signatures\":[]}",
		"{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"AAAA\"}x"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (read_jws(span_of(bad[i])) != ACME_MALFORMED)
			fail_msg("%s", bad[i]);
}

static void
the_key_in_the_header_is_public_and_sound(void **state)
{
	static const char *const bad[] = {"{\"kty\":\"oct\",\"k\":\"AAAA\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
		"{}"};
	char header[512];
	struct jwk *k = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"jwk\":%s}", bad[i]);
		assert_int_equal(read_jws(body(header, "{}", NULL)), ACME_OK);
		assert_int_equal(acme_jws_key(&jws, &k), ACME_BAD_PUBLIC_KEY);
	}
	(void)snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"jwk\":%s}", rfc_jwk);
	assert_int_equal(read_jws(body(header, "{}", NULL)), ACME_OK);
	assert_int_equal(acme_jws_key(&jws, &k), ACME_OK);
	jwk_free(&k);
	assert_int_equal(read_jws(body("{\"alg\":\"ES256\",\"kid\":\"k\"}", "{}", NULL)), ACME_OK);
	assert_int_equal(acme_jws_key(&jws, &k), ACME_MALFORMED);
}

/* ---- bindings ---- */

static enum problem
bound(const char *alg, const char *more, const struct binding_row *row)
{
	char header[512], thumbprint[THUMBPRINT_TEXT_LEN + 1];
	struct jwk *k;

	assert_int_equal(jwk_parse(span_of(rfc_jwk), false, &k), ERR_OK);
	assert_int_equal(jwk_thumbprint(k, thumbprint), ERR_OK);
	jwk_free(&k);
	(void)snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"k\"%s}", alg, more);
	assert_int_equal(read_jws(body(header, rfc_jwk, sign_hs256)), ACME_OK);
	return binding_check(&jws, url, thumbprint, row, NOW);
}

static const char own_url[] = ",\"url\":\"https://ca.example/acme/new-account\"";
#define ROW(...)                                                                     \
	(&(const struct binding_row){.mac_key = {(uint8_t *)(uintptr_t)mac_key, 32}, \
		.accounts = 1,                                                       \
		.expires = NOW + 1,                                                  \
		__VA_ARGS__})

static void
a_binding_is_for_this_url_without_nonce_by_this_key(void **state)
{
	static uint8_t wrong[32] = {8};

	(void)state;
	assert_int_equal(bound("HS256", own_url, ROW(.agency = NULL)), ACME_OK);
	assert_int_equal(bound("HS256", "", ROW(.agency = NULL)), ACME_MALFORMED);
	assert_int_equal(bound("HS256", ",\"url\":\"https://ca.example/acme/new-order\"", ROW(.agency = NULL)),
		ACME_MALFORMED);
	assert_int_equal(bound("HS256", ",\"nonce\":\"n\",\"url\":\"https://ca.example/acme/new-account\"",
				 ROW(.agency = NULL)),
		ACME_MALFORMED);
	assert_int_equal(bound("HS384", own_url, ROW(.agency = NULL)), ACME_UNAUTHORIZED);
	assert_int_equal(bound("ES256", own_url, ROW(.agency = NULL)), ACME_BAD_SIGNATURE_ALGORITHM);
	assert_int_equal(bound("none", own_url, ROW(.agency = NULL)), ACME_BAD_SIGNATURE_ALGORITHM);
	const struct binding_row other = {.mac_key = {wrong, 32}, .accounts = 1, .expires = NOW + 1};

	assert_int_equal(bound("HS256", own_url, &other), ACME_UNAUTHORIZED);
}

static void
a_binding_that_is_over_binds_nothing(void **state)
{
	const struct binding_row expired = {.mac_key = {(uint8_t *)(uintptr_t)mac_key, 32},
		.accounts = 1,
		.expires = NOW};
	const struct binding_row used = {.mac_key = {(uint8_t *)(uintptr_t)mac_key, 32},
		.accounts = 0,
		.expires = NOW + 1};
	const struct binding_row wiped = {.accounts = 1, .expires = NOW + 1};

	(void)state;
	assert_int_equal(bound("HS256", own_url, &expired), ACME_UNAUTHORIZED);
	assert_int_equal(bound("HS256", own_url, &used), ACME_UNAUTHORIZED);
	assert_int_equal(bound("HS256", own_url, &wiped), ACME_UNAUTHORIZED);
	assert_int_equal(bound("HS256", own_url, ROW(.revoked_at = 1)), ACME_UNAUTHORIZED);
}

static void
a_binding_of_another_key_is_refused(void **state)
{
	(void)state;
	assert_int_equal(bound("HS256", own_url, ROW(.agency = NULL)), ACME_OK);
	assert_int_equal(binding_check(&jws, url, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", ROW(.agency = NULL),
				 NOW),
		ACME_MALFORMED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signed_request_verifies_and_a_changed_one_does_not),
		cmocka_unit_test(the_header_does_not_choose_the_algorithm),
		cmocka_unit_test(headers_that_are_refused),
		cmocka_unit_test(bodies_that_are_refused),
		cmocka_unit_test(the_key_in_the_header_is_public_and_sound),
		cmocka_unit_test(a_binding_is_for_this_url_without_nonce_by_this_key),
		cmocka_unit_test(a_binding_that_is_over_binds_nothing),
		cmocka_unit_test(a_binding_of_another_key_is_refused),
	};
	return cmocka_run_group_tests(tests, make_key, free_key);
}
