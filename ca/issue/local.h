/* local: `mohar-cad issue`: the daemons' own TLS certificates at bootstrap, by whoever may run as this daemon's user. The same issuance, database and event as an
 * order over the network. Used by main.c. */
#ifndef MOHAR_CA_ISSUE_LOCAL_H
#define MOHAR_CA_ISSUE_LOCAL_H

#include "ca/cad.h"

enum { MAX_LOCAL_NAMES = 16 };

struct local_request {
	const char *profile;
	struct name_part
		names[MAX_LOCAL_NAMES]; /* the first one's value is the common name too, unless common_name is given */
	size_t names_count;
	const char *common_name;
	const char *key_out, *out; /* files: fresh P-256 key (mode 0600), certificate and chain */
};

/* ERR_REFUSED for profiles that take a registrar's signature or are a CA's. Neither file is written unless the certificate is recorded. */
MUST_USE enum err local_issue(struct cad *c, const struct local_request *r);

#endif
