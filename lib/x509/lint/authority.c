/* Key identifiers and basicConstraints: how a certificate hangs on its issuer's. RFC 5280 4.2.1.1, 4.2.1.2, 4.2.1.9. */
#include "x509/lint/rule.h"

static bool
self_issued(const struct view *v)
{
	return span_equal(v->issuer, v->subject);
}

static bool
key_identifier(const struct view *v, struct span *out)
{
	struct span items = view_items(v, EXTENSION_AUTHORITY_KEY);
	struct tlv t;

	if (!tlv_take(&items, 0x80, &t))
		return false;
	*out = t.contents;
	return true;
}

static bool
subject_key(const struct view *v, struct span *out)
{
	const struct view_extension *e = v->known[EXTENSION_SUBJECT_KEY];

	if (e == NULL || !e->one_value || e->inner.tag != TAG_OCTET_STRING)
		return false;
	*out = e->inner.contents;
	return true;
}

static void
check_missing(const struct view *v, struct finder *f)
{
	if (v->known[EXTENSION_AUTHORITY_KEY] == NULL && !self_issued(v))
		found(f, "no authorityKeyIdentifier");
}

static void
check_identifier(const struct view *v, struct finder *f)
{
	const struct view_extension *e = v->known[EXTENSION_AUTHORITY_KEY];
	struct span id;

	if (e != NULL && e->one_value && !key_identifier(v, &id))
		found(f, "authorityKeyIdentifier without keyIdentifier");
}

static void
check_pair(const struct view *v, struct finder *f)
{
	struct span items = view_items(v, EXTENSION_AUTHORITY_KEY);
	struct tlv t;

	(void)tlv_take(&items, 0x80, &t);
	if (tlv_take(&items, 0xa1, &t) != tlv_take(&items, 0x82, &t))
		found(f, "authorityCertIssuer and authorityCertSerialNumber");
}

static void
check_names_issuer(const struct view *v, struct finder *f)
{
	struct span items = view_items(v, EXTENSION_AUTHORITY_KEY);

	if (view_has_name(items, 0xa1) && view_has_name(items, 0x82))
		found(f, "authorityKeyIdentifier");
}

static void
check_differs(const struct view *v, struct finder *f)
{
	struct span id, issuers;

	if (v->issuing != NULL && key_identifier(v, &id) && subject_key(v->issuing, &issuers) &&
		!span_equal(id, issuers))
		found(f, "authorityKeyIdentifier");
}

static void
check_root(const struct view *v, struct finder *f)
{
	struct span id, own;

	if (key_identifier(v, &id) && subject_key(v, &own) && !span_equal(id, own))
		found(f, "authorityKeyIdentifier of a self-signed certificate");
}

static void
check_subject_key(const struct view *v, struct finder *f)
{
	if (v->known[EXTENSION_SUBJECT_KEY] == NULL)
		found(f, "no subjectKeyIdentifier");
}

static void
check_subject_key_empty(const struct view *v, struct finder *f)
{
	struct span id;

	if (subject_key(v, &id) && (id.len == 0 || id.len > 64))
		found(f, "subjectKeyIdentifier of %zu bytes", id.len);
}

static void
check_path(const struct view *v, struct finder *f)
{
	struct span items = view_items(v, EXTENSION_BASIC_CONSTRAINTS);
	struct tlv t;

	(void)tlv_take(&items, TAG_BOOLEAN, &t);
	if (tlv_take(&items, TAG_INTEGER, &t) && !v->ca)
		found(f, "pathLenConstraint without cA");
}

static void
check_path_number(const struct view *v, struct finder *f)
{
	struct span items = view_items(v, EXTENSION_BASIC_CONSTRAINTS);
	struct tlv t;

	(void)tlv_take(&items, TAG_BOOLEAN, &t);
	if (tlv_take(&items, TAG_INTEGER, &t) && tlv_number(t.contents) < 0)
		found(f, "pathLenConstraint");
}

static void
check_issuer_ca(const struct view *v, struct finder *f)
{
	if (v->issuing != NULL && !v->issuing->ca)
		found(f, "the issuer's certificate is no CA's");
}

static void
check_issuer_path(const struct view *v, struct finder *f)
{
	if (v->issuing == NULL || !v->issuing->ca || v->issuing->path_length < 0 || self_issued(v))
		return;
	if (v->issuing->path_length == 0)
		found(f, "the issuer has a pathLenConstraint of 0");
	else if (v->path_length < 0 || v->path_length >= v->issuing->path_length)
		found(f, "the issuer has a pathLenConstraint of %lld", (long long)v->issuing->path_length);
}

static const struct lint_rule rules[] = {
	RULE("aki.missing", "RFC 5280 4.2.1.1", LINT_ERROR, KIND_EVERY, "a certificate names its issuer's key",
		check_missing),
	RULE("aki.no-identifier", "RFC 5280 4.2.1.1", LINT_ERROR, KIND_EVERY,
		"authorityKeyIdentifier has a keyIdentifier", check_identifier),
	RULE("aki.pair", "RFC 5280 A.2", LINT_ERROR, KIND_EVERY,
		"authorityCertIssuer and authorityCertSerialNumber come together", check_pair),
	RULE("aki.names-issuer", "BR 7.1.2.11.1", LINT_WARNING, KIND_EVERY,
		"authorityKeyIdentifier does not name the issuer's certificate, which may be replaced",
		check_names_issuer),
	RULE("aki.differs", "RFC 5280 4.2.1.1", LINT_ERROR, KIND_EVERY,
		"authorityKeyIdentifier is the issuer's subjectKeyIdentifier", check_differs),
	RULE("aki.root", "BR 7.1.2.1.3", LINT_ERROR, KIND_ROOT, "a root's two key identifiers are the same",
		check_root),
	RULE("ski.missing-ca", "RFC 5280 4.2.1.2", LINT_ERROR, KIND_ANY_CA,
		"a CA's certificate has a subjectKeyIdentifier", check_subject_key),
	RULE("ski.missing", "RFC 5280 4.2.1.2", LINT_NOTICE, KIND_LEAF,
		"a certificate should have a subjectKeyIdentifier", check_subject_key),
	RULE("ski.length", "RFC 5280 4.2.1.2", LINT_ERROR, KIND_EVERY,
		"subjectKeyIdentifier is no empty or endless string", check_subject_key_empty),
	RULE("constraints.path-without-ca", "RFC 5280 4.2.1.9", LINT_ERROR, KIND_LEAF, "pathLenConstraint is a CA's",
		check_path),
	RULE("constraints.path-number", "RFC 5280 4.2.1.9", LINT_ERROR, KIND_EVERY, "pathLenConstraint is not negative",
		check_path_number),
	RULE("constraints.issuer", "RFC 5280 4.2.1.9", LINT_ERROR, KIND_EVERY, "the issuer is a CA", check_issuer_ca),
	RULE("constraints.issuer-path", "RFC 5280 4.2.1.9", LINT_ERROR, KIND_CA,
		"a CA is within its issuer's pathLenConstraint", check_issuer_path),
};
LINT_GROUP(lint_authority, rules);
