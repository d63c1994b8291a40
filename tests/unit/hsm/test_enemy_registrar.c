/* What somebody with cad's user tries with a registrar's genuine act: a certificate that says less, or more, than the registrar signed for. */
#include "typed.h"

#include "base/encode.h"
#include "hsm/type/registrar.h"
#include "x509/own.h"
#include "x509/x509.h"

static struct trial {
	EVP_PKEY *registrar, *person;
	struct jwk *jwk;
	struct policy policy;
	struct writer evidence;
} trial;

static int
set_up(void **state)
{
	AUTO(writer) operators = writer_new(4096);
	AUTO(writer) payload = writer_new(4096);
	struct sha256 hash;

	(void)state;
	trial.registrar = EVP_EC_gen("P-256");
	trial.person = EVP_EC_gen("P-256");
	assert_ok(jwk_from_key(trial.registrar, NULL, &trial.jwk));
	writer_text(&operators, "{\"operators\": [{\"name\": \"registrar-1\", \"roles\": [\"registrar\"], \"jwk\": ");
	assert_ok(jwk_write(trial.jwk, &operators));
	writer_text(&operators, "}]}");
	assert_ok(operators_parse(writer_span(&operators), "operators", &trial.policy.file.operators));
	assert_ok(spki_hash(trial.person, &hash));
	writer_format(&payload,
		"{\"act\":\"certificate.issue\",\"aud\":\"https://ca\",\"jti\":\"0123456789abcdef0123\",\"iat\":%lld,\"exp\":%lld,\"profile\":\"officer\","
		"\"subject\":[{\"type\":\"CN\",\"value\":\"Test Citizen One\"},{\"type\":\"serialNumber\",\"value\":\"PNOXX-1\"}],\"spki_sha256\":\"",
		(long long)now, (long long)now + 300);
	base64url_write(&payload, sha256_span(&hash));
	writer_text(&payload, "\"}");
	trial.evidence = writer_new(8192);
	return jws_sign(trial.registrar, &(struct jws_sign_options){.typ = "act+jwt", .kid = jwk_kid(trial.jwk)},
		       writer_span(&payload), &trial.evidence) == ERR_OK
		? 0
		: 1;
}

static int
tear_down(void **state)
{
	(void)state;
	operators_free(&trial.policy.file.operators);
	jwk_free(&trial.jwk);
	EVP_PKEY_free(trial.registrar);
	EVP_PKEY_free(trial.person);
	writer_free(&trial.evidence);
	return 0;
}

/* A certificate with these subject attributes, "type=value" each, up to NULL. */
static enum err
ask(const char *const *subject)
{
	const struct type_question q = {.policy = &trial.policy, .evidence = writer_span(&trial.evidence), .now = now};
	AUTO(writer) spki = writer_new(1024);
	OWN(X509) x = X509_new();
	char by[64], type[32];
	uint8_t *der = NULL;
	const int len = i2d_PUBKEY(trial.person, &der);

	writer_bytes(&spki, span_at(der, (size_t)len));
	OPENSSL_free(der);
	for (; *subject != NULL; subject++) {
		const char *value = strchr(*subject, '=') + 1;

		(void)snprintf(type, sizeof(type), "%.*s", (int)(value - 1 - *subject), *subject);
		assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), type, MBSTRING_UTF8,
					 (const uint8_t *)value, -1, -1, 0),
			1);
	}
	return registrar_check(&q, "officer", x, writer_span(&spki), NULL, by, sizeof(by));
}

#define SUBJECT(...) ((const char *const[]){__VA_ARGS__, NULL})

CASE(a_subject_is_all_that_the_registrar_signed_for_and_no_more)
{
	(void)state;
	assert_ok(ask(SUBJECT("CN=Test Citizen One", "serialNumber=PNOXX-1")));
	assert_ok(ask(SUBJECT("serialNumber=PNOXX-1", "CN=Test Citizen One")));
	assert_err(ask(SUBJECT("CN=Test Citizen One")), ERR_REFUSED); /* one of many of that name */
	assert_err(ask(SUBJECT("serialNumber=PNOXX-1")), ERR_REFUSED);
	assert_err(ask((const char *const[]){NULL}), ERR_REFUSED);
	assert_err(ask(SUBJECT("CN=Test Citizen One", "CN=Test Citizen One")), ERR_REFUSED);
	assert_err(ask(SUBJECT("CN=Test Citizen One", "serialNumber=PNOXX-1", "O=Ministry")), ERR_REFUSED);
	assert_err(ask(SUBJECT("CN=Test Citizen One", "serialNumber=PNOXX-2")), ERR_REFUSED);
	assert_err(ask(SUBJECT("CN=PNOXX-1", "serialNumber=Test Citizen One")), ERR_REFUSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_subject_is_all_that_the_registrar_signed_for_and_no_more),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
