#include "tests/unit/lib/test.h"

#include "tests/unit/lib/jose/forge.h"

#define X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define D "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
#define ED_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
/* RFC 7638 3.1 */
#define RSA_N                                                                                                     \
	"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi" \
	"FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnY" \
	"b9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw"  \
	"0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"

static enum err
parsed(const char *json, bool secret)
{
	AUTO(jwk) *k = NULL;

	return jwk_parse(span_of(json), secret, &k);
}

static void
thumbprint_is(const char *json, const char *expected)
{
	AUTO(jwk) *k = NULL;
	char out[THUMBPRINT_TEXT_LEN + 1];

	assert_ok(jwk_parse(span_of(json), false, &k));
	assert_ok(jwk_thumbprint(k, out));
	assert_string_equal(out, expected);
}

CASE(thumbprints_of_the_standards)
{
	thumbprint_is("{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}",
		"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"); /* RFC 7638 3.1 */
	thumbprint_is("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\"}",
		"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"); /* RFC 8037 A.3 */
}

CASE(a_point_off_its_curve_is_refused)
{
	assert_err(parsed("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" X "\"}", false), ERR_MALFORMED);
	assert_err(parsed("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" Y "\",\"y\":\"" X "\"}", false), ERR_MALFORMED);
	assert_err(parsed("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
			  "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
			   false),
		ERR_MALFORMED);
	assert_err(parsed("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"__________________________________________8\","
			  "\"y\":\"" Y "\"}",
			   false),
		ERR_MALFORMED); /* x above p */
}

CASE(coordinates_of_another_length_are_refused)
{
	assert_err(parsed("{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" X "\",\"y\":\"" Y "\"}", false), ERR_MALFORMED);
	assert_err(parsed("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AH_Nzidw9sRdQYPL7m_bS3tYBzM1e-nvE7rPbjx70VRF\","
			  "\"y\":\"" Y "\"}",
			   false),
		ERR_MALFORMED); /* a zero in front */
	assert_err(parsed("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"\",\"y\":\"" Y "\"}", false), ERR_MALFORMED);
	assert_err(parsed("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\"}", false), ERR_MALFORMED);
	assert_err(parsed("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ\"}",
			   false),
		ERR_MALFORMED);
}

CASE(edwards_keys_of_small_order_are_refused)
{
	assert_err(parsed("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
			   false),
		ERR_REFUSED);
	assert_err(parsed("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
			   false),
		ERR_REFUSED);
	assert_err(parsed("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"7P_______________________________________38\"}",
			   false),
		ERR_REFUSED);
	assert_err(parsed("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU\"}",
			   false),
		ERR_REFUSED);
}

CASE(weak_rsa_is_refused)
{
	assert_err(parsed("{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQ\"}", false), ERR_REFUSED);
	assert_err(parsed("{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"Aw\"}", false), ERR_REFUSED);
	assert_err(parsed("{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAA\"}", false), ERR_REFUSED);
	assert_err(parsed("{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", false), ERR_REFUSED);
	assert_err(parsed("{\"kty\":\"RSA\",\"n\":\"AAEB\",\"e\":\"AQAB\"}", false), ERR_MALFORMED);
	assert_err(parsed("{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}", false), ERR_MALFORMED);
	assert_err(parsed("{\"kty\":\"RSA\",\"e\":\"AQAB\"}", false), ERR_MALFORMED);
}

CASE(a_private_key_is_refused_where_a_public_one_belongs)
{
	assert_err(parsed(rfc7515_a3_private, false), ERR_REFUSED);
	assert_ok(parsed(rfc7515_a3_private, true));
	assert_err(parsed("{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"p\":\"AQAB\"}", false), ERR_REFUSED);
	assert_err(parsed("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\",\"k\":\"AQAB\"}", false),
		ERR_REFUSED);
}

CASE(a_private_half_of_another_key_is_refused)
{
	assert_int_not_equal(parsed("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\",\"d\":\"" X
				    "\"}",
				     true),
		ERR_OK);
	assert_int_not_equal(parsed("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\",\"d\":\"" D "\"}", true),
		ERR_OK);
}

CASE(symmetric_keys_are_not_taken)
{
	assert_err(parsed("{\"kty\":\"oct\",\"k\":\"AQAB\",\"alg\":\"HS256\"}", true), ERR_UNSUPPORTED);
}

CASE(a_key_for_encryption_is_not_for_signatures)
{
	assert_err(parsed("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\",\"use\":\"enc\"}", false),
		ERR_UNSUPPORTED);
	assert_err(parsed("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y
			  "\",\"key_ops\":[\"deriveKey\"]}",
			   false),
		ERR_UNSUPPORTED);
	assert_err(parsed("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\",\"alg\":\"ECDH-ES\"}",
			   false),
		ERR_UNSUPPORTED);
	assert_err(parsed("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ED_X "\"}", false), ERR_UNSUPPORTED);
}

CASE(an_algorithm_of_another_type_of_key_is_refused)
{
	assert_err(parsed("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\",\"alg\":\"ES384\"}",
			   false),
		ERR_MALFORMED);
	assert_err(parsed("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\",\"alg\":\"RS256\"}",
			   false),
		ERR_MALFORMED);
	assert_err(parsed("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\",\"alg\":\"none\"}", false),
		ERR_UNSUPPORTED);
}

