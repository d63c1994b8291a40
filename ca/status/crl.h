/* crl: one revocation list, or one delta, as it is served from memory. Immutable; shared by reference between the set that serves it (crl_set.h) and the replies that are still being
 * sent. Used by crl_set, crl_renew, keeper and proof. */
#ifndef MOHAR_CA_STATUS_CRL_H
#define MOHAR_CA_STATUS_CRL_H

#include "base/clock.h"
#include "base/writer.h"
#include "http/reply.h"
#include "x509/x509.h"

struct crl;

struct crl_about {
	int64_t number, base; /* base 0: no delta */
	unix_time this_update, next_update;
	int64_t seen; /* every transaction below is in it */
	bool whole;   /* all certificates of its issuer, not those of one distribution point */
};

/* Takes der's bytes. Reads them and verifies the signature: ERR_CORRUPT. One reference, the caller's. */
MUST_USE enum err crl_new(struct writer *der, const X509 *issuer, struct crl **out);
/* For whoever has just made it, before it is shared. */
void crl_describe(struct crl *l, int64_t seen, bool whole);

struct crl *crl_share(struct crl *l); /* another reference; NULL gives NULL */
void crl_drop(struct crl *l);         /* NULL is fine */

const struct crl_about *crl_about(const struct crl *l);
struct span crl_der(const struct crl *l);

/* As the body of a reply that holds it, with its tag and how long caches may keep it: at most 30 s. */
void crl_reply(struct crl *l, unix_time now, struct reply *reply);

/* Its name as a file, and what certificates, lists and deltas call it: LABEL.crl, LABEL.3.crl, LABEL.3.delta.crl. Shard 0 has no number. Appended. */
struct crl_name {
	const char *label;
	int64_t shard;
	bool delta;
};
void crl_name_write(const struct crl_name *n, struct writer *w);
void crl_url_write(const char *pki_url, const struct crl_name *n, struct writer *w);
/* And back; label is of the text's size at least. ERR_NOT_FOUND: not such a name. Pure. */
MUST_USE enum err crl_name_read(const char *file, char *label, size_t size, struct crl_name *out);

#endif
