/* decide: may this person approve, reject or withdraw this request? And is what a subject says what the identity registry says of the person? Pure: no I/O, no clock, no database.
 * Used by ca/request; the database's triggers keep the same rules for whoever comes past this. */
#ifndef MOHAR_CA_REQUEST_DECIDE_H
#define MOHAR_CA_REQUEST_DECIDE_H

#include "ca/request/store.h"
#include "json/json.h"
#include "x509/x509.h"

enum { MAX_REASON = 512, MAX_STATEMENT = 8 << 10, STATEMENT_LEEWAY = 60 };

/* Who acts: an operator of keys.json, or the holder of one of our certificates. */
struct person_acting {
	const char *name;              /* operator's, or "person:UUID" */
	const struct json_list *roles; /* char *; NULL: none */
	struct span key_sha256;        /* of the SubjectPublicKeyInfo that signed */
};

/* "waiting", "expired", "issued", "rejected", "withdrawn". */
const char *request_state(const struct request_row *r, unix_time now);

/* May they approve? given: over which bytes. done: the approvals so far. ERR_REFUSED (role, own request, own key), ERR_USED (approved already, by this person or this card), ERR_MISMATCH
 * (other bytes), ERR_EXPIRED, ERR_EXISTS (ended). */
MUST_USE enum err approval_decide(const struct request_row *r, const struct person_acting *who, struct span given,
	const struct approval_row *done, size_t count, unix_time now);
/* With this one, are there enough? */
bool approval_completes(const struct request_row *r, size_t done_before);

/* ERR_REFUSED, ERR_EXISTS, ERR_MALFORMED (no reason). */
MUST_USE enum err rejection_decide(const struct request_row *r, const struct person_acting *who, const char *reason);
/* Only by whoever asked. */
MUST_USE enum err withdrawal_decide(const struct request_row *r, const struct person_acting *who);

/* What the registry says of a person, from its signed statement. */
struct registry_office {
	char *agency, *office, *title;
};
struct registry_names {
	char *issuer, *audience, *person, *card_subject, *name, *given_name, *family_name;
	struct json_list offices; /* struct registry_office: those that the person has now */
	int64_t iat, exp;
};
extern const struct json_table registry_names_table; /* open */

/* Is the statement for us, by the registry, of this person, and of now? ERR_UNTRUSTED, ERR_MISMATCH, ERR_EXPIRED. person: UUID text. */
MUST_USE enum err statement_decide(const struct registry_names *s, const char *issuer, const char *audience,
	const char *person, unix_time now);
/* Every CN, serialNumber, givenName and surname is the registry's, every O, OU and title one of the person's offices. ERR_MISMATCH naming the field. */
MUST_USE enum err names_decide(const struct registry_names *s, const struct name_part *subject, size_t count);

#endif
