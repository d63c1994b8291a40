/* crl: revocation lists as they are served, from memory, and how a new one comes to be. Used by keeper.c (making) and routes.c (serving). */
#ifndef MOHAR_CA_STATUS_CRL_H
#define MOHAR_CA_STATUS_CRL_H

#include "base/clock.h"
#include "base/span.h"
#include "http/server.h"

struct cad;
struct authority;
struct crl;

/* Another reference to the newest list of a; NULL if there is none yet. */
struct crl *crl_hold(struct authority *a);
void crl_drop(struct crl *l); /* NULL is fine */

/* Does the list have this serial? For the keeper's thread only. */
bool crl_has(struct crl *l, struct span serial);
unix_time crl_this_update(const struct crl *l);
unix_time crl_next_update(const struct crl *l);

/* Makes the next list of an issuing CA from the database, signs and stores it, and serves it from now on; if another instance was quicker, its list. */
MUST_USE enum err crl_renew(struct cad *c, struct authority *a);
/* The newest stored one, if it is still good; ERR_NOT_FOUND. */
MUST_USE enum err crl_load(struct cad *c, struct authority *a);
/* The root's list, which the ceremony put beside its certificate as LABEL.crl (DER). ERR_NOT_FOUND; ERR_CONFIG if it is not the root's. */
MUST_USE enum err crl_load_file(struct cad *c, struct authority *a);

/* GET /crl/{file} */
enum err crl_get(void *daemon, struct request *request, struct reply *reply);

#endif
