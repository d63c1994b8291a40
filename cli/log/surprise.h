/* surprise: is an entry of the log what monitor.json says is usual? Pure: what it was told, what it has seen, no I/O. Used by `mohar log monitor`. */
#ifndef MOHAR_CLI_LOG_SURPRISE_H
#define MOHAR_CLI_LOG_SURPRISE_H

#include "audit/event.h"
#include "policy/monitor.h"

enum { MAX_SURPRISE = 400, MAX_MONITOR_RULES = 256, REVOCATIONS = MAX_MONITOR_RULES, SECONDS_AN_HOUR = 3600 };

/* What a monitor remembers of the entries before. */
struct seen {
	unix_time last;                        /* the newest time of an entry; 0: none yet */
	int64_t private_size;                  /* of the private tree, by its newest root */
	unix_time hour;                        /* the hour that is counted */
	int64_t counts[MAX_MONITOR_RULES + 1]; /* in that hour: by rule, and revocations */
};

struct watching {
	const struct monitor_policy *policy;
	unix_time now;
	const struct sha256 *keys; /* SHA-256 of SPKIs whose certificates are told */
	size_t key_count;
	/* Told once a surprise: a name of its kind, "certificate-too-long", and a sentence. */
	void (*tell)(void *context, uint64_t index, const char *kind, const char *why);
	void *context;
};

/* Looks at one entry and remembers what later ones are judged by. An entry that cannot be read is a surprise, not an error. */
void entry_judge(const struct watching *w, struct seen *s, uint64_t index, struct span entry);
/* After the last entry: has the log been quiet for too long? */
void quiet_judge(const struct watching *w, const struct seen *s, uint64_t size);

#endif
