#include "webauthn/attestation/attestation.h"

#include <limits.h>

#include <openssl/asn1t.h>

static const char key_description_extension[] = "1.3.6.1.4.1.11129.2.1.17";

/* Android's authorization tags, and their values that 8.4 names. */
enum { TAG_PURPOSE = 1, TAG_ALL_APPLICATIONS = 600, TAG_ORIGIN = 702 };
enum { PURPOSE_SIGN = 2, ORIGIN_GENERATED = 0 };

/* clang-format off */
/* The lists stay generic: they have dozens of optional members, more with each version, of which three matter here. */
struct key_description {
	ASN1_INTEGER *attestation_version;
	ASN1_ENUMERATED *attestation_level;
	ASN1_INTEGER *keymint_version;
	ASN1_ENUMERATED *keymint_level;
	ASN1_OCTET_STRING *challenge;
	ASN1_OCTET_STRING *unique_id;
	STACK_OF(ASN1_TYPE) *software;
	STACK_OF(ASN1_TYPE) *hardware;
};

typedef struct key_description KEY_DESCRIPTION;

ASN1_SEQUENCE(KEY_DESCRIPTION) = {
	ASN1_SIMPLE(KEY_DESCRIPTION, attestation_version, ASN1_INTEGER),
	ASN1_SIMPLE(KEY_DESCRIPTION, attestation_level, ASN1_ENUMERATED),
	ASN1_SIMPLE(KEY_DESCRIPTION, keymint_version, ASN1_INTEGER),
	ASN1_SIMPLE(KEY_DESCRIPTION, keymint_level, ASN1_ENUMERATED),
	ASN1_SIMPLE(KEY_DESCRIPTION, challenge, ASN1_OCTET_STRING),
	ASN1_SIMPLE(KEY_DESCRIPTION, unique_id, ASN1_OCTET_STRING),
	ASN1_SEQUENCE_OF(KEY_DESCRIPTION, software, ASN1_ANY),
	ASN1_SEQUENCE_OF(KEY_DESCRIPTION, hardware, ASN1_ANY),
} static_ASN1_SEQUENCE_END(KEY_DESCRIPTION)

struct description {
	KEY_DESCRIPTION *found;
};
/* clang-format on */

static void
description_free(struct description *d)
{
	ASN1_item_free((ASN1_VALUE *)d->found, ASN1_ITEM_rptr(KEY_DESCRIPTION));
}

static enum err
description_parse(struct span der, struct description *out)
{
	const unsigned char *p = der.ptr;

	REQUIRE(der.len <= INT_MAX, ERR_TOO_LONG);
	out->found = (KEY_DESCRIPTION *)ASN1_item_d2i(NULL, &p, (long)der.len, ASN1_ITEM_rptr(KEY_DESCRIPTION));
	REQUIRE_WHY(out->found != NULL && p == der.ptr + der.len, ERR_MALFORMED,
		"WebAuthn 8.4: the key description is not well formed");
	return ERR_OK;
}

/* The content of an explicitly tagged member. */
static enum err
member_open(const ASN1_TYPE *t, int *tag, struct span *content)
{
	const unsigned char *p;
	long len;
	int class;

	REQUIRE(t->type == V_ASN1_OTHER, ERR_MALFORMED); /* all are context-specific */
	p = t->value.asn1_string->data;
	REQUIRE(ASN1_get_object(&p, &len, tag, &class, t->value.asn1_string->length) == V_ASN1_CONSTRUCTED,
		ERR_MALFORMED);
	REQUIRE(class == V_ASN1_CONTEXT_SPECIFIC &&
			p + len == t->value.asn1_string->data + t->value.asn1_string->length,
		ERR_MALFORMED);
	*content = span_at(p, (size_t)len);
	return ERR_OK;
}

static enum err
check_origin(struct span content)
{
	const unsigned char *p = content.ptr;
	ASN1_INTEGER *n = d2i_ASN1_INTEGER(NULL, &p, (long)content.len);
	const bool good = n != NULL && p == content.ptr + content.len && ASN1_INTEGER_get(n) == ORIGIN_GENERATED;

	ASN1_INTEGER_free(n);
	REQUIRE_WHY(good, ERR_MISMATCH, "WebAuthn 8.4: the key's origin is not KM_ORIGIN_GENERATED");
	return ERR_OK;
}

static enum err
check_purpose(struct span content)
{
	const unsigned char *p = content.ptr;
	ASN1_SEQUENCE_ANY *set = d2i_ASN1_SET_ANY(NULL, &p, (long)content.len);
	bool good = set != NULL && p == content.ptr + content.len && sk_ASN1_TYPE_num(set) > 0;

	for (int i = 0; good && i < sk_ASN1_TYPE_num(set); i++) {
		const ASN1_TYPE *t = sk_ASN1_TYPE_value(set, i);

		good = t->type == V_ASN1_INTEGER && ASN1_INTEGER_get(t->value.integer) == PURPOSE_SIGN;
	}
	sk_ASN1_TYPE_pop_free(set, ASN1_TYPE_free);
	REQUIRE_WHY(good, ERR_MISMATCH, "WebAuthn 8.4: the key's purpose is not KM_PURPOSE_SIGN alone");
	return ERR_OK;
}

/* 8.4, over the union of both lists: what is said must be right. Neither list has to say it: Level 3's own test vector leaves both empty. */
static enum err
check_list(const STACK_OF(ASN1_TYPE) * list)
{
	for (int i = 0; i < sk_ASN1_TYPE_num(list); i++) {
		struct span content;
		int tag;

		TRY(member_open(sk_ASN1_TYPE_value(list, i), &tag, &content));
		REQUIRE_WHY(tag != TAG_ALL_APPLICATIONS, ERR_MISMATCH, "WebAuthn 8.4: the key is for all applications");
		if (tag == TAG_ORIGIN)
			TRY(check_origin(content));
		if (tag == TAG_PURPOSE)
			TRY(check_purpose(content));
	}
	return ERR_OK;
}

static enum err
check_description(const struct attestation *a)
{
	AUTO(description) d = {NULL};
	struct span value, challenge;
	bool critical, found;

	TRY(certificate_extension(a->certificates.at[0], key_description_extension, &value, &critical, &found));
	REQUIRE_WHY(found, ERR_MISMATCH, "WebAuthn 8.4.1: the certificate has no key description");
	TRY(description_parse(value, &d));
	challenge = span_at(ASN1_STRING_get0_data(d.found->challenge), (size_t)ASN1_STRING_length(d.found->challenge));
	REQUIRE_WHY(span_equal(challenge, sha256_span(a->client_data_hash)), ERR_MISMATCH,
		"WebAuthn 8.4: attestationChallenge is not the client data's hash");
	TRY(check_list(d.found->software));
	return check_list(d.found->hardware);
}

static enum err
verify(const struct attestation *a)
{
	TRY(check_description(a));
	TRY(certificate_has_key(a->certificates.at[0], a->key->pkey));
	return certificate_verify(a->certificates.at[0], a->statement.alg, a->attested, a->statement.sig);
}

extern const struct attestation_format attestation_android_key;
const struct attestation_format attestation_android_key = {
	.name = "android-key",
	.requires = STATEMENT_ALG | STATEMENT_SIG | STATEMENT_X5C,
	.allows = STATEMENT_ALG | STATEMENT_SIG | STATEMENT_X5C,
	.verify = verify,
};
