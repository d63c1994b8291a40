#include "x509/lint/view.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "x509/lint/oid.h"

static const struct known {
	const char *oid; /* contents, of len bytes */
	size_t len;
	enum extension kind;
} knowns[] = {
#define CE(n, kind)                     \
	{                               \
		"\x55\x1d" n, 3, (kind) \
	}
#define PE(n, kind)                                         \
	{                                                   \
		"\x2b\x06\x01\x05\x05\x07\x01" n, 8, (kind) \
	}
	CE("\x23", EXTENSION_AUTHORITY_KEY),
	CE("\x0e", EXTENSION_SUBJECT_KEY),
	CE("\x0f", EXTENSION_KEY_USAGE),
	CE("\x20", EXTENSION_POLICIES),
	CE("\x21", EXTENSION_POLICY_MAPPINGS),
	CE("\x11", EXTENSION_SUBJECT_NAMES),
	CE("\x12", EXTENSION_ISSUER_NAMES),
	CE("\x09", EXTENSION_DIRECTORY_ATTRIBUTES),
	CE("\x13", EXTENSION_BASIC_CONSTRAINTS),
	CE("\x1e", EXTENSION_NAME_CONSTRAINTS),
	CE("\x24", EXTENSION_POLICY_CONSTRAINTS),
	CE("\x25", EXTENSION_EXTENDED_KEY_USAGE),
	CE("\x1f", EXTENSION_DISTRIBUTION_POINTS),
	CE("\x36", EXTENSION_INHIBIT_ANY_POLICY),
	CE("\x2e", EXTENSION_FRESHEST_LIST),
	PE("\x01", EXTENSION_AUTHORITY_ACCESS),
	PE("\x0b", EXTENSION_SUBJECT_ACCESS),
	PE("\x03", EXTENSION_QC_STATEMENTS),
	{"\x2b\x06\x01\x05\x05\x07\x30\x01\x05", 9, EXTENSION_NO_CHECK},
	{"\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02", 10, EXTENSION_SCT_LIST},
	{"\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03", 10, EXTENSION_POISON},
#undef CE
#undef PE
};

static enum extension
kind_of(struct span oid)
{
	for (size_t i = 0; i < sizeof(knowns) / sizeof(knowns[0]); i++)
		if (oid.len == knowns[i].len && memcmp(oid.ptr, knowns[i].oid, oid.len) == 0)
			return knowns[i].kind;
	return EXTENSION_OTHER;
}

/* ---- every element, for the rules about the encoding ---- */

static bool
walk(struct view *v, struct span bytes, unsigned depth)
{
	struct tlv t;

	while (bytes.len > 0) {
		if (bytes.len > 1 && bytes.ptr[1] == 0x80)
			v->indefinite = true;
		if (depth > MAX_VIEW_DEPTH || !tlv_next(&bytes, &t))
			return false;
		v->elements[v->element_count++] =
			(struct element){t.contents, t.tag, (uint8_t)(t.whole.len - t.contents.len), (uint8_t)depth};
		if (t.tag & TAG_CONSTRUCTED && !walk(v, t.contents, depth + 1))
			return false;
	}
	return true;
}

/* What stands inside a string, if it is DER: an extension's value, an RSA key. */
static bool
walk_inside(struct view *v, struct span bytes)
{
	const size_t before = v->element_count;
	const bool was = v->indefinite;

	if (bytes.len > 0 && walk(v, bytes, 1))
		return true;
	v->element_count = before;
	v->indefinite = was;
	return false;
}

/* ---- fields ---- */

static bool
read_algorithm(struct span *rest, struct view_algorithm *out)
{
	struct tlv t, oid;

	if (!tlv_take(rest, TAG_SEQUENCE, &t))
		return false;
	out->whole = t.whole;
	if (!tlv_take(&t.contents, TAG_OBJECT, &oid))
		return false;
	out->oid = oid.contents;
	out->parameters = t.contents;
	return true;
}

static bool
digits(const uint8_t *at, size_t count, int *out)
{
	*out = 0;
	for (size_t i = 0; i < count; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		*out = *out * 10 + (at[i] - '0');
	}
	return true;
}

