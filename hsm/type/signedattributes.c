#include "hsm/type/signedattributes.h"

#include <string.h>

#include <openssl/evp.h>

#include "hsm/type/der.h"
#include "keyring/identifier.h"
#include "x509/der.h"
#include "x509/own.h"

enum {
	MAX_SIGNED_ATTRIBUTES = 16 << 10,
	MAX_SIGNING_SKEW = 5, /* seconds between signingTime and our clock */
	MAX_SIGNING_CERTIFICATES = 8,
	DER_SET = 0x31,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	UTC_TIME_LEN = 13, /* X.690 11.8: YYMMDDhhmmssZ */
	GENERALIZED_TIME_LEN = 15,
};

/* The one value of each attribute, whole; empty: it is not there. */
struct attributes {
	struct span content_type, message_digest, signing_time, signing_certificate, protection;
};

#define OID(bytes)                                          \
	{                                                   \
		(const uint8_t *)(bytes), sizeof(bytes) - 1 \
	}

/* Those that are taken: one that nobody here reads would be signed unseen. */
static const struct {
	const char *name;
	struct span oid;
	size_t at;
	bool demanded;
} known[] = {
	{"contentType", IDENTIFIER("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"), offsetof(struct attributes, content_type),
		true},
	{"messageDigest", IDENTIFIER("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"),
		offsetof(struct attributes, message_digest), true},
	{"signingTime", IDENTIFIER("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"), offsetof(struct attributes, signing_time),
		false},
	{"signingCertificateV2", IDENTIFIER("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f"),
		offsetof(struct attributes, signing_certificate), true},
	{"CMSAlgorithmProtection", IDENTIFIER("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x34"),
		offsetof(struct attributes, protection), false},
};
enum { KNOWN = sizeof(known) / sizeof(known[0]) };

static const struct {
	struct span oid;
	size_t len;
	const char *name;
} hashes[] = {
	{IDENTIFIER("\x60\x86\x48\x01\x65\x03\x04\x02\x01"), 32, "SHA256"},
	{IDENTIFIER("\x60\x86\x48\x01\x65\x03\x04\x02\x02"), 48, "SHA384"},
	{IDENTIFIER("\x60\x86\x48\x01\x65\x03\x04\x02\x03"), 64, "SHA512"},
};
enum { HASHES = sizeof(hashes) / sizeof(hashes[0]) };

bool
signedattributes_looks(struct span object)
{
	return object.len > 2 && object.ptr[0] == DER_SET;
}

/* RFC 5652 11: the digest of the content is the signature's; RFC 8419 3.1: with Ed25519 it is SHA-512. */
static const char *
digest_of(const struct type_question *q)
{
	return q->key->algorithm->digest == NULL ? "SHA512" : q->key->algorithm->digest;
}

static struct span *
member(struct attributes *a, size_t i)
{
	return (struct span *)((uint8_t *)a + known[i].at);
}

/* X.690 11.6: the elements of a SET OF ascend. Equal ones are caught as an attribute that comes twice. */
static bool
ascends(struct span before, struct span after)
{
	const size_t len = before.len < after.len ? before.len : after.len;
	const int order = len == 0 || before.ptr == NULL ? 0 : memcmp(before.ptr, after.ptr, len);

	return order < 0 || (order == 0 && before.len <= after.len);
}

/* Attribute ::= SEQUENCE { attrType OBJECT IDENTIFIER, attrValues SET OF AttributeValue }, of which ours all have one value. */
static enum err
attribute_read(struct span contents, struct attributes *out)
{
	struct reader r = reader_over(contents), values;
	struct span oid, set;
	size_t i = 0;

	TRY(der_read(&r, DER_OBJECT, &oid));
	TRY(der_read(&r, DER_SET, &set));
	TRY(reader_done(&r));
	while (i < KNOWN && !span_equal(oid, known[i].oid))
		i++;
	REQUIRE_WHY(i < KNOWN, ERR_REFUSED, "RFC 5652 11: a signed attribute that is not one of those signed here");
	REQUIRE_WHY(member(out, i)->len == 0, ERR_REFUSED, "RFC 5652 11: %s twice", known[i].name);
	values = reader_over(set);
	TRY(der_read_any(&values, member(out, i)));
	REQUIRE_WHY(values.left.len == 0, ERR_REFUSED, "RFC 5652 11: %s with more than one value", known[i].name);
	return ERR_OK;
}