CASE(duplicate_members_and_loose_base64_are_refused)
{
	assert_err(parsed("{\"kty\":\"EC\",\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\"}", false),
		ERR_MALFORMED);
	assert_err(parsed("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "=\",\"y\":\"" Y "\"}", false), ERR_MALFORMED);
	assert_err(parsed("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X
			  "\",\"y\":\"x/FEzRu9m36HLN/tue659LNpXW6pCyStikYjKIWI5a0\"}",
			   false),
		ERR_MALFORMED);
	assert_err(parsed("{\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\"}", false), ERR_MALFORMED);
	assert_err(parsed("[]", false), ERR_MALFORMED);
}

CASE(what_is_written_can_be_read_and_holds_no_secret)
{
	static const char *const types[] = {"P-256", "P-384", "P-521", "RSA", "ED25519", "ED448"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		EVP_PKEY *key = forge_new_key(types[i]);
		AUTO(jwk) *k = NULL;
		AUTO(jwk) *again = NULL;
		AUTO(writer) w = writer_new(4000);
		char thumbprint[THUMBPRINT_TEXT_LEN + 1];

		assert_ok(jwk_from_key(key, NULL, &k));
		assert_ok(jwk_write(k, &w));
		assert_null(strstr((const char *)w.ptr, "\"d\""));
		assert_ok(jwk_parse(writer_span(&w), false, &again));
		assert_string_equal(jwk_alg(again), jwk_alg(k));
		assert_ok(jwk_thumbprint(again, thumbprint));
		assert_string_equal(jwk_kid(again), thumbprint);
		assert_int_equal(EVP_PKEY_eq(jwk_key(again), key), 1);
		EVP_PKEY_free(key);
	}
}

static enum err
set_parsed(const char *json, size_t *count)
{
	AUTO(jwks) *set = NULL;

	TRY(jwks_parse(span_of(json), &set));
	*count = jwks_count(set);
	return ERR_OK;
}

CASE(a_set_passes_over_what_is_not_ours)
{
	size_t count = 9;

	assert_ok(set_parsed(
		"{\"keys\":[{\"kty\":\"oct\",\"k\":\"AQAB\"},{\"kty\":\"AKP\",\"pub\":\"AQAB\"},{\"kty\":\"EC\",\"crv\":\"secp256k1\","
		"\"x\":\"" X "\",\"y\":\"" Y "\"},{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y
		"\",\"use\":\"enc\"},"
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\"}],\"other\":1}",
		&count));
	assert_int_equal(count, 1);
	assert_ok(set_parsed("{\"keys\":[]}", &count));
	assert_int_equal(count, 0);
}

CASE(a_set_with_a_wrong_key_is_refused_whole)
{
	size_t count;

	assert_err(set_parsed("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" X "\"}]}",
			   &count),
		ERR_MALFORMED);
	assert_err(set_parsed("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\",\"d\":\"" D
			      "\"}]}",
			   &count),
		ERR_REFUSED);
	assert_err(set_parsed("{\"keys\":{}}", &count), ERR_MALFORMED);
	assert_err(set_parsed("{}", &count), ERR_MALFORMED);
}

CASE(two_keys_of_one_kid_are_refused)
{
	size_t count;

	assert_err(set_parsed("{\"keys\":[{\"kty\":\"EC\",\"kid\":\"a\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y
			      "\"},"
			      "{\"kty\":\"OKP\",\"kid\":\"a\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\"}]}",
			   &count),
		ERR_EXISTS);
}

CASE(without_a_kid_only_an_unambiguous_key_is_found)
{
	AUTO(jwks) *set = NULL;
	struct jwk *k;

	assert_ok(jwks_parse(SPAN("{\"keys\":[{\"kty\":\"EC\",\"kid\":\"a\",\"crv\":\"P-256\",\"x\":\"" X
				  "\",\"y\":\"" Y "\"},"
				  "{\"kty\":\"OKP\",\"kid\":\"b\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\"}]}"),
		&set));
	assert_non_null(jwks_find(set, SPAN(""), SPAN("ES256")));
	assert_null(jwks_find(set, SPAN(""), SPAN("ES384")));
	assert_null(jwks_find(set, SPAN("c"), SPAN("ES256")));
	assert_ptr_equal(jwks_find(set, SPAN("b"), SPAN("ES256")),
		jwks_at(set, 1)); /* whose alg jws_check then compares */
	EVP_PKEY *other = forge_new_key("P-256");

	assert_ok(jwk_from_key(other, "c", &k));
	assert_ok(jwks_add(set, k));
	assert_null(jwks_find(set, SPAN(""), SPAN("ES256")));
	EVP_PKEY_free(other);
}

RUN(cmocka_unit_test(thumbprints_of_the_standards), cmocka_unit_test(a_point_off_its_curve_is_refused),
	cmocka_unit_test(coordinates_of_another_length_are_refused),
	cmocka_unit_test(edwards_keys_of_small_order_are_refused), cmocka_unit_test(weak_rsa_is_refused),
	cmocka_unit_test(a_private_key_is_refused_where_a_public_one_belongs),
	cmocka_unit_test(a_private_half_of_another_key_is_refused), cmocka_unit_test(symmetric_keys_are_not_taken),
	cmocka_unit_test(a_key_for_encryption_is_not_for_signatures),
	cmocka_unit_test(an_algorithm_of_another_type_of_key_is_refused),
	cmocka_unit_test(duplicate_members_and_loose_base64_are_refused),
	cmocka_unit_test(what_is_written_can_be_read_and_holds_no_secret),
	cmocka_unit_test(a_set_passes_over_what_is_not_ours), cmocka_unit_test(a_set_with_a_wrong_key_is_refused_whole),
	cmocka_unit_test(two_keys_of_one_kid_are_refused),
	cmocka_unit_test(without_a_kid_only_an_unambiguous_key_is_found))
