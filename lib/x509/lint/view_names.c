/* Names, purposes and items: what many rules ask of a view. */
#include <stdio.h>
#include <string.h>

#include "x509/lint/oid.h"
#include "x509/lint/view.h"

struct view_name
view_name(struct span name)
{
	struct tlv t;

	if (!tlv_take(&name, TAG_SEQUENCE, &t))
		return (struct view_name){0};
	return (struct view_name){.rdns = t.contents};
}

bool
view_attribute(struct view_name *n, struct view_attribute *out)
{
	struct tlv rdn, pair, oid, value;

	while (n->rdn.len == 0) {
		struct span count;

		if (!tlv_next(&n->rdns, &rdn))
			return false;
		n->rdn = count = rdn.contents;
		n->of_rdn = 0;
		while (tlv_next(&count, &pair))
			n->of_rdn++;
	}
	if (!tlv_next(&n->rdn, &pair))
		return false;
	if (!tlv_take(&pair.contents, TAG_OBJECT, &oid) || !tlv_next(&pair.contents, &value))
		return false;
	*out = (struct view_attribute){oid.contents, value.contents, value.tag, n->of_rdn};
	return true;
}

bool
view_name_find(struct span name, struct span oid, struct view_attribute *out)
{
	struct view_name n = view_name(name);

	while (view_attribute(&n, out))
		if (span_equal(out->oid, oid))
			return true;
	return false;
}

struct span
view_items(const struct view *v, enum extension kind)
{
	const struct view_extension *e = v->known[kind];

	if (e == NULL || !e->one_value || e->inner.tag != TAG_SEQUENCE)
		return (struct span){NULL, 0};
	return e->inner.contents;
}

bool
view_has_purpose(const struct view *v, struct span oid)
{
	struct span items = view_items(v, EXTENSION_EXTENDED_KEY_USAGE);
	struct tlv t;

	while (tlv_next(&items, &t))
		if (span_equal(t.contents, oid))
			return true;
	return false;
}

bool
view_has_name(struct span names, uint8_t choice)
{
	struct tlv t;

	while (tlv_next(&names, &t))
		if (t.tag == choice)
			return true;
	return false;
}

/* What people write for the attributes that are met. */
static const struct short_name {
	uint8_t arc; /* 2.5.4.arc */
	const char *name;
} short_names[] = {
	{3, "CN"},
	{4, "surname"},
	{5, "serialNumber"},
	{6, "C"},
	{7, "L"},
	{8, "ST"},
	{10, "O"},
	{11, "OU"},
	{12, "title"},
	{42, "givenName"},
	{65, "pseudonym"},
	{97, "organizationIdentifier"},
};

const char *
view_oid(struct span oid, char text[64])
{
	size_t used = 0;
	uint64_t arc = 0;
	bool first = true;

	if (oid.len == 3 && span_starts(oid, SPAN("\x55\x04")))
		for (size_t i = 0; i < sizeof(short_names) / sizeof(short_names[0]); i++)
			if (short_names[i].arc == oid.ptr[2])
				return short_names[i].name;
	text[0] = '\0';
	for (size_t i = 0; i < oid.len && used + 24 < 64; i++) {
		arc = arc << 7 | (oid.ptr[i] & 0x7f);
		if (oid.ptr[i] & 0x80)
			continue;
		const uint64_t top = arc < 40 ? 0 : arc < 80 ? 1 : 2;
		const int n = first
			? snprintf(text + used, 64 - used, "%d.%llu", (int)top, (unsigned long long)(arc - top * 40))
			: snprintf(text + used, 64 - used, ".%llu", (unsigned long long)arc);

		used += n > 0 ? (size_t)n : 0;
		first = false;
		arc = 0;
	}
	return text[0] != '\0' ? text : "an OID of no arcs";
}

static const char *const extension_names[EXTENSION_COUNT] = {
	[EXTENSION_AUTHORITY_KEY] = "authorityKeyIdentifier",
	[EXTENSION_SUBJECT_KEY] = "subjectKeyIdentifier",
	[EXTENSION_KEY_USAGE] = "keyUsage",
	[EXTENSION_POLICIES] = "certificatePolicies",
	[EXTENSION_POLICY_MAPPINGS] = "policyMappings",
	[EXTENSION_SUBJECT_NAMES] = "subjectAltName",
	[EXTENSION_ISSUER_NAMES] = "issuerAltName",
	[EXTENSION_DIRECTORY_ATTRIBUTES] = "subjectDirectoryAttributes",
	[EXTENSION_BASIC_CONSTRAINTS] = "basicConstraints",
	[EXTENSION_NAME_CONSTRAINTS] = "nameConstraints",
	[EXTENSION_POLICY_CONSTRAINTS] = "policyConstraints",
	[EXTENSION_EXTENDED_KEY_USAGE] = "extKeyUsage",
	[EXTENSION_DISTRIBUTION_POINTS] = "cRLDistributionPoints",
	[EXTENSION_INHIBIT_ANY_POLICY] = "inhibitAnyPolicy",
	[EXTENSION_FRESHEST_LIST] = "freshestCRL",
	[EXTENSION_AUTHORITY_ACCESS] = "authorityInfoAccess",
	[EXTENSION_SUBJECT_ACCESS] = "subjectInfoAccess",
	[EXTENSION_QC_STATEMENTS] = "qcStatements",
	[EXTENSION_NO_CHECK] = "ocsp-nocheck",
	[EXTENSION_SCT_LIST] = "signed certificate timestamps",
	[EXTENSION_POISON] = "precertificate poison",
};

const char *
view_extension_name(const struct view_extension *e, char text[64])
{
	return extension_names[e->kind] != NULL ? extension_names[e->kind] : view_oid(e->oid, text);
}
