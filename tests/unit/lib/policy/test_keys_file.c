#include "tests/unit/lib/test.h"

#include <openssl/ec.h>

#include "base/encode.h"
#include "base/file.h"
#include "jose/jose.h"
#include "policy/keys_file.h"
#include "policy/purpose.h"

static char shipped[512];

/* The shipped file with one text exchanged, which must be there. */
static enum err
with(const char *from, const char *to, struct keys_file *out)
{
	AUTO(writer) text = writer_new(MAX_KEYS_FILE);
	AUTO(writer) changed = writer_new(MAX_KEYS_FILE);

	assert_ok(file_read(shipped, MAX_KEYS_FILE, &text));

	const struct span whole = writer_span(&text);
	const uint8_t *at = memmem(whole.ptr, whole.len, from, strlen(from));

	assert_non_null(at);
	const size_t before = (size_t)(at - whole.ptr), after = before + strlen(from);

	writer_bytes(&changed, span_at(whole.ptr, before));
	writer_bytes(&changed, span_of(to));
	writer_bytes(&changed, span_at(whole.ptr + after, whole.len - after));
	assert_ok(writer_done(&changed));
	return keys_file_parse(writer_span(&changed), out);
}

CASE(the_shipped_file_is_read_and_its_bytes_are_what_was_read)
{
	AUTO(writer) bytes = writer_new(MAX_KEYS_FILE);
	AUTO(writer) again = writer_new(MAX_KEYS_FILE);
	AUTO(keys_file) f = {0};
	const struct key_rule *k;

	assert_ok(keys_file_read(shipped, &bytes, &f));
	assert_ok(file_read(shipped, MAX_KEYS_FILE, &again));
	assert_true(span_equal(writer_span(&bytes), writer_span(&again)));
	assert_int_equal(f.version, 1);
	assert_null(keys_file_key(&f, SPAN("none")));
	assert_int_equal(keys_file_caller(&f, "nobody"), 0);
	k = keys_file_key(&f, SPAN("seal-land"));
	assert_non_null(k);
	assert_string_equal(k->agency, "land");
	assert_int_equal(k->allowed, keys_file_caller(&f, "signer"));
	k = keys_file_key(&f, SPAN("citizen-seal"));
	assert_non_null(k);
	assert_int_equal(k->allowed, 0);
}

CASE(what_contradicts_itself_is_refused_with_its_reason)
{
	static const struct {
		const char *from, *to, *why;
	} cases[] = {
		{"\"name\": \"idp\"", "\"name\": \"ca\"", "two callers 'ca'"},
		{"\"name\": \"ceremony\"", "\"name\": \"party\"", "callers lacks 'ceremony'"},
		{"\"label\": \"number-wrap\"", "\"label\": \"number-index\"", "two keys 'number-index'"},
		{"\"purpose\": \"wrap\"", "\"purpose\": \"warp\"", "key 'number-wrap': there is no purpose 'warp'"},
		{"\"algorithm\": \"Ed25519\"", "\"algorithm\": \"AES-256\"",
			"key 'log': algorithm 'AES-256' does not serve 'checkpoint'"},
		{"\"token\": \"main\", \"callers\": []", "\"token\": \"main\", \"callers\": [\"ca\"]",
			"mohar-hsmd's own: it has no callers"},
		{"\"callers\": [\"idp\"],\n\t\t \"per_second\"", "\"callers\": [],\n\t\t \"per_second\"",
			"key 'number-index' has no caller"},
		{"\"callers\": [\"signer\"]},\n\t\t{\"label\": \"number-index\"",
			"\"callers\": [\"nobody\"]},\n\t\t{\"label\": \"number-index\"",
			"key 'log': no caller 'nobody'"},
		{"\"per_second\": 50, \"burst\"", "\"burst\"", "needs 'per_second'"},
		{"\"agency\": \"land\"", "\"lifetime\": 60", "'agency' is what an agency-seal key has"},
		{"\"typ\": [\"statuslist+jwt\"], ", "", "'typ' is what a JWS key has"},
		{"\"lifetime\": 86400", "\"policies\": [\"1.2\"]", "'policies' is what a time-stamp key has"},
		{"\"seal\": \"citizen-seal\"", "\"seal\": \"number-index\"", "no blob-seal key 'number-index'"},
		{"\"born\": \"P-256\"", "\"born\": \"Ed25519\"", "citizens' keys are P-256, P-384 or P-521"},
		{"[\"https://sign.localhost:8447\"]", "[]", "activation lacks origins"},
		{"\"wrapped_by\": \"citizen-keys\"", "\"wrapped_by\": \"number-wrap\"", "wrapped_by is the label"},
		{"\"subject_key\": \"service-ocsp\"", "\"subject_key\": \"none\"", "no key 'none'"},
		{"\"policy\": \"1.3.6.1.4.1.99999.1.5\"", "\"policy\": \"1.3.6.1.4.1.99999.1.4\"",
			"have the same policy"},
		{"\"policy\": \"1.3.6.1.4.1.99999.1.1\"", "\"quorum\": true", "exclude each other"},
		{"\"days\": 732, \"key_usage\": [\"digitalSignature\"]", "\"days\": 732, \"key_usage\": []",
			"name its key_usage"},
		{"\"days\": 732, \"key_usage\": [\"digitalSignature\"]", "\"days\": 732, \"key_usage\": [\"signing\"]",
			"no key usage 'signing'"},
		{"\"days\": 732, ", "\"days\": 732, \"ca\": true, ", "CA certificates come from a root-ca key only"},
		{"\"callers\": [\"ceremony\"], \"list_days\": 400", "\"callers\": [\"ceremony\"]",
			"say how long it may last in 'list_days'"},
		{"\"k\": 2", "\"k\": 4", "custodians: k is 4 of 3"},
		{"\"custodian-2\"", "\"custodian-1\"", "'custodian-1' is there twice"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct keys_file f;

		assert_err(with(cases[i].from, cases[i].to, &f), ERR_CONFIG);
		if (strstr(err_why(), cases[i].why) == NULL)
			fail_msg("'%s' for: %s", err_why(), cases[i].why);
		assert_null(f.keys.items);
	}
}

CASE(an_unknown_member_is_named_with_its_line)
{
	struct keys_file f;

	assert_err(with("\"burst\": 500", "\"brust\": 500", &f), ERR_MALFORMED);
	assert_non_null(strstr(err_why(), "brust"));
	assert_non_null(strstr(err_why(), "line "));
}

CASE(a_credential_that_nothing_can_verify_is_refused)
{
	struct keys_file f;

	assert_err(with("\"operators\": []",
			   "\"operators\": [{\"name\": \"a\", \"roles\": [\"custodian\"], "
			   "\"credential\": {\"id\": \"AAAA\", \"key\": \"AAAA\"}}]",
			   &f),
		ERR_CONFIG);
	assert_non_null(strstr(err_why(), "no COSE_Key"));
}

/* RFC 9052 7: kty EC2, alg ES256, P-256, the point. */
static void
cose_put(EVP_PKEY *key, struct writer *text)
{
	AUTO(writer) cose = writer_new(128);
	uint8_t point[65];
	size_t len;

	assert_int_equal(EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof(point), &len), 1);
	writer_bytes(&cose, SPAN("\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20"));
	writer_bytes(&cose, span_at(point + 1, 32));
	writer_bytes(&cose, SPAN("\x22\x58\x20"));
	writer_bytes(&cose, span_at(point + 33, 32));
	base64url_write(text, writer_span(&cose));
}