static enum err
attributes_read(struct span object, struct attributes *out)
{
	struct reader whole = reader_over(object), r;
	struct span set, before = {NULL, 0};

	TRY(der_read(&whole, DER_SET, &set));
	TRY(reader_done(&whole));
	r = reader_over(set);
	while (r.left.len > 0) {
		const uint8_t *const start = r.left.ptr;
		struct span contents, element;

		TRY(der_read(&r, DER_SEQUENCE, &contents));
		element = span_at(start, (size_t)(r.left.ptr - start));
		REQUIRE_WHY(ascends(before, element), ERR_MALFORMED, "X.690 11.6: the SET OF is not in DER's order");
		TRY(attribute_read(contents, out));
		before = element;
	}
	for (size_t i = 0; i < KNOWN; i++)
		REQUIRE_WHY(!known[i].demanded || member(out, i)->len > 0, ERR_REFUSED, "RFC 5652 11: %s is missing",
			known[i].name);
	return ERR_OK;
}

/* The contents of the one element of that tag that value is. */
static enum err
only(struct span value, uint8_t tag, struct span *contents)
{
	struct reader r = reader_over(value);

	TRY(der_read(&r, tag, contents));
	return reader_done(&r);
}

static enum err
content_check(const struct type_question *q, const struct attributes *a, struct span content_type)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	struct span oid, digest;
	size_t len;

	TRY(only(a->content_type, DER_OBJECT, &oid));
	REQUIRE_WHY(span_equal(oid, content_type), ERR_REFUSED,
		"RFC 5652 11.1: key '%s' does not sign content of this contentType", q->rule->label);
	REQUIRE_WHY(q->evidence.len > 0, ERR_REFUSED,
		"RFC 5652 5.4: the content did not come as evidence beside its signed attributes");
	TRY(only(a->message_digest, DER_OCTET_STRING, &digest));
	CRYPTO_OK(EVP_Q_digest(NULL, digest_of(q), NULL, q->evidence.ptr, q->evidence.len, hash, &len) == 1,
		digest_of(q));
	REQUIRE_WHY(span_equal(digest, span_at(hash, len)), ERR_REFUSED,
		"RFC 5652 11.2: messageDigest is not the %s of the content", digest_of(q));
	return ERR_OK;
}

/* RFC 5652 11.3: in seconds and in UTC; before 2050 a UTCTime. */
static enum err
time_check(const struct type_question *q, struct span value)
{
	OWN(ASN1_TIME) t = NULL;
	const unsigned char *at = value.ptr;
	struct span text;
	unix_time when;

	if (value.len == 0)
		return ERR_OK;
	if (value.ptr[0] == DER_UTC_TIME)
		TRY(only(value, DER_UTC_TIME, &text));
	else
		TRY(only(value, DER_GENERALIZED_TIME, &text));
	REQUIRE_WHY(text.len == (value.ptr[0] == DER_UTC_TIME ? UTC_TIME_LEN : GENERALIZED_TIME_LEN) &&
			text.ptr[text.len - 1] == 'Z',
		ERR_MALFORMED, "RFC 5652 11.3: signingTime is not in the form of DER");
	t = d2i_ASN1_TIME(NULL, &at, (long)value.len);
	TRY(der_time(t, &when));
	REQUIRE_WHY(when <= q->now + MAX_SIGNING_SKEW && when >= q->now - MAX_SIGNING_SKEW, ERR_REFUSED,
		"RFC 5652 11.3: signingTime is not now");
	return ERR_OK;
}

/* DigestAlgorithmIdentifier, RFC 5754 2: parameters absent, or NULL. */
static enum err
hash_read(struct span contents, size_t *out)
{
	struct reader r = reader_over(contents);
	struct span oid;
	size_t i = 0;

	TRY(der_read(&r, DER_OBJECT, &oid));
	REQUIRE(r.left.len == 0 || span_equal(r.left, SPAN("\x05\x00")), ERR_MALFORMED);
	while (i < HASHES && !span_equal(oid, hashes[i].oid))
		i++;
	REQUIRE_WHY(i < HASHES, ERR_REFUSED, "RFC 5754 2: a hash that is not taken here");
	*out = i;
	return ERR_OK;
}

