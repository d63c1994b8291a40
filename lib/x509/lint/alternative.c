/* subjectAltName and issuerAltName, RFC 5280 4.2.1.6 and 4.2.1.7. */
#include <string.h>

#include "x509/dns_name.h"
#include "x509/lint/rule.h"

static void
each(const struct view *v, struct finder *f, uint8_t choice, void (*check)(struct span value, struct finder *f))
{
	struct span names = view_items(v, EXTENSION_SUBJECT_NAMES);
	struct tlv t;

	while (tlv_next(&names, &t))
		if (t.tag == choice)
			check(t.contents, f);
}

static bool
is_ascii(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f)
			return false;
	return text.len > 0;
}

static void
check_empty(const struct view *v, struct finder *f)
{
	const struct view_extension *e = v->known[f->rule->about];

	if (e != NULL && e->one_value && e->inner.contents.len == 0)
		found(f, "no names");
}

static bool
subject_is_empty(const struct view *v)
{
	struct view_name n = view_name(v->subject);
	struct view_attribute a;

	return !view_attribute(&n, &a);
}

static void
check_critical(const struct view *v, struct finder *f)
{
	const struct view_extension *e = v->known[EXTENSION_SUBJECT_NAMES];

	if (e != NULL && !e->critical && subject_is_empty(v))
		found(f, "subjectAltName is not critical, and the subject is empty");
}

static void
check_not_critical(const struct view *v, struct finder *f)
{
	const struct view_extension *e = v->known[EXTENSION_SUBJECT_NAMES];

	if (e != NULL && e->critical && !subject_is_empty(v))
		found(f, "subjectAltName");
}

static void
dns(struct span name, struct finder *f)
{
	const char *flaw = dns_name_flaw(name);

	if (flaw != NULL)
		found_text(f, flaw, name);
}

static void
check_dns(const struct view *v, struct finder *f)
{
	each(v, f, NAME_DNS, dns);
}

static void
ip(struct span address, struct finder *f)
{
	if (address.len != 4 && address.len != 16)
		found(f, "iPAddress of %zu bytes", address.len);
}

static void
check_ip(const struct view *v, struct finder *f)
{
	each(v, f, NAME_IP, ip);
}

/* RFC 5321 4.1.2: Local-part "@" Domain, without quoting and comments, that nobody who reads certificates expects. */
static void
email(struct span address, struct finder *f)
{
	const uint8_t *at = address.len > 0 ? memrchr(address.ptr, '@', address.len) : NULL;

	if (at == NULL || at == address.ptr || !is_ascii(address) ||
		memchr(address.ptr, '@', (size_t)(at - address.ptr)) != NULL ||
		dns_name_flaw(span_at(at + 1, address.len - (size_t)(at - address.ptr) - 1)) != NULL)
		found_text(f, "rfc822Name", address);
}

static void
check_email(const struct view *v, struct finder *f)
{
	each(v, f, NAME_EMAIL, email);
}

/* RFC 3986 3: scheme ":" hier-part; not relative. */
static void
uri(struct span text, struct finder *f)
{
	size_t scheme = 0;

	while (scheme < text.len &&
		((text.ptr[scheme] >= 'a' && text.ptr[scheme] <= 'z') ||
			(text.ptr[scheme] >= 'A' && text.ptr[scheme] <= 'Z') ||
			(scheme > 0 && text.ptr[scheme] != 0 && strchr("0123456789+-.", text.ptr[scheme]))))
		scheme++;
	if (scheme == 0 || scheme + 1 >= text.len || text.ptr[scheme] != ':' || !is_ascii(text))
		found_text(f, "uniformResourceIdentifier", text);
}

static void
check_uri(const struct view *v, struct finder *f)
{
	each(v, f, NAME_URI, uri);
}

static const struct lint_rule rules[] = {
	RULE_OF("san.empty", "RFC 5280 4.2.1.6", LINT_ERROR, KIND_EVERY, "subjectAltName has one name at least",
		check_empty, EXTENSION_SUBJECT_NAMES),
	RULE_OF("ian.empty", "RFC 5280 4.2.1.7", LINT_ERROR, KIND_EVERY, "issuerAltName has one name at least",
		check_empty, EXTENSION_ISSUER_NAMES),
	RULE("san.critical", "RFC 5280 4.2.1.6", LINT_ERROR, KIND_EVERY,
		"with an empty subject, subjectAltName is critical", check_critical),
	RULE("san.not-critical", "RFC 5280 4.2.1.6", LINT_WARNING, KIND_EVERY,
		"with a subject, subjectAltName is not critical", check_not_critical),
	RULE("san.dns", "RFC 5280 4.2.1.6", LINT_ERROR, KIND_EVERY,
		"a dNSName is a host name, its international labels A-labels, and * its whole first label if anywhere",
		check_dns),
	RULE("san.ip", "RFC 5280 4.2.1.6", LINT_ERROR, KIND_EVERY, "an iPAddress has 4 or 16 bytes", check_ip),
	RULE("san.email", "RFC 5280 4.2.1.6", LINT_ERROR, KIND_EVERY, "an rfc822Name is local-part@domain",
		check_email),
	RULE("san.uri", "RFC 5280 4.2.1.6", LINT_ERROR, KIND_EVERY,
		"a uniformResourceIdentifier has a scheme and ASCII only", check_uri),
};
LINT_GROUP(lint_alternative, rules);
