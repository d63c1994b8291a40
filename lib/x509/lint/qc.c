/* qcStatements: RFC 3739 3.2.6 and ETSI EN 319 412-5. */
#include "x509/lint/oid.h"
#include "x509/lint/rule.h"

struct statement {
	struct span id, info; /* info: the whole statementInfo, empty if absent */
	bool whole;
};

static bool
statement_next(struct span *items, struct statement *out)
{
	struct tlv item, id, info;

	*out = (struct statement){0};
	if (!tlv_next(items, &item))
		return false;
	if (!tlv_take(&item.contents, TAG_OBJECT, &id))
		return true;
	out->id = id.contents;
	if (tlv_next(&item.contents, &info))
		out->info = info.whole;
	out->whole = item.contents.len == 0;
	return true;
}

/* The first statement of this kind. */
static bool
statement_find(const struct view *v, struct span id, struct statement *out)
{
	struct span items = view_items(v, EXTENSION_QC_STATEMENTS);

	while (statement_next(&items, out))
		if (span_equal(out->id, id))
			return true;
	return false;
}

/* The contents of a statementInfo that is a SEQUENCE. */
static bool
info_items(const struct view *v, struct span id, struct span *out)
{
	struct statement s;
	struct tlv t;

	if (!statement_find(v, id, &s))
		return false;
	*out = (struct span){NULL, 0};
	if (tlv_take(&s.info, TAG_SEQUENCE, &t))
		*out = t.contents;
	return true;
}

static void
check_critical(const struct view *v, struct finder *f)
{
	const struct view_extension *e = v->known[EXTENSION_QC_STATEMENTS];

	if (e != NULL && e->critical)
		found(f, "qcStatements");
}

static void
check_syntax(const struct view *v, struct finder *f)
{
	struct span items = view_items(v, EXTENSION_QC_STATEMENTS);
	struct statement s;
	char text[64];

	while (statement_next(&items, &s))
		if (!s.whole)
			found(f, "statement %s", view_oid(s.id, text));
}

static void
check_twice(const struct view *v, struct finder *f)
{
	struct span items = view_items(v, EXTENSION_QC_STATEMENTS);
	struct statement s, other;
	char text[64];

	while (statement_next(&items, &s)) {
		struct span rest = items;

		while (statement_next(&rest, &other))
			if (s.id.len > 0 && span_equal(s.id, other.id)) {
				found(f, "statement %s", view_oid(s.id, text));
				break;
			}
	}
}

static void
check_compliance(const struct view *v, struct finder *f)
{
	struct statement s;

	if (!statement_find(v, OID_QC_COMPLIANCE, &s))
		found(f, "no QcCompliance");
}

static void
check_bare(const struct view *v, struct finder *f)
{
	struct statement s;

	if (statement_find(v, OID_QC_COMPLIANCE, &s) && s.info.len > 0)
		found(f, "QcCompliance");
	if (statement_find(v, OID_QC_SSCD, &s) && s.info.len > 0)
		found(f, "QcSSCD");
}

static void
check_type(const struct view *v, struct finder *f)
{
	struct span items;
	struct tlv t;
	size_t count = 0;
	char text[64];

	if (!info_items(v, OID_QC_TYPE, &items))
		return;
	for (; tlv_next(&items, &t); count++)
		if (!span_equal(t.contents, OID_QC_ESIGN) && !span_equal(t.contents, OID_QC_ESEAL) &&
			!span_equal(t.contents, OID_QC_WEB))
			found(f, "QcType %s", view_oid(t.contents, text));
	if (count != 1)
		found(f, "QcType lists %zu types", count);
}

static void
check_type_missing(const struct view *v, struct finder *f)
{
	struct statement s;

	if (!statement_find(v, OID_QC_TYPE, &s))
		found(f, "no QcType");
}

static void
check_type_statement(const struct view *v, struct finder *f)
{
	struct span items = view_items(v, EXTENSION_QC_STATEMENTS);
	struct statement s;

	while (statement_next(&items, &s))
		if (s.id.len == 7 && span_starts(s.id, OID_QC_TYPE))
			found(f, "a type as a statement");
}

static void
check_web(const struct view *v, struct finder *f)
{
	struct span items;
	struct tlv t;

	if (!info_items(v, OID_QC_TYPE, &items) || !tlv_next(&items, &t))
		return;
	if (span_equal(t.contents, OID_QC_WEB) != view_has_purpose(v, OID_SERVER_AUTH))
		found(f, "QcType and extKeyUsage");
}

