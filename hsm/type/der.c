#include "hsm/type/der.h"

#include <string.h>
#include <time.h>

#include <openssl/sha.h>

#include "x509/own.h"

OWN_TYPE(X509_PUBKEY)

enum { SEQUENCE = 0x30, BIT_STRING = 0x03 };

static void
length_write(struct writer *w, size_t len)
{
	if (len < 0x80) {
		writer_u8(w, (uint8_t)len);
	} else {
		writer_u8(w,
			0x84); /* four bytes: not the shortest form, but libcrypto reads it, and nothing of it is signed */
		writer_u32(w, (uint32_t)len);
	}
}

enum err
der_algorithm(const struct algorithm *a, struct writer *out)
{
	writer_bytes(out, a->identifier);
	return writer_done(out);
}

enum err
der_enclose(struct span object, const struct algorithm *a, struct writer *out)
{
	static const uint8_t signature[] = {BIT_STRING, 2, 0, 0};
	AUTO(writer) algorithm = writer_new(MAX_DER_ALGORITHM);

	TRY(der_algorithm(a, &algorithm));
	writer_u8(out, SEQUENCE);
	length_write(out, object.len + algorithm.len + sizeof(signature));
	writer_bytes(out, object);
	writer_bytes(out, writer_span(&algorithm));
	writer_bytes(out, span_at(signature, sizeof(signature)));
	return writer_done(out);
}

int
der_first_tag(struct span object)
{
	size_t head = 2;

	if (object.len < 3 || object.ptr[0] != SEQUENCE)
		return -1;
	if (object.ptr[1] & 0x80)
		head += object.ptr[1] & 0x7f;
	return head <= 6 && object.len > head ? object.ptr[head] : -1;
}

enum err
der_same(unsigned char *der, int len, struct span object)
{
	const bool same = len > 0 && span_equal(span_at(der, (size_t)len), object);

	OPENSSL_free(der);
	REQUIRE_WHY(same, ERR_MALFORMED, "X.690 10: what is to be signed is not DER");
	return ERR_OK;
}

enum err
der_time(const ASN1_TIME *t, unix_time *out)
{
	struct tm tm;

	REQUIRE_WHY(t != NULL && ASN1_TIME_to_tm(t, &tm) == 1, ERR_MALFORMED, "RFC 5280 4.1.2.5: not a time");
	*out = timegm(&tm);
	return ERR_OK;
}

enum err
der_algorithm_is(const X509_ALGOR *inside, const struct algorithm *a)
{
	uint8_t *der = NULL;
	const int len = i2d_X509_ALGOR(inside, &der);
	const bool same = len > 0 && span_equal(span_at(der, (size_t)len), a->identifier);

	OPENSSL_free(der);
	REQUIRE_WHY(same, ERR_REFUSED, "RFC 5280 4.1.1.2: the signature algorithm inside is not this key's (%s)",
		a->name);
	return ERR_OK;
}

bool
der_identifies(const ASN1_OCTET_STRING *id, const EVP_PKEY *key)
{
	OWN(X509_PUBKEY) spki = NULL;
	uint8_t sha1[SHA_DIGEST_LENGTH], sha256[SHA256_DIGEST_LENGTH];
	const uint8_t *bits;
	int len;

	if (id == NULL || ASN1_STRING_length(id) != KEY_IDENTIFIER_LEN ||
		X509_PUBKEY_set(&spki, (EVP_PKEY *)(uintptr_t)key) != 1 ||
		X509_PUBKEY_get0_param(NULL, &bits, &len, NULL, spki) != 1)
		return false;
	(void)SHA1(bits, (size_t)len, sha1);
	(void)SHA256(bits, (size_t)len, sha256);
	return memcmp(ASN1_STRING_get0_data(id), sha1, KEY_IDENTIFIER_LEN) == 0 ||
		memcmp(ASN1_STRING_get0_data(id), sha256, KEY_IDENTIFIER_LEN) == 0;
}
