#include "tests/unit/lib/test.h"

#include <openssl/hmac.h>
#include <openssl/x509.h>

#include "base/encode.h"
#include "tests/unit/lib/jose/forge.h"

static const char rfc7515_a3[] =
	"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
	"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

/* The verdict of jws_verify() on text with RFC 7515 A.3's key in the set. */
static enum err
verdict(struct span text, const char *typ)
{
	AUTO(jwks) *set = forge_set(rfc7515_a3_public);
	AUTO(jws) j = {0};

	return jws_verify(text, set, typ, &j);
}

/* The verdict on a rightly signed JWS with this header. */
static enum err
header_verdict(const char *header, const char *typ)
{
	AUTO(jwk) *key = forge_key(rfc7515_a3_private);
	AUTO(writer) w = writer_new(MAX_JWS);

	forge_compact(&w, header, "{}", jwk_key(key), "ES256");
	return verdict(writer_span(&w), typ);
}

CASE(rfc7515_a3_verifies)
{
	AUTO(jwks) *set = forge_set(rfc7515_a3_public);
	AUTO(jws) j = {0};

	assert_ok(jws_verify(span_of(rfc7515_a3), set, NULL, &j));
	assert_string_equal(j.header.alg, "ES256");
	assert_true(span_starts(span_at(j.payload.ptr, j.payload.len), SPAN("{\"iss\":\"joe\"")));
}

CASE(rfc8037_a4_verifies)
{
	AUTO(jwks) *set = forge_set(
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}");
	AUTO(jws) j = {0};

	assert_ok(
		jws_verify(SPAN("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
				"09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"),
			set, NULL, &j));
}

CASE(none_is_refused_in_any_spelling)
{
	static const char *const names[] = {"none", "None", "NONE", "nOnE", "nonE", "", " none"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		AUTO(writer) header = writer_new(100);
		AUTO(writer) text = writer_new(200);

		writer_format(&header, "{\"alg\":\"%s\"}", names[i]);
		assert_err(header_verdict((const char *)header.ptr, NULL), ERR_UNSUPPORTED);
		base64url_write(&text, writer_span(&header));
		writer_text(&text, ".e30."); /* and without a signature */
		assert_err(verdict(writer_span(&text), NULL), ERR_UNSUPPORTED);
	}
}

CASE(a_header_without_alg_is_refused)
{
	assert_err(header_verdict("{}", NULL), ERR_MALFORMED);
	assert_err(header_verdict("{\"alg\":null}", NULL), ERR_MALFORMED);
	assert_err(header_verdict("{\"alg\":[\"ES256\"]}", NULL), ERR_MALFORMED);
	assert_err(header_verdict("[\"ES256\"]", NULL), ERR_MALFORMED);
}

CASE(hs256_with_the_public_key_as_secret_is_refused)
{
	AUTO(jwk) *key = forge_key(rfc7515_a3_private);
	AUTO(writer) w = writer_new(1000);
	unsigned char *spki = NULL, mac[32];
	unsigned len = sizeof(mac);
	const int spki_len = i2d_PUBKEY(jwk_key(key), &spki);

	base64url_write(&w, SPAN("{\"alg\":\"HS256\",\"kid\":\"a\"}"));
	writer_text(&w, ".e30");
	assert_non_null(HMAC(EVP_sha256(), spki, spki_len, w.ptr, w.len, mac, &len));
	OPENSSL_free(spki);
	writer_text(&w, ".");
	base64url_write(&w, span_at(mac, len));
	assert_err(verdict(writer_span(&w), NULL), ERR_UNSUPPORTED);
}

CASE(a_key_that_the_header_brings_is_not_trusted)
{
	AUTO(writer) w = writer_new(1000);

	writer_format(&w, "{\"alg\":\"ES256\",\"jwk\":%s}", rfc7515_a3_public);
	assert_err(header_verdict((const char *)w.ptr, NULL), ERR_REFUSED);
	assert_err(header_verdict("{\"alg\":\"ES256\",\"jku\":\"https://example.com/jwks\"}", NULL), ERR_REFUSED);
	assert_err(header_verdict("{\"alg\":\"ES256\",\"x5u\":\"https://example.com/x\"}", NULL), ERR_REFUSED);
	assert_err(header_verdict("{\"alg\":\"ES256\",\"jwk\":null}", NULL), ERR_REFUSED);
}

