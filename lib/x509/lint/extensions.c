/* Extensions as such: version, duplicates, syntax, criticality. RFC 5280 4.1.2.9 and 4.2. */
#include "x509/lint/oid.h"
#include "x509/lint/rule.h"

static void
check_version(const struct view *v, struct finder *f)
{
	if (v->version.len != 1 || v->version.ptr[0] != 2)
		found(f, v->has_extensions ? "extensions, and another version than 3" : "version");
}

static void
check_unique_id(const struct view *v, struct finder *f)
{
	if (v->unique_id)
		found(f, "issuerUniqueID or subjectUniqueID");
}

static void
check_empty(const struct view *v, struct finder *f)
{
	if (v->has_extensions && v->extension_count == 0)
		found(f, "extensions");
}

static void
check_twice(const struct view *v, struct finder *f)
{
	char text[64];

	for (size_t i = 0; i < v->extension_count; i++)
		for (size_t n = 0; n < i; n++)
			if (span_equal(v->extensions[i].oid, v->extensions[n].oid)) {
				found(f, "%s", view_extension_name(&v->extensions[i], text));
				break;
			}
}

static void
check_unknown(const struct view *v, struct finder *f)
{
	char text[64];

	for (size_t i = 0; i < v->extension_count; i++)
		if (v->extensions[i].kind == EXTENSION_OTHER && v->extensions[i].critical)
			found(f, "%s", view_extension_name(&v->extensions[i], text));
}

static void
check_value(const struct view *v, struct finder *f)
{
	char text[64];

	for (size_t i = 0; i < v->extension_count; i++)
		if (!v->extensions[i].one_value)
			found(f, "%s", view_extension_name(&v->extensions[i], text));
}

/* ---- the syntax of those that are known ---- */

/* What each item of a SEQUENCE OF must be; 0: the value is no SEQUENCE OF, or its items may be anything. */
static const struct {
	uint8_t tag, item;
} shapes[EXTENSION_COUNT] = {
	[EXTENSION_AUTHORITY_KEY] = {TAG_SEQUENCE, 0},
	[EXTENSION_SUBJECT_KEY] = {TAG_OCTET_STRING, 0},
	[EXTENSION_KEY_USAGE] = {TAG_BIT_STRING, 0},
	[EXTENSION_POLICIES] = {TAG_SEQUENCE, TAG_SEQUENCE},
	[EXTENSION_POLICY_MAPPINGS] = {TAG_SEQUENCE, TAG_SEQUENCE},
	[EXTENSION_SUBJECT_NAMES] = {TAG_SEQUENCE, 0},
	[EXTENSION_ISSUER_NAMES] = {TAG_SEQUENCE, 0},
	[EXTENSION_DIRECTORY_ATTRIBUTES] = {TAG_SEQUENCE, TAG_SEQUENCE},
	[EXTENSION_BASIC_CONSTRAINTS] = {TAG_SEQUENCE, 0},
	[EXTENSION_NAME_CONSTRAINTS] = {TAG_SEQUENCE, 0},
	[EXTENSION_POLICY_CONSTRAINTS] = {TAG_SEQUENCE, 0},
	[EXTENSION_EXTENDED_KEY_USAGE] = {TAG_SEQUENCE, TAG_OBJECT},
	[EXTENSION_DISTRIBUTION_POINTS] = {TAG_SEQUENCE, TAG_SEQUENCE},
	[EXTENSION_INHIBIT_ANY_POLICY] = {TAG_INTEGER, 0},
	[EXTENSION_FRESHEST_LIST] = {TAG_SEQUENCE, TAG_SEQUENCE},
	[EXTENSION_AUTHORITY_ACCESS] = {TAG_SEQUENCE, TAG_SEQUENCE},
	[EXTENSION_SUBJECT_ACCESS] = {TAG_SEQUENCE, TAG_SEQUENCE},
	[EXTENSION_QC_STATEMENTS] = {TAG_SEQUENCE, TAG_SEQUENCE},
	[EXTENSION_NO_CHECK] = {TAG_NULL, 0},
	[EXTENSION_SCT_LIST] = {TAG_OCTET_STRING, 0},
	[EXTENSION_POISON] = {TAG_NULL, 0},
};

