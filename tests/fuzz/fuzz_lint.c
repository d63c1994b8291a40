/* The lint over any bytes: certificates, TBSCertificates, and either beside an issuer. It reads more than DER allows, so it must stand anything. What it says of certificates that libcrypto takes
 * and gives back unchanged must agree with libcrypto on what both look at. */
/* covers: lib/x509/lint/tlv.c lib/x509/lint/view.c lib/x509/lint/view_names.c lib/x509/lint/lint.c lib/x509/lint/der.c lib/x509/lint/strings.c lib/x509/lint/serial.c lib/x509/lint/validity.c lib/x509/lint/names.c lib/x509/lint/alternative.c lib/x509/lint/key_usage.c lib/x509/lint/extensions.c lib/x509/lint/authority.c lib/x509/lint/status.c lib/x509/lint/policies.c lib/x509/lint/spki.c lib/x509/lint/algorithm.c lib/x509/lint/qc.c lib/x509/lint/qc_subject.c lib/x509/lint/tls.c lib/x509/lint/roles.c */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tests/fuzz/country.h"
#include "x509/lint/lint.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { AT = 1767225600 };

static bool
has(const struct lint_report *r, const char *id)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(lint_id(&r->findings[i]), id) == 0)
			return true;
	return false;
}

/* A report counts right, its text is JSON, and every finding says where. */
static void
look_at(const struct lint_report *r)
{
	AUTO(writer) text = writer_new(MAX_JSON);
	struct json_writer j = json_to(&text);
	size_t total = 0;

	for (int s = LINT_NOTICE; s <= LINT_ERROR; s++)
		total += r->total[s];
	promise(r->count <= MAX_LINT_FINDINGS &&
		(total == r->count || (total > r->count && r->count == MAX_LINT_FINDINGS)));
	for (size_t i = 0; i < r->count; i++)
		promise(r->findings[i].where[0] != '\0' && lint_clause(&r->findings[i])[0] != '\0' &&
			lint_what(&r->findings[i])[0] != '\0' &&
			lint_severity_name(lint_severity(&r->findings[i]))[0] != '\0');
	lint_write(r, &j, NULL);
	promise(writer_done(&text) == ERR_OK && json_check(writer_span(&text)) == ERR_OK);
	writer_reset(&text);
	j = json_to(&text);
	lint_summary(r, &j, NULL);
	promise(writer_done(&text) == ERR_OK && json_check(writer_span(&text)) == ERR_OK);
	promise((lint_verdict(r) == ERR_OK) == (r->total[LINT_ERROR] == 0));
	err_forget();
}

/* What libcrypto reads and writes back byte for byte was whole DER: neither structure nor lengths may be complained of. */
static void
compare(struct span der, const struct lint_report *r)
{
	AUTO(writer) again = writer_new(MAX_CERTIFICATE);
	X509 *x = NULL;

	if (certificate_parse(der, &x) != ERR_OK) {
		err_forget();
		return;
	}
	if (r->count < MAX_LINT_FINDINGS && certificate_der(x, &again) == ERR_OK &&
		span_equal(writer_span(&again), der)) {
		promise(!has(r, "der.trailing"));
		if (X509_get_version(x) == X509_VERSION_3)
			promise(!has(r, "extension.version"));
	}
	X509_free(x);
	err_forget();
}

/* The little country's CA; on the way, that every rule can be told of. */
static struct span
authority(void)
{
	static struct writer der;
	const struct lint_rule *rule;

	if (der.ptr != NULL)
		return writer_span(&der);
	der = writer_new(MAX_CERTIFICATE);
	promise(certificate_der(country_ca(), &der) == ERR_OK);
	for (size_t i = 0; (rule = lint_rule_at(i)) != NULL; i++) {
		const struct lint_finding f = lint_finding_of(rule);

		promise(lint_id(&f)[0] != '\0');
	}
	return writer_span(&der);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span der = span_at(data, size);
	struct lint_context context = {.now = AT};
	struct lint_report r;

	if (lint_tbs(der, NULL, &r) != ERR_OK) {
		err_forget();
		return 0;
	}
	look_at(&r);
	promise(lint_certificate(der, &context, &r) == ERR_OK);
	look_at(&r);
	compare(der, &r);
	context.issuer = der; /* as its own issuer */
	promise(lint_certificate(der, &context, &r) == ERR_OK);
	look_at(&r);
	context.issuer = authority();
	context.now = COUNTRY_NOW;
	promise(lint_tbs(der, &context, &r) == ERR_OK);
	look_at(&r);
	return 0;
}
