#include "x509/dns_name.h"

#include <stdint.h>

/* RFC 3492 5 */
enum {
	BASE = 36,
	TMIN = 1,
	TMAX = 26,
	SKEW = 38,
	DAMP = 700,
	INITIAL_BIAS = 72,
	INITIAL_N = 128,
	MAX_CODE_POINT = 0x10ffff
};

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

static unsigned
digit_of(uint8_t c)
{
	c = lower(c);
	return c >= 'a' && c <= 'z' ? (unsigned)c - 'a' : c >= '0' && c <= '9' ? c - '0' + 26U : BASE;
}

/* RFC 3492 6.1 */
static unsigned
adapt(unsigned delta, unsigned points, bool first)
{
	unsigned k = 0;

	delta = first ? delta / DAMP : delta / 2;
	delta += delta / points;
	for (; delta > (BASE - TMIN) * TMAX / 2; k += BASE)
		delta /= BASE - TMIN;
	return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

/* One generalised variable-length integer, RFC 3492 3.3. */
static bool
number_take(struct span *rest, unsigned bias, unsigned *i)
{
	unsigned weight = 1;

	for (unsigned k = BASE;; k += BASE) {
		if (rest->len == 0)
			return false;
		const unsigned digit = digit_of(rest->ptr[0]);
		const unsigned t = k <= bias ? TMIN : k >= bias + TMAX ? TMAX : k - bias;

		*rest = span_at(rest->ptr + 1, rest->len - 1);
		if (digit >= BASE || digit > (UINT32_MAX / 4 - *i) / weight)
			return false;
		*i += digit * weight;
		if (digit < t)
			return true;
		if (weight > UINT32_MAX / 4 / (BASE - t))
			return false;
		weight *= BASE - t;
	}
}

/* RFC 3492 6.2, without keeping what it decodes to: it must be code points, at least one of which is not ASCII. */
static bool
punycode_decodes(struct span text)
{
	unsigned n = INITIAL_N, i = 0, bias = INITIAL_BIAS, points = 0;

	for (size_t at = text.len; at > 0; at--)
		if (text.ptr[at - 1] == '-') {
			points = (unsigned)at - 1;
			text = span_at(text.ptr + at, text.len - at);
			break;
		}
	if (text.len == 0)
		return false;
	for (bool first = true; text.len > 0; first = false) {
		const unsigned before = i;

		if (!number_take(&text, bias, &i))
			return false;
		points++;
		bias = adapt(i - before, points, first);
		n += i / points;
		i = i % points + 1;
		if (n > MAX_CODE_POINT || (n >= 0xd800 && n <= 0xdfff))
			return false;
	}
	return true;
}

static bool
is_letter_or_digit(uint8_t c)
{
	c = lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static const char *
label_flaw(struct span label)
{
	if (label.len == 0)
		return "an empty label";
	if (label.len > MAX_DNS_LABEL)
		return "a label of more than 63 characters";
	for (size_t i = 0; i < label.len; i++)
		if (label.ptr[i] >= 0x80)
			return "a character that is not ASCII; an international name is written as A-labels (xn--)";
		else if (!is_letter_or_digit(label.ptr[i]) && label.ptr[i] != '-')
			return "a character other than letters, digits and hyphens";
	if (label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
		return "a label that begins or ends with a hyphen";
	if (label.len < 4 || label.ptr[2] != '-' || label.ptr[3] != '-')
		return NULL;
	if (lower(label.ptr[0]) != 'x' || lower(label.ptr[1]) != 'n')
		return "a reserved label: -- in third and fourth place without xn in front (RFC 5890 2.3.1)";
	if (!punycode_decodes(span_at(label.ptr + 4, label.len - 4)))
		return "a label that begins as an A-label and does not decode (RFC 3492)";
	return NULL;
}

static bool
is_number(struct span label)
{
	for (size_t i = 0; i < label.len; i++)
		if (label.ptr[i] < '0' || label.ptr[i] > '9')
			return false;
	return true;
}

bool
dns_name_is_wildcard(struct span name)
{
	return span_starts(name, SPAN("*."));
}

const char *
dns_name_flaw(struct span name)
{
	struct span label = {NULL, 0};

	if (name.len > MAX_DNS_NAME)
		return "more than 253 characters";
	if (dns_name_is_wildcard(name))
		name = span_at(name.ptr + 2, name.len - 2);
	for (size_t start = 0, at = 0; at <= name.len; at++)
		if (at == name.len || name.ptr[at] == '.') {
			label = span_at(name.ptr + start, at - start);
			const char *flaw = label_flaw(label);

			if (flaw != NULL)
				return flaw;
			start = at + 1;
		}
	return is_number(label) ? "a number as its last label, as an address has; say ip instead" : NULL;
}

bool
dns_name_is_under(struct span name, struct span suffix)
{
	if (name.len < suffix.len)
		return false;
	const size_t start = name.len - suffix.len;

	for (size_t i = 0; i < suffix.len; i++)
		if (lower(name.ptr[start + i]) != lower(suffix.ptr[i]))
			return false;
	return start == 0 || name.ptr[start - 1] == '.';
}
