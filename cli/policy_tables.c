#include <stddef.h>

#include "cli/policy.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT(type, member, need, most)                                                                           \
	{                                                                                                        \
		.name = #member, .kind = JSON_TEXT, .presence = (need), .offset = offsetof(struct type, member), \
		.max = (most)                                                                                    \
	}
#define INT(type, member, need, least, most)                                                                    \
	{                                                                                                       \
		.name = #member, .kind = JSON_INT, .presence = (need), .offset = offsetof(struct type, member), \
		.min = (least), .max = (most)                                                                   \
	}
#define BOOL(type, member, need)                                                                                \
	{                                                                                                       \
		.name = #member, .kind = JSON_BOOL, .presence = (need), .offset = offsetof(struct type, member) \
	}
#define TEXTS(type, member, need, most)                                                                           \
	{                                                                                                         \
		.name = #member, .kind = JSON_TEXTS, .presence = (need), .offset = offsetof(struct type, member), \
		.max = (most)                                                                                     \
	}
#define OBJECTS(type, member, need, most, of)                                                                       \
	{                                                                                                           \
		.name = #member, .kind = JSON_OBJECTS, .presence = (need), .offset = offsetof(struct type, member), \
		.max = (most), .table = (of)                                                                        \
	}
#define TABLE(what, rows, type)                                         \
	{                                                               \
		(what), (rows), COUNT(rows), sizeof(struct type), false \
	}

#define OPT JSON_OPTIONAL
#define REQ JSON_REQUIRED

static const struct json_row rule_rows[] = {
	TEXT(policy_rule, profile, REQ, 64),
	TEXT(policy_rule, policy, OPT, 128),
	INT(policy_rule, days, REQ, 1, 36525),
	BOOL(policy_rule, ca, OPT),
	INT(policy_rule, path_length, OPT, 0, 8),
	BOOL(policy_rule, self_signed, OPT),
	BOOL(policy_rule, registrar_signature, OPT),
	TEXT(policy_rule, subject_key, OPT, 64),
	TEXT(policy_rule, wrapped_by, OPT, 64),
	BOOL(policy_rule, quorum, OPT),
	TEXTS(policy_rule, key_usage, REQ, 9),
	TEXTS(policy_rule, extended_key_usage, OPT, 8),
};
static const struct json_table rule_table = TABLE("certificate rule", rule_rows, policy_rule);

static const struct json_row key_rows[] = {
	TEXT(policy_key, label, REQ, 64),
	TEXT(policy_key, purpose, REQ, 32),
	TEXT(policy_key, algorithm, REQ, 32),
	TEXT(policy_key, token, REQ, 32),
	TEXTS(policy_key, callers, REQ, 32),
	OBJECTS(policy_key, certificates, OPT, 64, &rule_table),
	INT(policy_key, list_days, OPT, 1, 3660),
	TEXTS(policy_key, typ, OPT, 16),
	TEXT(policy_key, agency, OPT, 64),
	INT(policy_key, lifetime, OPT, 1, 1LL << 40),
	TEXT(policy_key, origin, OPT, 255),
	TEXTS(policy_key, policies, OPT, 8),
	INT(policy_key, per_second, OPT, 1, 1000000),
	INT(policy_key, burst, OPT, 1, 1000000),
	TEXT(policy_key, seal, OPT, 64),
	TEXT(policy_key, born, OPT, 32),
	{.name = "activation", .kind = JSON_RAW, .offset = offsetof(struct policy_key, activation), .max = 4096},
};
static const struct json_table key_table = TABLE("key", key_rows, policy_key);

static const struct json_row caller_rows[] = {
	TEXT(policy_caller, name, REQ, 32),
	TEXTS(policy_caller, users, REQ, 32),
};
static const struct json_table caller_table = TABLE("caller", caller_rows, policy_caller);

static const struct json_row custodians_rows[] = {
	INT(policy_custodians, k, REQ, 1, 16),
	TEXTS(policy_custodians, names, REQ, 32),
	INT(policy_custodians, minutes, OPT, 1, 1440),
};
static const struct json_table custodians_table = TABLE("custodians", custodians_rows, policy_custodians);

static const struct json_row keys_rows[] = {
	INT(policy_keys, version, REQ, 1, 1 << 30),
	OBJECTS(policy_keys, callers, REQ, 32, &caller_table),
	OBJECTS(policy_keys, keys, REQ, 256, &key_table),
	{.name = "custodians",
		.kind = JSON_OBJECT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct policy_keys, custodians),
		.table = &custodians_table},
	{.name = "operators",
		.kind = JSON_RAW,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct policy_keys, operators),
		.max = 1 << 20},
};
const struct json_table policy_keys_table = TABLE("keys.json", keys_rows, policy_keys);
