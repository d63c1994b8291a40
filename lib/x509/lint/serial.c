/* The serial number, RFC 5280 4.1.2.2. */
#include "x509/lint/rule.h"

enum { MAX_OCTETS = 20, ENTROPY_OCTETS = 8 };

static void
check_positive(const struct view *v, struct finder *f)
{
	bool zero = true;

	for (size_t i = 0; i < v->serial.len; i++)
		zero = zero && v->serial.ptr[i] == 0;
	if (v->serial.len > 0 && v->serial.ptr[0] & 0x80)
		found(f, "serialNumber is negative");
	else if (zero)
		found(f, "serialNumber is zero");
}

static void
check_length(const struct view *v, struct finder *f)
{
	if (v->serial.len > MAX_OCTETS)
		found(f, "serialNumber: %zu bytes", v->serial.len);
}

/* Randomness is not seen in one number; that there is no room for it is. */
static void
check_room(const struct view *v, struct finder *f)
{
	if (v->serial.len < ENTROPY_OCTETS)
		found(f, "serialNumber: %zu bytes", v->serial.len);
}

static const struct lint_rule rules[] = {
	RULE("serial.positive", "RFC 5280 4.1.2.2", LINT_ERROR, KIND_EVERY, "a serial number is greater than zero",
		check_positive),
	RULE("serial.length", "RFC 5280 4.1.2.2", LINT_ERROR, KIND_EVERY, "a serial number has 20 bytes at most",
		check_length),
	RULE("serial.entropy", "BR 7.1.2.7", LINT_ERROR, KIND_EVERY, "a serial number has room for 64 random bits",
		check_room),
};
LINT_GROUP(lint_serial, rules);
