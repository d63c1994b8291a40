/* record: an event (lib/audit/event.h) as the last seven parameters of the statement that does what it records, so that both happen or neither. Used by whoever issues, logs in or registers. */
#ifndef MOHAR_IDP_STORE_RECORD_H
#define MOHAR_IDP_STORE_RECORD_H

#include "audit/event.h"
#include "db/db.h"

enum { EVENT_PARAM_COUNT = 7 };

/* Makes the event of source "idp" from two JSON texts (either may be empty: "{}"). The caller frees with event_free. */
MUST_USE enum err record_make(struct event *e, const char *type, enum log_tree tree, unix_time at,
	struct span public_part, struct span private_part);

/* Its parameters: id, tree, at, type, salt, entry, private. Borrow from e. */
void record_params(const struct event *e, struct db_param out[EVENT_PARAM_COUNT]);

/* For acts of several statements: inserts it on db, in the transaction that is open there. actor: a person's id, or an operator's name. Any of the four may be NULL. */
MUST_USE enum err record_add(struct db *db, const struct event *e, const char *actor, const struct uuid *principal,
	const char *sector, const char *channel);

#endif
