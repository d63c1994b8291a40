/* Servers' certificates, as browsers expect them: CA/Browser Forum Baseline Requirements (BR) where they do not presume public trust, RFC 6962. */
#include <arpa/inet.h>
#include <string.h>

#include "x509/lint/oid.h"
#include "x509/lint/rule.h"

enum { DIGITAL_SIGNATURE = 1 << 0, KEY_ENCIPHERMENT = 1 << 2, DATA_ENCIPHERMENT = 1 << 3, KEY_AGREEMENT = 1 << 4 };

static void
check_names(const struct view *v, struct finder *f)
{
	const struct span names = view_items(v, EXTENSION_SUBJECT_NAMES);

	if (!view_has_name(names, NAME_DNS) && !view_has_name(names, NAME_IP))
		found(f, "no dNSName or iPAddress");
}

static void
check_kinds(const struct view *v, struct finder *f)
{
	struct span names = view_items(v, EXTENSION_SUBJECT_NAMES);
	struct tlv t;

	while (tlv_next(&names, &t))
		if (t.tag != NAME_DNS && t.tag != NAME_IP)
			found(f, "subjectAltName with a name of tag %02x", (unsigned)t.tag);
}

/* The text of an address (IPv4 as RFC 3986 has it; IPv6 in any of its forms). */
static bool
is_address(struct span text, struct span address)
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	if (text.len >= sizeof(copy) || (address.len != 4 && address.len != 16))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return inet_pton(address.len == 4 ? AF_INET : AF_INET6, copy, bytes) == 1 &&
		memcmp(bytes, address.ptr, address.len) == 0;
}

static bool
names_have(struct span names, struct span text)
{
	struct tlv t;

	while (tlv_next(&names, &t))
		if ((t.tag == NAME_DNS && span_equal(t.contents, text)) ||
			(t.tag == NAME_IP && text.len > 0 && is_address(text, t.contents)))
			return true;
	return false;
}

static void
check_common_name(const struct view *v, struct finder *f)
{
	struct view_attribute a;

	if (view_name_find(v->subject, OID_COMMON_NAME, &a) &&
		!names_have(view_items(v, EXTENSION_SUBJECT_NAMES), a.value))
		found_text(f, "subject.CN", a.value);
}

static void
check_purposes(const struct view *v, struct finder *f)
{
	struct span items = view_items(v, EXTENSION_EXTENDED_KEY_USAGE);
	struct tlv t;
	char text[64];

	while (tlv_next(&items, &t))
		if (span_equal(t.contents, OID_CODE_SIGNING) || span_equal(t.contents, OID_EMAIL_PROTECTION) ||
			span_equal(t.contents, OID_TIME_STAMPING) || span_equal(t.contents, OID_OCSP_SIGNING) ||
			span_equal(t.contents, OID_ANY_PURPOSE))
			found(f, "purpose %s beside serverAuth", view_oid(t.contents, text));
}

static void
check_usage(const struct view *v, struct finder *f)
{
	const bool rsa = span_equal(v->key.oid, OID_RSA);
	const unsigned may =
		rsa ? DIGITAL_SIGNATURE | KEY_ENCIPHERMENT | DATA_ENCIPHERMENT : DIGITAL_SIGNATURE | KEY_AGREEMENT;

	if (!v->has_usage || v->usage == 0)
		return;
	if (v->usage & ~may || (!rsa && !(v->usage & DIGITAL_SIGNATURE)))
		found(f, "keyUsage %04x", v->usage);
}

/* RFC 6962 3.3: an OCTET STRING in the extension's own, with a u16 length and u16-length items, one at least. */
static void
check_timestamps(const struct view *v, struct finder *f)
{
	const struct view_extension *e = v->known[EXTENSION_SCT_LIST];

	if (e == NULL || !e->one_value || e->inner.tag != TAG_OCTET_STRING)
		return;
	struct span list = e->inner.contents;

	if (list.len < 4 || (size_t)(list.ptr[0] << 8 | list.ptr[1]) != list.len - 2) {
		found(f, "SignedCertificateTimestampList");
		return;
	}
	list = span_at(list.ptr + 2, list.len - 2);
	while (list.len >= 2) {
		const size_t len = (size_t)(list.ptr[0] << 8 | list.ptr[1]);

		if (len == 0 || len > list.len - 2)
			break;
		list = span_at(list.ptr + 2 + len, list.len - 2 - len);
	}
	if (list.len > 0)
		found(f, "SignedCertificateTimestampList: an item is not whole");
}

static const struct lint_rule rules[] = {
	RULE("tls.names", "BR 7.1.2.7.12", LINT_ERROR, KIND_TLS, "a server has a dNSName or an iPAddress", check_names),
	RULE("tls.name-kinds", "BR 7.1.2.7.12", LINT_ERROR, KIND_TLS, "a server's names are dNSName and iPAddress only",
		check_kinds),
	RULE("tls.common-name", "BR 7.1.4.3", LINT_ERROR, KIND_TLS,
		"a server's common name is one of its alternative names", check_common_name),
	RULE("tls.purposes", "BR 7.1.2.7.10", LINT_ERROR, KIND_TLS,
		"a server's purposes are serverAuth and perhaps clientAuth", check_purposes),
	RULE("tls.usage", "BR 7.1.2.7.11", LINT_ERROR, KIND_TLS,
		"a server's keyUsage is digitalSignature, for RSA perhaps keyEncipherment", check_usage),
	RULE("tls.timestamps", "RFC 6962 3.3", LINT_ERROR, KIND_EVERY,
		"signed certificate timestamps are a list of whole items", check_timestamps),
};
LINT_GROUP(lint_tls, rules);
