/* order: a registrar's signed act on its way through a transaction: verified, spent, recorded, committed; and the records of acts here that need no order. Used by
 * signer/signing. */
#ifndef MOHAR_SIGNER_SIGNING_ORDER_H
#define MOHAR_SIGNER_SIGNING_ORDER_H

#include "audit/event.h"
#include "signer/signer.h"

struct signing_order {
	struct act act;
	struct db *db; /* in a transaction */
};
void signing_order_free(struct signing_order *o);

/* Verifies the body as that act of a registrar for this service, opens a transaction and spends the act in it. ERR_UNAUTHENTICATED, ERR_REFUSED, ERR_EXPIRED, ERR_USED. */
MUST_USE enum err signing_order_begin(struct signer *s, const struct request *request, const char *name,
	struct signing_order *out);
MUST_USE enum err signing_order_commit(struct signing_order *o);

/* What an act here leaves behind. Borrowed. */
struct signing_record {
	const char *type; /* "signature.made" */
	enum log_tree tree;
	const char *actor, *principal, *sector, *channel;
	struct span open, closed; /* JSON objects; empty: "{}" */
};
/* Adds its event to the transaction of db. id: NULL, or where the event's id goes. */
MUST_USE enum err signing_record_add(struct signer *s, struct db *db, const struct signing_record *r, struct uuid *id);

/* The record of an order about a key: its private part names key and person. */
MUST_USE enum err signing_order_record(struct signer *s, struct signing_order *o, const char *type,
	const struct signing_key_row *key);

/* The row of /signing/keys/{id}, locked. The caller frees with signing_key_row_free. ERR_NOT_FOUND. */
MUST_USE enum err signing_key_lock(struct db *db, const struct request *request, struct signing_key_row *out);
void signing_key_row_free(struct signing_key_row *row);
void signing_request_row_free(struct signing_request_row *row);

#endif
