/* bulk: suspending or resuming very many certificates by what they have in common: proposed by one operator, counted and listed, approved over the hash of that list by a quorum of
 * different operators, then carried out batch by batch on exactly that list. Used by routes.c, and by the operator's console. */
#ifndef MOHAR_CA_BULK_BULK_H
#define MOHAR_CA_BULK_BULK_H

#include "audit/event.h"
#include "ca/bulk/decide.h"
#include "ca/cad.h"
#include "http/server.h"

enum { MAX_BULK_LISTED = 100, MAX_KEYS_BODY = 1 << 20, BULK_SAMPLES_SHOWN = 5 };

/* ---- routes ---- */
enum err bulk_post(void *daemon, struct request *request, struct reply *reply);      /* POST /bulk */
enum err bulk_list_get(void *daemon, struct request *request, struct reply *reply);  /* GET /bulk */
enum err bulk_get(void *daemon, struct request *request, struct reply *reply);       /* GET /bulk/{id} */
enum err bulk_keys_post(void *daemon, struct request *request, struct reply *reply); /* POST /bulk/{id}/keys/{part} */
enum err bulk_approve_post(void *daemon, struct request *request, struct reply *reply);  /* POST /bulk/{id}/approve */
enum err bulk_withdraw_post(void *daemon, struct request *request, struct reply *reply); /* POST /bulk/{id}/withdraw */

/* ---- the worker that counts and carries out ---- */
/* Opens the pool and starts the thread; ends it, and frees. */
MUST_USE enum err bulk_start(struct cad *c, struct bulk_worker **out);
void bulk_stop(struct bulk_worker **w);
/* There is something to do. NULL is fine. */
void bulk_wake(struct bulk_worker *w);
struct db_pool *bulk_db(struct cad *c);

/* ---- for the console too ---- */
MUST_USE enum err bulk_find(struct cad *c, const char *id,
	struct bulk_row *out); /* ERR_NOT_FOUND; freed with bulk_row_free */
void bulk_row_free(struct bulk_row *b);
MUST_USE enum err bulk_write(struct cad *c, struct json_writer *j, const struct bulk_row *b, bool whole);
/* key: SHA-256 of the SubjectPublicKeyInfo that signs; act: the signed text. *id is its row. keys_token: what lets the proposer bring the keys, "" if there are none. */
MUST_USE enum err bulk_propose(struct cad *c, const struct bulk_proposal *p, const struct person_acting *who,
	const char *act, struct uuid *id, char keys_token[TOKEN_TEXT_LEN + 1]);
MUST_USE enum err bulk_approve(struct cad *c, const struct bulk_row *b, const struct bulk_approval *a,
	const struct person_acting *who, const char *act);
MUST_USE enum err bulk_withdraw(struct cad *c, const struct bulk_row *b, const struct person_acting *who);

/* ---- inside ca/bulk ---- */

/* What the log is told: public: the act, its list; hidden: who and why. The caller frees with event_free. */
MUST_USE enum err bulk_event(const char *type, const struct bulk_row *b, const char *actor, const char *why,
	unix_time at, struct event *out);

/* Called now and then during something long, with how much is done; an error stops it. */
typedef enum err bulk_tick(void *context, size_t done);

/* pick.c: fills ca.selection under id, from nothing, with what the criteria hold for. */
MUST_USE enum err bulk_pick(struct cad *c, const struct uuid *id, const char *action, const char *criteria,
	bulk_tick *tick, void *context);
/* The list's length, and the SHA-256 of it: serials of 16 bytes, ascending, one after the other. */
MUST_USE enum err bulk_measure(struct cad *c, const struct uuid *id, bulk_tick *tick, void *context, int64_t *count,
	struct sha256 *hash);

/* resume.c: as suspend_many, the other way. */
MUST_USE enum err resume_many(struct cad *c, const struct uuid *selection, const char *bulk, const char *actor,
	bulk_tick *tick, void *context);

#endif
