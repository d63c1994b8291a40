/* What we make, judged by others: openssl(1), GnuTLS's certtool(1) and ocsptool(1). Whichever is not installed is skipped by name. */
#include "tests/unit/lib/test.h"

#include <openssl/ec.h>
#include <sys/wait.h>
#include <time.h>

#include "base/encode.h"
#include "base/file.h"
#include "tests/unit/lib/x509/authority.h"
#include "x509/ocsp.h"

static char folder[] = "/tmp/mohar-peers-XXXXXX";
static struct authority *authority;
static EVP_PKEY *key;
static X509 *leaf, *revoked, *responder; /* valid by the real clock, which the tools go by */
static unix_time now;

static void
put(const char *name, struct span bytes)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_ok(file_write(path, bytes, 0600));
}

static void
put_certificate(const char *name, const X509 *x)
{
	AUTO(writer) w = writer_new(MAX_CERTIFICATE);

	assert_ok(certificate_pem_write(x, &w));
	put(name, writer_span(&w));
}

static void
put_list(void)
{
	AUTO(writer) w = writer_new(MAX_CRL);
	struct crl_entry entry = {.at = now - 60, .reason = 1};
	char hex[41];
	size_t len;

	assert_ok(certificate_serial_hex(revoked, hex));
	assert_ok(hex_read(span_of(hex), entry.serial, sizeof(entry.serial), &len));
	assert_ok(crl_make(&(struct crl_facts){.issuer = authority->issuer,
				   .number = 1,
				   .this_update = now - 60,
				   .next_update = now + DAY,
				   .entries = &entry,
				   .count = 1},
		authority->key, &w));
	put("list.crl", writer_span(&w));
}

static void
put_answer(const char *name, const X509 *x, const struct ocsp_answer *a)
{
	AUTO(writer) request = writer_new(MAX_OCSP_REQUEST);
	AUTO(writer) w = writer_new(MAX_OCSP_RESPONSE);
	struct ocsp_question q;

	assert_ok(ocsp_ask(x, authority->issuer, (struct span){0}, &request));
	assert_ok(ocsp_parse(writer_span(&request), &q));
	assert_ok(ocsp_respond(&q, a, authority->issuer, responder, key, now, &w));
	put(name, writer_span(&w));
}

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	now = time(NULL);
	authority = authority_new();
	key = EVP_EC_gen("P-256");
	leaf = certificate_for(
		&(struct wish){"tls-server", "a.test", key, authority->issuer, authority->key, now - 60, "a.test"});
	responder = certificate_for(&(struct wish){"ocsp-responder", "Test Responder", key, authority->issuer,
		authority->key, now - 60, NULL});
	revoked = certificate_for(&(struct wish){"citizen-signature", "Test Citizen One", key, authority->issuer,
		authority->key, now - 60, NULL});
	put_certificate("root.pem", authority->root);
	put_certificate("issuer.pem", authority->issuer);
	put_certificate("leaf.pem", leaf);
	put_certificate("revoked.pem", revoked);
	put_list();
	put_answer("good.ocsp", leaf,
		&(struct ocsp_answer){.status = OCSP_GOOD, .this_update = now - 60, .next_update = now + 600});
	put_answer("revoked.ocsp", revoked,
		&(struct ocsp_answer){.status = OCSP_REVOKED,
			.revoked_at = now - 60,
			.reason = 1,
			.this_update = now - 60,
			.next_update = now + 600});
	return 0;
}

static int
tear_down(void **state)
{
	char command[200];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
	X509_free(leaf);
	X509_free(revoked);
	X509_free(responder);
	EVP_PKEY_free(key);
	authority_free(&authority);
	return 0;
}

