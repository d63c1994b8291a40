/* order: what an account asked to have certified (RFC 8555 7.1.3), as it is read and shown. Used by order.c and finalize.c. */
#ifndef MOHAR_CA_ACME_ORDER_H
#define MOHAR_CA_ACME_ORDER_H

#include "ca/acme/call.h"

/* The order of the route's {id}, if it is the account's own. NOT_FOUND: also for another's, so that nobody learns which there are. The caller frees with db_row_free. */
MUST_USE enum problem order_read(struct acme_call *call, struct order_row *out);

/* The order object, with Location; Retry-After while it is being made. */
void order_answer(struct acme_call *call, const struct order_row *o);

#endif
