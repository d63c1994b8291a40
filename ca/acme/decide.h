/* decide: ACME's decisions, without server, clock or database: where an order stands, whether a request is for just what was ordered, when to try again, when to renew, whether
 * contacts and reasons may be taken. Used by the handlers and by worker.c. */
#ifndef MOHAR_CA_ACME_DECIDE_H
#define MOHAR_CA_ACME_DECIDE_H

#include "ca/acme/problem.h"
#include "ca/acme/store.h"
#include "x509/x509.h"

enum {
	ORDER_SECONDS = 86400,
	PROVED_SECONDS = 7 * 86400, /* how long an authorization that is valid lets its holder revoke */
	MAX_CONTACTS = 5,
	MAX_CONTACT = 254,
	MAX_ATTEMPTS = 4,
	RENEWAL_RETRY_SECONDS = 6 * 3600,
};

/* RFC 8555 7.1.6: "pending", "ready", "processing", "valid", "invalid". */
const char *order_status(const struct order_row *o, unix_time now);
/* "pending", "valid", "invalid", "deactivated", "expired". */
const char *authorization_status(const char *stored, unix_time expires, unix_time now);

/* Does the request ask for exactly the names of the order (RFC 8555 7.4), no more and no fewer, in alternative names or common name, with a key that is not the account's (11.1)?
 * names: "dns:...". BAD_CSR names the one that is wrong. */
MUST_USE enum problem csr_decide(const struct json_list *names, const struct request_facts *csr,
	const struct json_bytes *account_spki_sha256);

/* Seconds until the next attempt after the attempts-th failed for that reason (RFC 8555 8.2); 0: none, it has failed for good. */
int64_t challenge_retry(int64_t attempts, enum problem why);

/* RFC 8555 7.3: mailto: addresses, one each, without header fields. */
MUST_USE enum problem contacts_check(const struct json_list *contact);

/* The reasons that a holder may give (RFC 5280 5.3.1): unspecified, keyCompromise, affiliationChanged, superseded, cessationOfOperation. */
MUST_USE enum problem revocation_reason_check(int64_t reason);

/* RFC 9773 4: when to renew what is valid from not_before to not_after; at once if it was revoked. */
struct renewal_window {
	unix_time start, end;
};
struct renewal_window renewal_window(unix_time not_before, unix_time not_after, unix_time revoked_at, unix_time now);

/* RFC 9773 4.1: "AKI.SERIAL", base64url each. The serial is SERIAL_LEN bytes. ERR_MALFORMED. */
enum { MAX_KEY_IDENTIFIER = 64 };
struct renewal_id {
	uint8_t key_identifier[MAX_KEY_IDENTIFIER];
	size_t key_identifier_len;
	uint8_t serial[SERIAL_LEN];
};
MUST_USE enum err renewal_id_read(const char *text, struct renewal_id *out);

#endif
