#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "base/file.h"
#include "jose/act.h"

enum { NOW = 1770000000 };

#define AUDIENCE "https://ca.test"

static EVP_PKEY *registrar_key, *stranger_key;
static char keys_path[] = "/tmp/mohar-act-XXXXXX";
static struct operators operators;

static void
jwk_text(EVP_PKEY *key, struct writer *w)
{
	struct jwk *jwk;

	assert_int_equal(jwk_from_key(key, NULL, &jwk), ERR_OK);
	assert_int_equal(jwk_write(jwk, w), ERR_OK);
	jwk_free(&jwk);
}

static void
write_keys(const char *format_name, const char *role, EVP_PKEY *key, EVP_PKEY *second)
{
	AUTO(writer) w = writer_new(16 << 10);

	writer_format(&w, "{\"version\":1,\"operators\":[{\"name\":\"%s\",\"roles\":[\"%s\"],\"jwk\":", format_name,
		role);
	jwk_text(key, &w);
	if (second != NULL) {
		writer_text(&w, "},\n{\"name\":\"second\",\"roles\":[\"custodian\"],\"jwk\":");
		jwk_text(second, &w);
	}
	writer_text(&w, "}]}");
	assert_int_equal(file_write(keys_path, writer_span(&w), 0600), ERR_OK);
}

static int
setup(void **state)
{
	const int fd = mkstemp(keys_path);

	(void)state;
	close(fd);
	registrar_key = EVP_EC_gen("P-256");
	stranger_key = EVP_EC_gen("P-256");
	write_keys("Test Registrar One", "registrar", registrar_key, NULL);
	return operators_read(keys_path, &operators) == ERR_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	operators_free(&operators);
	EVP_PKEY_free(registrar_key);
	EVP_PKEY_free(stranger_key);
	return unlink(keys_path);
}

static enum err
verify(EVP_PKEY *key, const char *typ, const char *role, const char *payload, struct act *out)
{
	AUTO(writer) jws = writer_new(MAX_ACT);
	char kid[THUMBPRINT_TEXT_LEN + 1];
	struct jwk *jwk;

	assert_int_equal(jwk_from_key(key, NULL, &jwk), ERR_OK);
	assert_int_equal(jwk_thumbprint(jwk, kid), ERR_OK);
	jwk_free(&jwk);
	const struct jws_sign_options options = {.typ = typ, .kid = kid};

	assert_int_equal(jws_sign(key, &options, span_of(payload), &jws), ERR_OK);
	return act_verify(writer_span(&jws), &operators, role, "citizen.add", AUDIENCE, NOW, out);
}

static enum err
verify_only(EVP_PKEY *key, const char *typ, const char *role, const char *payload)
{
	struct act a;
	const enum err e = verify(key, typ, role, payload, &a);

	assert_null(e == ERR_OK ? NULL : a.payload);
	act_free(&a);
	return e;
}

#define TIMES "\"iat\":1769999990,\"exp\":1770000100,\"jti\":\"0123456789abcdef\""
#define GOOD "{\"act\":\"citizen.add\",\"aud\":\"" AUDIENCE "\"," TIMES ",\"handle\":\"one\"}"

static void
a_registrars_act_is_taken_and_its_payload_kept(void **state)
{
	struct act a;

	(void)state;
	assert_int_equal(verify(registrar_key, "act+jwt", "registrar", GOOD, &a), ERR_OK);
	assert_string_equal(a.by->name, "Test Registrar One");
	assert_string_equal(a.jti, "0123456789abcdef");
	assert_non_null(strstr(a.payload, "\"handle\":\"one\""));
	act_free(&a);
}

static void
a_stranger_or_another_role_is_refused(void **state)
{
	(void)state;
	assert_int_equal(verify_only(stranger_key, "act+jwt", "registrar", GOOD), ERR_UNAUTHENTICATED);
	assert_int_equal(verify_only(registrar_key, "act+jwt", "ca-operator", GOOD), ERR_REFUSED);
}

static void
a_token_of_another_type_is_no_act(void **state)
{
	(void)state;
	assert_int_equal(verify_only(registrar_key, "JWT", "registrar", GOOD), ERR_UNAUTHENTICATED);
	assert_int_equal(verify_only(registrar_key, NULL, "registrar", GOOD), ERR_UNAUTHENTICATED);
}

static void
another_act_or_service_is_refused(void **state)
{
	(void)state;
	assert_int_equal(verify_only(registrar_key, "act+jwt", "registrar",
				 "{\"act\":\"citizen.freeze\",\"aud\":\"" AUDIENCE "\"," TIMES "}"),
		ERR_REFUSED);
	assert_int_equal(verify_only(registrar_key, "act+jwt", "registrar",
				 "{\"act\":\"citizen.add\",\"aud\":\"https://idp.test\"," TIMES "}"),
		ERR_REFUSED);
}

static enum err
at_times(long iat, long exp, const char *jti)
{
	char payload[256];

	(void)snprintf(payload, sizeof(payload),
		"{\"act\":\"citizen.add\",\"aud\":\"" AUDIENCE "\",\"iat\":%ld,\"exp\":%ld,\"jti\":\"%s\"}", iat, exp,
		jti);
	return verify_only(registrar_key, "act+jwt", "registrar", payload);
}