/* Runs a shell command in the folder: its exit status, and its output in *output. */
static int
run(const char *tool, const char *arguments, char output[8192])
{
	char command[2000];
	FILE *pipe;

	(void)snprintf(command, sizeof(command), "command -v %s >/dev/null", tool);
	if (system(command) != 0) {
		print_message("skipped: %s is not installed\n", tool);
		skip();
	}
	(void)snprintf(command, sizeof(command), "cd %s && LC_ALL=C %s %s 2>&1", folder, tool, arguments);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	output[fread(output, 1, 8191, pipe)] = 0;
	const int status = pclose(pipe);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
says(const char *tool, const char *arguments, int status, const char *text)
{
	char output[8192];
	const int found = run(tool, arguments, output);

	if (found != status || !strstr(output, text))
		fail_msg("%s %s: exit %d, should be %d and say '%s', but:\n%s", tool, arguments, found, status, text,
			output);
}

CASE(openssl_verifies_chain_and_policy_strictly)
{
	says("openssl",
		"verify -x509_strict -policy_check -purpose sslserver -CAfile root.pem -untrusted issuer.pem leaf.pem",
		0, "leaf.pem: OK");
	says("openssl", "verify -x509_strict -policy_check -CAfile root.pem -untrusted issuer.pem revoked.pem", 0,
		"revoked.pem: OK");
}

CASE(openssl_reads_the_list)
{
	says("openssl", "crl -inform DER -in list.crl -out list.pem", 0, "");
	says("openssl", "verify -crl_check -CRLfile list.pem -CAfile root.pem -untrusted issuer.pem leaf.pem", 0,
		"leaf.pem: OK");
	says("openssl", "verify -crl_check -CRLfile list.pem -CAfile root.pem -untrusted issuer.pem revoked.pem", 2,
		"certificate revoked");
}

CASE(openssl_believes_the_responder)
{
	says("openssl", "ocsp -sha256 -respin good.ocsp -CAfile root.pem -issuer issuer.pem -cert leaf.pem -no_nonce",
		0, "leaf.pem: good");
	says("openssl",
		"ocsp -sha256 -respin revoked.ocsp -CAfile root.pem -issuer issuer.pem -cert revoked.pem -no_nonce", 0,
		"revoked.pem: revoked");
	says("openssl",
		"ocsp -sha256 -respin good.ocsp -CAfile root.pem -issuer issuer.pem -cert revoked.pem -no_nonce", 1,
		"No Status found");
}

CASE(gnutls_verifies_chain_and_list)
{
	char output[8192];

	assert_int_equal(run("certtool", "--inder --crl-info --infile list.crl --outfile list.gnutls", output), 0);
	says("certtool", "--verify --load-ca-certificate root.pem --infile issuer.pem", 0,
		"Chain verification output: Verified");
	assert_int_equal(run("sh", "-c 'cat leaf.pem issuer.pem > chain.pem'", output), 0);
	says("certtool",
		"--verify --verify-hostname a.test --verify-purpose 1.3.6.1.5.5.7.3.1 --load-ca-certificate root.pem --infile chain.pem",
		0, "Chain verification output: Verified");
	says("certtool", "--verify --verify-hostname b.test --load-ca-certificate root.pem --infile chain.pem", 1,
		"does not match");
}

CASE(gnutls_believes_the_responder)
{
	says("ocsptool", "--verify-response --load-response good.ocsp --load-trust issuer.pem", 0, "Success");
	says("ocsptool", "--response-info --infile revoked.ocsp --inder", 0, "Certificate Status: revoked");
	says("ocsptool", "--verify-response --load-response good.ocsp --load-trust root.pem", 1, "");
}

CASE(openssl_and_gnutls_read_the_request)
{
	AUTO(writer) w = writer_new(MAX_CSR);
	const struct name_part subject[] = {{"CN", "a.test"}}, names[] = {{"dns", "a.test"}, {"ip", "127.0.0.1"}};

	assert_ok(csr_make(key, subject, 1, names, 2, &w));
	put("request.csr", writer_span(&w));
	says("openssl", "req -inform DER -in request.csr -verify -noout -text", 0, "DNS:a.test, IP Address:127.0.0.1");
	says("certtool", "--inder --crq-info --infile request.csr", 0, "Self signature: verified");
}

RUN_WITH(set_up, tear_down, cmocka_unit_test(openssl_verifies_chain_and_policy_strictly),
	cmocka_unit_test(openssl_reads_the_list), cmocka_unit_test(openssl_believes_the_responder),
	cmocka_unit_test(gnutls_verifies_chain_and_list), cmocka_unit_test(gnutls_believes_the_responder),
	cmocka_unit_test(openssl_and_gnutls_read_the_request))