/* Exactly the two forms of RFC 5280 4.1.2.5, and a date that the calendar has. */
static void
read_moment(struct view_time *t)
{
	const size_t year_len = t->tag == TAG_UTC_TIME ? 2 : 4;
	struct tm tm = {0}, again;
	int year;

	if (t->text.len != year_len + 11 || t->text.ptr[t->text.len - 1] != 'Z')
		return;
	const uint8_t *at = t->text.ptr;

	if (!digits(at, year_len, &year) || !digits(at + year_len, 2, &tm.tm_mon) ||
		!digits(at + year_len + 2, 2, &tm.tm_mday) || !digits(at + year_len + 4, 2, &tm.tm_hour) ||
		!digits(at + year_len + 6, 2, &tm.tm_min) || !digits(at + year_len + 8, 2, &tm.tm_sec))
		return;
	if (year_len == 2)
		year += year < 50 ? 2000 : 1900;
	tm.tm_year = year - 1900;
	tm.tm_mon--;
	again = tm;
	t->at = timegm(&again);
	t->readable = again.tm_mon == tm.tm_mon && again.tm_mday == tm.tm_mday && again.tm_hour == tm.tm_hour &&
		again.tm_min == tm.tm_min && again.tm_sec == tm.tm_sec;
}

static bool
read_time(struct span *rest, struct view_time *out)
{
	struct tlv t;

	if (!tlv_next(rest, &t))
		return false;
	out->tag = t.tag;
	out->text = t.contents;
	if (t.tag == TAG_UTC_TIME || t.tag == TAG_GENERALIZED_TIME)
		read_moment(out);
	return true;
}

static bool
read_validity(struct span *rest, struct view *v)
{
	struct tlv t;

	return tlv_take(rest, TAG_SEQUENCE, &t) && read_time(&t.contents, &v->not_before) &&
		read_time(&t.contents, &v->not_after) && t.contents.len == 0;
}

static bool
read_key(struct span *rest, struct view *v)
{
	struct tlv t, bits;

	if (!tlv_take(rest, TAG_SEQUENCE, &t))
		return false;
	v->spki = t.whole;
	if (!read_algorithm(&t.contents, &v->key) || !tlv_take(&t.contents, TAG_BIT_STRING, &bits) ||
		t.contents.len > 0 || bits.contents.len == 0)
		return false;
	v->key_bits = bits.contents;
	return true;
}

static bool
read_extension(struct span contents, struct view *v)
{
	struct view_extension *e = &v->extensions[v->extension_count];
	struct tlv oid, critical, value;

	if (v->extension_count == MAX_VIEW_EXTENSIONS || !tlv_take(&contents, TAG_OBJECT, &oid))
		return false;
	*e = (struct view_extension){.oid = oid.contents, .kind = kind_of(oid.contents)};
	if (tlv_take(&contents, TAG_BOOLEAN, &critical)) {
		e->critical = critical.contents.len != 1 || critical.contents.ptr[0] != 0;
		e->default_encoded = !e->critical;
	}
	if (!tlv_take(&contents, TAG_OCTET_STRING, &value) || contents.len > 0)
		return false;
	e->value = value.contents;
	struct span rest = e->value;

	e->one_value = walk_inside(v, e->value) && tlv_next(&rest, &e->inner) && rest.len == 0;
	v->extension_count++;
	if (e->kind != EXTENSION_OTHER && v->known[e->kind] == NULL)
		v->known[e->kind] = e;
	return true;
}

static bool
read_extensions(struct span rest, struct view *v)
{
	struct tlv list, t;

	v->has_extensions = true;
	if (!tlv_take(&rest, TAG_SEQUENCE, &list) || rest.len > 0)
		return false;
	while (tlv_take(&list.contents, TAG_SEQUENCE, &t))
		if (!read_extension(t.contents, v))
			return false;
	return list.contents.len == 0;
}

static const char *
read_fields(struct span rest, struct view *v)
{
	struct tlv t;

	if (tlv_take(&rest, TAG_CONTEXT_CONSTRUCTED, &t)) {
		struct tlv number;

		if (!tlv_take(&t.contents, TAG_INTEGER, &number) || t.contents.len > 0)
			return "version";
		v->version = number.contents;
	}
	if (!tlv_take(&rest, TAG_INTEGER, &t))
		return "serialNumber";
	v->serial = t.contents;
	if (!read_algorithm(&rest, &v->algorithm))
		return "signature";
	if (!tlv_take(&rest, TAG_SEQUENCE, &t))
		return "issuer";
	v->issuer = t.whole;
	if (!read_validity(&rest, v))
		return "validity";
	if (!tlv_take(&rest, TAG_SEQUENCE, &t))
		return "subject";
	v->subject = t.whole;
	if (!read_key(&rest, v))
		return "subjectPublicKeyInfo";
	while (tlv_take(&rest, TAG_CONTEXT + 1, &t) || tlv_take(&rest, TAG_CONTEXT + 2, &t))
		v->unique_id = true;
	if (tlv_take(&rest, TAG_CONTEXT_CONSTRUCTED + 3, &t) && !read_extensions(t.contents, v))
		return "extensions";
	return rest.len == 0 ? NULL : "the end of tbsCertificate";
}

/* ---- what it says of itself ---- */

