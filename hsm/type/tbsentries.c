#include "hsm/type/tbsentries.h"

#include "x509/der.h"

enum {
	UTC_TIME = 0x17,
	GENERALIZED_TIME = 0x18,
	UTC_LEN = 13,
	GENERALIZED_LEN = 15,
	MAX_SERIAL = 20,
	REMOVE_FROM_CRL = 8,
	UNUSED_REASON = 7,
	LAST_REASON = 10
};

/* RFC 5280 4.1.2.2 */
static enum err
serial_check(struct reader *r)
{
	struct span n;

	TRY(der_read(r, DER_INTEGER, &n));
	REQUIRE(n.len > 0, ERR_MALFORMED);
	REQUIRE_WHY(!(n.ptr[0] & 0x80), ERR_REFUSED, "RFC 5280 4.1.2.2: a revoked serial number is negative");
	REQUIRE(n.len == 1 || n.ptr[0] != 0 || n.ptr[1] & 0x80, ERR_MALFORMED);
	REQUIRE_WHY(n.len <= MAX_SERIAL, ERR_REFUSED, "RFC 5280 4.1.2.2: a revoked serial number of more than %d bytes",
		MAX_SERIAL);
	return ERR_OK;
}

static unsigned
two_digits(const uint8_t *at)
{
	const unsigned high = at[0] - (unsigned)'0', low = at[1] - (unsigned)'0';

	return high <= 9 && low <= 9 ? high * 10 + low : 100;
}

/* RFC 5280 4.1.2.5.1, 4.1.2.5.2: to the second, Z. */
static enum err
time_check(struct reader *r)
{
	const bool utc = r->left.len > 0 && r->left.ptr[0] == UTC_TIME;
	struct span t;

	TRY(der_read(r, utc ? UTC_TIME : GENERALIZED_TIME, &t));
	REQUIRE(t.len == (utc ? UTC_LEN : GENERALIZED_LEN) && t.ptr[t.len - 1] == 'Z', ERR_MALFORMED);
	const uint8_t *at = t.ptr + t.len - 11; /* month, day, hour, minute, second, Z */
	const unsigned month = two_digits(at), day = two_digits(at + 2);

	for (const uint8_t *year = t.ptr; year < at; year += 2)
		REQUIRE(two_digits(year) <= 99, ERR_MALFORMED);
	REQUIRE(month >= 1 && month <= 12 && day >= 1 && day <= 31 && two_digits(at + 4) <= 23 &&
			two_digits(at + 6) <= 59 && two_digits(at + 8) <= 59,
		ERR_MALFORMED);
	return ERR_OK;
}

/* RFC 5280 5.3.1, not critical; nothing beside it. */
static enum err
reason_check(struct span extensions, bool is_delta)
{
	static const uint8_t head[] = {0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01};

	REQUIRE_WHY(extensions.len == sizeof(head) + 1 && span_starts(extensions, span_at(head, sizeof(head))),
		ERR_REFUSED, "RFC 5280 5.3: an entry has an extension that is not reasonCode");
	const uint8_t reason = extensions.ptr[sizeof(head)];

	REQUIRE_WHY(reason <= LAST_REASON && reason != UNUSED_REASON, ERR_REFUSED, "RFC 5280 5.3.1: %u is no reason",
		reason);
	REQUIRE_WHY(is_delta || reason != REMOVE_FROM_CRL, ERR_REFUSED,
		"RFC 5280 5.3.1: removeFromCRL in a list that is no delta");
	return ERR_OK;
}

static enum err
entry_check(struct span entry, bool is_delta)
{
	struct reader r = reader_over(entry);
	struct span extensions;

	TRY(serial_check(&r));
	TRY(time_check(&r));
	const bool has = r.left.len > 0;

	TRY(der_read_optional(&r, DER_SEQUENCE, &extensions));
	TRY(reader_done(&r));
	return has ? reason_check(extensions, is_delta) : ERR_OK;
}

enum err
tbsentries_check(struct span contents, bool is_delta, size_t *count)
{
	struct span entry;

	*count = 0;
	for (struct reader r = reader_over(contents); r.left.len > 0; ++*count) {
		enum err e = der_read(&r, DER_SEQUENCE, &entry);

		if (e == ERR_OK)
			e = entry_check(entry, is_delta);
		REQUIRE_WHY(e != ERR_MALFORMED, e, "RFC 5280 5.1.2.6: entry %zu is not one in DER", *count + 1);
		TRY(e);
	}
	return ERR_OK;
}
