/* keyUsage and extKeyUsage, by themselves, with each other and with the key. */
#include "x509/lint/oid.h"
#include "x509/lint/rule.h"

enum {
	DIGITAL_SIGNATURE = 1 << 0,
	NON_REPUDIATION = 1 << 1,
	KEY_ENCIPHERMENT = 1 << 2,
	DATA_ENCIPHERMENT = 1 << 3,
	KEY_AGREEMENT = 1 << 4,
	KEY_CERT_SIGN = 1 << 5,
	CRL_SIGN = 1 << 6,
	ENCIPHER_ONLY = 1 << 7,
	DECIPHER_ONLY = 1 << 8,
	KNOWN_BITS = (1 << 9) - 1,
};

static void
check_present(const struct view *v, struct finder *f)
{
	if (v->known[EXTENSION_KEY_USAGE] == NULL)
		found(f, "no keyUsage");
}

static void
check_no_bits(const struct view *v, struct finder *f)
{
	if (v->has_usage && v->usage == 0)
		found(f, "keyUsage");
}

static void
check_unknown(const struct view *v, struct finder *f)
{
	if (v->has_usage && v->usage & ~(unsigned)KNOWN_BITS)
		found(f, "keyUsage %04x", v->usage);
}

/* The last bit of a named bit list is 1. */
static void
check_zeros(const struct view *v, struct finder *f)
{
	if (!v->has_usage || v->usage == 0)
		return;
	const struct span bits = v->known[EXTENSION_KEY_USAGE]->inner.contents;

	if (bits.len < 2 || bits.ptr[0] > 7 || !(bits.ptr[bits.len - 1] & 1U << bits.ptr[0]))
		found(f, "keyUsage");
}

static void
check_signs(const struct view *v, struct finder *f)
{
	if (v->has_usage && v->usage & KEY_CERT_SIGN && !v->ca)
		found(f, "keyCertSign, and basicConstraints without cA");
}

static void
check_ca_signs(const struct view *v, struct finder *f)
{
	if (v->has_usage && v->usage != 0 && !(v->usage & KEY_CERT_SIGN))
		found(f, "cA, and keyUsage without keyCertSign");
}

static void
check_only(const struct view *v, struct finder *f)
{
	if (v->usage & (ENCIPHER_ONLY | DECIPHER_ONLY) && !(v->usage & KEY_AGREEMENT))
		found(f, "keyUsage %04x", v->usage);
}

static void
check_key(const struct view *v, struct finder *f)
{
	unsigned never = 0;

	if (span_equal(v->key.oid, OID_EC)) /* RFC 8813 3 */
		never = KEY_ENCIPHERMENT | DATA_ENCIPHERMENT;
	else if (span_equal(v->key.oid, OID_ED25519) || span_equal(v->key.oid, OID_ED448)) /* RFC 9295 3 */
		never = KEY_ENCIPHERMENT | DATA_ENCIPHERMENT | KEY_AGREEMENT | ENCIPHER_ONLY | DECIPHER_ONLY;
	else if (span_equal(v->key.oid, OID_RSA)) /* RFC 3279 2.3.1 */
		never = KEY_AGREEMENT | ENCIPHER_ONLY | DECIPHER_ONLY;
	if (v->usage & never)
		found(f, "keyUsage has %04x", v->usage & never);
}

/* RFC 5280 4.2.1.12: the bits that may be consistent with a purpose. */
static const struct {
	const char *oid;
	unsigned bits;
	const char *name;
} purposes[] = {
	{"\x01", DIGITAL_SIGNATURE | KEY_ENCIPHERMENT | KEY_AGREEMENT, "serverAuth"},
	{"\x02", DIGITAL_SIGNATURE | KEY_AGREEMENT, "clientAuth"},
	{"\x03", DIGITAL_SIGNATURE, "codeSigning"},
	{"\x04", DIGITAL_SIGNATURE | NON_REPUDIATION | KEY_ENCIPHERMENT | KEY_AGREEMENT, "emailProtection"},
	{"\x08", DIGITAL_SIGNATURE | NON_REPUDIATION, "timeStamping"},
	{"\x09", DIGITAL_SIGNATURE | NON_REPUDIATION, "OCSPSigning"},
};

