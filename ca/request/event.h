/* event: what the log is told of a request, and in whose name. Used inside ca/request. */
#ifndef MOHAR_CA_REQUEST_EVENT_H
#define MOHAR_CA_REQUEST_EVENT_H

#include "audit/event.h"
#include "ca/request/decide.h"

/* Public: request, profile, what approvals are over; hidden: who, and whom it is for. reason: NULL: none. The caller frees with event_free. */
MUST_USE enum err request_event(const struct request_row *r, const struct person_acting *who, const char *type,
	const char *reason, unix_time at, struct event *out);

/* For whom: the person, else whoever asked. Appended. */
void request_principal(const struct request_row *r, struct writer *out);

#endif
