/* decision_type: what may be decided, by whom, in what time: policies/decisions/NAME.json. Used by signerd (checking what comes in, asking who may confirm) and by
 * `mohar policy check`. */
#ifndef MOHAR_POLICY_DECISION_TYPE_H
#define MOHAR_POLICY_DECISION_TYPE_H

#include "json/json.h"

enum { MAX_TYPES = 256, MAX_FACTS = 32 };

struct fact {
	char *name, *kind, *pattern;
	bool required;
	int64_t min, max; /* number: bounds; text: max bytes */
	struct json_list choices;
};

struct confirmation {
	bool required;
	int64_t level;
	char *office;
};

struct appeal {
	char *to;
	int64_t days;
};

struct decision_title {
	char *en, *dz;
};

struct decision_type {
	char *name, *agency, *law;
	int64_t version, time_limit_days, retention_years;
	struct decision_title title;
	struct confirmation confirmation;
	struct json_list outcomes;
	struct appeal appeal;
	struct json_list facts; /* struct fact */
};

/* Patterns are few and named: a regular expression in a policy file would be code that nobody reviews. */
bool fact_pattern_known(const char *pattern);

/* One file. ERR_CONFIG with FILE:LINE: and what is wrong. Freed with decision_type_free. */
MUST_USE enum err decision_type_read(const char *path, struct decision_type *out);
void decision_type_free(struct decision_type *t);

/* Every *.json of a folder, by name. The caller owns the array (decision_types_free). */
MUST_USE enum err decision_types_read(const char *folder, struct decision_type **out, size_t *count);
void decision_types_free(struct decision_type **types, size_t count);

const struct decision_type *decision_type_find(const struct decision_type *types, size_t count, const char *name);

/* The day by which it must be decided: received plus the type's days, to the end of that day UTC. */
unix_time decision_due(const struct decision_type *t, unix_time received);

#endif