static void
read_constraints(struct view *v)
{
	const struct view_extension *e = v->known[EXTENSION_BASIC_CONSTRAINTS];
	struct tlv t;

	v->path_length = -1;
	if (e == NULL || !e->one_value || e->inner.tag != TAG_SEQUENCE)
		return;
	struct span rest = e->inner.contents;

	if (tlv_take(&rest, TAG_BOOLEAN, &t))
		v->ca = t.contents.len > 0 && t.contents.ptr[0] != 0;
	if (tlv_take(&rest, TAG_INTEGER, &t))
		v->path_length = tlv_number(t.contents);
}

static void
read_usage(struct view *v)
{
	const struct view_extension *e = v->known[EXTENSION_KEY_USAGE];

	if (e == NULL || !e->one_value || e->inner.tag != TAG_BIT_STRING || e->inner.contents.len == 0)
		return;
	v->has_usage = true;
	for (unsigned bit = 0; bit < 16 && 1 + bit / 8 < e->inner.contents.len; bit++)
		if (e->inner.contents.ptr[1 + bit / 8] & 0x80U >> bit % 8)
			v->usage |= 1U << bit;
}

static unsigned
kinds_of_statements(const struct view *v)
{
	struct span items = view_items(v, EXTENSION_QC_STATEMENTS);
	unsigned kinds = 0;
	struct tlv statement, id, info, type;

	while (tlv_next(&items, &statement)) {
		struct span rest = statement.contents;

		if (!tlv_take(&rest, TAG_OBJECT, &id) || !span_starts(id.contents, SPAN("\x04\x00\x8e\x46\x01")))
			continue;
		kinds |= KIND_QC;
		if (!span_equal(id.contents, OID_QC_TYPE) || !tlv_take(&rest, TAG_SEQUENCE, &info))
			continue;
		while (tlv_take(&info.contents, TAG_OBJECT, &type))
			kinds |= span_equal(type.contents, OID_QC_ESIGN)  ? KIND_ESIGN
				: span_equal(type.contents, OID_QC_ESEAL) ? KIND_ESEAL
									  : 0U;
	}
	return kinds;
}

static unsigned
kinds_of(const struct view *v)
{
	unsigned kinds = KIND_LEAF | kinds_of_statements(v);

	if (v->ca)
		return span_equal(v->issuer, v->subject) ? KIND_ROOT : KIND_CA;
	if (view_has_purpose(v, OID_SERVER_AUTH))
		kinds |= KIND_TLS;
	if (view_has_purpose(v, OID_OCSP_SIGNING))
		kinds |= KIND_OCSP;
	if (view_has_purpose(v, OID_TIME_STAMPING))
		kinds |= KIND_TSA;
	return kinds;
}

/* ---- the whole ---- */

static void
read_tbs(struct span contents, struct view *v)
{
	v->missing = read_fields(contents, v);
	v->whole = v->missing == NULL;
	if (!v->whole)
		return;
	if (span_equal(v->key.oid, OID_RSA))
		(void)walk_inside(v, span_at(v->key_bits.ptr + 1, v->key_bits.len - 1));
	read_constraints(v);
	read_usage(v);
	v->kinds = kinds_of(v);
}

static void
read_certificate(struct span contents, struct view *v)
{
	struct tlv tbs, signature;

	if (!tlv_take(&contents, TAG_SEQUENCE, &tbs))
		v->missing = "tbsCertificate";
	else if (!read_algorithm(&contents, &v->outer))
		v->missing = "signatureAlgorithm";
	else if (!tlv_take(&contents, TAG_BIT_STRING, &signature) || contents.len > 0)
		v->missing = "signatureValue";
	else {
		v->signature = signature.contents;
		read_tbs(tbs.contents, v);
	}
}

enum err
view_open(struct span der, bool is_certificate, struct view *out)
{
	struct tlv outermost;
	struct span rest = der;

	memset(out, 0, sizeof(*out));
	out->input = der;
	out->signed_ = is_certificate;
	out->missing = is_certificate ? "Certificate" : "tbsCertificate";
	/* an element has two bytes at least, and none is walked twice */
	out->elements = malloc((der.len / 2 + 1) * sizeof(*out->elements));
	REQUIRE(out->elements, ERR_NO_MEMORY);
	if (der.len > 1 && der.ptr[1] == 0x80)
		out->indefinite = true;
	if (!tlv_take(&rest, TAG_SEQUENCE, &outermost))
		return ERR_OK;
	out->trailing = rest.len;
	if (!walk(out, outermost.whole, 0))
		return ERR_OK;
	if (is_certificate)
		read_certificate(outermost.contents, out);
	else
		read_tbs(outermost.contents, out);
	return ERR_OK;
}

void
view_free(struct view *v)
{
	free(v->elements);
	v->elements = NULL;
}
