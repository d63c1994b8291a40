/* decision: an agency's decision as others see it: a JWS, typ decision+jwt. Used by signerd (making, public page) and by `mohar verify` (offline). Pure.
 * One decision, three questions: is it the agency's (seal), does it still stand (status list), was it logged (receipt)? Each is answered on its own, and
 * "valid" is said only when all that were asked are answered well. */
#ifndef MOHAR_VERIFY_DECISION_H
#define MOHAR_VERIFY_DECISION_H

#include "audit/receipt.h"
#include "jose/jose.h"
#include "jose/statuslist.h"

enum { MAX_DECISION = 32 << 10, MAX_DECISION_REASONS = 16 };

/* Who decided: the officer's office, never the officer's name. */
struct decision_office {
	char *id, *title;
};

struct decision_appeal {
	char *to;
	int64_t days;
};

struct decision_status {
	char *uri;
	int64_t index;
};

/* The payload. Texts owned. */
struct decision {
	char *issuer, *id, *agency, *type, *outcome, *subject;
	int64_t version, issued_at, received_at, due, time_limit_days;
	struct decision_office office; /* id NULL: no person's confirmation was needed */
	struct json_list reasons;      /* char * */
	struct decision_appeal appeal;
	char *facts; /* a JSON object */
	struct decision_status status;
};

/* The payload's JSON, members in a fixed order. */
MUST_USE enum err decision_write(const struct decision *d, struct writer *json);
/* Strict: unknown members refused, lengths and numbers bounded. */
MUST_USE enum err decision_read(struct span json, struct decision *out);
void decision_free(struct decision *d);

/* What a verifier trusts: the service's published keys, each with what it is for. */
struct trust {
	struct jwks *seals;        /* agency seals */
	struct json_list agencies; /* struct trust_agency: which kid seals for which agency */
	struct jwks *status;       /* status list keys */
	EVP_PKEY *log_key;         /* the log's Ed25519 key, or NULL */
	char *log_origin;
};
struct trust_agency {
	char *kid, *agency;
};
/* From the document that signerd publishes at /jwks (a JWK set; each key has "use":"sig", "mohar_purpose": "seal" | "status" | "log", seals an "agency", the log an "origin").
 * Keys with another purpose are passed over. ERR_MALFORMED. */
MUST_USE enum err trust_read(struct span jwks_json, struct trust *out);
void trust_free(struct trust *t);

enum verdict { VERDICT_VALID, VERDICT_INVALID, VERDICT_UNKNOWN };
const char *verdict_name(enum verdict v); /* "valid" */

/* The evidence a verifier has at hand. Empty spans: not at hand. */
struct decision_evidence {
	struct span jws;
	struct span status_token;
	struct span receipt;
	unix_time at;
};

struct decision_finding {
	enum verdict verdict;
	char why[256];             /* one sentence, for people; "" when valid */
	struct decision decision;  /* zero unless the seal verified */
	bool seal, status, logged; /* which questions were answered well */
	unix_time status_at;       /* when the status list was made */
	unix_time logged_at;       /* the entry's time */
};
/* Answers all three. Without trust, a key that trust does not know, or no fresh status list: unknown. A bad seal, another agency's key, a revoked or suspended entry, a receipt that
 * does not belong: invalid. A missing receipt leaves logged false and the verdict alone. ERR_OK whenever there is a finding; the caller frees with decision_finding_free. */
MUST_USE enum err decision_verify(const struct decision_evidence *evidence, const struct trust *trust,
	struct decision_finding *out);
void decision_finding_free(struct decision_finding *f);

#endif
