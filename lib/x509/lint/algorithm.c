/* The signature's algorithm, RFC 5280 4.1.1.2 and 4.1.2.3, and the form of the signature where there is one. */
#include "x509/lint/oid.h"
#include "x509/lint/rule.h"

enum parameters { ABSENT, IS_NULL, ANY };

static const struct algorithm {
	const char *oid;
	size_t len;
	const char *name;
	enum parameters parameters;
	bool broken;         /* its digest collides */
	size_t curve_octets; /* ECDSA: of the one curve that it goes with (BR 7.1.3.2.2); 0: not ECDSA */
} algorithms[] = {
#define PKCS1(n) "\x2a\x86\x48\x86\xf7\x0d\x01\x01" n, 9
#define ECDSA(n) "\x2a\x86\x48\xce\x3d\x04\x03" n, 8
	{ECDSA("\x02"), "ecdsa-with-SHA256", ABSENT, false, 32},
	{ECDSA("\x03"), "ecdsa-with-SHA384", ABSENT, false, 48},
	{ECDSA("\x04"), "ecdsa-with-SHA512", ABSENT, false, 66},
	{PKCS1("\x0b"), "sha256WithRSAEncryption", IS_NULL, false, 0},
	{PKCS1("\x0c"), "sha384WithRSAEncryption", IS_NULL, false, 0},
	{PKCS1("\x0d"), "sha512WithRSAEncryption", IS_NULL, false, 0},
	{PKCS1("\x0a"), "RSASSA-PSS", ANY, false, 0},
	{"\x2b\x65\x70", 3, "Ed25519", ABSENT, false, 0},
	{"\x2b\x65\x71", 3, "Ed448", ABSENT, false, 0},
	{PKCS1("\x04"), "md5WithRSAEncryption", IS_NULL, true, 0},
	{PKCS1("\x05"), "sha1WithRSAEncryption", IS_NULL, true, 0},
	{"\x2a\x86\x48\xce\x3d\x04\x01", 7, "ecdsa-with-SHA1", ABSENT, true, 0},
#undef PKCS1
#undef ECDSA
};

static const struct algorithm *
algorithm_of(struct span oid)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (span_equal(oid, span_at(algorithms[i].oid, algorithms[i].len)))
			return &algorithms[i];
	return NULL;
}

static void
check_known(const struct view *v, struct finder *f)
{
	char text[64];

	if (algorithm_of(v->algorithm.oid) == NULL)
		found(f, "algorithm %s", view_oid(v->algorithm.oid, text));
}

static void
check_broken(const struct view *v, struct finder *f)
{
	const struct algorithm *a = algorithm_of(v->algorithm.oid);

	if (a != NULL && a->broken)
		found(f, "%s", a->name);
}

static void
check_parameters(const struct view *v, struct finder *f)
{
	const struct algorithm *a = algorithm_of(v->algorithm.oid);
	const struct span p = v->algorithm.parameters;

	if (a == NULL || a->parameters == ANY)
		return;
	if (a->parameters == ABSENT ? p.len > 0 : !span_equal(p, SPAN("\x05\x00")))
		found(f, "%s: parameters of %zu bytes", a->name, p.len);
}

/* What kind of key can make such a signature. */
static bool
is_for(const struct algorithm *a, const struct view *issuer)
{
	struct span parameters = issuer->key.parameters;
	struct tlv curve;

	if (a->len == 9)
		return span_equal(issuer->key.oid, OID_RSA);
	if (a->len == 3)
		return span_equal(issuer->key.oid, span_at(a->oid, a->len));
	if (!span_equal(issuer->key.oid, OID_EC) || !tlv_take(&parameters, TAG_OBJECT, &curve))
		return false;
	return a->curve_octets == 0 ||
		span_equal(curve.contents,
			a->curve_octets == 32           ? OID_P256
				: a->curve_octets == 48 ? OID_P384
							: OID_P521);
}

static void
check_issuer(const struct view *v, struct finder *f)
{
	const struct algorithm *a = algorithm_of(v->algorithm.oid);

	if (a != NULL && v->issuing != NULL && !is_for(a, v->issuing))
		found(f, "%s, and the issuer's key is of another kind", a->name);
}

static void
check_differs(const struct view *v, struct finder *f)
{
	if (v->signed_ && !span_equal(v->algorithm.whole, v->outer.whole))
		found(f, "signatureAlgorithm and tbsCertificate.signature");
}

static bool
is_ecdsa_value(struct span value)
{
	struct tlv sequence, r, s;

	return tlv_take(&value, TAG_SEQUENCE, &sequence) && value.len == 0 &&
		tlv_take(&sequence.contents, TAG_INTEGER, &r) && tlv_take(&sequence.contents, TAG_INTEGER, &s) &&
		sequence.contents.len == 0 && r.contents.len > 0 && s.contents.len > 0 && !(r.contents.ptr[0] & 0x80) &&
		!(s.contents.ptr[0] & 0x80);
}

static void
check_value(const struct view *v, struct finder *f)
{
	const struct algorithm *a = algorithm_of(v->outer.oid);

	if (!v->signed_)
		return;
	if (v->signature.len < 2 || v->signature.ptr[0] != 0)
		found(f, "signatureValue of %zu bytes", v->signature.len);
	else if (a != NULL && a->curve_octets > 0 &&
		!is_ecdsa_value(span_at(v->signature.ptr + 1, v->signature.len - 1)))
		found(f, "signatureValue is not two positive numbers");
}

static void
check_poison(const struct view *v, struct finder *f)
{
	if (v->known[EXTENSION_POISON] != NULL)
		found(f, "precertificate poison");
}

static const struct lint_rule rules[] = {
	RULE("signature.algorithm", "BR 7.1.3.2", LINT_ERROR, KIND_EVERY,
		"a signature is RSA, ECDSA or EdDSA with SHA-2", check_known),
	RULE("signature.broken", "RFC 6194 4", LINT_ERROR, KIND_EVERY, "a signature is not over SHA-1 or MD5",
		check_broken),
	RULE("signature.parameters", "RFC 5758 3.2", LINT_ERROR, KIND_EVERY,
		"parameters are absent for ECDSA and EdDSA (RFC 8410 3), NULL for RSA (RFC 4055 5)", check_parameters),
	RULE("signature.issuer", "BR 7.1.3.2.2", LINT_ERROR, KIND_EVERY,
		"the algorithm is one for the issuer's key: SHA-256 with P-256, SHA-384 with P-384", check_issuer),
	RULE("signature.differs", "RFC 5280 4.1.1.2", LINT_ERROR, KIND_EVERY,
		"the algorithm in the certificate is the one it is signed by", check_differs),
	RULE("signature.value", "RFC 3279 2.2.3", LINT_ERROR, KIND_EVERY,
		"a signature is whole bytes, ECDSA's two positive numbers", check_value),
	RULE("signature.poison", "RFC 6962 3.1", LINT_ERROR, KIND_EVERY, "a precertificate is no certificate",
		check_poison),
};
LINT_GROUP(lint_algorithm, rules);
