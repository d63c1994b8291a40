/* What characters the string types of ASN.1 may have, X.680 41. */
#include <string.h>

#include "x509/lint/rule.h"

static void
each(const struct view *v, struct finder *f, uint8_t tag, bool (*is_wrong)(struct span text))
{
	for (size_t i = 0; i < v->element_count; i++)
		if (v->elements[i].tag == tag && is_wrong(v->elements[i].contents))
			found_text(f, "text", v->elements[i].contents);
}

static bool
not_printable(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		const uint8_t c = text.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    (c != 0 && strchr(" '()+,-./:=?", c) != NULL)))
			return true;
	}
	return false;
}

static void
check_printable(const struct view *v, struct finder *f)
{
	each(v, f, TAG_PRINTABLE, not_printable);
}

static bool
not_utf8(struct span text)
{
	while (text.len > 0) {
		const size_t len = span_character(text);

		if (len == 0)
			return true;
		text = span_at(text.ptr + len, text.len - len);
	}
	return false;
}

static void
check_utf8(const struct view *v, struct finder *f)
{
	each(v, f, TAG_UTF8, not_utf8);
}

static bool
not_ia5(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] >= 0x80)
			return true;
	return false;
}

static void
check_ia5(const struct view *v, struct finder *f)
{
	each(v, f, TAG_IA5, not_ia5);
}

static bool
is_any(struct span text)
{
	(void)text;
	return true;
}

/* RFC 5280 4.1.2.4: TeletexString, BMPString and UniversalString only for old names; T.61 has no one meaning. */
static void
check_old(const struct view *v, struct finder *f)
{
	each(v, f, TAG_TELETEX, is_any);
	each(v, f, TAG_BMP, is_any);
	each(v, f, TAG_UNIVERSAL, is_any);
}

static const struct lint_rule rules[] = {
	RULE("string.printable", "X.680 41.4", LINT_ERROR, KIND_EVERY,
		"a PrintableString has letters, digits and '()+,-./:=? only", check_printable),
	RULE("string.utf8", "RFC 3629 3", LINT_ERROR, KIND_EVERY, "a UTF8String is UTF-8", check_utf8),
	RULE("string.ia5", "X.680 41.2", LINT_ERROR, KIND_EVERY, "an IA5String has seven bits a character", check_ia5),
	RULE("string.old-type", "RFC 5280 4.1.2.4", LINT_ERROR, KIND_EVERY,
		"no TeletexString, BMPString or UniversalString in a new certificate", check_old),
};
LINT_GROUP(lint_strings, rules);
