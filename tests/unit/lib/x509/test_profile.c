#include "tests/unit/lib/test.h"

#include "base/file.h"
#include "tests/unit/lib/x509/authority.h"

/* The verdict on a profile with these members beside the required ones. */
static enum err
verdict(const char *usage, const char *extra)
{
	char path[] = "/tmp/mohar-profile-XXXXXX";
	AUTO(writer) w = writer_new(4000);
	struct profile p;
	const int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	writer_format(&w,
		"{\n\"name\":\"x\",\"description\":\"x\",\"issuer\":\"x\",\"days\":1,\"subject\":[\"CN\"],\"key_types\":[\"P-256\"],\n"
		"\"key_usage\":[%s]%s\n}",
		usage, extra);
	assert_ok(file_write(path, writer_span(&w), 0600));
	const enum err e = profile_read(path, &p);

	if (e == ERR_OK)
		profile_free(&p);
	else
		assert_non_null(strstr(err_why(), path)); /* the operator must know which file */
	unlink(path);
	return e;
}

CASE(every_profile_that_is_shipped_is_read)
{
	static const char *const names[] = {"root", "issuing-ca", "citizen-authentication", "citizen-signature",
		"officer", "tls-server", "tls-client", "ocsp-responder", "ocsp-responder-service", "agency-seal"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct profile p;

		profile_named(names[i], &p);
		assert_string_equal(p.name, names[i]);
		assert_int_equal(p.registrar_signature,
			strncmp(names[i], "citizen-", 8) == 0 || strcmp(names[i], "officer") == 0);
		profile_free(&p);
	}
}

CASE(words_that_nobody_knows_are_refused)
{
	assert_ok(verdict("\"digitalSignature\"", ""));
	assert_err(verdict("\"digitalsignature\"", ""), ERR_CONFIG);
	assert_err(verdict("", ""), ERR_CONFIG);
	assert_err(verdict("\"digitalSignature\"", ",\"extended_key_usage\":[\"webAuth\"]"), ERR_CONFIG);
	assert_ok(verdict("\"digitalSignature\"",
		",\"extended_key_usage\":[\"clientAuth\",\"emailProtection\",\"1.3.6.1.5.5.7.3.36\"]"));
	assert_ok(verdict("\"digitalSignature\"", ",\"extended_key_usage\":[\"timeStamping\"]"));
	assert_ok(verdict("\"digitalSignature\"", ",\"extended_key_usage\":[\"ocspSigning\"],\"no_ocsp_check\":true"));
	assert_err(verdict("\"digitalSignature\"", ",\"policies\":[\"1.3.x\"]"), ERR_CONFIG);
	assert_err(verdict("\"digitalSignature\"", ",\"alternative_names\":[\"DNS\"]"), ERR_CONFIG);
	assert_err(verdict("\"digitalSignature\"", ",\"qc_statements\":[\"complience\"]"), ERR_CONFIG);
	assert_err(verdict("\"digitalSignature\"", ",\"qc_statements\":[\"legislation-bt\"]"), ERR_CONFIG);
	assert_err(verdict("\"digitalSignature\"", ",\"qc_statements\":[\"legislation-\"]"), ERR_CONFIG);
	assert_ok(verdict("\"digitalSignature\"", ",\"qc_statements\":[\"legislation-BT\"]"));
}

CASE(unknown_and_repeated_members_are_refused)
{
	assert_err(verdict("\"digitalSignature\"", ",\"keyUsage\":[]"), ERR_CONFIG);
	assert_err(verdict("\"digitalSignature\"", ",\"days\":2"), ERR_CONFIG);
	assert_err(verdict("\"digitalSignature\"", ",\"ca\":1"), ERR_CONFIG);
}

CASE(a_ca_and_its_key_usage_go_together)
{
	assert_err(verdict("\"keyCertSign\"", ""), ERR_CONFIG);
	assert_err(verdict("\"digitalSignature\"", ",\"ca\":true"), ERR_CONFIG);
	assert_err(verdict("\"digitalSignature\"", ",\"path_length\":1"), ERR_CONFIG);
	assert_ok(verdict("\"keyCertSign\"", ",\"ca\":true,\"path_length\":1"));
}

CASE(a_profile_that_is_not_there_is_named)
{
	struct profile p;

	assert_err(profile_read("/nonexistent/x.json", &p), ERR_NOT_FOUND);
}

RUN(cmocka_unit_test(every_profile_that_is_shipped_is_read), cmocka_unit_test(words_that_nobody_knows_are_refused),
	cmocka_unit_test(unknown_and_repeated_members_are_refused),
	cmocka_unit_test(a_ca_and_its_key_usage_go_together), cmocka_unit_test(a_profile_that_is_not_there_is_named))
