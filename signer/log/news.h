/* news: the events of a batch that whoever watches over security is told of, one line each in this daemon's log, once the batch is committed: what never came to stand is not told, and
 * what stands is told once. Used by the sequencer, which sees every daemon's events. A line says no more than the entry, the public part of the event. */
#ifndef MOHAR_SIGNER_LOG_NEWS_H
#define MOHAR_SIGNER_LOG_NEWS_H

#include "base/writer.h"

enum { MAX_NEWS = 512 << 10 };

struct news {
	struct writer text; /* owned: entries, a newline behind each */
	size_t more;        /* those that had no room */
};

struct news news_new(void);
void news_free(struct news *n);

/* The type of an entry (audit/event.h); empty if it has none. Borrowed. */
struct span news_type(struct span entry);

/* Takes up an entry unless its type is one of everyday business: what is new is told. */
void news_add(struct news *n, struct span entry);

/* A line for each, with its type as the message id. */
void news_tell(const struct news *n);

#endif
