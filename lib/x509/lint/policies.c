/* certificatePolicies, policyMappings: RFC 5280 4.2.1.4, 4.2.1.5, RFC 6818 3. */
#include "x509/lint/oid.h"
#include "x509/lint/rule.h"

enum { MAX_NOTICE = 200 };

/* The next policy: its OID and its qualifiers (contents of the SEQUENCE; empty if none). */
static bool
policy_next(struct span *items, struct span *oid, struct span *qualifiers)
{
	struct tlv item, id, list;

	if (!tlv_next(items, &item) || !tlv_take(&item.contents, TAG_OBJECT, &id))
		return false;
	*oid = id.contents;
	*qualifiers = tlv_take(&item.contents, TAG_SEQUENCE, &list) ? list.contents : (struct span){NULL, 0};
	return true;
}

static void
check_twice(const struct view *v, struct finder *f)
{
	struct span items = view_items(v, EXTENSION_POLICIES), oid, other, qualifiers;
	char text[64];

	while (policy_next(&items, &oid, &qualifiers)) {
		struct span rest = items;

		while (policy_next(&rest, &other, &qualifiers))
			if (span_equal(oid, other)) {
				found(f, "policy %s", view_oid(oid, text));
				break;
			}
	}
}

/* Calls check with every qualifier's id and what comes after it. */
static void
each_qualifier(const struct view *v, struct finder *f,
	void (*check)(struct span policy, struct span id, struct span rest, struct finder *f))
{
	struct span items = view_items(v, EXTENSION_POLICIES), oid, qualifiers;
	struct tlv qualifier, id;

	while (policy_next(&items, &oid, &qualifiers))
		while (tlv_next(&qualifiers, &qualifier))
			if (tlv_take(&qualifier.contents, TAG_OBJECT, &id))
				check(oid, id.contents, qualifier.contents, f);
}

static void
known(struct span policy, struct span id, struct span rest, struct finder *f)
{
	char text[64];

	(void)policy;
	(void)rest;
	if (!span_equal(id, OID_CPS) && !span_equal(id, OID_USER_NOTICE))
		found(f, "qualifier %s", view_oid(id, text));
}

static void
check_qualifiers(const struct view *v, struct finder *f)
{
	each_qualifier(v, f, known);
}

static void
cps(struct span policy, struct span id, struct span rest, struct finder *f)
{
	struct tlv t;

	(void)policy;
	if (span_equal(id, OID_CPS) &&
		!(tlv_take(&rest, TAG_IA5, &t) &&
			(span_starts(t.contents, SPAN("http://")) || span_starts(t.contents, SPAN("https://")))))
		found(f, "cPSuri");
}

static void
check_cps(const struct view *v, struct finder *f)
{
	each_qualifier(v, f, cps);
}

static void
notice(struct span policy, struct span id, struct span rest, struct finder *f)
{
	struct tlv t, reference, text;
	size_t count = 0;

	(void)policy;
	if (!span_equal(id, OID_USER_NOTICE) || !tlv_take(&rest, TAG_SEQUENCE, &t))
		return;
	(void)tlv_take(&t.contents, TAG_SEQUENCE, &reference);
	if (!tlv_next(&t.contents, &text))
		return;
	for (size_t i = 0; i < text.contents.len; i++)
		count += (text.contents.ptr[i] & 0xc0) != 0x80;
	if (text.tag != TAG_UTF8)
		found(f, "explicitText: tag %02x", (unsigned)text.tag);
	else if (count > MAX_NOTICE)
		found(f, "explicitText: %zu characters", count);
}

static void
check_notice(const struct view *v, struct finder *f)
{
	each_qualifier(v, f, notice);
}

static void
reference(struct span policy, struct span id, struct span rest, struct finder *f)
{
	struct tlv t, ref;

	(void)policy;
	if (span_equal(id, OID_USER_NOTICE) && tlv_take(&rest, TAG_SEQUENCE, &t) &&
		tlv_take(&t.contents, TAG_SEQUENCE, &ref))
		found(f, "noticeRef");
}

static void
check_reference(const struct view *v, struct finder *f)
{
	each_qualifier(v, f, reference);
}

static void
check_mapping(const struct view *v, struct finder *f)
{
	struct span items = view_items(v, EXTENSION_POLICY_MAPPINGS);
	struct tlv item, from, to;

	while (tlv_next(&items, &item))
		if (!tlv_take(&item.contents, TAG_OBJECT, &from) || !tlv_take(&item.contents, TAG_OBJECT, &to))
			found(f, "a mapping is not two policies");
		else if (span_equal(from.contents, OID_ANY_POLICY) || span_equal(to.contents, OID_ANY_POLICY))
			found(f, "anyPolicy");
}

static void
check_mapped_leaf(const struct view *v, struct finder *f)
{
	if (v->known[EXTENSION_POLICY_MAPPINGS] != NULL)
		found(f, "policyMappings");
}

static void
check_any_in_leaf(const struct view *v, struct finder *f)
{
	struct span items = view_items(v, EXTENSION_POLICIES), oid, qualifiers;

	while (policy_next(&items, &oid, &qualifiers))
		if (span_equal(oid, OID_ANY_POLICY))
			found(f, "anyPolicy");
}

static void
check_missing(const struct view *v, struct finder *f)
{
	if (v->known[EXTENSION_POLICIES] == NULL)
		found(f, "no certificatePolicies");
}

static const struct lint_rule rules[] = {
	RULE("policies.twice", "RFC 5280 4.2.1.4", LINT_ERROR, KIND_EVERY, "each policy once", check_twice),
	RULE("policies.qualifier", "RFC 5280 4.2.1.4", LINT_WARNING, KIND_EVERY,
		"a qualifier is a CPS address or a user notice", check_qualifiers),
	RULE("policies.cps", "RFC 5280 4.2.1.4", LINT_ERROR, KIND_EVERY,
		"a CPS address is an IA5String with an http(s) address", check_cps),
	RULE("policies.notice", "RFC 6818 3", LINT_WARNING, KIND_EVERY,
		"an explicitText is a UTF8String of 200 characters at most", check_notice),
	RULE("policies.notice-reference", "RFC 5280 4.2.1.4", LINT_WARNING, KIND_EVERY,
		"a user notice has no noticeRef", check_reference),
	RULE("policies.any-in-leaf", "BR 7.1.2.7.9", LINT_ERROR, KIND_LEAF, "anyPolicy is for CAs", check_any_in_leaf),
	RULE("policies.mapping", "RFC 5280 4.2.1.5", LINT_ERROR, KIND_ANY_CA,
		"a mapping is from a policy to another, neither anyPolicy", check_mapping),
	RULE("policies.mapping-in-leaf", "RFC 5280 4.2.1.5", LINT_ERROR, KIND_LEAF, "policyMappings is a CA's",
		check_mapped_leaf),
	RULE("policies.missing", "BR 7.1.2.7.6", LINT_ERROR, KIND_TLS | KIND_QC,
		"a server's or person's certificate says its policy", check_missing),
};
LINT_GROUP(lint_policies, rules);