CASE(crit_is_refused_known_or_not)
{
	assert_err(header_verdict("{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}", NULL), ERR_UNSUPPORTED);
	assert_err(header_verdict("{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":true}", NULL), ERR_UNSUPPORTED);
	assert_err(header_verdict("{\"alg\":\"ES256\",\"crit\":[]}", NULL), ERR_UNSUPPORTED);
	assert_err(header_verdict("{\"alg\":\"ES256\",\"b64\":false}", NULL), ERR_UNSUPPORTED);
}

CASE(duplicate_members_are_refused)
{
	assert_err(header_verdict("{\"alg\":\"none\",\"alg\":\"ES256\"}", NULL), ERR_MALFORMED);
	assert_err(header_verdict("{\"alg\":\"ES256\",\"kid\":\"b\",\"kid\":\"a\"}", NULL), ERR_MALFORMED);
	assert_err(header_verdict("{\"alg\":\"ES256\",\"x\":1,\"x\":1}", NULL), ERR_MALFORMED);
	assert_err(header_verdict("{\"alg\":\"ES256\",\"\\u0061lg\":\"ES256\"}", NULL), ERR_MALFORMED);
}

CASE(unknown_members_that_are_not_critical_are_passed_over)
{
	assert_ok(header_verdict("{\"alg\":\"ES256\",\"x\":{\"y\":[1]}}", NULL));
	assert_ok(header_verdict(" {\n\"alg\" : \"ES256\" } ", NULL));
}

/* Changes the JWS by one edit: what stands at offset at of part (0..2) is replaced. */
static enum err
edited(size_t part, size_t at, size_t remove, const char *insert)
{
	AUTO(writer) w = writer_new(2000);
	const char *start = rfc7515_a3;

	for (size_t i = 0; i < part; i++)
		start = strchr(start, '.') + 1;
	start += at == SIZE_MAX ? strcspn(start, ".") - remove : at;
	writer_bytes(&w, span_at(rfc7515_a3, (size_t)(start - rfc7515_a3)));
	writer_text(&w, insert);
	writer_text(&w, start + remove);
	return verdict(writer_span(&w), NULL);
}

CASE(other_base64_is_refused_in_each_part)
{
	static const char *const inserts[] = {"=", "==", " ", "\n", "\r\n", "\t", "+", "/", ".", "%3D", "\xc3\xa9"};

	for (size_t part = 0; part < 3; part++)
		for (size_t i = 0; i < sizeof(inserts) / sizeof(inserts[0]); i++) {
			assert_int_not_equal(edited(part, 0, 0, inserts[i]), ERR_OK);
			assert_int_not_equal(edited(part, 4, 0, inserts[i]), ERR_OK);
			assert_int_not_equal(edited(part, SIZE_MAX, 0, inserts[i]), ERR_OK);
		}
}

CASE(unused_bits_of_base64_must_be_zero)
{
	assert_err(edited(2, SIZE_MAX, 1, "R"), ERR_MALFORMED); /* ...U1Q: Q and R differ in unused bits only */
	assert_err(edited(2, SIZE_MAX, 1, "f"), ERR_MALFORMED);
}

CASE(each_changed_character_is_noticed)
{
	char text[sizeof(rfc7515_a3)];

	for (size_t i = 0; i + 1 < sizeof(text); i++) {
		memcpy(text, rfc7515_a3, sizeof(text));
		text[i] = text[i] == 'A' ? 'B' : 'A';
		assert_int_not_equal(verdict(span_of(text), NULL), ERR_OK);
	}
}

CASE(each_truncation_is_refused)
{
	for (size_t len = 0; len + 1 < sizeof(rfc7515_a3); len++)
		assert_int_not_equal(verdict(span_at(rfc7515_a3, len), NULL), ERR_OK);
}

CASE(two_or_four_parts_are_refused)
{
	assert_err(edited(2, SIZE_MAX, 0, "."), ERR_MALFORMED);
	assert_err(edited(2, SIZE_MAX, 0, ".e30"), ERR_MALFORMED);
	assert_err(verdict(SPAN("eyJhbGciOiJFUzI1NiJ9.e30"), NULL), ERR_MALFORMED);
	assert_err(verdict(SPAN(""), NULL), ERR_MALFORMED);
	assert_err(verdict(SPAN("eyJhbGciOiJFUzI1NiJ9.e30."), NULL), ERR_BAD_SIGNATURE);
}

/* The verdict on A.3's input with these bytes as signature. */
static enum err
signature_verdict(struct span signature)
{
	AUTO(writer) w = writer_new(2000);

	writer_bytes(&w, span_at(rfc7515_a3, (size_t)(strrchr(rfc7515_a3, '.') + 1 - rfc7515_a3)));
	base64url_write(&w, signature);
	return verdict(writer_span(&w), NULL);
}

CASE(zero_in_ecdsa_is_refused)
{
	uint8_t raw[64] = {0};

	assert_err(signature_verdict(span_at(raw, 64)), ERR_BAD_SIGNATURE);
	raw[31] = 1;
	assert_err(signature_verdict(span_at(raw, 64)), ERR_BAD_SIGNATURE);
	raw[31] = 0;
	raw[63] = 1;
	assert_err(signature_verdict(span_at(raw, 64)), ERR_BAD_SIGNATURE);
	memset(raw, 0xff, 64); /* above the order */
	assert_err(signature_verdict(span_at(raw, 64)), ERR_BAD_SIGNATURE);
}

CASE(der_in_ecdsa_is_refused)
{
	AUTO(jwk) *key = forge_key(rfc7515_a3_private);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[80];
	size_t len = sizeof(der);

	assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, jwk_key(key), NULL), 1);
	assert_int_equal(EVP_DigestSign(ctx, der, &len, (const uint8_t *)rfc7515_a3,
				 (size_t)(strrchr(rfc7515_a3, '.') - rfc7515_a3)),
		1);
	EVP_MD_CTX_free(ctx);
	assert_err(signature_verdict(span_at(der, len)), ERR_BAD_SIGNATURE);
}

