/* The encoding itself: one form for each value, X.690 10 and 11. */
#include <string.h>

#include "x509/lint/rule.h"

static void
at(const struct view *v, const struct element *e, struct finder *f)
{
	found(f, "byte %zu, tag %02x", (size_t)(e->contents.ptr - v->input.ptr) - e->header, (unsigned)e->tag);
}

/* Runs is_wrong over the elements of a tag, or of all tags (0). */
static void
each(const struct view *v, struct finder *f, uint8_t tag, bool (*is_wrong)(const struct element *e))
{
	for (size_t i = 0; i < v->element_count; i++)
		if ((tag == 0 || v->elements[i].tag == tag) && is_wrong(&v->elements[i]))
			at(v, &v->elements[i], f);
}

static void
check_structure(const struct view *v, struct finder *f)
{
	if (!v->whole && !v->indefinite)
		found(f, "%s is missing or not well formed", v->missing);
}

static void
check_indefinite(const struct view *v, struct finder *f)
{
	if (v->indefinite)
		found(f, "after %zu elements", v->element_count);
}

static void
check_trailing(const struct view *v, struct finder *f)
{
	if (v->trailing > 0)
		found(f, "%zu bytes", v->trailing);
}

static bool
wrong_length(const struct element *e)
{
	size_t octets = 0;

	for (size_t left = e->contents.len; left > 0; left >>= 8)
		octets++;
	return e->header != 2 + (e->contents.len < 0x80 ? 0 : octets);
}

static void
check_length(const struct view *v, struct finder *f)
{
	each(v, f, 0, wrong_length);
}

static bool
wrong_boolean(const struct element *e)
{
	return e->contents.len != 1 || (e->contents.ptr[0] != 0 && e->contents.ptr[0] != 0xff);
}

static void
check_boolean(const struct view *v, struct finder *f)
{
	each(v, f, TAG_BOOLEAN, wrong_boolean);
}

static bool
wrong_integer(const struct element *e)
{
	const uint8_t *b = e->contents.ptr;

	return e->contents.len == 0 ||
		(e->contents.len > 1 && ((b[0] == 0 && !(b[1] & 0x80)) || (b[0] == 0xff && b[1] & 0x80)));
}

static void
check_integer(const struct view *v, struct finder *f)
{
	each(v, f, TAG_INTEGER, wrong_integer);
}

static bool
wrong_bits(const struct element *e)
{
	if (e->contents.len == 0 || e->contents.ptr[0] > 7 || (e->contents.len == 1 && e->contents.ptr[0] > 0))
		return true;
	return e->contents.len > 1 && e->contents.ptr[e->contents.len - 1] & ((1U << e->contents.ptr[0]) - 1);
}

static void
check_bits(const struct view *v, struct finder *f)
{
	each(v, f, TAG_BIT_STRING, wrong_bits);
}

static bool
wrong_object(const struct element *e)
{
	const struct span c = e->contents;

	if (c.len == 0 || c.ptr[c.len - 1] & 0x80)
		return true;
	for (size_t i = 0; i < c.len; i++)
		if (c.ptr[i] == 0x80 && (i == 0 || !(c.ptr[i - 1] & 0x80)))
			return true;
	return false;
}

static void
check_object(const struct view *v, struct finder *f)
{
	each(v, f, TAG_OBJECT, wrong_object);
}

static bool
wrong_null(const struct element *e)
{
	return e->contents.len > 0;
}

static void
check_null(const struct view *v, struct finder *f)
{
	each(v, f, TAG_NULL, wrong_null);
}

/* Sequences and sets are constructed; every other universal type here is primitive. */
static bool
wrong_form(const struct element *e)
{
	const unsigned type = e->tag & 0x1f;

	return (e->tag & 0xc0) == 0 && (type == 0x10 || type == 0x11) != ((e->tag & TAG_CONSTRUCTED) != 0);
}

static void
check_form(const struct view *v, struct finder *f)
{
	each(v, f, 0, wrong_form);
}

static bool
is_before(struct span a, struct span b)
{
	const size_t len = a.len < b.len ? a.len : b.len;
	const int order = memcmp(a.ptr, b.ptr, len);

	return order != 0 ? order < 0 : a.len <= b.len;
}

static bool
wrong_set(const struct element *e)
{
	struct span rest = e->contents;
	struct tlv last, next;

	if (!tlv_next(&rest, &last))
		return false;
	for (; tlv_next(&rest, &next); last = next)
		if (!is_before(last.whole, next.whole))
			return true;
	return false;
}

static void
check_set(const struct view *v, struct finder *f)
{
	each(v, f, TAG_SET, wrong_set);
}

static void
check_default(const struct view *v, struct finder *f)
{
	struct span constraints;
	struct tlv ca;
	char text[64];

	if (!v->whole)
		return;
	if (v->version.len == 1 && v->version.ptr[0] == 0)
		found(f, "version 1");
	for (size_t i = 0; i < v->extension_count; i++)
		if (v->extensions[i].default_encoded)
			found(f, "%s: critical FALSE", view_extension_name(&v->extensions[i], text));
	constraints = view_items(v, EXTENSION_BASIC_CONSTRAINTS);
	if (tlv_take(&constraints, TAG_BOOLEAN, &ca) && !v->ca)
		found(f, "basicConstraints: cA FALSE");
}

static const struct lint_rule rules[] = {
	RULE("der.structure", "RFC 5280 4.1", LINT_ERROR, KIND_EVERY,
		"the bytes are a certificate's fields, each whole and in its place", check_structure),
	RULE("der.indefinite", "X.690 10.1", LINT_ERROR, KIND_EVERY, "no length is indefinite", check_indefinite),
	RULE("der.length", "X.690 10.1", LINT_ERROR, KIND_EVERY, "each length is in its shortest form", check_length),
	RULE("der.trailing", "RFC 5280 4.1", LINT_ERROR, KIND_EVERY, "no bytes come after the certificate",
		check_trailing),
	RULE("der.boolean", "X.690 11.1", LINT_ERROR, KIND_EVERY, "TRUE is the byte ff, FALSE 00", check_boolean),
	RULE("der.integer", "X.690 8.3.2", LINT_ERROR, KIND_EVERY, "an INTEGER has no needless leading byte",
		check_integer),
	RULE("der.bit-string", "X.690 11.2.1", LINT_ERROR, KIND_EVERY,
		"unused bits of a BIT STRING are seven at most, and zero", check_bits),
	RULE("der.object", "X.690 8.19.2", LINT_ERROR, KIND_EVERY,
		"each arc of an OBJECT IDENTIFIER is whole and has no leading 80", check_object),
	RULE("der.null", "X.690 8.8.2", LINT_ERROR, KIND_EVERY, "NULL has no contents", check_null),
	RULE("der.constructed", "X.690 10.2", LINT_ERROR, KIND_EVERY,
		"strings are primitive, sequences and sets constructed", check_form),
	RULE("der.set-order", "X.690 11.6", LINT_ERROR, KIND_EVERY, "the values of a SET OF stand in order", check_set),
	RULE("der.default", "X.690 11.5", LINT_ERROR, KIND_EVERY, "a value that is the default is left out",
		check_default),
};
LINT_GROUP(lint_der, rules);
