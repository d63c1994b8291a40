/* registry: what registrars and client operators order by a signed act: people, cards, offices, portals. Every order is verified against the operators of keys.json, consumed once, and
 * recorded in the transaction that carries it out. Used by routes.c. */
#ifndef MOHAR_IDP_REGISTRY_REGISTRY_H
#define MOHAR_IDP_REGISTRY_REGISTRY_H

#include "audit/event.h"
#include "idp/idp.h"
#include "idp/store/rows.h"

enum err citizen_add_handler(void *daemon, struct request *request, struct reply *reply);
enum err citizen_show_handler(void *daemon, struct request *request, struct reply *reply);
enum err citizen_activate_handler(void *daemon, struct request *request, struct reply *reply);
enum err citizen_freeze_handler(void *daemon, struct request *request, struct reply *reply);
enum err citizen_card_handler(void *daemon, struct request *request, struct reply *reply);
enum err citizen_appoint_handler(void *daemon, struct request *request, struct reply *reply);
enum err client_add_handler(void *daemon, struct request *request, struct reply *reply);
enum err client_show_handler(void *daemon, struct request *request, struct reply *reply);
enum err client_rotate_handler(void *daemon, struct request *request, struct reply *reply);
enum err client_revoke_handler(void *daemon, struct request *request, struct reply *reply);

/* ---- one order: act, transaction, event ---- */
struct order {
	struct act act;
	struct db *db; /* its transaction is open */
};

/* Verifies the request's body as act `name` by somebody with role, opens a transaction and consumes its jti there (ERR_USED). order_free ends whatever is still open. */
MUST_USE enum err order_begin(struct idp *d, const struct request *request, const char *role, const char *name,
	struct order *out);
void order_free(struct order *o);

/* Records the order: event of that type, actor the operator's name. details: JSON; public for portals, hidden for people. */
MUST_USE enum err order_record(struct idp *d, struct order *o, const char *type, enum log_tree tree,
	const struct uuid *person, struct span details);
/* Commits. Nothing of the order has happened before. */
MUST_USE enum err order_commit(struct order *o);

/* Does the signed order itself name what its address names? member: "handle" or "id". ERR_MISMATCH: an order for one is never carried out on another. */
MUST_USE enum err order_names(const struct order *o, const char *member, const char *named);

/* The person of the route's {handle}, which the order must name too. */
MUST_USE enum err order_person(struct order *o, const struct request *request, struct person_row *out);

/* A second registrar's act, given inside the first: another person than the first, over the same facts. Consumes its jti too. */
MUST_USE enum err order_countersigned(struct idp *d, struct order *o, const char *jws, const char *digest);

/* ---- checks, pure ---- */

/* What is enrolled. */
struct enrolment {
	char *handle, *name, *number, *birthdate, *gender, *countersign;
	int64_t proofing;
};
MUST_USE enum err enrolment_check(const struct enrolment *e, const struct identity_policy *policy, unix_time now);
/* base64url(SHA-256(handle LF name LF number LF birthdate LF gender LF proofing LF)): what a second registrar signs. `mohar citizen countersign` makes the same. */
MUST_USE enum err enrolment_digest(const struct enrolment *e, struct writer *out);

/* https anywhere, http on a loopback name only (localhost, *.localhost, 127.0.0.1, [::1]); no user, fragment, backslash, white space or dot segment (RFC 9700 4.1.3, RFC 6749 3.1.2). */
bool redirect_acceptable(const char *uri);

#endif
