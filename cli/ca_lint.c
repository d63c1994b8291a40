#include "cli/ca_lint.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "x509/lint/lint.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { MAX_FILE = 1 << 20 };

const struct cli_option ca_lint_options[] = {
	{"--issuer", "FILE", "the issuer's certificate: names, key identifiers, algorithm and lives are compared", NULL,
		false, false},
	{"--profile", "FILE", "a certificate profile (policies/profiles/NAME.json): what it allows is compared", NULL,
		false, false},
	{"--rules", NULL, "tell every rule there is, and its clause, instead", NULL, false, false},
	{0},
};

/* The bytes of one certificate, as they are if the file is DER, else those of its first PEM block: a parser in between would mend what is to be found. */
static enum err
read_certificate(const char *path, struct writer *der)
{
	AUTO(writer) text = writer_new(MAX_FILE);
	OWN(BIO) bio = NULL;
	unsigned char *data = NULL;
	char *name = NULL, *header = NULL;
	long len = 0;

	TRY(file_read(path, MAX_FILE, &text));
	const struct span bytes = writer_span(&text);

	if (bytes.len > 0 && bytes.ptr[0] == 0x30) {
		writer_bytes(der, bytes);
		return writer_done(der);
	}
	bio = BIO_new_mem_buf(bytes.ptr, (int)bytes.len);
	REQUIRE(bio != NULL, ERR_NO_MEMORY);
	if (PEM_read_bio(bio, &name, &header, &data, &len) != 1)
		return own_failed(ERR_MALFORMED, "neither DER nor PEM");
	const bool is_certificate = strcmp(name, "CERTIFICATE") == 0;

	if (is_certificate)
		writer_bytes(der, span_at(data, (size_t)len));
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(data);
	REQUIRE_WHY(is_certificate, ERR_MALFORMED, "RFC 7468 5: no certificate in the PEM text");
	return writer_done(der);
}

static void
tell_finding(struct cli *c, const struct lint_finding *f)
{
	cli_item(c, "findings");
	cli_text(c, "id", lint_id(f));
	cli_text(c, "clause", lint_clause(f));
	cli_text(c, "severity", lint_severity_name(lint_severity(f)));
	cli_text(c, "what", lint_what(f));
	cli_text(c, "where", f->where);
	cli_item_end(c);
}

static enum err
look(struct cli *c, struct lint_report *report)
{
	const char *path = cli_file(c, 0), *issuer = cli_value(c, "--issuer"), *profile = cli_value(c, "--profile");
	AUTO(writer) der = writer_new(MAX_CERTIFICATE);
	AUTO(writer) issuer_der = writer_new(MAX_CERTIFICATE);
	AUTO(profile) p = {0};
	struct lint_context context = {0};

	TRY(cli_about(path, read_certificate(path, &der)));
	if (issuer != NULL) {
		TRY(cli_about(issuer, read_certificate(issuer, &issuer_der)));
		context.issuer = writer_span(&issuer_der);
	}
	if (profile != NULL) {
		TRY(profile_read(profile, &p));
		context.profile = &p;
	}
	return lint_certificate(writer_span(&der), &context, report);
}

static int
tell_rules(struct cli *c)
{
	const struct lint_rule *rule;
	int64_t count = 0;

	for (; (rule = lint_rule_at((size_t)count)) != NULL; count++) {
		const struct lint_finding f = lint_finding_of(rule);

		cli_item(c, "rules");
		cli_text(c, "id", lint_id(&f));
		cli_text(c, "clause", lint_clause(&f));
		cli_text(c, "severity", lint_severity_name(lint_severity(&f)));
		cli_text(c, "what", lint_what(&f));
		cli_item_end(c);
	}
	cli_int(c, "count", count);
	return cli_end(c, "done", NULL, EXIT_DONE);
}

int
run_ca_lint(struct cli *c)
{
	struct lint_report report;

	cli_begin(c);
	if (cli_flag(c, "--rules"))
		return tell_rules(c);
	const enum err e = cli_file(c, 0) != NULL
		? look(c, &report)
		: err_because(ERR_MALFORMED, "a certificate's file is needed, or --rules");

	if (e != ERR_OK)
		return cli_fail(c, e);
	for (size_t i = 0; i < report.count; i++)
		tell_finding(c, &report.findings[i]);
	cli_int(c, "rules_checked", (int64_t)report.rules);
	cli_int(c, "errors", (int64_t)report.total[LINT_ERROR]);
	cli_int(c, "warnings", (int64_t)report.total[LINT_WARNING]);
	cli_int(c, "notices", (int64_t)report.total[LINT_NOTICE]);
	if (report.total[LINT_ERROR] > 0)
		return cli_end(c, "invalid", "the certificate breaks rules; each finding names its clause",
			EXIT_REFUSED);
	return cli_end(c, "valid", NULL, EXIT_DONE);
}
