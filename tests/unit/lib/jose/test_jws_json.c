#include "tests/unit/lib/test.h"

#include "base/encode.h"
#include "tests/unit/lib/jose/forge.h"

/* One signature of A.3's key and one of a second key, over the same payload, in parts. */
struct parts {
	char *protected[2], *signature[2];
	char *payload;
	struct jwks *keys;
};

static char *
copy(const char *from, size_t len)
{
	char *text = strndup(from, len);

	assert_non_null(text);
	return text;
}

static void
take_part(struct parts *p, size_t i, const char *header, EVP_PKEY *key)
{
	AUTO(writer) w = writer_new(4000);

	forge_compact(&w, header, "payload", key, "ES256");
	const char *text = (const char *)w.ptr, *dot = strchr(text, '.'), *last = strrchr(text, '.');

	p->protected[i] = copy(text, (size_t)(dot - text));
	p->signature[i] = copy(last + 1, strlen(last + 1));
	free(p->payload);
	p->payload = copy(dot + 1, (size_t)(last - dot - 1));
}

static int
set_up(void **state)
{
	struct parts *p = calloc(1, sizeof(*p));
	AUTO(jwk) *first = forge_key(rfc7515_a3_private);
	EVP_PKEY *second = forge_new_key("P-256");
	struct jwk *k = NULL;

	assert_non_null(p);
	p->keys = forge_set(rfc7515_a3_public);
	assert_ok(jwk_from_key(second, "b", &k));
	assert_ok(jwks_add(p->keys, k));
	take_part(p, 0, "{\"alg\":\"ES256\",\"kid\":\"a\"}", jwk_key(first));
	take_part(p, 1, "{\"alg\":\"ES256\"}", second);
	EVP_PKEY_free(second);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct parts *p = *state;

	for (size_t i = 0; i < 2; i++) {
		free(p->protected[i]);
		free(p->signature[i]);
	}
	free(p->payload);
	jwks_free(&p->keys);
	free(p);
	return 0;
}

