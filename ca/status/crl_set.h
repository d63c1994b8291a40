/* crl_set: every revocation list that this instance serves, by authority and shard, each with its delta. The keeper replaces them (crl_renew.h), the routes serve them. Guards itself. */
#ifndef MOHAR_CA_STATUS_CRL_SET_H
#define MOHAR_CA_STATUS_CRL_SET_H

#include "ca/cad.h"
#include "ca/status/crl.h"
#include "http/server.h"

enum { MAX_SHARDS = 256 };

struct crl_set;

MUST_USE enum err crl_set_new(const struct authorities *authorities, struct crl_set **out);
void crl_set_free(struct crl_set **s);

/* References of the caller's own; NULL where there is none. */
struct crl *crl_set_list(struct crl_set *s, const struct authority *a, int64_t shard);
struct crl *crl_set_delta(struct crl_set *s, const struct authority *a, int64_t shard);

/* Serves these from now on; takes both references. delta may be NULL. */
void crl_set_publish(struct crl_set *s, const struct authority *a, int64_t shard, struct crl *list, struct crl *delta);

/* How many seconds are left of the list that ends first, over all of them; and how many there are. The alarm goes off by the first (CRL_ALARM). */
struct crl_set_numbers {
	size_t lists;
	unix_time least_left;
};
struct crl_set_numbers crl_set_numbers(struct crl_set *s, unix_time now);

/* GET /crl/{file} */
enum err crl_get(void *daemon, struct request *request, struct reply *reply);

#endif
