/* Issuer and subject, RFC 5280 4.1.2.4 and 4.1.2.6, with the upper bounds of its appendix A.1. */
#include <string.h>

#include "x509/lint/oid.h"
#include "x509/lint/rule.h"

static const struct bound {
	uint8_t arc; /* 2.5.4.arc */
	size_t max;  /* characters */
} bounds[] = {
	{3, 64},   /* ub-common-name */
	{4, 64},   /* surname: BR 7.1.4.2 says why not 32768 */
	{5, 64},   /* ub-serial-number */
	{6, 2},    /* countryName */
	{7, 128},  /* ub-locality-name */
	{8, 128},  /* ub-state-name */
	{10, 64},  /* ub-organization-name */
	{11, 64},  /* ub-organizational-unit-name */
	{12, 64},  /* ub-title */
	{42, 64},  /* givenName */
	{65, 128}, /* ub-pseudonym */
};

/* Runs check over the attributes of both names. */
static void
each(const struct view *v, struct finder *f,
	void (*check)(const char *which, const struct view_attribute *a, struct finder *f))
{
	const struct span names[] = {v->issuer, v->subject};
	static const char *const which[] = {"issuer", "subject"};

	for (size_t i = 0; i < 2; i++) {
		struct view_name n = view_name(names[i]);
		struct view_attribute a;

		while (view_attribute(&n, &a))
			check(which[i], &a, f);
	}
}

static bool
is_at(const struct view_attribute *a, uint8_t arc)
{
	return a->oid.len == 3 && a->oid.ptr[0] == 0x55 && a->oid.ptr[1] == 0x04 && a->oid.ptr[2] == arc;
}

static bool
is_empty(struct span name)
{
	struct view_name n = view_name(name);
	struct view_attribute a;

	return !view_attribute(&n, &a);
}

static void
check_issuer_empty(const struct view *v, struct finder *f)
{
	if (is_empty(v->issuer))
		found(f, "issuer");
}

static void
check_subject_empty(const struct view *v, struct finder *f)
{
	if (is_empty(v->subject) && (v->ca || view_items(v, EXTENSION_SUBJECT_NAMES).len == 0))
		found(f, v->ca ? "subject of a CA" : "subject, and no subjectAltName");
}

static void
check_issuer_same(const struct view *v, struct finder *f)
{
	if (v->issuing != NULL && !span_equal(v->issuer, v->issuing->subject))
		found(f, "issuer");
}

static void
syntax(const char *which, const struct view_attribute *a, struct finder *f)
{
	char text[64];

	if (a->value.len == 0)
		found(f, "%s.%s", which, view_oid(a->oid, text));
}

static void
check_empty_value(const struct view *v, struct finder *f)
{
	each(v, f, syntax);
}

static size_t
characters(const struct view_attribute *a)
{
	size_t count = 0;

	if (a->tag != TAG_UTF8)
		return a->value.len;
	for (size_t i = 0; i < a->value.len; i++)
		count += (a->value.ptr[i] & 0xc0) != 0x80;
	return count;
}

static void
length(const char *which, const struct view_attribute *a, struct finder *f)
{
	char text[64];

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++)
		if (is_at(a, bounds[i].arc) && characters(a) > bounds[i].max)
			found(f, "%s.%s: %zu characters, the limit is %zu", which, view_oid(a->oid, text),
				characters(a), bounds[i].max);
}

static void
check_length(const struct view *v, struct finder *f)
{
	each(v, f, length);
}

/* Countries, serial numbers and dnQualifiers are PrintableString; addresses IA5String; every other attribute is a DirectoryString. */
static void
type(const char *which, const struct view_attribute *a, struct finder *f)
{
	const bool printable = is_at(a, 6) || is_at(a, 5) || is_at(a, 46),
		   ia5 = span_equal(a->oid, OID_EMAIL) || span_equal(a->oid, OID_DOMAIN_COMPONENT);
	char text[64];

	if (printable ? a->tag != TAG_PRINTABLE
			: ia5
			? a->tag != TAG_IA5
			: a->oid.len == 3 && a->tag != TAG_UTF8 && a->tag != TAG_PRINTABLE && a->tag != TAG_TELETEX &&
				a->tag != TAG_BMP && a->tag != TAG_UNIVERSAL) /* those have a rule of their own */
		found(f, "%s.%s: tag %02x", which, view_oid(a->oid, text), (unsigned)a->tag);
}

static void
check_type(const struct view *v, struct finder *f)
{
	each(v, f, type);
}

static void
country(const char *which, const struct view_attribute *a, struct finder *f)
{
	if (!is_at(a, 6) || a->value.len == 0 || a->value.len > 2) /* emptiness and length are other rules' */
		return;
	if (a->value.len == 1 || a->value.ptr[0] < 'A' || a->value.ptr[0] > 'Z' || a->value.ptr[1] < 'A' ||
		a->value.ptr[1] > 'Z')
		found_text(f, which, a->value);
}

