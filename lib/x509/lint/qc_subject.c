/* Certificates for natural persons' signatures (ETSI EN 319 412-2) and legal persons' seals (EN 319 412-3). */
#include "x509/lint/oid.h"
#include "x509/lint/rule.h"

enum { DIGITAL_SIGNATURE = 1 << 0, NON_REPUDIATION = 1 << 1, KEY_ENCIPHERMENT = 1 << 2, KEY_AGREEMENT = 1 << 4 };

static bool
has(const struct view *v, struct span oid)
{
	struct view_attribute a;

	return view_name_find(v->subject, oid, &a);
}

static void
missing(const struct view *v, struct span oid, const char *name, struct finder *f)
{
	if (!has(v, oid))
		found(f, "subject without %s", name);
}

static void
check_person(const struct view *v, struct finder *f)
{
	missing(v, OID_COUNTRY, "countryName", f);
	missing(v, OID_COMMON_NAME, "commonName", f);
}

static void
check_person_name(const struct view *v, struct finder *f)
{
	if (!has(v, OID_GIVEN_NAME) && !has(v, OID_SURNAME) && !has(v, OID_PSEUDONYM))
		found(f, "subject without givenName, surname and pseudonym");
}

static void
check_pseudonym(const struct view *v, struct finder *f)
{
	if (has(v, OID_PSEUDONYM) && (has(v, OID_GIVEN_NAME) || has(v, OID_SURNAME)))
		found(f, "subject with a pseudonym and a name");
}

static void
check_organization(const struct view *v, struct finder *f)
{
	missing(v, OID_COUNTRY, "countryName", f);
	missing(v, OID_ORGANIZATION, "organizationName", f);
	missing(v, OID_ORGANIZATION_ID, "organizationIdentifier", f);
	missing(v, OID_COMMON_NAME, "commonName", f);
}

static bool
is_capital(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

/* EN 319 412-1 5.1.4: three letters (or two and a colon, of a national scheme), country, hyphen, reference. */
static void
check_identifier(const struct view *v, struct finder *f)
{
	struct view_attribute a;

	if (!view_name_find(v->subject, OID_ORGANIZATION_ID, &a))
		return;
	const uint8_t *id = a.value.ptr;

	if (a.value.len < 7 || !is_capital(id[0]) || !is_capital(id[1]) || !(is_capital(id[2]) || id[2] == ':') ||
		!is_capital(id[3]) || !is_capital(id[4]) || id[5] != '-')
		found_text(f, "organizationIdentifier", a.value);
}

static void
check_identifier_differs(const struct view *v, struct finder *f)
{
	struct view_attribute id, name;

	if (view_name_find(v->subject, OID_ORGANIZATION_ID, &id) &&
		view_name_find(v->subject, OID_ORGANIZATION, &name) && span_equal(id.value, name.value))
		found_text(f, "organizationIdentifier", id.value);
}

/* Table 1: A nonRepudiation, B with digitalSignature, C digitalSignature, D, E, F with one of keyEncipherment and keyAgreement. */
static void
check_usage(const struct view *v, struct finder *f)
{
	const unsigned exchange = v->usage & (KEY_ENCIPHERMENT | KEY_AGREEMENT);
	const unsigned signs = v->usage & (DIGITAL_SIGNATURE | NON_REPUDIATION);

	if (!v->has_usage)
		found(f, "no keyUsage");
	else if (v->usage != (exchange | signs) || exchange == (KEY_ENCIPHERMENT | KEY_AGREEMENT) ||
		(signs == NON_REPUDIATION && exchange != 0))
		found(f, "keyUsage %04x", v->usage);
}

static void
check_commitment(const struct view *v, struct finder *f)
{
	if (v->has_usage && !(v->usage & NON_REPUDIATION))
		found(f, "keyUsage %04x", v->usage);
}

static void
check_mixed(const struct view *v, struct finder *f)
{
	if (v->usage & NON_REPUDIATION && v->usage != NON_REPUDIATION)
		found(f, "keyUsage %04x", v->usage);
}

static void
never_critical(const struct view *v, struct finder *f)
{
	const struct view_extension *e = v->known[f->rule->about];
	char text[64];

	if (e != NULL && e->critical)
		found(f, "%s", view_extension_name(e, text));
}

static void
absent(const struct view *v, struct finder *f)
{
	const struct view_extension *e = v->known[f->rule->about];
	char text[64];

	if (e != NULL)
		found(f, "%s", view_extension_name(e, text));
}

static const struct lint_rule rules[] = {
	RULE("person.subject", "EN 319 412-2 4.2.4", LINT_WARNING, KIND_ESIGN,
		"a person's subject has countryName and commonName", check_person),
	RULE("person.name", "EN 319 412-2 4.2.4", LINT_WARNING, KIND_ESIGN,
		"a person's subject has givenName or surname, or a pseudonym", check_person_name),
	RULE("person.pseudonym", "EN 319 412-2 4.2.4", LINT_ERROR, KIND_ESIGN, "a pseudonym stands alone",
		check_pseudonym),
	RULE("organization.subject", "EN 319 412-3 4.2.1", LINT_ERROR, KIND_ESEAL,
		"a legal person's subject has countryName, organizationName, organizationIdentifier and commonName",
		check_organization),
	RULE("organization.identifier", "EN 319 412-1 5.1.4", LINT_ERROR, KIND_ESEAL,
		"an organizationIdentifier is scheme, country, hyphen, reference: NTRBT-12345", check_identifier),
	RULE("organization.identifier-differs", "EN 319 412-3 4.2.1", LINT_ERROR, KIND_ESEAL,
		"an organizationIdentifier is not the organization's name", check_identifier_differs),
	RULE("qc.usage", "EN 319 412-2 4.3.2", LINT_ERROR, KIND_ESIGN | KIND_ESEAL,
		"keyUsage is one of the types A to F", check_usage),
	RULE("qc.usage-commitment", "EN 319 412-2 4.3.2", LINT_ERROR, KIND_ESIGN | KIND_ESEAL,
		"what validates commitment to content has nonRepudiation", check_commitment),
	RULE("qc.usage-mixed", "EN 319 412-2 4.3.2", LINT_WARNING, KIND_ESIGN | KIND_ESEAL,
		"nonRepudiation stands alone (type A)", check_mixed),
	RULE_OF("qc.policies-critical", "EN 319 412-2 4.3.3", LINT_ERROR, KIND_QC,
		"certificatePolicies is not critical", never_critical, EXTENSION_POLICIES),
	RULE_OF("qc.purpose-critical", "EN 319 412-2 4.3.10", LINT_ERROR, KIND_QC, "extKeyUsage is not critical",
		never_critical, EXTENSION_EXTENDED_KEY_USAGE),
	RULE_OF("qc.no-policy-constraints", "EN 319 412-2 4.3.9", LINT_ERROR, KIND_QC, "policyConstraints is not there",
		absent, EXTENSION_POLICY_CONSTRAINTS),
	RULE_OF("qc.no-inhibit-any", "EN 319 412-2 4.3.12", LINT_ERROR, KIND_QC, "inhibitAnyPolicy is not there",
		absent, EXTENSION_INHIBIT_ANY_POLICY),
};
LINT_GROUP(lint_qc_subject, rules);
