/* Certificates of the house itself: roots, CAs, OCSP responders (RFC 6960 4.2.2.2), time-stamping (RFC 3161 2.3). */
#include "x509/lint/oid.h"
#include "x509/lint/rule.h"

static size_t
purposes(const struct view *v)
{
	struct span items = view_items(v, EXTENSION_EXTENDED_KEY_USAGE);
	struct tlv t;
	size_t count = 0;

	while (tlv_next(&items, &t))
		count++;
	return count;
}

static void
check_no_check(const struct view *v, struct finder *f)
{
	if (v->known[EXTENSION_NO_CHECK] == NULL)
		found(f, "no id-pkix-ocsp-nocheck");
}

static void
check_not_responder(const struct view *v, struct finder *f)
{
	if (v->known[EXTENSION_NO_CHECK] != NULL && !(v->kinds & KIND_OCSP))
		found(f, "id-pkix-ocsp-nocheck without OCSPSigning");
}

static void
check_alone(const struct view *v, struct finder *f)
{
	if (purposes(v) != 1)
		found(f, "extKeyUsage lists %zu purposes", purposes(v));
}

static void
check_signs_only(const struct view *v, struct finder *f)
{
	if (v->has_usage && v->usage != 1 && v->usage & 1) /* digitalSignature; others than that are usage.purpose's */
		found(f, "keyUsage %04x", v->usage);
}

static void
check_absent(const struct view *v, struct finder *f)
{
	const struct view_extension *e = v->known[f->rule->about];
	char text[64];

	if (e != NULL)
		found(f, "%s", view_extension_name(e, text));
}

static void
check_stamp_critical(const struct view *v, struct finder *f)
{
	const struct view_extension *e = v->known[EXTENSION_EXTENDED_KEY_USAGE];

	if (e != NULL && !e->critical)
		found(f, "extKeyUsage");
}

static void
check_ca_subject(const struct view *v, struct finder *f)
{
	struct view_attribute a;

	if (!view_name_find(v->subject, OID_COUNTRY, &a))
		found(f, "subject without countryName");
	if (!view_name_find(v->subject, OID_ORGANIZATION, &a))
		found(f, "subject without organizationName");
	if (!view_name_find(v->subject, OID_COMMON_NAME, &a))
		found(f, "subject without commonName");
}

static const struct lint_rule rules[] = {
	RULE("ocsp.no-check", "BR 7.1.2.8.6", LINT_ERROR, KIND_OCSP, "a responder's certificate has ocsp-nocheck",
		check_no_check),
	RULE("ocsp.no-check-elsewhere", "RFC 6960 4.2.2.2.1", LINT_ERROR, KIND_LEAF,
		"only a responder's certificate has ocsp-nocheck", check_not_responder),
	RULE("ocsp.purpose-alone", "BR 7.1.2.8.5", LINT_ERROR, KIND_OCSP, "a responder has no other purpose",
		check_alone),
	RULE("ocsp.usage", "BR 7.1.2.8.7", LINT_ERROR, KIND_OCSP, "a responder's keyUsage is digitalSignature",
		check_signs_only),
	RULE_OF("ocsp.lists", "BR 7.1.2.8.2", LINT_WARNING, KIND_OCSP, "a responder's certificate names no list",
		check_absent, EXTENSION_DISTRIBUTION_POINTS),
	RULE_OF("ocsp.names", "BR 7.1.2.8.2", LINT_WARNING, KIND_OCSP, "a responder has no alternative names",
		check_absent, EXTENSION_SUBJECT_NAMES),
	RULE("stamp.purpose-critical", "RFC 3161 2.3", LINT_ERROR, KIND_TSA,
		"timeStamping is in a critical extKeyUsage", check_stamp_critical),
	RULE("stamp.purpose-alone", "RFC 3161 2.3", LINT_ERROR, KIND_TSA, "timeStamping is the one purpose",
		check_alone),
	RULE_OF("root.purpose", "BR 7.1.2.1.2", LINT_ERROR, KIND_ROOT, "a root has no extKeyUsage", check_absent,
		EXTENSION_EXTENDED_KEY_USAGE),
	RULE("ca.subject", "BR 7.1.2.10.2", LINT_WARNING, KIND_ANY_CA,
		"a CA's subject has countryName, organizationName and commonName", check_ca_subject),
};
LINT_GROUP(lint_roles, rules);
