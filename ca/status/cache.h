/* cache: OCSP answers that are signed already, by CertID; bounded, the longest unused goes first. Used by ocsp.c (asking, filling) and keeper.c (refreshing,
 * forgetting). Guards itself; an entry handed out lives until it is released, whatever happens to the cache. */
#ifndef MOHAR_CA_STATUS_CACHE_H
#define MOHAR_CA_STATUS_CACHE_H

#include <stdatomic.h>

#include "x509/ocsp.h"

enum { OCSP_ETAG_LEN = 32, HTTP_DATE_LEN = 29 };

struct ocsp_cache;

struct ocsp_entry {
	struct span response; /* DER */
	enum ocsp_status status;
	unix_time this_update, next_update;
	char etag[OCSP_ETAG_LEN + 1];
	char last_modified[HTTP_DATE_LEN + 1];
};

/* What goes in: copied. question->cert_id is the key, question->serial its hash. */
struct ocsp_filling {
	const struct ocsp_question *question;
	const struct ocsp_answer *answer;
	struct span response;
	uint64_t epoch; /* ocsp_cache_epoch() of the serial, taken before the database was asked */
};

MUST_USE enum err ocsp_cache_new(size_t max, struct ocsp_cache **out);
void ocsp_cache_free(struct ocsp_cache **c);

/* The entry, held for the caller, who releases it with ocsp_entry_release; NULL if there is none or it is stale at now. */
const struct ocsp_entry *ocsp_cache_find(struct ocsp_cache *c, const struct ocsp_question *q, unix_time now);
void ocsp_entry_release(void *entry); /* const struct ocsp_entry *; the shape that reply_static() calls back */

/* Grows whenever something near this serial is forgotten: an answer that was looked up before and comes after may be out of date, and is not kept. */
uint64_t ocsp_cache_epoch(struct ocsp_cache *c, struct span serial);

/* Puts an answer in, in place of an older one; the entry too, held for the caller: NULL if it may be out of date. ERR_NO_MEMORY. */
MUST_USE enum err ocsp_cache_put(struct ocsp_cache *c, const struct ocsp_filling *f, const struct ocsp_entry **out);

/* Drops what is said of this serial: its status has changed, and may change back. True if something was dropped. */
bool ocsp_cache_forget(struct ocsp_cache *c, struct span serial);

/* Is there an answer to this question that is good until then at least? Counts as no use. */
bool ocsp_cache_has(struct ocsp_cache *c, const struct ocsp_question *q, unix_time until);

/* Drops all: another responder answers from now on. */
void ocsp_cache_clear(struct ocsp_cache *c);

/* CertIDs (DER, copied into out as u16-blocks, most recently used first) whose answers were asked for since they were signed and are past half their time at now;
 * at most max of them. */
MUST_USE enum err ocsp_cache_due(struct ocsp_cache *c, unix_time now, size_t max, struct writer *out);

struct ocsp_cache_numbers {
	size_t entries;
	uint64_t hits, misses;
};
struct ocsp_cache_numbers ocsp_cache_numbers(struct ocsp_cache *c);

#endif