static void
check_country(const struct view *v, struct finder *f)
{
	each(v, f, country);
}

static void
space(const char *which, const struct view_attribute *a, struct finder *f)
{
	if (a->value.len > 0 && (a->value.ptr[0] == ' ' || a->value.ptr[a->value.len - 1] == ' '))
		found_text(f, which, a->value);
}

static void
check_space(const struct view *v, struct finder *f)
{
	each(v, f, space);
}

static void
invisible(const char *which, const struct view_attribute *a, struct finder *f)
{
	if (a->tag == TAG_UTF8 && span_is_text(a->value) && !span_is_line(a->value))
		found_text(f, which, a->value);
	for (size_t i = 0; i < a->value.len; i++)
		if (a->value.ptr[i] < ' ' && a->value.ptr[i] != '\t' && a->value.ptr[i] != '\n') {
			found_text(f, which, a->value);
			return;
		}
}

static void
check_invisible(const struct view *v, struct finder *f)
{
	each(v, f, invisible);
}

static void
multiple(const char *which, const struct view_attribute *a, struct finder *f)
{
	char text[64];

	if (a->of_rdn > 1)
		found(f, "%s.%s", which, view_oid(a->oid, text));
}

static void
check_multiple(const struct view *v, struct finder *f)
{
	each(v, f, multiple);
}

/* domainComponents and OUs come several at a time. */
static void
check_twice(const struct view *v, struct finder *f)
{
	struct view_name n = view_name(v->subject);
	struct view_attribute a, other;
	char text[64];

	while (view_attribute(&n, &a)) {
		struct view_name rest = n;

		if (span_equal(a.oid, OID_DOMAIN_COMPONENT) || is_at(&a, 11))
			continue;
		while (view_attribute(&rest, &other))
			if (span_equal(other.oid, a.oid))
				found(f, "subject.%s", view_oid(a.oid, text));
	}
}

static bool
names_hold(struct span names, struct span email)
{
	struct tlv t;

	while (tlv_next(&names, &t))
		if (t.tag == NAME_EMAIL && span_equal(t.contents, email))
			return true;
	return false;
}

static void
check_email(const struct view *v, struct finder *f)
{
	struct view_name n = view_name(v->subject);
	struct view_attribute a;

	while (view_attribute(&n, &a))
		if (span_equal(a.oid, OID_EMAIL) && !names_hold(view_items(v, EXTENSION_SUBJECT_NAMES), a.value))
			found_text(f, "subject", a.value);
}

static const struct lint_rule rules[] = {
	RULE("names.issuer-empty", "RFC 5280 4.1.2.4", LINT_ERROR, KIND_EVERY, "the issuer has a name",
		check_issuer_empty),
	RULE("names.subject-empty", "RFC 5280 4.1.2.6", LINT_ERROR, KIND_EVERY,
		"the subject has a name, in the subject (a CA) or the alternative names", check_subject_empty),
	RULE("names.issuer-differs", "RFC 5280 6.1.3", LINT_ERROR, KIND_EVERY,
		"the issuer's name is byte for byte the subject of its certificate", check_issuer_same),
	RULE("names.empty-value", "RFC 5280 A.1", LINT_ERROR, KIND_EVERY, "an attribute has one character at least",
		check_empty_value),
	RULE("names.length", "RFC 5280 A.1", LINT_ERROR, KIND_EVERY, "an attribute is within its upper bound",
		check_length),
	RULE("names.type", "RFC 5280 A.1", LINT_ERROR, KIND_EVERY,
		"country and serialNumber are PrintableString, e-mail IA5String, others UTF8String or PrintableString",
		check_type),
	RULE("names.country", "RFC 5280 A.1", LINT_ERROR, KIND_EVERY, "a country is two capital letters (ISO 3166-1)",
		check_country),
	RULE("names.space", "RFC 4518 2.6.1", LINT_WARNING, KIND_EVERY, "no space before or after a value",
		check_space),
	RULE("names.invisible", "UAX 9 2", LINT_ERROR, KIND_EVERY,
		"a name is one line of text that shows as it is: no control characters, no reordering",
		check_invisible),
	RULE("names.multi-valued", "BR 7.1.4.1", LINT_WARNING, KIND_EVERY, "one attribute in each RDN", check_multiple),
	RULE("names.twice", "BR 7.1.4.1", LINT_WARNING, KIND_EVERY, "each attribute once", check_twice),
	RULE("names.email", "RFC 5280 4.1.2.6", LINT_ERROR, KIND_EVERY,
		"an e-mail address in the subject is an alternative name too", check_email),
};
LINT_GROUP(lint_names, rules);
