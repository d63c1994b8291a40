/* batch_list: the list of cards to make, and the report of what became of each: the same rows. Used by card_batch.
 * A list is CSV with the head "handle,profiles,label" (no quotes), or JSON lines with these members; a report is one JSON document. */
#ifndef MOHAR_CLI_CARD_BATCH_LIST_H
#define MOHAR_CLI_CARD_BATCH_LIST_H

#include "json/json.h"

enum { MAX_BATCH_LIST = 8 << 20, MAX_BATCH_CARDS = MAX_JSON_ITEMS, MAX_BATCH_SERIALS = 4 };

struct batch_card {
	char *handle, *profiles, *label; /* owned */
	char *state;                     /* "waiting", "begun", "done", "failed"; owned */
	char *reason;                    /* of a failure; NULL: none; owned */
	struct json_list serials;        /* char *; of the certificates, once done */
	int64_t milliseconds;            /* all tries together */
};

struct batch_list {
	struct json_list cards; /* struct batch_card */
};

/* The list, all "waiting". ERR_MALFORMED with file and line: a field missing, a set of profiles that there is not, a label twice or not fit for a token and a file name. */
MUST_USE enum err batch_list_read(const char *path, struct batch_list *out);
/* Takes over from the report what was done before; no report: nothing. ERR_CONFIG: not a report. ERR_MISMATCH: a label that was given to somebody else. */
MUST_USE enum err batch_report_read(const char *path, struct batch_list *list);
/* PATH as JSON and PATH.txt for people, each whole or not at all. */
MUST_USE enum err batch_report_write(const char *path, const struct batch_list *list);
void batch_list_free(struct batch_list *l);

/* The i-th card. */
struct batch_card *batch_card_at(const struct batch_list *l, size_t i);
/* What becomes of it now; copies. ERR_NO_MEMORY. */
MUST_USE enum err batch_card_is(struct batch_card *card, const char *state, const char *reason);
size_t batch_count(const struct batch_list *l, const char *state);

#endif
