/* lint: does a certificate keep the rules that those who check certificates expect (RFC 5280, EN 319 412, the Baseline Requirements for TLS), and its own profile?
 * Looks at exact bytes, before they are signed or afterwards; knows no libcrypto. Used by certificate_make, by mohar-cad's issuance and by `mohar ca lint`. */
#ifndef MOHAR_X509_LINT_H
#define MOHAR_X509_LINT_H

#include "base/clock.h"
#include "base/span.h"
#include "json/json.h"

enum { MAX_LINT_FINDINGS = 32, MAX_LINT_WHERE = 112 };

enum lint_severity {
	LINT_NOTICE,  /* worth a look */
	LINT_WARNING, /* a "should" of its clause */
	LINT_ERROR,   /* a "shall" of its clause: such a certificate is not issued */
};

/* What the certificate is measured against beside itself. All borrowed. */
struct profile;
struct lint_context {
	const struct profile *profile; /* NULL: not compared */
	struct span issuer; /* DER of the issuer's certificate; empty: not compared. Its own, if self-signed */
	unix_time now;      /* the moment of signing; 0: not compared */
};

struct lint_rule; /* rule.h */

struct lint_finding {
	const struct lint_rule *rule;
	char where[MAX_LINT_WHERE]; /* "subject.CN: 71 characters" */
};

struct lint_report {
	struct lint_finding findings[MAX_LINT_FINDINGS]; /* in the rules' order */
	size_t count;                                    /* kept above */
	size_t total[LINT_ERROR + 1];                    /* by severity, those that were not kept too */
	size_t rules;                                    /* how many were looked at */
};

/* A TBSCertificate, DER, as it would be signed. Every finding goes into *out; whatever the bytes are, that is ERR_OK. ERR_TOO_LONG over MAX_CERTIFICATE bytes,
 * ERR_NO_MEMORY. */
MUST_USE enum err lint_tbs(struct span tbs, const struct lint_context *context, struct lint_report *out);

/* A whole certificate, DER: the same, and that its two algorithms agree and its signature has the right form. Verifies no signature. */
MUST_USE enum err lint_certificate(struct span der, const struct lint_context *context, struct lint_report *out);

/* ERR_OK, or ERR_REFUSED with the first error's rule, clause and place if the report has one. */
MUST_USE enum err lint_verdict(const struct lint_report *report);

/* {"rules":…,"errors":…,"warnings":…,"notices":…,"findings":[{"id","clause","severity","what","where"}]} as the member name. */
void lint_write(const struct lint_report *report, struct json_writer *j, const char *name);

/* The short form, for an event: {"rules":…,"warnings":["id",…]}, what is not an error: such a certificate would not be there. */
void lint_summary(const struct lint_report *report, struct json_writer *j, const char *name);

/* The parts of a finding's rule, static. */
const char *lint_id(const struct lint_finding *f);
const char *lint_clause(const struct lint_finding *f);
const char *lint_what(const struct lint_finding *f);
enum lint_severity lint_severity(const struct lint_finding *f);
/* "notice", "warning", "error" */
const char *lint_severity_name(enum lint_severity s);

/* Every rule there is, in order; NULL past the last. For listings and for the test that each is broken once. */
const struct lint_rule *lint_rule_at(size_t i);
/* A rule as if it had been found, for the functions above. */
struct lint_finding lint_finding_of(const struct lint_rule *rule);

#endif
