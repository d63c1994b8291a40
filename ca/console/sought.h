/* sought: what the one field of the console's search means, and what a certificate's columns say of its status. Pure. Used inside ca/console. */
#ifndef MOHAR_CA_CONSOLE_SOUGHT_H
#define MOHAR_CA_CONSOLE_SOUGHT_H

#include "base/clock.h"
#include "base/digest.h"
#include "base/random.h"

enum { MAX_SOUGHT = 256 };

enum sought_kind { SOUGHT_ANY, SOUGHT_SERIAL, SOUGHT_KEY, SOUGHT_PERSON, SOUGHT_SUBJECT };

struct sought {
	enum sought_kind kind;
	uint8_t bytes[SHA256_LEN];    /* SOUGHT_KEY */
	struct uuid person;           /* SOUGHT_PERSON */
	char subject[MAX_SOUGHT + 8]; /* SOUGHT_SUBJECT: how it begins; SOUGHT_SERIAL: 32 small hexadecimal digits */
};

/* 32 hexadecimal digits are a serial, 64 (or 43 characters that decode to 32 bytes) the SHA-256 of a key, both with colons or spaces or without; a UUID is a person's; the rest is how
 * a subject begins, "CN=" being put before it if it names no attribute. NULL or nothing: any. ERR_MALFORMED. */
MUST_USE enum err sought_read(const char *q, struct sought *out);

/* "good", "suspended", "revoked", "expired" */
const char *certificate_status(unix_time revoked_at, int64_t reason, unix_time not_after, unix_time now);

#endif