/* Exactly the optional members, in this order. */
static bool
is_made_of(struct span contents, const uint8_t *tags, size_t count)
{
	struct tlv t;

	for (size_t i = 0; i < count; i++)
		(void)tlv_take(&contents, tags[i], &t);
	return contents.len == 0;
}

static bool
names_have_choices(struct span names)
{
	struct tlv t;

	while (tlv_next(&names, &t))
		if ((t.tag & 0xc0) != TAG_CONTEXT || (t.tag & 0x1f) > 8)
			return false;
	return true;
}

static bool
members_are_right(const struct view_extension *e)
{
	static const uint8_t authority_key[] = {0x80, 0xa1, 0x82}, constraints[] = {TAG_BOOLEAN, TAG_INTEGER},
			     subtrees[] = {0xa0, 0xa1}, skips[] = {0x80, 0x81};
	const struct span c = e->inner.contents;

	switch (e->kind) {
	case EXTENSION_AUTHORITY_KEY:
		return is_made_of(c, authority_key, 3);
	case EXTENSION_BASIC_CONSTRAINTS:
		return is_made_of(c, constraints, 2);
	case EXTENSION_NAME_CONSTRAINTS:
		return is_made_of(c, subtrees, 2);
	case EXTENSION_POLICY_CONSTRAINTS:
		return is_made_of(c, skips, 2);
	case EXTENSION_SUBJECT_NAMES:
	case EXTENSION_ISSUER_NAMES:
		return names_have_choices(c);
	default:
		return true;
	}
}

static bool
is_right(const struct view_extension *e)
{
	struct span items = e->inner.contents;
	struct tlv t;

	if (e->inner.tag != shapes[e->kind].tag)
		return false;
	while (shapes[e->kind].item != 0 && tlv_next(&items, &t))
		if (t.tag != shapes[e->kind].item)
			return false;
	return members_are_right(e);
}

static void
check_syntax(const struct view *v, struct finder *f)
{
	char text[64];

	for (size_t i = 0; i < v->extension_count; i++) {
		const struct view_extension *e = &v->extensions[i];

		if (e->kind != EXTENSION_OTHER && e->one_value && !is_right(e))
			found(f, "%s", view_extension_name(e, text));
	}
}

/* RFC 5280 defines these SEQUENCE OFs with SIZE (1..MAX). */
static void
check_no_items(const struct view *v, struct finder *f)
{
	char text[64];

	for (size_t i = 0; i < v->extension_count; i++) {
		const struct view_extension *e = &v->extensions[i];

		if (shapes[e->kind].item != 0 && e->one_value && e->inner.tag == TAG_SEQUENCE &&
			e->inner.contents.len == 0)
			found(f, "%s", view_extension_name(e, text));
	}
}

/* ---- criticality ---- */

static void
never_critical(const struct view *v, struct finder *f)
{
	const struct view_extension *e = v->known[f->rule->about];
	char text[64];

	if (e != NULL && e->critical)
		found(f, "%s", view_extension_name(e, text));
}

static void
always_critical(const struct view *v, struct finder *f)
{
	const struct view_extension *e = v->known[f->rule->about];
	char text[64];

	if (e != NULL && !e->critical)
		found(f, "%s", view_extension_name(e, text));
}

static void
not_in_leaf(const struct view *v, struct finder *f)
{
	const struct view_extension *e = v->known[f->rule->about];
	char text[64];

	if (e != NULL)
		found(f, "%s", view_extension_name(e, text));
}

static void
check_constraints_empty(const struct view *v, struct finder *f)
{
	const struct view_extension *e = v->known[f->rule->about];
	char text[64];

	if (e != NULL && e->one_value && e->inner.tag == TAG_SEQUENCE && e->inner.contents.len == 0)
		found(f, "%s", view_extension_name(e, text));
}

#define NEVER(id, clause, severity, extension, name) \
	RULE_OF(id, clause, severity, KIND_EVERY, name " is not critical", never_critical, extension)
#define ALWAYS(id, clause, severity, kinds, extension, name) \
	RULE_OF(id, clause, severity, kinds, name " is critical", always_critical, extension)

