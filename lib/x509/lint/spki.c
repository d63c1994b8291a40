/* The subject's key as it is encoded; what is weak about its numbers is weak_key.c's. RFC 3279 2.3, RFC 5480 2, RFC 8410 3. */
#include "x509/lint/oid.h"
#include "x509/lint/rule.h"

enum { MIN_RSA = 2048, MAX_RSA = 8192 };

static bool
is_edwards(const struct view *v)
{
	return span_equal(v->key.oid, OID_ED25519) || span_equal(v->key.oid, OID_ED448);
}

static void
check_known(const struct view *v, struct finder *f)
{
	char text[64];

	if (!span_equal(v->key.oid, OID_RSA) && !span_equal(v->key.oid, OID_EC) && !is_edwards(v))
		found(f, "algorithm %s", view_oid(v->key.oid, text));
}

static void
check_parameters(const struct view *v, struct finder *f)
{
	const struct span p = v->key.parameters;

	if (span_equal(v->key.oid, OID_RSA) && !span_equal(p, SPAN("\x05\x00")))
		found(f, "rsaEncryption without NULL");
	else if (is_edwards(v) && p.len > 0)
		found(f, "Edwards key with parameters");
	else if (span_equal(v->key.oid, OID_EC) && (p.len < 2 || p.ptr[0] != TAG_OBJECT))
		found(f, "id-ecPublicKey without a named curve");
}

/* 0: not one that is taken. */
static size_t
field_octets(const struct view *v)
{
	struct span rest = v->key.parameters;
	struct tlv t;

	if (!tlv_take(&rest, TAG_OBJECT, &t))
		return 0;
	return span_equal(t.contents, OID_P256)    ? 32
		: span_equal(t.contents, OID_P384) ? 48
		: span_equal(t.contents, OID_P521) ? 66
						   : 0;
}

static void
check_curve(const struct view *v, struct finder *f)
{
	struct span rest = v->key.parameters;
	char text[64];
	struct tlv t;

	if (span_equal(v->key.oid, OID_EC) && tlv_take(&rest, TAG_OBJECT, &t) && field_octets(v) == 0)
		found(f, "curve %s", view_oid(t.contents, text));
}

/* RFC 5480 2.2: uncompressed, or compressed; never hybrid, never the point at infinity. */
static void
check_point(const struct view *v, struct finder *f)
{
	const size_t octets = span_equal(v->key.oid, OID_EC) ? field_octets(v) : 0;
	const struct span bits = v->key_bits;

	if (octets == 0)
		return;
	const uint8_t form = bits.len > 1 ? bits.ptr[1] : 0;

	if (!(form == 4 && bits.len == 2 + 2 * octets) && !((form == 2 || form == 3) && bits.len == 2 + octets))
		found(f, "point of %zu bytes, form %02x", bits.len - 1, (unsigned)form);
}

static void
check_edwards(const struct view *v, struct finder *f)
{
	const size_t octets = span_equal(v->key.oid, OID_ED25519) ? 32 : 57;

	if (is_edwards(v) && v->key_bits.len != 1 + octets)
		found(f, "key of %zu bytes", v->key_bits.len - 1);
}

static bool
rsa(const struct view *v, struct span *n, struct span *e)
{
	struct span rest = span_at(v->key_bits.ptr + 1, v->key_bits.len - 1);
	struct tlv t, modulus, exponent;

	if (!tlv_take(&rest, TAG_SEQUENCE, &t) || rest.len > 0 || !tlv_take(&t.contents, TAG_INTEGER, &modulus) ||
		!tlv_take(&t.contents, TAG_INTEGER, &exponent) || t.contents.len > 0)
		return false;
	*n = modulus.contents;
	*e = exponent.contents;
	return n->len > 0 && e->len > 0;
}

static void
check_rsa(const struct view *v, struct finder *f)
{
	struct span n, e;

	if (!span_equal(v->key.oid, OID_RSA))
		return;
	if (!rsa(v, &n, &e))
		found(f, "not an RSAPublicKey");
	else if (n.ptr[0] & 0x80 || e.ptr[0] & 0x80)
		found(f, "a negative modulus or exponent");
}

static void
check_size(const struct view *v, struct finder *f)
{
	struct span n, e;
	size_t bits;

	if (!span_equal(v->key.oid, OID_RSA) || !rsa(v, &n, &e) || n.ptr[0] & 0x80)
		return;
	while (n.len > 0 && n.ptr[0] == 0)
		n = span_at(n.ptr + 1, n.len - 1);
	bits = n.len * 8;
	for (uint8_t top = n.len > 0 ? n.ptr[0] : 0x80; !(top & 0x80); top = (uint8_t)(top << 1))
		bits--;
	if (bits < MIN_RSA || bits > MAX_RSA || bits % 8 != 0)
		found(f, "RSA modulus of %zu bits", bits);
}

static void
check_exponent(const struct view *v, struct finder *f)
{
	struct span n, e;

	if (!span_equal(v->key.oid, OID_RSA) || !rsa(v, &n, &e) || e.ptr[0] & 0x80)
		return;
	const int64_t number = tlv_number(e); /* -1: more than 63 bits */

	if (!(e.ptr[e.len - 1] & 1) || (number >= 0 && number < 65537) || e.len > 32)
		found(f, "RSA exponent of %zu bytes, %lld", e.len, (long long)number);
}

static void
check_unused(const struct view *v, struct finder *f)
{
	if (v->key_bits.ptr[0] != 0)
		found(f, "subjectPublicKey has %u unused bits", v->key_bits.ptr[0]);
}

static const struct lint_rule rules[] = {
	RULE("key.algorithm", "BR 7.1.3.1", LINT_ERROR, KIND_EVERY, "a key is RSA, of a NIST curve, Ed25519 or Ed448",
		check_known),
	RULE("key.parameters", "RFC 5480 2.1.1", LINT_ERROR, KIND_EVERY,
		"a key's parameters are NULL (RSA, RFC 3279 2.3.1), a named curve (EC), absent (Edwards, RFC 8410 3)",
		check_parameters),
	RULE("key.curve", "BR 7.1.3.1.2", LINT_ERROR, KIND_EVERY, "a curve is P-256, P-384 or P-521", check_curve),
	RULE("key.point", "RFC 5480 2.2", LINT_ERROR, KIND_EVERY, "a point is of its curve's length, and not infinity",
		check_point),
	RULE("key.edwards", "RFC 8410 3", LINT_ERROR, KIND_EVERY, "an Edwards key is 32 or 57 bytes", check_edwards),
	RULE("key.rsa", "RFC 3279 2.3.1", LINT_ERROR, KIND_EVERY, "an RSA key is a positive modulus and exponent",
		check_rsa),
	RULE("key.rsa-size", "BR 6.1.5", LINT_ERROR, KIND_EVERY,
		"an RSA modulus has 2048 to 8192 bits, a multiple of 8", check_size),
	RULE("key.rsa-exponent", "FIPS 186-5 A.1.1", LINT_ERROR, KIND_EVERY,
		"an RSA exponent is odd, from 65537 to 2^256", check_exponent),
	RULE("key.unused-bits", "RFC 5280 4.1.2.7", LINT_ERROR, KIND_EVERY, "a key is whole bytes", check_unused),
};
LINT_GROUP(lint_spki, rules);
