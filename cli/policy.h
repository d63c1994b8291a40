/* policy: the policy files as the command line checks them: each against its table, and against each other, before a daemon reads them. Used by `mohar policy
 * check`. A daemon has tables of its own for what it reads; these say the same. */
#ifndef MOHAR_CLI_POLICY_H
#define MOHAR_CLI_POLICY_H

#include "json/json.h"

/* keys.json: only what is compared with other files has a name here; all members are decoded. */
struct policy_rule {
	char *profile, *policy, *subject_key, *wrapped_by;
	int64_t days, path_length;
	bool ca, self_signed, registrar_signature, quorum;
	struct json_list key_usage, extended_key_usage;
};
struct policy_key {
	char *label, *purpose, *algorithm, *token, *agency, *origin, *seal, *born, *activation;
	struct json_list callers, certificates, typ, policies; /* certificates: struct policy_rule */
	int64_t list_days, lifetime, per_second, burst;
};
struct policy_caller {
	char *name;
	struct json_list users;
};
struct policy_custodians {
	int64_t k, minutes;
	struct json_list names;
};
struct policy_keys {
	int64_t version;
	struct json_list callers, keys; /* struct policy_caller, struct policy_key */
	struct policy_custodians custodians;
	char *operators;
};
extern const struct json_table policy_keys_table;

/* decisions/NAME.json */
struct policy_title {
	char *en, *dz;
};
struct policy_confirmation {
	bool required;
	int64_t level;
	char *office;
};
struct policy_appeal {
	char *to;
	int64_t days;
};
struct policy_decision {
	char *name, *agency, *law;
	int64_t version, time_limit_days, retention_years;
	struct policy_title title;
	struct policy_confirmation confirmation;
	struct policy_appeal appeal;
	struct json_list outcomes, facts;
};
extern const struct json_table policy_decision_table;

/* identity.json, assurance.json, claims.json: the table is the check. Structs of policy_tables.c, no larger than this. */
enum { MAX_POLICY_STRUCT = 256 };
extern const struct json_table policy_identity_table, policy_assurance_table, policy_claims_table;

#endif
