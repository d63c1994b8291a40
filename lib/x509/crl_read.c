#include <string.h>
#include <time.h>

#include "x509/asn1.h"
#include "x509/der.h"
#include "x509/own.h"
#include "x509/x509.h"

enum {
	BIT_STRING = 0x03,
	UTC_TIME = 0x17,
	GENERALIZED_TIME = 0x18,
	ENUMERATED = 0x0a,
	UTC_LEN = 13,
	GENERALIZED_LEN = 15
};
static const uint8_t reason_oid[] = {0x55, 0x1d, 0x15}, number_oid[] = {0x55, 0x1d, 0x14},
		     delta_oid[] = {0x55, 0x1d, 0x1b};

static bool
two_digits(struct span s, size_t at, int *out)
{
	const unsigned high = s.ptr[at] - '0', low = s.ptr[at + 1] - '0';

	*out = (int)(high * 10 + low);
	return high <= 9 && low <= 9;
}

/* RFC 5280 5.1.2.4: UTCTime until 2049, GeneralizedTime after it; both to the second, both Z. */
static enum err
read_time(struct reader *r, unix_time *out)
{
	struct span s;
	struct tm tm = {0};
	int century = -1, year;
	size_t at = 0;

	if (r->left.len > 0 && r->left.ptr[0] == GENERALIZED_TIME) {
		TRY(der_read(r, GENERALIZED_TIME, &s));
		REQUIRE(s.len == GENERALIZED_LEN && two_digits(s, 0, &century), ERR_MALFORMED);
		at = 2;
	} else {
		TRY(der_read(r, UTC_TIME, &s));
		REQUIRE(s.len == UTC_LEN, ERR_MALFORMED);
	}
	REQUIRE(two_digits(s, at, &year) && two_digits(s, at + 2, &tm.tm_mon) && two_digits(s, at + 4, &tm.tm_mday) &&
			two_digits(s, at + 6, &tm.tm_hour) && two_digits(s, at + 8, &tm.tm_min) &&
			two_digits(s, at + 10, &tm.tm_sec) && s.ptr[at + 12] == 'Z',
		ERR_MALFORMED);
	tm.tm_year = century >= 0 ? century * 100 + year - 1900 : year < 50 ? year + 100 : year;
	tm.tm_mon--;
	*out = timegm(&tm);
	return ERR_OK;
}

static enum err
read_number(struct span contents, int64_t *out)
{
	REQUIRE(contents.len > 0 && contents.len <= sizeof(*out) && !(contents.ptr[0] & 0x80), ERR_MALFORMED);
	*out = 0;
	for (size_t i = 0; i < contents.len; i++)
		*out = *out << 8 | contents.ptr[i];
	return ERR_OK;
}

/* Extension ::= SEQUENCE { OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, OCTET STRING } */
static enum err
read_extension(struct reader *list, struct span *oid, struct span *value)
{
	enum { BOOLEAN = 0x01 };
	struct span extension, critical;

	TRY(der_read(list, DER_SEQUENCE, &extension));
	struct reader r = reader_over(extension);

	TRY(der_read(&r, DER_OBJECT, oid));
	TRY(der_read_optional(&r, BOOLEAN, &critical));
	TRY(der_read(&r, DER_OCTET_STRING, value));
	return reader_done(&r);
}

static enum err
read_extensions(struct span explicit, struct crl_reading *out)
{
	struct reader outer = reader_over(explicit);
	struct span list, oid, value, number;

	TRY(der_read(&outer, DER_SEQUENCE, &list));
	for (struct reader r = reader_over(list); r.left.len > 0;) {
		TRY(read_extension(&r, &oid, &value));
		const bool is_number = span_equal(oid, span_at(number_oid, sizeof(number_oid)));

		if (!is_number && !span_equal(oid, span_at(delta_oid, sizeof(delta_oid))))
			continue;
		struct reader in = reader_over(value);

		TRY(der_read(&in, DER_INTEGER, &number));
		TRY(read_number(number, is_number ? &out->number : &out->base));
	}
	return ERR_OK;
}

