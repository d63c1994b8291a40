/* Every rule of the lint is broken here by a certificate that breaks it alone (or with what it cannot be broken without), made by changing one place of a good one. */
#include "tests/unit/lib/test.h"

#include <openssl/ec.h>
#include <time.h>

#include "tests/unit/lib/x509/authority.h"
#include "tests/unit/lib/x509/lint_breaches.h"
#include "x509/lint/rule.h"
#include "x509/own.h"

static struct good {
	const char *profile;
	struct profile read;
	EVP_PKEY *key;
	X509 *x;
	struct writer tbs, der;
} goods[BASES] = {
	[ROOT] = {.profile = "root"},
	[CA] = {.profile = "issuing-ca"},
	[CLIENT] = {.profile = "tls-client"},
	[TLS] = {.profile = "tls-server"},
	[TLS_RSA] = {.profile = "tls-server"},
	[ESIGN] = {.profile = "citizen-signature"},
	[ESEAL] = {.profile = "agency-seal"},
	[OCSP] = {.profile = "ocsp-responder"},
	[TSA] = {.profile = "tsa"},
};

static const struct name_part subjects[BASES][5] = {
	[ROOT] = {{"C", "BT"}, {"O", "Test"}, {"CN", "Test Root"}},
	[CA] = {{"C", "BT"}, {"O", "Test"}, {"CN", "Test CA"}},
	[CLIENT] = {{"C", "BT"}, {"CN", "a service"}},
	[TLS] = {{"C", "BT"}, {"CN", "host.example.test"}},
	[TLS_RSA] = {{"C", "BT"}, {"CN", "192.0.2.1"}},
	[ESIGN] = {{"C", "BT"}, {"CN", "Test Citizen One"}, {"serialNumber", "A1"}, {"givenName", "Test Citizen"},
		{"surname", "One"}},
	[ESEAL] = {{"C", "BT"}, {"O", "Land records"}, {"CN", "Land records"}, {"organizationIdentifier", "NTRBT-123"}},
	[OCSP] = {{"O", "Test"}, {"CN", "responder"}},
	[TSA] = {{"C", "BT"}, {"O", "Test"}, {"CN", "time-stamps"}},
};
static const struct name_part hosts[] = {{"dns", "host.example.test"}, {"ip", "192.0.2.1"},
	{"dns", "xn--bcher-kva.test"}};

static enum base
issuer_of(enum base b)
{
	return b == ROOT || b == CA ? ROOT : CA;
}

static enum err
make(enum base b, struct lint_report *report, X509 **out)
{
	struct good *g = &goods[b];
	const struct span spki = spki_of(g->key);
	struct certificate_facts f = {.profile = &g->read,
		.spki = spki,
		.serial = {0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59},
		.subject = subjects[b],
		.names = hosts,
		.names_count = b == TLS || b == TLS_RSA ? 3 : 0,
		.not_before = b == ROOT || b == CA ? NOW - 60 * DAY : NOW,
		.issuer = b == ROOT ? NULL : goods[issuer_of(b)].x,
		.ocsp_url = b == CA ? NULL : "http://pki.test/ocsp",
		.crl_url = "http://pki.test/crl/x.crl",
		.ca_url = "http://pki.test/ca/x.cer",
		.lint = report};

	while (f.subject_count < 5 && subjects[b][f.subject_count].type)
		f.subject_count++;
	f.not_after = f.not_before + g->read.days * DAY;
	const enum err e = certificate_make(&f, goods[issuer_of(b)].key, out);

	OPENSSL_free((void *)(uintptr_t)spki.ptr);
	return e;
}

static int
set_up(void **state)
{
	(void)state;
	for (enum base b = ROOT; b < BASES; b++) {
		struct good *g = &goods[b];
		struct lint_report report;
		unsigned char *der = NULL;

		profile_named(g->profile, &g->read);
		g->key = b == TLS_RSA ? EVP_RSA_gen(2048) : EVP_EC_gen(b <= CA ? "P-384" : "P-256");
		if (make(b, &report, &g->x) != ERR_OK)
			fail_msg("%s: %s", g->profile, err_why());
		g->tbs = writer_new(MAX_CERTIFICATE);
		g->der = writer_new(MAX_CERTIFICATE);
		const int len = i2d_re_X509_tbs(g->x, &der);

		writer_bytes(&g->tbs, span_at(der, (size_t)len));
		OPENSSL_free(der);
		assert_ok(certificate_der(g->x, &g->der));
	}
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	for (enum base b = ROOT; b < BASES; b++) {
		profile_free(&goods[b].read);
		EVP_PKEY_free(goods[b].key);
		X509_free(goods[b].x);
		writer_free(&goods[b].tbs);
		writer_free(&goods[b].der);
	}
	return 0;
}