CASE(one_key_is_not_two_custodians_be_it_a_cards_or_a_fido2_keys)
{
	EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
	struct jwk *jwk = NULL;

	(void)state;
	assert_ok(jwk_from_key(key, NULL, &jwk));
	for (int i = 0; i < 2; i++) {
		AUTO(writer) text = writer_new(8192);
		struct keys_file f;
		enum err e;

		writer_text(&text,
			"\"operators\": [{\"name\": \"a\", \"roles\": [\"custodian\"], \"credential\": {\"id\": \"AAAA\", \"key\": \"");
		cose_put(i == 0 ? key : other, &text);
		writer_text(&text, "\"}}, {\"name\": \"b\", \"roles\": [\"custodian\"], \"jwk\": ");
		assert_ok(jwk_write(jwk, &text));
		writer_text(&text, "}]");
		e = with("\"operators\": []", (const char *)writer_span(&text).ptr, &f);
		assert_err(e, i == 0 ? ERR_CONFIG : ERR_OK);
		if (e == ERR_OK)
			keys_file_free(&f);
		else
			assert_non_null(strstr(err_why(), "have the same key"));
	}
	jwk_free(&jwk);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

CASE(a_file_that_is_wrong_is_named)
{
	static char path[] = "/tmp/mohar-keys-XXXXXX";
	const int fd = mkstemp(path);
	struct keys_file f;

	assert_true(fd >= 0);
	(void)close(fd);
	assert_ok(file_write(path, SPAN("{}"), 0600));
	assert_err(keys_file_read(path, NULL, &f), ERR_CONFIG);
	assert_ptr_equal(strstr(err_why(), path), err_why());
	(void)unlink(path);
}

CASE(a_purpose_without_operations_has_no_callers)
{
	assert_false(purpose_has_callers("blob-seal"));
	assert_true(purpose_has_callers("mac"));
	assert_true(purpose_has_callers("unknown")); /* so that the refusal is of the purpose */
	assert_null(purpose_find("unknown"));
	assert_true(algorithm_suits_citizens(algorithm_find("P-384", ALGORITHM_SIGN)));
	assert_false(algorithm_suits_citizens(algorithm_find("RSA-3072", ALGORITHM_SIGN)));
	assert_false(algorithm_suits_citizens(NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_shipped_file_is_read_and_its_bytes_are_what_was_read),
		cmocka_unit_test(what_contradicts_itself_is_refused_with_its_reason),
		cmocka_unit_test(an_unknown_member_is_named_with_its_line),
		cmocka_unit_test(a_credential_that_nothing_can_verify_is_refused),
		cmocka_unit_test(one_key_is_not_two_custodians_be_it_a_cards_or_a_fido2_keys),
		cmocka_unit_test(a_file_that_is_wrong_is_named),
		cmocka_unit_test(a_purpose_without_operations_has_no_callers),
	};
	const char *root = getenv("MOHAR_ROOT");

	(void)snprintf(shipped, sizeof(shipped), "%s/policies/keys.json", root == NULL ? "." : root);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