/* ESSCertIDv2 ::= SEQUENCE { hashAlgorithm DEFAULT SHA-256, certHash OCTET STRING, issuerSerial SEQUENCE OPTIONAL } */
static enum err
certificate_id_check(struct span contents)
{
	struct reader r = reader_over(contents);
	struct span algorithm, hash, issuer_serial;
	size_t i = 0;

	TRY(der_read_optional(&r, DER_SEQUENCE, &algorithm));
	if (algorithm.len > 0) {
		TRY(hash_read(algorithm, &i));
		REQUIRE_WHY(i > 0, ERR_MALFORMED, "X.690 11.5: hashAlgorithm SHA-256 is the default and not written");
	}
	TRY(der_read(&r, DER_OCTET_STRING, &hash));
	TRY(der_read_optional(&r, DER_SEQUENCE, &issuer_serial));
	TRY(reader_done(&r));
	REQUIRE_WHY(hash.len == hashes[i].len, ERR_REFUSED, "RFC 5035 4: a certHash of %zu bytes", hash.len);
	return ERR_OK;
}

/* SigningCertificateV2 ::= SEQUENCE { certs SEQUENCE OF ESSCertIDv2, policies … OPTIONAL }: which certificate is the signer's, so that no other can be put in
 * its place. mohar-hsmd does not know the certificate; that one is named is what it can see to. */
static enum err
certificate_check(struct span value)
{
	struct span whole, certs, id;
	struct reader r;
	size_t n = 0;

	TRY(only(value, DER_SEQUENCE, &whole));
	r = reader_over(whole);
	TRY(der_read(&r, DER_SEQUENCE, &certs));
	REQUIRE_WHY(r.left.len == 0, ERR_REFUSED, "RFC 5035 3: signingCertificateV2 with policies");
	for (r = reader_over(certs); r.left.len > 0; n++) {
		TRY(der_read(&r, DER_SEQUENCE, &id));
		TRY(certificate_id_check(id));
	}
	REQUIRE_WHY(n > 0 && n <= MAX_SIGNING_CERTIFICATES, ERR_REFUSED,
		"RFC 5035 3: signingCertificateV2 names %zu certificates", n);
	return ERR_OK;
}

/* The contents of rsaEncryption's AlgorithmIdentifier. */
static const struct span rsa_encryption = IDENTIFIER("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00");

/* RFC 6211 2: SEQUENCE { digestAlgorithm, signatureAlgorithm [1] IMPLICIT }; a MAC's would stand under [2]. */
static enum err
protection_check(const struct type_question *q, struct span value)
{
	const struct span own = q->key->algorithm->identifier;
	const bool pkcs1 = q->key->algorithm->use == CKM_RSA_PKCS;
	struct span whole, digest, signature, contents;
	struct reader r;
	size_t i;

	if (value.len == 0)
		return ERR_OK;
	TRY(only(value, DER_SEQUENCE, &whole));
	r = reader_over(whole);
	TRY(der_read(&r, DER_SEQUENCE, &digest));
	TRY(hash_read(digest, &i));
	TRY(der_read(&r, DER_CONTEXT_1, &signature));
	TRY(reader_done(&r));
	TRY(only(own, DER_SEQUENCE, &contents));
	/* RFC 3370 3.2: a SignerInfo may name PKCS #1 v1.5 by the key's own identifier. */
	if (pkcs1 && span_equal(signature, rsa_encryption))
		contents = rsa_encryption;
	REQUIRE_WHY(strcmp(hashes[i].name, digest_of(q)) == 0 && span_equal(signature, contents), ERR_REFUSED,
		"RFC 6211 2: the algorithms protected are not those of key '%s'", q->rule->label);
	return ERR_OK;
}

enum err
signedattributes_check(const struct type_question *q, struct span content_type)
{
	struct attributes a = {0};
	enum err e;

	REQUIRE_WHY(q->object.len <= MAX_SIGNED_ATTRIBUTES, ERR_TOO_LONG, "signed attributes of more than %d bytes",
		MAX_SIGNED_ATTRIBUTES);
	err_forget();
	e = attributes_read(q->object, &a);
	if (e == ERR_OK)
		e = content_check(q, &a, content_type);
	if (e == ERR_OK)
		e = time_check(q, a.signing_time);
	if (e == ERR_OK)
		e = certificate_check(a.signing_certificate);
	if (e == ERR_OK)
		e = protection_check(q, a.protection);
	if (e == ERR_MALFORMED && err_why()[0] == '\0')
		return err_because(e, "RFC 5652 5.3: not signed attributes in DER");
	return e;
}
