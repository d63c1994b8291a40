#include "x509/lint/rule.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "x509/x509.h"

static const struct lint_group *const groups[] = {
	&lint_der,
	&lint_strings,
	&lint_serial,
	&lint_validity,
	&lint_names,
	&lint_alternative,
	&lint_key_usage,
	&lint_extensions,
	&lint_authority,
	&lint_status,
	&lint_policies,
	&lint_spki,
	&lint_algorithm,
	&lint_qc,
	&lint_qc_subject,
	&lint_tls,
	&lint_roles,
	&lint_against_profile,
};
enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

static struct lint_finding *
found_next(struct finder *f)
{
	static _Thread_local struct lint_finding beyond; /* counted, not kept */
	struct lint_report *r = f->report;
	struct lint_finding *finding = r->count < MAX_LINT_FINDINGS ? &r->findings[r->count++] : &beyond;

	r->total[f->rule->severity]++;
	finding->rule = f->rule;
	return finding;
}

void
found(struct finder *f, const char *format, ...)
{
	struct lint_finding *finding = found_next(f);
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(finding->where, sizeof(finding->where), format, arguments);
	va_end(arguments);
}

void
found_text(struct finder *f, const char *label, struct span text)
{
	char printable[64];
	const size_t len = text.len < sizeof(printable) - 1 ? text.len : sizeof(printable) - 1;

	for (size_t i = 0; i < len; i++)
		printable[i] = (char)(text.ptr[i] >= ' ' && text.ptr[i] < 0x7f ? text.ptr[i] : '?');
	printable[len] = '\0';
	found(f, "%s '%s'%s", label, printable, len < text.len ? "..." : "");
}

/* Bytes that could not be taken apart are for the first group alone: no other rule has anything to stand on. */
static void
run(const struct view *v, struct lint_report *out)
{
	for (size_t g = 0; g < (v->whole ? GROUPS : 1); g++)
		for (size_t i = 0; i < groups[g]->count; i++) {
			struct finder f = {&groups[g]->rules[i], out};

			if (v->whole && !(f.rule->applies & v->kinds))
				continue;
			out->rules++;
			f.rule->check(v, &f);
		}
}

static enum err
lint(struct span der, bool is_certificate, const struct lint_context *context, struct lint_report *out)
{
	static const struct lint_context nothing;
	struct view v, issuing = {0};

	memset(out, 0, sizeof(*out));
	REQUIRE_WHY(der.len <= MAX_CERTIFICATE, ERR_TOO_LONG, "RFC 5280 4.1: a certificate of more than %d bytes",
		MAX_CERTIFICATE);
	if (context == NULL)
		context = &nothing;
	enum err e = view_open(der, is_certificate, &v);

	if (e == ERR_OK && context->issuer.len > 0) {
		e = view_open(context->issuer, true, &issuing);
		if (e == ERR_OK && issuing.whole)
			v.issuing = &issuing;
	}
	if (e == ERR_OK) {
		v.context = context;
		run(&v, out);
	}
	view_free(&issuing);
	view_free(&v);
	return e;
}

enum err
lint_tbs(struct span tbs, const struct lint_context *context, struct lint_report *out)
{
	return lint(tbs, false, context, out);
}

enum err
lint_certificate(struct span der, const struct lint_context *context, struct lint_report *out)
{
	return lint(der, true, context, out);
}

enum err
lint_verdict(const struct lint_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct lint_finding *f = &report->findings[i];

		REQUIRE_WHY(f->rule->severity != LINT_ERROR, ERR_REFUSED, "lint %s: %s: %s (%s)", f->rule->id,
			f->rule->clause, f->where, f->rule->what);
	}
	REQUIRE_WHY(report->total[LINT_ERROR] == 0, ERR_REFUSED, "lint: more findings than %d, errors among them",
		MAX_LINT_FINDINGS);
	return ERR_OK;
}

const char *
lint_id(const struct lint_finding *f)
{
	return f->rule->id;
}

const char *
lint_clause(const struct lint_finding *f)
{
	return f->rule->clause;
}

const char *
lint_what(const struct lint_finding *f)
{
	return f->rule->what;
}

enum lint_severity
lint_severity(const struct lint_finding *f)
{
	return f->rule->severity;
}

const char *
lint_severity_name(enum lint_severity s)
{
	static const char *const names[] = {"notice", "warning", "error"};

	return names[s];
}

void
lint_write(const struct lint_report *report, struct json_writer *j, const char *name)
{
	json_object(j, name);
	json_int(j, "rules", (int64_t)report->rules);
	json_int(j, "errors", (int64_t)report->total[LINT_ERROR]);
	json_int(j, "warnings", (int64_t)report->total[LINT_WARNING]);
	json_int(j, "notices", (int64_t)report->total[LINT_NOTICE]);
	json_array(j, "findings");
	for (size_t i = 0; i < report->count; i++) {
		const struct lint_finding *f = &report->findings[i];

		json_object(j, NULL);
		json_text(j, "id", f->rule->id);
		json_text(j, "clause", f->rule->clause);
		json_text(j, "severity", lint_severity_name(f->rule->severity));
		json_text(j, "what", f->rule->what);
		json_text(j, "where", f->where);
		json_object_end(j);
	}
	json_array_end(j);
	json_object_end(j);
}

void
lint_summary(const struct lint_report *report, struct json_writer *j, const char *name)
{
	json_object(j, name);
	json_int(j, "rules", (int64_t)report->rules);
	json_array(j, "warnings");
	for (size_t i = 0; i < report->count; i++)
		json_text(j, NULL, report->findings[i].rule->id);
	json_array_end(j);
	json_object_end(j);
}

const struct lint_rule *
lint_rule_at(size_t i)
{
	for (size_t g = 0; g < GROUPS; g++) {
		if (i < groups[g]->count)
			return &groups[g]->rules[i];
		i -= groups[g]->count;
	}
	return NULL;
}

struct lint_finding
lint_finding_of(const struct lint_rule *rule)
{
	return (struct lint_finding){.rule = rule};
}
