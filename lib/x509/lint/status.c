/* Where a certificate's status and its issuer are found: authorityInfoAccess, cRLDistributionPoints. RFC 5280 4.2.1.13, 4.2.2.1. */
#include "x509/lint/oid.h"
#include "x509/lint/rule.h"

static bool
is_http(struct span uri)
{
	return span_starts(uri, SPAN("http://")) && uri.len > 7;
}

static bool
has_access(const struct view *v, struct span wanted)
{
	struct span items = view_items(v, EXTENSION_AUTHORITY_ACCESS);
	struct tlv item, method;

	while (tlv_next(&items, &item))
		if (tlv_take(&item.contents, TAG_OBJECT, &method) && span_equal(method.contents, wanted))
			return true;
	return false;
}

static void
check_locations(const struct view *v, struct finder *f)
{
	struct span items = view_items(v, EXTENSION_AUTHORITY_ACCESS);
	struct tlv item, method, location;

	while (tlv_next(&items, &item)) {
		if (!tlv_take(&item.contents, TAG_OBJECT, &method) || !tlv_next(&item.contents, &location) ||
			item.contents.len > 0)
			found(f, "authorityInfoAccess: an AccessDescription is not whole");
		else if (location.tag != NAME_URI || !is_http(location.contents))
			found_text(f, "authorityInfoAccess", location.contents);
	}
}

static void
check_methods(const struct view *v, struct finder *f)
{
	struct span items = view_items(v, EXTENSION_AUTHORITY_ACCESS);
	struct tlv item, method;
	char text[64];

	while (tlv_next(&items, &item))
		if (tlv_take(&item.contents, TAG_OBJECT, &method) && !span_equal(method.contents, OID_OCSP) &&
			!span_equal(method.contents, OID_CA_ISSUERS))
			found(f, "accessMethod %s", view_oid(method.contents, text));
}

/* Of one DistributionPoint: its fullName; false if it has none. */
static bool
full_name(struct span point, struct span *out)
{
	struct tlv name, full;

	if (!tlv_take(&point, 0xa0, &name) || !tlv_take(&name.contents, 0xa0, &full))
		return false;
	*out = full.contents;
	return true;
}

static void
check_points(const struct view *v, struct finder *f)
{
	struct span points = view_items(v, EXTENSION_DISTRIBUTION_POINTS);
	struct tlv point, name, reasons, issuer;

	while (tlv_next(&points, &point)) {
		struct span rest = point.contents;
		const bool named = tlv_take(&rest, 0xa0, &name);

		(void)tlv_take(&rest, 0x81, &reasons);
		if (!tlv_take(&rest, 0xa2, &issuer) && !named)
			found(f, "a DistributionPoint has neither distributionPoint nor cRLIssuer");
		else if (rest.len > 0)
			found(f, "a DistributionPoint has members that it cannot have");
	}
}

static void
check_point_address(const struct view *v, struct finder *f)
{
	struct span points = view_items(v, EXTENSION_DISTRIBUTION_POINTS), names;
	struct tlv point, name;

	while (tlv_next(&points, &point))
		while (full_name(point.contents, &names) && tlv_next(&names, &name)) {
			if (name.tag != NAME_URI ||
				!(is_http(name.contents) || span_starts(name.contents, SPAN("ldap://"))))
				found_text(f, "cRLDistributionPoints", name.contents);
			break;
		}
}

static void
check_point_parts(const struct view *v, struct finder *f)
{
	struct span points = view_items(v, EXTENSION_DISTRIBUTION_POINTS);
	struct tlv point;

	while (tlv_next(&points, &point))
		if (view_has_name(point.contents, 0x81) || view_has_name(point.contents, 0xa2))
			found(f, "a DistributionPoint has reasons or cRLIssuer");
}

static void
check_any(const struct view *v, struct finder *f)
{
	if (v->known[EXTENSION_NO_CHECK] == NULL && !has_access(v, OID_OCSP) &&
		v->known[EXTENSION_DISTRIBUTION_POINTS] == NULL)
		found(f, "neither an OCSP address nor cRLDistributionPoints");
}

static void
check_ca_list(const struct view *v, struct finder *f)
{
	if (v->known[EXTENSION_DISTRIBUTION_POINTS] == NULL)
		found(f, "no cRLDistributionPoints");
}

static void
check_issuer_address(const struct view *v, struct finder *f)
{
	if (!has_access(v, OID_CA_ISSUERS))
		found(f, "authorityInfoAccess without caIssuers");
}

static const struct lint_rule rules[] = {
	RULE("aia.location", "BR 7.1.2.7.7", LINT_ERROR, KIND_EVERY, "an access location is an http address",
		check_locations),
	RULE("aia.method", "BR 7.1.2.7.7", LINT_WARNING, KIND_EVERY, "an access method is OCSP or caIssuers",
		check_methods),
	RULE("crldp.point", "RFC 5280 4.2.1.13", LINT_ERROR, KIND_EVERY,
		"a DistributionPoint says where, or whose list", check_points),
	RULE("crldp.address", "RFC 5280 4.2.1.13", LINT_WARNING, KIND_EVERY, "a list is at an http or ldap address",
		check_point_address),
	RULE("crldp.parts", "BR 7.1.2.11.2", LINT_WARNING, KIND_LEAF, "a list is whole and its issuer's own",
		check_point_parts),
	RULE("status.none", "BR 7.1.2.11.2", LINT_ERROR, KIND_LEAF, "a certificate says where its status is asked",
		check_any),
	RULE("status.ca-list", "BR 7.1.2.11.2", LINT_WARNING, KIND_CA,
		"a CA's certificate says where its issuer's list is", check_ca_list),
	RULE("status.issuer-address", "EN 319 412-2 4.4.1", LINT_ERROR, KIND_QC,
		"a person's certificate says where its issuer's certificate is", check_issuer_address),
};
LINT_GROUP(lint_status, rules);
