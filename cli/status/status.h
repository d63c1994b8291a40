/* status: what `mohar status` looks at and what it found: rows of daemons, keys, certificates and lists. Used by status.c (the verb), status_hsm.c, status_pki.c and
 * status_tls.c, one place each to look at. */
#ifndef MOHAR_CLI_STATUS_STATUS_H
#define MOHAR_CLI_STATUS_STATUS_H

#include <openssl/x509.h>

#include "base/digest.h"
#include "cli/cli.h"

enum { MAX_SEEN = 64, CALL_MS = 3000, DAY = 86400, WARN_DAYS = 30, WARN_DAYS_TLS = 7, MAX_STATUS_REPLY = 1 << 20 };

/* A certificate that was seen, so that the key in the HSM can be told how long it has. */
struct seen {
	struct sha256 spki;
	unix_time until;
};

struct looking {
	struct cli *c;
	unix_time now;
	int64_t warn_days; /* 0: WARN_DAYS, or WARN_DAYS_TLS */
	bool unwell, unreachable, warned;
	struct seen seen[MAX_SEEN];
	size_t seen_count;
};

/* Adds a row. well: nothing is wrong now. until: when that ends, 0 unknown; warn: so many seconds before that it is told. why: NULL for none. */
void status_tell(struct looking *l, const char *list, const char *name, bool well, unix_time until, int64_t warn,
	const char *why);

/* A certificate's row, which is remembered by its key. days: from when on it is warned. */
void status_tell_certificate(struct looking *l, const char *name, X509 *x, int64_t days, const char *why);

/* Seconds before an end at which to warn: as the caller said, else days. */
int64_t status_warn(const struct looking *l, int64_t days);

/* Columns `until` and `days`, for rows of one's own; 0: both empty. */
void status_until(struct looking *l, unix_time until);

unix_time status_time(const ASN1_TIME *t);

/* mohar-hsmd: its row, then its keys; to be asked after all certificates were seen. */
void status_hsm(struct looking *l);
/* CA certificates, revocation lists, the OCSP responders' certificates; at --pki-url. */
void status_pki(struct looking *l);
/* The TLS certificate that is shown at an https address. */
void status_tls(struct looking *l, const char *name, const char *url);

#endif
