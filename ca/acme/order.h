/* order: what an account asked to have certified (RFC 8555 7.1.3), as it is read and shown. Used by order.c and finalize.c. */
#ifndef MOHAR_CA_ACME_ORDER_H
#define MOHAR_CA_ACME_ORDER_H

#include "ca/acme/call.h"
#include "ca/acme/identifier.h"
#include "x509/x509.h"

/* The order of the route's {id}, if it is the account's own. NOT_FOUND: also for another's, so that nobody learns which there are. The caller frees with db_row_free. */
MUST_USE enum problem order_read(struct acme_call *call, struct order_row *out);

/* What the certificate of these names ("dns:...") says: they, and the first that is short enough as common name too, for software that looks there. Borrows. Never the request's. */
struct naming {
	struct name_part names[MAX_IDENTIFIERS], subject[1];
	size_t count, subject_count;
};
void order_naming(const struct json_list *names, struct naming *out);

/* The order object, with Location; Retry-After while it is being made. */
void order_answer(struct acme_call *call, const struct order_row *o);

#endif
