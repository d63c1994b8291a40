/* type: a decision type, from its file policies/decisions/NAME.json: what may be decided, by whom, in what time. Used by create (checking what comes in), confirm (who may) and
 * `mohar policy check`. */
#ifndef MOHAR_SIGNER_DECISION_TYPE_H
#define MOHAR_SIGNER_DECISION_TYPE_H

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

/* One file. ERR_CONFIG with FILE:LINE: and what is wrong. Freed with decision_type_free. */
MUST_USE enum err decision_type_read(const char *path, struct decision_type *out);
void decision_type_free(struct decision_type *t);

/* Every *.json of a folder, by name. The caller owns the array (decision_types_free). */
MUST_USE enum err decision_types_read(const char *folder, struct decision_type **out, size_t *count);
void decision_types_free(struct decision_type **types, size_t count);

const struct decision_type *decision_type_find(const struct decision_type *types, size_t count, const char *name);

/* The facts of one decision, in the order of its type. */
struct fact_value {
	char *text; /* owned; NULL for a number */
	int64_t number;
	bool present;
};
struct fact_values {
	struct fact_value at[MAX_FACTS];
};

/* Reads a JSON object of facts that must fit the type. ERR_MALFORMED; the reason names the fact and what it should be. Freed with facts_free. */
MUST_USE enum err facts_read(const struct decision_type *t, struct span json, struct fact_values *out);
void facts_free(const struct decision_type *t, struct fact_values *values);

/* Do these facts fit the type? */
MUST_USE enum err facts_check(const struct decision_type *t, struct span json);

/* The day by which it must be decided: received plus the type's days, to the end of that day UTC. */
unix_time decision_due(const struct decision_type *t, unix_time received);

#endif
