/* What would be signed against what its profile allows: a second look, at the bytes, at what certificate_make was told to do. */
#include <stdio.h>
#include <string.h>

#include "x509/dns_name.h"
#include "x509/lint/oid.h"
#include "x509/lint/rule.h"
#include "x509/profile.h"

enum { DAY = 86400 };

static void
check_ca(const struct view *v, struct finder *f)
{
	const struct profile *p = v->context->profile;

	if (p != NULL && v->ca != p->ca)
		found(f, "profile %s: cA", p->name);
	else if (p != NULL && p->ca && v->path_length != p->path_length)
		found(f, "profile %s: pathLenConstraint %lld", p->name, (long long)v->path_length);
}

static void
check_usage(const struct view *v, struct finder *f)
{
	const struct profile *p = v->context->profile;
	unsigned usage = 0;

	if (p == NULL)
		return;
	for (size_t i = 0; i < p->key_usage.count; i++)
		usage |= 1U << key_usage_bit(json_text_at(&p->key_usage, i));
	if (v->usage != usage)
		found(f, "profile %s: keyUsage %04x", p->name, v->usage);
}

/* Each item's first OID is in the list, and none of the list is missing. */
static void
compare(const struct profile *p, const char *what, struct span items, bool nested, const struct json_list *list,
	struct finder *f)
{
	size_t count = 0;
	struct tlv t, oid;
	char text[64];

	for (; tlv_next(&items, &t); count++) {
		if (!nested)
			oid = t;
		else if (!tlv_take(&t.contents, TAG_OBJECT, &oid))
			continue;
		if (!profile_lists(list, view_oid(oid.contents, text)))
			found(f, "profile %s: %s %s", p->name, what, text);
	}
	if (count < list->count)
		found(f, "profile %s: %s, %zu of %zu", p->name, what, count, list->count);
}

static void
check_purposes(const struct view *v, struct finder *f)
{
	const struct profile *p = v->context->profile;

	if (p != NULL)
		compare(p, "extKeyUsage", view_items(v, EXTENSION_EXTENDED_KEY_USAGE), false, &p->extended_key_usage,
			f);
}

static void
check_policies(const struct view *v, struct finder *f)
{
	const struct profile *p = v->context->profile;

	if (p != NULL)
		compare(p, "certificatePolicies", view_items(v, EXTENSION_POLICIES), true, &p->policies, f);
}

static void
check_days(const struct view *v, struct finder *f)
{
	const struct profile *p = v->context->profile;

	if (p != NULL && v->not_before.readable && v->not_after.readable &&
		v->not_after.at - v->not_before.at > p->days * DAY)
		found(f, "profile %s: %lld days", p->name,
			(long long)((v->not_after.at - v->not_before.at + DAY - 1) / DAY));
}

static void
check_subject(const struct view *v, struct finder *f)
{
	const struct profile *p = v->context->profile;
	struct view_name n = view_name(v->subject);
	struct view_attribute a;
	char text[64];

	while (p != NULL && view_attribute(&n, &a))
		if (!json_texts_have(&p->subject, view_oid(a.oid, text)))
			found(f, "profile %s: subject %s", p->name, view_oid(a.oid, text));
}

static const char *
kind_of_name(uint8_t tag)
{
	switch (tag) {
	case NAME_DNS:
		return "dns";
	case NAME_IP:
		return "ip";
	case NAME_EMAIL:
		return "email";
	case NAME_URI:
		return "uri";
	default:
		return "another kind";
	}
}

static void
check_names(const struct view *v, struct finder *f)
{
	const struct profile *p = v->context->profile;
	struct span names = view_items(v, EXTENSION_SUBJECT_NAMES);
	struct tlv t;

	while (p != NULL && tlv_next(&names, &t))
		if (!json_texts_have(&p->alternative_names, kind_of_name(t.tag)))
			found(f, "profile %s: subjectAltName %s", p->name, kind_of_name(t.tag));
}

static void
check_hosts(const struct view *v, struct finder *f)
{
	const struct profile *p = v->context->profile;
	struct span names = view_items(v, EXTENSION_SUBJECT_NAMES);
	struct tlv t;

	while (p != NULL && tlv_next(&names, &t))
		if (t.tag == NAME_DNS && profile_host_flaw(p, t.contents) != NULL)
			found_text(f, profile_host_flaw(p, t.contents), t.contents);
}

static void
check_statements(const struct view *v, struct finder *f)
{
	const struct profile *p = v->context->profile;
	struct span items = view_items(v, EXTENSION_QC_STATEMENTS);
	size_t count = 0;
	struct tlv t;

	if (p == NULL)
		return;
	while (tlv_next(&items, &t))
		count++;
	if (count != p->qc_statements.count)
		found(f, "profile %s: %zu qcStatements", p->name, count);
}

/* What our profiles can call for. */
static void
check_extensions(const struct view *v, struct finder *f)
{
	const struct profile *p = v->context->profile;
	char text[64];

	for (size_t i = 0; p != NULL && i < v->extension_count; i++) {
		const struct view_extension *e = &v->extensions[i];

		if (e->kind == EXTENSION_OTHER || e->kind == EXTENSION_POISON || e->kind == EXTENSION_SCT_LIST ||
			e->kind == EXTENSION_ISSUER_NAMES || e->kind == EXTENSION_DIRECTORY_ATTRIBUTES ||
			e->kind == EXTENSION_SUBJECT_ACCESS || e->kind == EXTENSION_POLICY_MAPPINGS ||
			(e->kind == EXTENSION_NO_CHECK && !p->no_ocsp_check))
			found(f, "profile %s: %s", p->name, view_extension_name(e, text));
	}
}

static const struct lint_rule rules[] = {
	RULE("profile.ca", "policies/profiles", LINT_ERROR, KIND_EVERY, "cA and pathLenConstraint are the profile's",
		check_ca),
	RULE("profile.usage", "policies/profiles", LINT_ERROR, KIND_EVERY, "keyUsage is the profile's", check_usage),
	RULE("profile.purposes", "policies/profiles", LINT_ERROR, KIND_EVERY, "extKeyUsage is the profile's",
		check_purposes),
	RULE("profile.policies", "policies/profiles", LINT_ERROR, KIND_EVERY, "certificatePolicies are the profile's",
		check_policies),
	RULE("profile.days", "policies/profiles", LINT_ERROR, KIND_EVERY,
		"a certificate lasts as long as its profile at most", check_days),
	RULE("profile.subject", "policies/profiles", LINT_ERROR, KIND_EVERY,
		"the subject has attributes that the profile allows", check_subject),
	RULE("profile.names", "policies/profiles", LINT_ERROR, KIND_EVERY,
		"alternative names are of kinds that the profile allows", check_names),
	RULE("profile.hosts", "policies/profiles", LINT_ERROR, KIND_EVERY,
		"host names are under the profile's suffixes, and wildcards only where it allows them", check_hosts),
	RULE("profile.statements", "policies/profiles", LINT_ERROR, KIND_EVERY, "qcStatements are the profile's",
		check_statements),
	RULE("profile.extensions", "policies/profiles", LINT_ERROR, KIND_EVERY,
		"no extension that the profile does not call for", check_extensions),
};
LINT_GROUP(lint_against_profile, rules);