/* ---- one change, one rule ---- */

enum { BREACHES = sizeof(breaches) / sizeof(breaches[0]) };

static void
step_take(struct writer *from, const struct step *s)
{
	AUTO(writer) edited = writer_new(MAX_CERTIFICATE);

	if (!s->path)
		return;
	der_edit(writer_span(from), s->path, s->op, s->hex, &edited);
	writer_reset(from);
	writer_bytes(from, writer_span(&edited));
}

static void
report_of(const struct breach *b, struct lint_report *out)
{
	const struct good *g = &goods[b->base], *issuer = &goods[issuer_of(b->base)];
	AUTO(writer) der = writer_new(MAX_CERTIFICATE);
	AUTO(writer) issuers = writer_new(MAX_CERTIFICATE);
	struct lint_context context = {.now = NOW, .profile = b->how & PROFILE ? &g->read : NULL};

	writer_bytes(&der, writer_span(b->how & WHOLE ? &g->der : &g->tbs));
	writer_bytes(&issuers, writer_span(&issuer->der));
	step_take(&issuers, &b->issuer);
	step_take(&der, &b->first);
	step_take(&der, &b->second);
	if (!(b->how & ALONE))
		context.issuer = writer_span(&issuers);
	if (b->how & WHOLE)
		assert_ok(lint_certificate(writer_span(&der), &context, out));
	else
		assert_ok(lint_tbs(writer_span(&der), &context, out));
}

