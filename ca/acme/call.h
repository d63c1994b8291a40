/* call: one ACME request under way: read, checked against address, nonce, key and account, handed to its step, and answered, with the headers that every answer has. Used by the
 * handlers of ca/acme: each is a row of ca/routes.c and a step. */
#ifndef MOHAR_CA_ACME_CALL_H
#define MOHAR_CA_ACME_CALL_H

#include "audit/event.h"
#include "ca/acme/acme.h"
#include "ca/acme/jws.h"
#include "ca/acme/store.h"
#include "http/server.h"

/* Whose signature a step takes: an account's (kid), a bare key's (jwk), or either. */
enum acme_by { BY_ACCOUNT, BY_KEY, BY_EITHER };

struct acme_call {
	struct cad *cad;
	struct acme *acme;
	struct request *request;
	struct reply *reply;
	unix_time now;
	struct acme_jws jws;
	struct jwk *key; /* that signed it; owned */
	bool has_account;
	struct account_row account; /* valid, if has_account; owned */
};

/* What a request comes to. It writes to the reply only when nothing can be refused any more. */
typedef enum problem acme_step(struct acme_call *call);

/* Reads, checks, runs the step and answers, whatever comes of it. */
MUST_USE enum err acme_serve(void *daemon, struct request *request, struct reply *reply, enum acme_by by,
	acme_step *step);

/* A GET or an operator's act, which no JWS of an account comes with: is ACME on? Answers if not. */
bool acme_is_on(struct cad *c, struct reply *reply);
/* The refusal's document and log line, and a fresh nonce. */
void acme_refuse(struct cad *c, struct request *request, struct reply *reply, enum problem a);
/* Replay-Nonce and Link to the directory. */
void acme_headers(struct cad *c, struct reply *reply);

/* The payload, by table. POST-as-GET (an empty payload) is MALFORMED. The caller frees with json_free. */
MUST_USE enum problem acme_payload(const struct acme_call *call, const struct json_table *table, void *out);
/* Was it a POST-as-GET (RFC 8555 6.3)? MALFORMED otherwise. */
MUST_USE enum problem acme_as_get(const struct acme_call *call);

/* The UUID of the route's {id}. NOT_FOUND. */
MUST_USE enum problem acme_id(const struct acme_call *call, struct uuid *out);
/* Location: our URL of path and id. And a member of that name. */
void acme_location(struct acme_call *call, const char *path, const struct uuid *id);
void acme_link(struct json_writer *j, const struct cad *c, const char *name, const char *path, const struct uuid *id);

/* "acme:" and the account's id: the actor of what it does. */
enum { MAX_ACME_ACTOR = 5 + UUID_TEXT_LEN };
void acme_actor(const struct uuid *account, char out[MAX_ACME_ACTOR + 1]);

/* The event of an act of ACME: what it is about (an account's or a binding's id) in clear, who and for which agency behind the salt. */
MUST_USE enum err acme_event(const char *type, unix_time at, const char *about, const char *actor, const char *agency,
	struct event *out);

#endif
