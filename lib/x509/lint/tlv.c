/* One element at a time, as BER has it but for indefinite lengths. */
#include "x509/lint/view.h"

static bool
length_take(struct span *rest, size_t *out)
{
	if (rest->len == 0)
		return false;
	const uint8_t first = rest->ptr[0];
	size_t len = first, octets = 0;

	if (first >= 0x80) {
		octets = first & 0x7f;
		len = 0;
		if (octets == 0 || octets > 8 || octets >= rest->len)
			return false;
		for (size_t i = 1; i <= octets; i++) {
			if (len > SIZE_MAX >> 9)
				return false;
			len = len << 8 | rest->ptr[i];
		}
	}
	*rest = span_at(rest->ptr + 1 + octets, rest->len - 1 - octets);
	*out = len;
	return len <= rest->len;
}

bool
tlv_next(struct span *rest, struct tlv *out)
{
	struct span ahead = *rest;
	size_t len;

	if (ahead.len < 2 || (ahead.ptr[0] & 0x1f) == 0x1f) /* no tag here is above 30 */
		return false;
	ahead = span_at(ahead.ptr + 1, ahead.len - 1);
	if (!length_take(&ahead, &len))
		return false;
	out->tag = rest->ptr[0];
	out->contents = span_at(ahead.ptr, len);
	out->whole = span_at(rest->ptr, (size_t)(ahead.ptr - rest->ptr) + len);
	*rest = span_at(ahead.ptr + len, ahead.len - len);
	return true;
}

bool
tlv_take(struct span *rest, uint8_t tag, struct tlv *out)
{
	struct span ahead = *rest;

	if (rest->len == 0 || rest->ptr[0] != tag || !tlv_next(&ahead, out))
		return false;
	*rest = ahead;
	return true;
}

int64_t
tlv_number(struct span contents)
{
	int64_t n = 0;

	if (contents.len == 0 || contents.ptr[0] & 0x80)
		return -1;
	for (size_t i = 0; i < contents.len; i++) {
		if (n > INT64_MAX >> 9)
			return -1;
		n = n << 8 | contents.ptr[i];
	}
	return n;
}