CASE(each_rule_is_broken_by_a_certificate_that_breaks_no_other)
{
	size_t wrong = 0;

	for (size_t i = 0; i < BREACHES; i++) {
		struct lint_report report;
		bool hit = false;

		report_of(&breaches[i], &report);
		for (size_t n = 0; n < report.count; n++) {
			const char *id = lint_id(&report.findings[n]);

			assert_true(report.findings[n].where[0] != '\0');
			hit = hit || strcmp(id, breaches[i].id) == 0;
			if (strcmp(id, breaches[i].id) != 0 && !(breaches[i].also && strstr(breaches[i].also, id))) {
				print_error("%s: also %s (%s)\n", breaches[i].id, id, report.findings[n].where);
				wrong++;
			}
		}
		if (!hit) {
			print_error("%s: not found\n", breaches[i].id);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

CASE(no_rule_is_left_untested_or_has_another_rules_name)
{
	const struct lint_rule *rule, *other;
	size_t wrong = 0;

	for (size_t i = 0; (rule = lint_rule_at(i)) != NULL; i++) {
		bool tested = false;

		for (size_t n = 0; n < BREACHES; n++)
			tested = tested || strcmp(breaches[n].id, rule->id) == 0;
		if (!tested) {
			print_error("%s: no certificate breaks it here\n", rule->id);
			wrong++;
		}
		for (size_t n = 0; n < i && (other = lint_rule_at(n)) != NULL; n++)
			assert_string_not_equal(other->id, rule->id);
		assert_true(rule->clause[0] != '\0' && rule->what[0] != '\0');
	}
	assert_int_equal(wrong, 0);
}

CASE(what_every_profile_issues_breaks_no_rule)
{
	for (enum base b = ROOT; b < BASES; b++) {
		struct lint_report report;
		struct lint_context context = {.profile = &goods[b].read,
			.issuer = writer_span(&goods[issuer_of(b)].der),
			.now = goods[b].read.ca ? 0 : NOW};

		assert_ok(lint_certificate(writer_span(&goods[b].der), &context, &report));
		for (size_t i = 0; i < report.count; i++)
			print_error("%s: %s: %s\n", goods[b].profile, lint_id(&report.findings[i]),
				report.findings[i].where);
		assert_int_equal(report.count, 0);
		assert_true(report.rules > 100);
		assert_ok(lint_verdict(&report));
	}
}

CASE(an_error_keeps_the_key_from_being_asked_and_names_rule_and_clause)
{
	struct lint_report report;
	X509 *x = NULL;
	struct good *g = &goods[ESEAL];

	/* the profile is one that claims a qualified seal; the key usage that it then asks for is not a seal's */
	strcpy(((char **)g->read.key_usage.items)[0], "cRLSign");
	assert_err(make(ESEAL, &report, &x), ERR_REFUSED);
	assert_null(x);
	assert_non_null(strstr(err_why(), "qc.usage"));
	assert_non_null(strstr(err_why(), "EN 319 412-2 4.3.2"));
	strcpy(((char **)g->read.key_usage.items)[0], "nonRepudiation");
}

CASE(a_report_is_whole_json_and_counts_what_it_does_not_keep)
{
	static const struct breach b = {"serial.entropy", CLIENT, 0, {"1", PUT, "020101"}, {0}, NULL, {0}};
	AUTO(writer) many = writer_new(MAX_CERTIFICATE);
	AUTO(writer) text = writer_new(MAX_JSON);
	AUTO(writer) short_text = writer_new(MAX_JSON);
	struct json_writer j = json_to(&text);
	struct lint_report report;

	report_of(&b, &report);
	lint_write(&report, &j, NULL);
	assert_ok(json_check(writer_span(&text)));
	assert_non_null(strstr((const char *)writer_span(&text).ptr, "\"id\":\"serial.entropy\""));
	j = json_to(&short_text);
	lint_summary(&report, &j, NULL);
	assert_ok(json_check(writer_span(&short_text)));
	writer_text(&many, "0");
	for (size_t i = 0; i < 60; i++)
		writer_bytes(&many, SPAN("\x30\x81\x03\x01\x01\x01")); /* a long length and a BOOLEAN of 01 each */
	writer_bytes(&many, SPAN(""));
	AUTO(writer) wrapped = writer_new(MAX_CERTIFICATE);

	writer_bytes(&wrapped, SPAN("\x30\x82\x01\x68"));
	writer_bytes(&wrapped, span_at(writer_span(&many).ptr + 1, writer_span(&many).len - 1));
	assert_ok(lint_tbs(writer_span(&wrapped), NULL, &report));
	assert_int_equal(report.count, MAX_LINT_FINDINGS);
	assert_int_equal(report.total[LINT_ERROR], 121);
	assert_err(lint_verdict(&report), ERR_REFUSED);
}

CASE(bytes_that_are_no_certificate_are_told_apart_from_memory_and_size)
{
	struct lint_report report;
	uint8_t *large = calloc(1, MAX_CERTIFICATE + 1);

	assert_err(lint_certificate(span_at(large, MAX_CERTIFICATE + 1), NULL, &report), ERR_TOO_LONG);
	free(large);
	assert_ok(lint_certificate(SPAN(""), NULL, &report));
	assert_string_equal(lint_id(&report.findings[0]), "der.structure");
	for (size_t len = 0; len < writer_span(&goods[TLS].der).len; len++) {
		assert_ok(lint_certificate(span_at(writer_span(&goods[TLS].der).ptr, len), NULL, &report));
		assert_true(report.total[LINT_ERROR] > 0);
	}
}

/* The target is 50 us for a certificate; a sanitized or busy machine is given ten times that, so that only a change of kind fails. */
CASE(a_certificate_is_looked_at_in_microseconds)
{
	enum { TIMES = 2000, LIMIT_US = 500 };
	struct lint_context context = {.profile = &goods[ESIGN].read,
		.issuer = writer_span(&goods[CA].der),
		.now = NOW};
	struct timespec from, to;
	struct lint_report report;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	for (size_t i = 0; i < TIMES; i++)
		assert_ok(lint_tbs(writer_span(&goods[ESIGN].tbs), &context, &report));
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	const double us = ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / 1e3 / TIMES;

	print_message("lint: %.1f us a certificate\n", us);
	if (!getenv("MOHAR_SANITIZE") || !*getenv("MOHAR_SANITIZE"))
		assert_true(us < LIMIT_US);
}

RUN_WITH(set_up, tear_down, cmocka_unit_test(each_rule_is_broken_by_a_certificate_that_breaks_no_other),
	cmocka_unit_test(no_rule_is_left_untested_or_has_another_rules_name),
	cmocka_unit_test(what_every_profile_issues_breaks_no_rule),
	cmocka_unit_test(an_error_keeps_the_key_from_being_asked_and_names_rule_and_clause),
	cmocka_unit_test(a_report_is_whole_json_and_counts_what_it_does_not_keep),
	cmocka_unit_test(bytes_that_are_no_certificate_are_told_apart_from_memory_and_size),
	cmocka_unit_test(a_certificate_is_looked_at_in_microseconds))