static enum err verdict(const struct parts *p, const char *const *algs, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static enum err
verdict(const struct parts *p, const char *const *algs, const char *format, ...)
{
	AUTO(writer) payload = writer_new(1000);
	char *text = NULL;
	va_list args;

	va_start(args, format);
	const int len = vasprintf(&text, format, args);

	va_end(args);
	assert_true(len > 0);
	const enum err e = jws_verify_any(span_of(text), p->keys, algs, &payload);

	free(text);
	if (e == ERR_OK)
		assert_span(writer_span(&payload), "payload");
	return e;
}

#define FLAT(extra) "{\"payload\":\"%s\",\"protected\":\"%s\"," extra "\"signature\":\"%s\"}"

static void
flattened_verifies(void **state)
{
	const struct parts *p = *state;

	assert_ok(verdict(p, NULL, FLAT(""), p->payload, p->protected[0], p -> signature[0]));
	assert_ok(verdict(p, NULL, FLAT("\"header\":{\"kid\":\"b\",\"note\":1},"), p->payload, p->protected[1],
		p -> signature[1]));
}

static void
general_verifies_only_if_every_signature_does(void **state)
{
	const struct parts *p = *state;
	static const char general[] = "{\"payload\":\"%s\",\"signatures\":[{\"protected\":\"%s\",\"signature\":\"%s\"},"
				      "{\"protected\":\"%s\",\"header\":{\"kid\":\"b\"},\"signature\":\"%s\"}]}";

	assert_ok(verdict(p, NULL, general, p->payload, p->protected[0], p -> signature[0], p -> protected[1],
		p -> signature[1]));
	assert_err(verdict(p, NULL, general, p->payload, p->protected[0], p -> signature[0], p -> protected[1],
			   p -> signature[0]),
		ERR_BAD_SIGNATURE);
	assert_err(verdict(p, NULL, general, p->payload, p->protected[0], p -> signature[1], p -> protected[1],
			   p -> signature[1]),
		ERR_BAD_SIGNATURE);
	assert_err(verdict(p, NULL, "{\"payload\":\"%s\",\"signatures\":[]}", p->payload), ERR_BAD_SIGNATURE);
}

static void
what_decides_must_be_protected(void **state)
{
	const struct parts *p = *state;

	assert_err(verdict(p, NULL, FLAT("\"header\":{\"alg\":\"ES256\"},"), p->payload, p->protected[0],
			   p -> signature[0]),
		ERR_REFUSED);
	assert_err(verdict(p, NULL, FLAT("\"header\":{\"crit\":[\"x\"]},"), p->payload, p->protected[0],
			   p -> signature[0]),
		ERR_REFUSED);
	assert_err(verdict(p, NULL, FLAT("\"header\":{\"jku\":\"https://example.com\"},"), p->payload, p->protected[0],
			   p -> signature[0]),
		ERR_REFUSED);
	assert_err(verdict(p, NULL,
			   "{\"payload\":\"%s\",\"header\":{\"alg\":\"ES256\",\"kid\":\"a\"},\"signature\":\"%s\"}",
			   p->payload, p->signature[0]),
		ERR_MALFORMED);
}

static void
a_member_in_both_headers_is_refused(void **state)
{
	const struct parts *p = *state;

	assert_err(verdict(p, NULL, FLAT("\"header\":{\"kid\":\"a\"},"), p->payload, p->protected[0],
			   p -> signature[0]),
		ERR_MALFORMED);
}

static void
both_forms_at_once_are_refused(void **state)
{
	const struct parts *p = *state;

	assert_err(verdict(p, NULL, FLAT("\"signatures\":[{\"protected\":\"%s\",\"signature\":\"%s\"}],"), p->payload,
			   p->protected[0], p -> protected[0], p -> signature[0], p -> signature[0]),
		ERR_MALFORMED);
	assert_err(verdict(p, NULL, FLAT("\"signature\":\"%s\","), p->payload, p->protected[0], p -> signature[0],
			   p -> signature[0]),
		ERR_MALFORMED);
	assert_err(verdict(p, NULL, "{\"payload\":\"%s\"}", p->payload), ERR_MALFORMED);
}

static void
the_list_of_algorithms_is_kept_to(void **state)
{
	const struct parts *p = *state;
	const char *const with[] = {"EdDSA", "ES256", NULL}, *const without[] = {"EdDSA", "ES384", NULL};

	assert_ok(verdict(p, with, FLAT(""), p->payload, p->protected[0], p -> signature[0]));
	assert_err(verdict(p, without, FLAT(""), p->payload, p->protected[0], p -> signature[0]), ERR_REFUSED);
	assert_err(verdict(p, without, "%s.%s.%s", p->protected[0], p -> payload, p -> signature[0]), ERR_REFUSED);
}

static void
a_key_that_is_not_in_the_set_is_untrusted(void **state)
{
	const struct parts *p = *state;

	assert_err(verdict(p, NULL, FLAT("\"header\":{\"kid\":\"c\"},"), p->payload, p->protected[1],
			   p -> signature[1]),
		ERR_UNTRUSTED);
	assert_err(verdict(p, NULL, FLAT(""), p->payload, p->protected[1], p -> signature[1]),
		ERR_UNTRUSTED); /* two ES256 keys */
}

/* The verdict on a JWS by rsa with alg, the key's JWK saying stated (or nothing). */
static enum err
rsa_verdict(EVP_PKEY *rsa, const char *alg, const char *stated)
{
	AUTO(jwks) *set = NULL;
	AUTO(jwk) *k = NULL;
	AUTO(writer) json = writer_new(4000);
	AUTO(writer) w = writer_new(4000);
	AUTO(writer) payload = writer_new(100);
	char header[40];
	char *at;

	assert_ok(jwk_from_key(rsa, "", &k)); /* says PS256 */
	writer_text(&json, "{\"keys\":[");
	assert_ok(jwk_write(k, &json));
	writer_text(&json, "]}");
	at = strstr((char *)json.ptr, stated ? "PS256" : "\"alg\":\"PS256\",");
	assert_non_null(at);
	if (stated)
		memcpy(at, stated, 5);
	else
		memset(at, ' ', strlen("\"alg\":\"PS256\","));
	assert_ok(jwks_parse(writer_span(&json), &set));
	(void)snprintf(header, sizeof(header), "{\"alg\":\"%s\"}", alg);
	forge_compact(&w, header, "x", rsa, alg);
	return jws_verify_any(writer_span(&w), set, NULL, &payload);
}

/* RFC 7520 4.2 signs PS384 with a key that circulates as PS256's. */
static void
a_longer_hash_of_the_family_is_let_pass_and_nothing_else(void **state)
{
	EVP_PKEY *rsa = forge_new_key("RSA");

	(void)state;
	assert_ok(rsa_verdict(rsa, "PS384", "PS256"));
	assert_ok(rsa_verdict(rsa, "PS384", NULL));
	assert_ok(rsa_verdict(rsa, "RS256", NULL));
	assert_err(rsa_verdict(rsa, "PS256", "PS512"), ERR_MISMATCH);
	assert_err(rsa_verdict(rsa, "RS256", "PS256"), ERR_MISMATCH);
	assert_err(rsa_verdict(rsa, "RS512", "PS256"), ERR_MISMATCH);
	assert_err(rsa_verdict(rsa, "PS512", "RS256"), ERR_MISMATCH);
	EVP_PKEY_free(rsa);
}

#define WITH_PARTS(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
RUN(WITH_PARTS(flattened_verifies), WITH_PARTS(general_verifies_only_if_every_signature_does),
	WITH_PARTS(what_decides_must_be_protected), WITH_PARTS(a_member_in_both_headers_is_refused),
	WITH_PARTS(both_forms_at_once_are_refused), WITH_PARTS(the_list_of_algorithms_is_kept_to),
	WITH_PARTS(a_key_that_is_not_in_the_set_is_untrusted),
	cmocka_unit_test(a_longer_hash_of_the_family_is_let_pass_and_nothing_else))