static const struct lint_rule rules[] = {
	RULE("extension.version", "RFC 5280 4.1.2.1", LINT_ERROR, KIND_EVERY, "a certificate is version 3",
		check_version),
	RULE("extension.unique-id", "RFC 5280 4.1.2.8", LINT_ERROR, KIND_EVERY, "there are no unique identifiers",
		check_unique_id),
	RULE("extension.empty", "RFC 5280 4.1.2.9", LINT_ERROR, KIND_EVERY, "extensions are left out if there are none",
		check_empty),
	RULE("extension.twice", "RFC 5280 4.2", LINT_ERROR, KIND_EVERY, "each extension once", check_twice),
	RULE("extension.unknown-critical", "RFC 5280 4.2", LINT_ERROR, KIND_EVERY,
		"no critical extension that software does not know and must then refuse", check_unknown),
	RULE("extension.value", "RFC 5280 4.1.2.9", LINT_ERROR, KIND_EVERY,
		"an extension's value is one DER value, and all of it", check_value),
	RULE("extension.syntax", "RFC 5280 4.2.1", LINT_ERROR, KIND_EVERY,
		"an extension has the syntax of its definition", check_syntax),
	RULE("extension.no-items", "RFC 5280 A.2", LINT_ERROR, KIND_EVERY,
		"a list in an extension has one item at least", check_no_items),
	ALWAYS("usage.not-critical", "RFC 5280 4.2.1.3", LINT_WARNING, KIND_EVERY, EXTENSION_KEY_USAGE, "keyUsage"),
	ALWAYS("constraints.not-critical", "RFC 5280 4.2.1.9", LINT_ERROR, KIND_ANY_CA, EXTENSION_BASIC_CONSTRAINTS,
		"a CA's basicConstraints"),
	ALWAYS("name-constraints.not-critical", "RFC 5280 4.2.1.10", LINT_ERROR, KIND_EVERY, EXTENSION_NAME_CONSTRAINTS,
		"nameConstraints"),
	ALWAYS("policy-constraints.not-critical", "RFC 5280 4.2.1.11", LINT_ERROR, KIND_EVERY,
		EXTENSION_POLICY_CONSTRAINTS, "policyConstraints"),
	ALWAYS("inhibit-any.not-critical", "RFC 5280 4.2.1.14", LINT_ERROR, KIND_EVERY, EXTENSION_INHIBIT_ANY_POLICY,
		"inhibitAnyPolicy"),
	NEVER("aki.critical", "RFC 5280 4.2.1.1", LINT_ERROR, EXTENSION_AUTHORITY_KEY, "authorityKeyIdentifier"),
	NEVER("ski.critical", "RFC 5280 4.2.1.2", LINT_ERROR, EXTENSION_SUBJECT_KEY, "subjectKeyIdentifier"),
	NEVER("ian.critical", "RFC 5280 4.2.1.7", LINT_WARNING, EXTENSION_ISSUER_NAMES, "issuerAltName"),
	NEVER("directory-attributes.critical", "RFC 5280 4.2.1.8", LINT_ERROR, EXTENSION_DIRECTORY_ATTRIBUTES,
		"subjectDirectoryAttributes"),
	NEVER("crldp.critical", "RFC 5280 4.2.1.13", LINT_WARNING, EXTENSION_DISTRIBUTION_POINTS,
		"cRLDistributionPoints"),
	NEVER("freshest.critical", "RFC 5280 4.2.1.15", LINT_ERROR, EXTENSION_FRESHEST_LIST, "freshestCRL"),
	NEVER("aia.critical", "RFC 5280 4.2.2.1", LINT_ERROR, EXTENSION_AUTHORITY_ACCESS, "authorityInfoAccess"),
	NEVER("sia.critical", "RFC 5280 4.2.2.2", LINT_ERROR, EXTENSION_SUBJECT_ACCESS, "subjectInfoAccess"),
	RULE_OF("name-constraints.leaf", "RFC 5280 4.2.1.10", LINT_ERROR, KIND_LEAF, "nameConstraints is a CA's",
		not_in_leaf, EXTENSION_NAME_CONSTRAINTS),
	RULE_OF("name-constraints.empty", "RFC 5280 4.2.1.10", LINT_ERROR, KIND_ANY_CA,
		"nameConstraints permits or excludes something", check_constraints_empty, EXTENSION_NAME_CONSTRAINTS),
	RULE_OF("policy-constraints.empty", "RFC 5280 4.2.1.11", LINT_ERROR, KIND_EVERY,
		"policyConstraints says something", check_constraints_empty, EXTENSION_POLICY_CONSTRAINTS),
};
LINT_GROUP(lint_extensions, rules);