CASE(ecdsa_of_another_length_is_refused)
{
	uint8_t raw[66] = {0};
	size_t len;

	assert_ok(base64url_read(span_of(strrchr(rfc7515_a3, '.') + 1), raw + 1, 64, &len));
	assert_ok(signature_verdict(span_at(raw + 1, 64)));
	assert_err(signature_verdict(span_at(raw, 65)), ERR_BAD_SIGNATURE);
	assert_err(signature_verdict(span_at(raw + 1, 65)), ERR_BAD_SIGNATURE);
	assert_err(signature_verdict(span_at(raw + 1, 63)), ERR_BAD_SIGNATURE);
}

CASE(typ_must_be_what_was_asked_for)
{
	assert_ok(header_verdict("{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", "at+jwt"));
	assert_ok(header_verdict("{\"alg\":\"ES256\",\"typ\":\"AT+JWT\"}", "at+jwt"));
	assert_ok(header_verdict("{\"alg\":\"ES256\",\"typ\":\"application/at+jwt\"}", "at+jwt"));
	assert_err(header_verdict("{\"alg\":\"ES256\",\"typ\":\"JWT\"}", "at+jwt"), ERR_MISMATCH);
	assert_err(header_verdict("{\"alg\":\"ES256\",\"typ\":\"at+jwt2\"}", "at+jwt"), ERR_MISMATCH);
	assert_err(header_verdict("{\"alg\":\"ES256\",\"typ\":\"application/application/at+jwt\"}", "at+jwt"),
		ERR_MISMATCH);
	assert_err(header_verdict("{\"alg\":\"ES256\"}", "at+jwt"), ERR_MISMATCH);
}

CASE(another_algorithm_than_the_keys_is_refused)
{
	assert_err(header_verdict("{\"alg\":\"ES384\",\"kid\":\"a\"}", NULL), ERR_MISMATCH);
	assert_err(header_verdict("{\"alg\":\"RS256\",\"kid\":\"a\"}", NULL), ERR_MISMATCH);
	assert_err(header_verdict("{\"alg\":\"EdDSA\",\"kid\":\"a\"}", NULL), ERR_MISMATCH);
}

