/* request: what an agency asks a citizen to sign, as it is told to the agency and to the citizen: the same words and digests to both. Used by signer/signing. */
#ifndef MOHAR_SIGNER_SIGNING_REQUEST_H
#define MOHAR_SIGNER_SIGNING_REQUEST_H

#include "json/json.h"
#include "signer/store/store.h"

/* "sha-256" for 32 bytes, and so on; "" for a size that is none's. */
const char *signing_digest_name(int64_t size);

/* Members agency, description, algorithm, digests, names, created, expires. */
void signing_write_asked(struct json_writer *j, const struct signing_request_row *row);

/* "pending", "expired", "signed" or "declined", at that time. */
const char *signing_state(const struct signing_request_row *row, unix_time now);

#endif
