/* receipt: the log's proof for an event that somebody was just given the number of. Used by `mohar log prove` and by verbs that keep a receipt beside what they ordered. */
#ifndef MOHAR_CLI_LOG_RECEIPT_H
#define MOHAR_CLI_LOG_RECEIPT_H

#include "audit/receipt.h"
#include "cli/log/client.h"

/* Asks for the receipt of schema's event ("ca"), and again while it is not sequenced yet, ten seconds long; then checks it by the log's key. l is open. The caller frees
 * out with receipt_free. ERR_NOT_FOUND, ERR_UNAVAILABLE, ERR_BAD_SIGNATURE, ERR_MISMATCH. */
MUST_USE enum err receipt_fetch(struct log_client *l, const char *schema, const struct uuid *event,
	struct receipt *out);

#endif