/* RFC 8725 3.1: one key, one algorithm, though the signature would verify. */
CASE(a_ps256_key_verifies_nothing_but_ps256)
{
	static const char *const others[] = {"PS384", "PS512", "RS256", "RS512"};
	EVP_PKEY *rsa = forge_new_key("RSA");
	AUTO(jwk) *key = NULL;

	assert_ok(jwk_from_key(rsa, "r", &key));
	assert_string_equal(jwk_alg(key), "PS256");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		AUTO(writer) header = writer_new(100);
		AUTO(writer) w = writer_new(2000);
		AUTO(jws) j = {0};

		writer_format(&header, "{\"alg\":\"%s\"}", others[i]);
		forge_compact(&w, (const char *)header.ptr, "{}", rsa, others[i]);
		assert_ok(jws_parse(writer_span(&w), &j));
		assert_err(jws_check(&j, key), ERR_MISMATCH);
	}
	EVP_PKEY_free(rsa);
}

CASE(an_unknown_kid_is_not_tried_with_another_key)
{
	assert_ok(header_verdict("{\"alg\":\"ES256\",\"kid\":\"a\"}", NULL));
	assert_err(header_verdict("{\"alg\":\"ES256\",\"kid\":\"b\"}", NULL), ERR_UNTRUSTED);
	assert_err(header_verdict("{\"alg\":\"ES256\",\"kid\":\"A\"}", NULL), ERR_UNTRUSTED);
}

CASE(every_kind_of_key_signs_what_it_verifies)
{
	static const char *const types[] = {"P-256", "P-384", "P-521", "RSA", "ED25519", "ED448"};
	static const char *const algs[] = {"ES256", "ES384", "ES512", "PS256", "EdDSA", "EdDSA"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		EVP_PKEY *key = forge_new_key(types[i]);
		AUTO(jwks) *set = NULL;
		struct jwk *k = NULL;
		AUTO(writer) w = writer_new(4000);
		AUTO(jws) j = {0};

		assert_ok(jwk_from_key(key, "k", &k));
		assert_ok(jwks_new(&set));
		assert_ok(jwks_add(set, k));
		assert_ok(jws_sign(key, &(struct jws_sign_options){.typ = "x+jwt", .kid = "k"}, SPAN("{\"a\":1}"), &w));
		assert_ok(jws_verify(writer_span(&w), set, "x+jwt", &j));
		assert_string_equal(j.header.alg, algs[i]);
		assert_true(span_is(span_at(j.payload.ptr, j.payload.len), "{\"a\":1}"));
		EVP_PKEY_free(key);
	}
}

CASE(what_a_signer_signs_is_what_jws_sign_signs)
{
	static const char *const types[] = {"P-256", "RSA", "ED25519"};
	const struct jws_sign_options options = {.typ = "JWT", .kid = "k"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		EVP_PKEY *key = forge_new_key(types[i]);
		struct jws_signer *signer = NULL;
		AUTO(jwks) *set = NULL;
		struct jwk *k = NULL;
		AUTO(writer) once = writer_new(4000);
		struct span input;

		assert_ok(jwk_from_key(key, "k", &k));
		assert_ok(jwks_new(&set));
		assert_ok(jwks_add(set, k));
		assert_ok(jws_signer_new(key, &options, &signer));
		assert_ok(jws_sign(key, &options, SPAN("{\"a\":1}"), &once));
		input = span_at(once.ptr, (size_t)(strrchr((const char *)once.ptr, '.') - (const char *)once.ptr));
		for (int n = 0; n < 2; n++) { /* a second one has the same header */
			AUTO(writer) w = writer_new(4000);
			AUTO(jws) j = {0};

			assert_ok(jws_signer_sign(signer, SPAN("{\"a\":1}"), &w));
			assert_ok(jws_verify(writer_span(&w), set, "JWT", &j));
			assert_memory_equal(w.ptr, input.ptr, input.len);
		}
		jws_signer_free(&signer);
		assert_null(signer);
		EVP_PKEY_free(key);
	}
}