static void
check_legislation(const struct view *v, struct finder *f)
{
	struct span items;
	struct tlv t;
	size_t count = 0;

	if (!info_items(v, OID_QC_LEGISLATION, &items))
		return;
	for (; tlv_next(&items, &t); count++)
		if (t.tag != TAG_PRINTABLE || t.contents.len != 2 || t.contents.ptr[0] < 'A' ||
			t.contents.ptr[0] > 'Z' || t.contents.ptr[1] < 'A' || t.contents.ptr[1] > 'Z')
			found_text(f, "country", t.contents);
	if (count == 0)
		found(f, "QcCClegislation lists no country");
}

static void
check_retention(const struct view *v, struct finder *f)
{
	struct statement s;
	struct tlv t;

	if (statement_find(v, OID_QC_RETENTION, &s) &&
		(!tlv_take(&s.info, TAG_INTEGER, &t) || tlv_number(t.contents) <= 0))
		found(f, "QcRetentionPeriod");
}

static void
check_limit(const struct view *v, struct finder *f)
{
	struct span items;
	struct tlv currency, amount, exponent;

	if (!info_items(v, OID_QC_LIMIT, &items))
		return;
	if (!tlv_next(&items, &currency) || !tlv_take(&items, TAG_INTEGER, &amount) ||
		!tlv_take(&items, TAG_INTEGER, &exponent) || items.len > 0)
		found(f, "QcLimitValue is not currency, amount and exponent");
	else if (currency.tag != TAG_PRINTABLE || currency.contents.len != 3)
		found(f, "QcLimitValue: currency");
	else if (tlv_number(amount.contents) < 0 || tlv_number(exponent.contents) < 0)
		found(f, "QcLimitValue: a negative number");
}

static void
check_disclosure(const struct view *v, struct finder *f)
{
	struct span items;
	struct tlv location, url, language;
	size_t count = 0;

	if (!info_items(v, OID_QC_PDS, &items))
		return;
	for (; tlv_next(&items, &location); count++)
		if (!tlv_take(&location.contents, TAG_IA5, &url) ||
			!tlv_take(&location.contents, TAG_PRINTABLE, &language) || language.contents.len != 2 ||
			!span_starts(url.contents, SPAN("https://")))
			found(f, "QcPDS: location %zu", count + 1);
	if (count == 0)
		found(f, "QcPDS lists no location");
}

static const struct lint_rule rules[] = {
	RULE("qc.critical", "EN 319 412-5 4.1", LINT_ERROR, KIND_EVERY, "qcStatements is not critical", check_critical),
	RULE("qc.syntax", "RFC 3739 3.2.6", LINT_ERROR, KIND_EVERY, "a statement is an OID and at most one value",
		check_syntax),
	RULE("qc.twice", "EN 319 412-5 4.1", LINT_ERROR, KIND_EVERY, "each statement once", check_twice),
	RULE("qc.compliance", "EN 319 412-5 5", LINT_ERROR, KIND_QC,
		"a certificate with such statements claims compliance", check_compliance),
	RULE("qc.bare", "EN 319 412-5 4.2.1", LINT_ERROR, KIND_QC, "QcCompliance and QcSSCD (4.2.2) have no value",
		check_bare),
	RULE("qc.type", "EN 319 412-5 4.2.3", LINT_ERROR, KIND_QC, "QcType is one of esign, eseal and web", check_type),
	RULE("qc.type-missing", "EN 319 412-5 4.2.3", LINT_WARNING, KIND_QC, "a qualified certificate says for what",
		check_type_missing),
	RULE("qc.type-as-statement", "EN 319 412-5 4.2.3", LINT_ERROR, KIND_QC,
		"a type stands in QcType, not as a statement", check_type_statement),
	RULE("qc.type-purpose", "EN 319 412-5 4.2.3", LINT_ERROR, KIND_QC,
		"the type web goes with serverAuth, and only it", check_web),
	RULE("qc.legislation", "EN 319 412-5 4.2.4", LINT_ERROR, KIND_QC,
		"countries are ISO 3166-1 codes, one at least", check_legislation),
	RULE("qc.retention", "EN 319 412-5 4.3.3", LINT_ERROR, KIND_QC,
		"a retention period is a positive number of years", check_retention),
	RULE("qc.limit", "EN 319 412-5 4.3.2", LINT_ERROR, KIND_QC,
		"a limit is a currency's three letters and two numbers from 0", check_limit),
	RULE("qc.disclosure", "EN 319 412-5 4.3.4", LINT_ERROR, KIND_QC,
		"a disclosure statement is at an https address, with its language's two letters", check_disclosure),
};
LINT_GROUP(lint_qc, rules);
