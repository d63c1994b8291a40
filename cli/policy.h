/* policy: keys.json as the command line checks it, against the other policy files, before a daemon reads them. Used by `mohar policy check`. The other files are read by
 * lib/policy and lib/x509, as the daemons read them; mohar-hsmd has a table of its own for this one, and this one says the same. */
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

#endif