/* ECDSA numbers with leading zeros keep their length: one signature in 128 has one. */
CASE(short_numbers_in_ecdsa_are_padded)
{
	EVP_PKEY *key = forge_new_key("P-256");

	for (int i = 0; i < 600; i++) {
		AUTO(writer) signature = writer_new(100);
		const struct jose_alg *alg = jose_alg_find(SPAN("ES256"));

		assert_ok(alg->sign(key, SPAN("x"), &signature));
		assert_int_equal(signature.len, alg->signature_len);
		assert_ok(alg->verify(key, SPAN("x"), writer_span(&signature)));
	}
	EVP_PKEY_free(key);
}

CASE(certificates_go_into_the_header_as_base64_with_padding)
{
	AUTO(jwk) *key = forge_key(rfc7515_a3_private);
	const struct span x5c[] = {SPAN("\x30\x01"), SPAN("\x30\x02\x03")};
	AUTO(writer) w = writer_new(1000);
	AUTO(jws) j = {0};

	assert_ok(jws_sign(jwk_key(key), &(struct jws_sign_options){.kid = "a", .x5c = x5c, .x5c_count = 2}, SPAN(""),
		&w));
	assert_ok(jws_parse(writer_span(&w), &j));
	assert_true(j.header.has_x5c);
	assert_int_equal(j.header.x5c.count, 2);
	assert_string_equal(json_text_at(&j.header.x5c, 0), "MAE=");
	assert_string_equal(json_text_at(&j.header.x5c, 1), "MAID");
	assert_int_equal(j.payload.len, 0);
}

CASE(what_is_too_long_is_not_read)
{
	AUTO(writer) w = writer_new(4 * MAX_JWS);
	AUTO(jws) j = {0};

	for (size_t i = 0; i <= MAX_JWS; i++)
		writer_u8(&w, 'A');
	assert_err(jws_parse(writer_span(&w), &j), ERR_TOO_LONG);
	writer_reset(&w);
	for (size_t i = 0; i <= MAX_JWS_HEADER; i++)
		writer_u8(&w, 'A');
	writer_text(&w, ".e30.AA");
	assert_err(jws_parse(writer_span(&w), &j), ERR_TOO_LONG);
}

RUN(cmocka_unit_test(rfc7515_a3_verifies), cmocka_unit_test(rfc8037_a4_verifies),
	cmocka_unit_test(none_is_refused_in_any_spelling), cmocka_unit_test(a_header_without_alg_is_refused),
	cmocka_unit_test(hs256_with_the_public_key_as_secret_is_refused),
	cmocka_unit_test(a_key_that_the_header_brings_is_not_trusted), cmocka_unit_test(crit_is_refused_known_or_not),
	cmocka_unit_test(duplicate_members_are_refused),
	cmocka_unit_test(unknown_members_that_are_not_critical_are_passed_over),
	cmocka_unit_test(other_base64_is_refused_in_each_part), cmocka_unit_test(unused_bits_of_base64_must_be_zero),
	cmocka_unit_test(each_changed_character_is_noticed), cmocka_unit_test(each_truncation_is_refused),
	cmocka_unit_test(two_or_four_parts_are_refused), cmocka_unit_test(zero_in_ecdsa_is_refused),
	cmocka_unit_test(der_in_ecdsa_is_refused), cmocka_unit_test(ecdsa_of_another_length_is_refused),
	cmocka_unit_test(typ_must_be_what_was_asked_for), cmocka_unit_test(another_algorithm_than_the_keys_is_refused),
	cmocka_unit_test(a_ps256_key_verifies_nothing_but_ps256),
	cmocka_unit_test(an_unknown_kid_is_not_tried_with_another_key),
	cmocka_unit_test(every_kind_of_key_signs_what_it_verifies),
	cmocka_unit_test(what_a_signer_signs_is_what_jws_sign_signs),
	cmocka_unit_test(short_numbers_in_ecdsa_are_padded),
	cmocka_unit_test(certificates_go_into_the_header_as_base64_with_padding),
	cmocka_unit_test(what_is_too_long_is_not_read))
