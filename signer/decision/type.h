/* type: the facts of one decision, checked against its type (policy/decision_type.h). Used by create (checking what comes in) and by the pages that show them. */
#ifndef MOHAR_SIGNER_DECISION_TYPE_H
#define MOHAR_SIGNER_DECISION_TYPE_H

#include "policy/decision_type.h"

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

#endif