static enum err
read_list(struct span der, struct crl_reading *out)
{
	struct reader r = reader_over(der);
	struct span whole, tbs, skipped, extensions, bits;

	TRY(der_read(&r, DER_SEQUENCE, &whole));
	TRY(reader_done(&r));
	r = reader_over(whole);
	TRY(der_read(&r, DER_SEQUENCE, &tbs));
	out->signed_part = span_at(whole.ptr, (size_t)(tbs.ptr + tbs.len - whole.ptr));
	TRY(der_read(&r, DER_SEQUENCE, &skipped));
	TRY(der_read(&r, BIT_STRING, &bits));
	TRY(reader_done(&r));
	REQUIRE(bits.len > 1 && bits.ptr[0] == 0, ERR_MALFORMED);
	out->signature = span_at(bits.ptr + 1, bits.len - 1);
	r = reader_over(tbs);
	TRY(der_read(&r, DER_INTEGER, &skipped));  /* version */
	TRY(der_read(&r, DER_SEQUENCE, &skipped)); /* signature */
	TRY(der_read(&r, DER_SEQUENCE, &skipped)); /* issuer */
	TRY(read_time(&r, &out->this_update));
	TRY(read_time(&r, &out->next_update));
	TRY(der_read_optional(&r, DER_SEQUENCE, &out->entries));
	TRY(der_read_optional(&r, DER_CONTEXT_0, &extensions));
	TRY(reader_done(&r));
	return extensions.len > 0 ? read_extensions(extensions, out) : ERR_OK;
}

enum err
crl_read(struct span der, struct crl_reading *out)
{
	*out = (struct crl_reading){0};
	const enum err e = read_list(der, out);

	REQUIRE_WHY(e == ERR_OK, e, "RFC 5280 5.1: not a version 2 CRL in DER");
	return ERR_OK;
}

enum err
crl_signed_by(const struct crl_reading *r, const X509 *issuer)
{
	OWN(EVP_MD_CTX) context = EVP_MD_CTX_new();
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	const EVP_MD *digest;

	REQUIRE(context != NULL && key != NULL, ERR_NO_MEMORY);
	TRY(digest_for(key, &digest));
	if (EVP_DigestVerifyInit(context, NULL, digest, NULL, key) != 1 ||
		EVP_DigestVerify(context, r->signature.ptr, r->signature.len, r->signed_part.ptr, r->signed_part.len) !=
			1)
		return own_failed(ERR_BAD_SIGNATURE, "RFC 5280 6.3.3 g: the CRL's signature does not verify");
	return ERR_OK;
}

static enum err
read_reason(struct span extensions, struct crl_entry *out)
{
	struct span oid, value, reason;
	int64_t code;

	for (struct reader r = reader_over(extensions); r.left.len > 0;) {
		TRY(read_extension(&r, &oid, &value));
		if (!span_equal(oid, span_at(reason_oid, sizeof(reason_oid))))
			continue;
		struct reader in = reader_over(value);

		TRY(der_read(&in, ENUMERATED, &reason));
		TRY(read_number(reason, &code));
		out->reason = (int)code;
	}
	return ERR_OK;
}

static enum err
read_entry(struct span entry, struct crl_entry *out)
{
	struct reader r = reader_over(entry);
	struct span serial, extensions;

	TRY(der_read(&r, DER_INTEGER, &serial));
	if (serial.len == SERIAL_LEN + 1 && serial.ptr[0] == 0)
		serial = span_at(serial.ptr + 1, SERIAL_LEN);
	REQUIRE(serial.len <= SERIAL_LEN, ERR_MALFORMED);
	memset(out->serial, 0, SERIAL_LEN);
	memcpy(out->serial + SERIAL_LEN - serial.len, serial.ptr, serial.len);
	TRY(read_time(&r, &out->at));
	out->reason = -1;
	TRY(der_read_optional(&r, DER_SEQUENCE, &extensions));
	TRY(reader_done(&r));
	return read_reason(extensions, out);
}

enum err
crl_next(struct crl_reading *reading, struct crl_entry *out)
{
	struct reader r = reader_over(reading->entries);
	struct span entry;

	if (r.left.len == 0)
		return ERR_NOT_FOUND;
	TRY(der_read(&r, DER_SEQUENCE, &entry));
	reading->entries = r.left;
	const enum err e = read_entry(entry, out);

	REQUIRE_WHY(e == ERR_OK, e, "RFC 5280 5.1.2.6: not an entry of ours");
	return ERR_OK;
}