static void
expired_future_and_long_lived_acts_are_refused(void **state)
{
	(void)state;
	assert_int_equal(at_times(NOW - 300, NOW, "0123456789abcdef"), ERR_EXPIRED);
	assert_int_equal(at_times(NOW - 299, NOW + 1, "0123456789abcdef"), ERR_OK);
	assert_int_equal(at_times(NOW + 61, NOW + 100, "0123456789abcdef"), ERR_EXPIRED);
	assert_int_equal(at_times(NOW, NOW + 301, "0123456789abcdef"), ERR_EXPIRED);
	assert_int_equal(at_times(NOW + 10, NOW - 10, "0123456789abcdef"), ERR_EXPIRED);
	assert_int_equal(at_times(NOW, NOW + 100, "short"), ERR_REFUSED);
}

static void
missing_members_and_altered_bytes_are_refused(void **state)
{
	struct act a;
	char text[] = "eyJhbGciOiJub25lIn0.e30.";

	(void)state;
	assert_int_equal(verify_only(registrar_key, "act+jwt", "registrar", "{\"act\":\"citizen.add\"}"),
		ERR_MALFORMED);
	assert_int_not_equal(act_verify(span_of(text), &operators, "registrar", "citizen.add", NULL, NOW, &a), ERR_OK);
	assert_int_not_equal(act_verify(SPAN(""), &operators, "registrar", "citizen.add", NULL, NOW, &a), ERR_OK);
}

static void
unknown_role_shared_key_or_bad_jwk_in_keys_json_is_refused(void **state)
{
	struct operators o;

	(void)state;
	write_keys("x", "emperor", registrar_key, NULL);
	assert_int_equal(operators_read(keys_path, &o), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "unknown role 'emperor'"));
	write_keys("x", "registrar", registrar_key, registrar_key);
	assert_int_equal(operators_read(keys_path, &o), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "the same key"));
	write_keys("second", "registrar", registrar_key, stranger_key);
	assert_int_equal(operators_read(keys_path, &o), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "is there twice"));
	assert_int_equal(file_write(keys_path,
				 SPAN("{\"operators\":[{\"name\":\"a\",\"roles\":[],\"jwk\":{\"kty\":\"EC\"}}]}"),
				 0600),
		ERR_OK);
	assert_int_equal(operators_read(keys_path, &o), ERR_CONFIG);
	assert_int_equal(o.count, 0);
	assert_int_equal(file_write(keys_path, SPAN("{\"keys\":[]}"), 0600), ERR_OK);
	assert_int_equal(operators_read(keys_path, &o), ERR_OK);
	operators_free(&o);
}

static enum err
read_text(const char *text)
{
	struct operators o;
	const enum err e = operators_parse(span_of(text), "keys.json", &o);

	operators_free(&o);
	return e;
}

static void
a_custodian_with_a_fido2_key_alone_orders_nothing(void **state)
{
	const struct operators saved = operators;
	struct operators o;
	enum err e;

	(void)state;
	assert_int_equal(
		operators_parse(
			SPAN("{\"operators\":[{\"name\":\"a\",\"roles\":[\"custodian\"],\"credential\":{\"id\":\"AAEC\",\"key\":\"AAAA\"}}]}"),
			"keys.json", &o),
		ERR_OK);
	assert_true(o.rows[0].has_credential && o.rows[0].key == NULL && o.rows[0].credential.id.len == 3);
	operators = o;
	e = verify_only(registrar_key, "act+jwt", "custodian", GOOD);
	operators = saved;
	assert_int_equal(e, ERR_UNAUTHENTICATED);
	operators_free(&o);
}

static void
an_operator_without_key_a_registrars_credential_or_a_shared_one_is_refused(void **state)
{
	(void)state;
	assert_int_equal(read_text("{\"operators\":[{\"name\":\"a\",\"roles\":[\"custodian\"]}]}"), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "neither a jwk"));
	assert_int_equal(
		read_text(
			"{\"operators\":[{\"name\":\"a\",\"roles\":[\"registrar\"],\"credential\":{\"id\":\"AAEC\",\"key\":\"AAAA\"}}]}"),
		ERR_CONFIG);
	assert_int_equal(
		read_text(
			"{\"operators\":[{\"name\":\"a\",\"roles\":[\"custodian\"],\"credential\":{\"id\":\"AAEC\",\"key\":\"AAAA\"}},"
			"{\"name\":\"b\",\"roles\":[\"custodian\"],\"credential\":{\"id\":\"AAED\",\"key\":\"AAAA\"}}]}"),
		ERR_CONFIG);
	assert_non_null(strstr(err_why(), "the same credential"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_custodian_with_a_fido2_key_alone_orders_nothing),
		cmocka_unit_test(an_operator_without_key_a_registrars_credential_or_a_shared_one_is_refused),
		cmocka_unit_test(a_registrars_act_is_taken_and_its_payload_kept),
		cmocka_unit_test(a_stranger_or_another_role_is_refused),
		cmocka_unit_test(a_token_of_another_type_is_no_act),
		cmocka_unit_test(another_act_or_service_is_refused),
		cmocka_unit_test(expired_future_and_long_lived_acts_are_refused),
		cmocka_unit_test(missing_members_and_altered_bytes_are_refused),
		cmocka_unit_test(unknown_role_shared_key_or_bad_jwk_in_keys_json_is_refused),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
