/* rule: one row of the lint's tables. A rule group is a file with a table of these; lint.c lists the groups. Not for others. */
#ifndef MOHAR_X509_LINT_RULE_H
#define MOHAR_X509_LINT_RULE_H

#include "x509/lint/lint.h"
#include "x509/lint/view.h"

struct finder;

struct lint_rule {
	const char *id;     /* "aki.critical": group and defect, for ever the same */
	const char *clause; /* where it is written */
	enum lint_severity severity;
	unsigned applies; /* to certificates of any of these kinds (view.h) */
	const char *what; /* the rule, as a sentence */
	void (*check)(const struct view *v, struct finder *f);
	enum extension about; /* for checks that several rules share */
};

/* id, clause, severity, kinds, what, check; RULE_OF: and the extension that it is about. */
#define RULE_OF(...)        \
	{                   \
		__VA_ARGS__ \
	}
#define RULE(...) RULE_OF(__VA_ARGS__, EXTENSION_OTHER)

struct lint_group {
	const struct lint_rule *rules;
	size_t count;
};
#define LINT_GROUP(name, table) const struct lint_group name = {(table), sizeof(table) / sizeof((table)[0])}

/* The groups, each in the file of its name. */
extern const struct lint_group lint_der, lint_strings, lint_serial, lint_validity, lint_names, lint_alternative,
	lint_key_usage, lint_extensions, lint_authority, lint_status, lint_policies, lint_spki, lint_algorithm, lint_qc,
	lint_qc_subject, lint_tls, lint_roles, lint_against_profile;

/* Where a check tells what it found. */
struct finder {
	const struct lint_rule *rule;
	struct lint_report *report;
};

/* A finding of the rule that is being checked; where: printf format. Bytes of the certificate that go in must be made printable before: found_text. */
void found(struct finder *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with text from the certificate after the label: what is not printable ASCII becomes '?'. */
void found_text(struct finder *f, const char *label, struct span text);

#endif