static void
check_purposes(const struct view *v, struct finder *f)
{
	struct span items = view_items(v, EXTENSION_EXTENDED_KEY_USAGE);
	struct tlv t;

	while (v->has_usage && v->usage != 0 && tlv_next(&items, &t)) {
		if (t.contents.len != 8 || !span_starts(t.contents, SPAN("\x2b\x06\x01\x05\x05\x07\x03")))
			continue;
		for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
			if (t.contents.ptr[7] == (uint8_t)purposes[i].oid[0] && !(v->usage & purposes[i].bits))
				found(f, "%s, and keyUsage %04x", purposes[i].name, v->usage);
	}
}

static void
check_any_critical(const struct view *v, struct finder *f)
{
	const struct view_extension *e = v->known[EXTENSION_EXTENDED_KEY_USAGE];

	if (e != NULL && e->critical && view_has_purpose(v, OID_ANY_PURPOSE))
		found(f, "extKeyUsage");
}

static void
check_ca_bits(const struct view *v, struct finder *f)
{
	const unsigned never = v->usage & ~(unsigned)(DIGITAL_SIGNATURE | KEY_CERT_SIGN | CRL_SIGN);

	if (never & KNOWN_BITS)
		found(f, "keyUsage has %04x", never);
}

static void
check_ca_lists(const struct view *v, struct finder *f)
{
	if (v->usage & KEY_CERT_SIGN && !(v->usage & CRL_SIGN))
		found(f, "keyUsage without cRLSign");
}

static const struct lint_rule rules[] = {
	RULE("usage.missing", "RFC 5280 4.2.1.3", LINT_ERROR, KIND_ANY_CA, "a CA's certificate has keyUsage",
		check_present),
	RULE("usage.no-bits", "RFC 5280 4.2.1.3", LINT_ERROR, KIND_EVERY, "keyUsage has one bit at least",
		check_no_bits),
	RULE("usage.unknown-bits", "RFC 5280 4.2.1.3", LINT_ERROR, KIND_EVERY,
		"keyUsage has the nine bits that are defined", check_unknown),
	RULE("usage.trailing-zeros", "X.690 11.2.2", LINT_ERROR, KIND_EVERY, "a named bit list ends with its last 1",
		check_zeros),
	RULE("usage.sign-without-ca", "RFC 5280 4.2.1.9", LINT_ERROR, KIND_LEAF, "keyCertSign is for CAs", check_signs),
	RULE("usage.ca-without-sign", "BR 7.1.2.10.7", LINT_ERROR, KIND_ANY_CA, "a CA has keyCertSign", check_ca_signs),
	RULE("usage.ca-without-lists", "BR 7.1.2.10.7", LINT_WARNING, KIND_ANY_CA, "a CA has cRLSign", check_ca_lists),
	RULE("usage.ca-bits", "BR 7.1.2.10.7", LINT_ERROR, KIND_ANY_CA,
		"a CA's key signs certificates, lists and OCSP answers, nothing else", check_ca_bits),
	RULE("usage.agreement", "RFC 5280 4.2.1.3", LINT_WARNING, KIND_EVERY,
		"encipherOnly and decipherOnly mean something beside keyAgreement only", check_only),
	RULE("usage.key", "RFC 8813 3", LINT_ERROR, KIND_EVERY,
		"keyUsage has no bit that the key's algorithm cannot do", check_key),
	RULE("usage.purpose", "RFC 5280 4.2.1.12", LINT_ERROR, KIND_LEAF,
		"for each purpose keyUsage has a bit that serves it", check_purposes),
	RULE("purpose.any-critical", "RFC 5280 4.2.1.12", LINT_WARNING, KIND_EVERY,
		"with anyExtendedKeyUsage the extension is not critical", check_any_critical),
};
LINT_GROUP(lint_key_usage, rules);
