/* request: the registration authority's queue: who asks for a certificate, who approves which bytes, what becomes of it. Used by routes.c, and by the operator's console, which calls the
 * functions below with what its own login and assertion have shown. */
#ifndef MOHAR_CA_REQUEST_REQUEST_H
#define MOHAR_CA_REQUEST_REQUEST_H

#include "audit/event.h"
#include "ca/cad.h"
#include "ca/request/decide.h"
#include "ca/request/store.h"
#include "http/server.h"

enum {
	REQUEST_DAYS = 14,
	MAX_PAGE = 200,
	DEFAULT_PAGE = 50,
	MAX_HANDLE = 64,
	MAX_BATCH = 128,
	MAX_PLACE = 64,
	REGISTRATION_CONNECTIONS = 3,
};

#define STATEMENT_TYPE "names+jwt"
#define STATEMENT_AUDIENCE "ca"

/* ---- routes ---- */
enum err request_post(void *daemon, struct request *request, struct reply *reply);          /* POST /requests */
enum err request_list_get(void *daemon, struct request *request, struct reply *reply);      /* GET /requests */
enum err request_get(void *daemon, struct request *request, struct reply *reply);           /* GET /requests/{id} */
enum err request_summary_get(void *daemon, struct request *request, struct reply *reply);   /* GET /requests/summary */
enum err request_approve_post(void *daemon, struct request *request, struct reply *reply);  /* POST .../approve */
enum err request_reject_post(void *daemon, struct request *request, struct reply *reply);   /* POST .../reject */
enum err request_withdraw_post(void *daemon, struct request *request, struct reply *reply); /* POST .../withdraw */

/* ---- what mohar-cad holds for it ---- */
struct registration {
	struct db_pool *db;
	struct oidc_keys *keys; /* the identity registry's; guards itself. NULL: no issuer is set */
};
MUST_USE enum err registration_open(struct cad *c, struct registration **out);
void registration_free(struct registration **r);

/* ---- for the console too ---- */

/* One request by the text of its id. The caller frees with request_row_free. ERR_NOT_FOUND. */
MUST_USE enum err request_find(struct cad *c, const char *id, struct request_row *out);
void request_row_free(struct request_row *r);

struct request_filter {
	const char *state, *profile, *applicant, *batch, *text; /* NULL: any */
	const struct uuid *person;
	bool oldest_first;
	const char *after; /* "next" of the page before; NULL: from the beginning */
	int64_t limit;     /* 1 to MAX_PAGE */
};
/* A page: at most limit rows of struct request_row, freed with db_rows_free(&request_statements[REQ_OLDEST], rows). */
MUST_USE enum err request_page(struct cad *c, const struct request_filter *f, struct json_list *rows);
/* Where the page after this row begins; room: MAX_PLACE + 1. */
void request_place(const struct request_row *last, char out[MAX_PLACE + 1]);
/* The members of a request as every route shows them; with the approvals and the bytes that were asked for if whole. */
MUST_USE enum err request_write(struct cad *c, struct json_writer *j, const struct request_row *r, bool whole);

/* An approval as it comes: act is the signed text itself, which is kept, and which mohar-hsmd is shown for a citizen's profile. */
struct approval {
	struct person_acting who;
	struct span issue_sha256;
	const char *act;
	const char *registry; /* the registry's statement of names; NULL: none */
	const char *channel;  /* "card", "console" */
};
/* Records it, and issues if it was the last that was needed: *out is then the certificate, else NULL. Nothing is recorded unless all of that is done. The approval's errors are
 * approval_decide's, registry_check's and certificate_issue's. logged: zeroed by the caller, and freed with event_free: the certificate's event. */
MUST_USE enum err request_approve(struct cad *c, struct request_row *r, const struct approval *a, X509 **out,
	struct event *logged);

/* state: "rejected" (with reason) or "withdrawn". */
MUST_USE enum err request_end(struct cad *c, const struct request_row *r, const struct person_acting *who,
	const char *state, const char *reason, const char *channel);

/* Seconds until the last of waiting is issued, at the faster of the last hour's and the last day's pace; -1: nothing was issued, so nobody knows. Pure. */
int64_t queue_estimate(int64_t waiting, int64_t issued_hour, int64_t issued_day);

#endif
