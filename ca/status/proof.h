/* proof: do database, revocation lists and OCSP agree? Every revoked row is looked for in the list that its certificate names, every entry of a list in the database; some certificates of each
 * kind, and a serial that was never issued, are asked about over HTTP like anybody does. Hourly in a thread of its own, and by the start mode prove-status. What disagrees is an error in the
 * log, a metric and an event. Used by main.c and routes.c. Guards itself. */
#ifndef MOHAR_CA_STATUS_PROOF_H
#define MOHAR_CA_STATUS_PROOF_H

#include "ca/cad.h"

enum { PROOF_WHY = 200 };

struct proof_result {
	unix_time at; /* when it was over; 0: never yet */
	unix_time seconds;
	int64_t lists, entries, answers; /* looked at */
	int64_t disagreements;
	char first[PROOF_WHY]; /* of the disagreements, in words; "" */
};

struct proof;

/* The thread, if proof_minutes is not 0; the first proof is made when everything is ready. */
MUST_USE enum err proof_start(struct cad *c, struct proof **out);
void proof_stop(struct proof **p);

/* Once, now, against the lists in c->lists and the responder at pki_address. An error: it could not be found out. */
MUST_USE enum err proof_run(struct cad *c, struct proof_result *out);

/* Says it in the log, and records an event if something disagrees. */
MUST_USE enum err proof_tell(struct cad *c, const struct proof_result *r);

/* The thread's last result; at is 0 if there is none yet, or no thread (NULL). */
void proof_last(struct proof *p, struct proof_result *out);

/* Prometheus text, appended. */
void proof_metrics(const struct cad *c, struct writer *w);

/* Does what a list says of a certificate agree with its row? Pure. NULL for row or entry: it is not there. The reason why not, or NULL. */
struct listed_row; /* store/statements.h */
const char *proof_compare(const struct listed_row *row, const struct crl_entry *entry, unix_time this_update);

#endif
