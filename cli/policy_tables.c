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

/* ---- keys.json ---- */

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

/* ---- decisions/NAME.json ---- */

struct fact {
	char *name, *kind, *pattern;
	bool required;
	int64_t min, max;
	struct json_list choices;
};
static const struct json_row fact_rows[] = {
	TEXT(fact, name, REQ, 64),
	TEXT(fact, kind, REQ, 16),
	BOOL(fact, required, REQ),
	TEXT(fact, pattern, OPT, 32),
	INT(fact, min, OPT, 0, 0),
	INT(fact, max, OPT, 0, 0),
	TEXTS(fact, choices, OPT, 64),
};
static const struct json_table fact_table = TABLE("fact", fact_rows, fact);

static const struct json_row title_rows[] = {
	TEXT(policy_title, en, REQ, 256),
	TEXT(policy_title, dz, REQ, 1024),
};
static const struct json_table title_table = TABLE("title", title_rows, policy_title);

static const struct json_row confirmation_rows[] = {
	BOOL(policy_confirmation, required, REQ),
	INT(policy_confirmation, level, REQ, 1, 3),
	TEXT(policy_confirmation, office, OPT, 64),
};
static const struct json_table confirmation_table = TABLE("confirmation", confirmation_rows, policy_confirmation);

static const struct json_row appeal_rows[] = {
	TEXT(policy_appeal, to, REQ, 256),
	INT(policy_appeal, days, REQ, 1, 3650),
};
static const struct json_table appeal_table = TABLE("appeal", appeal_rows, policy_appeal);

#define OBJECT(member, of)                                                        \
	{                                                                         \
		.name = #member, .kind = JSON_OBJECT, .presence = JSON_REQUIRED,  \
		.offset = offsetof(struct policy_decision, member), .table = (of) \
	}

static const struct json_row decision_rows[] = {
	TEXT(policy_decision, name, REQ, 64),
	INT(policy_decision, version, REQ, 1, 1000000),
	TEXT(policy_decision, agency, REQ, 64),
	OBJECT(title, &title_table),
	TEXT(policy_decision, law, REQ, 256),
	OBJECT(confirmation, &confirmation_table),
	INT(policy_decision, time_limit_days, REQ, 0, 3650),
	TEXTS(policy_decision, outcomes, REQ, 16),
	OBJECT(appeal, &appeal_table),
	INT(policy_decision, retention_years, REQ, 1, 1000),
	OBJECTS(policy_decision, facts, REQ, 64, &fact_table),
};
const struct json_table policy_decision_table = TABLE("decision type", decision_rows, policy_decision);

/* ---- identity.json, assurance.json, claims.json ---- */

struct identity {
	int64_t version, number_digits, activation_hours;
	struct json_list genders;
};
static const struct json_row identity_rows[] = {
	INT(identity, version, REQ, 1, 1),
	INT(identity, number_digits, REQ, 6, 20),
	TEXTS(identity, genders, REQ, 16),
	INT(identity, activation_hours, REQ, 1, 24 * 31),
};
const struct json_table policy_identity_table = TABLE("identity.json", identity_rows, identity);

struct level {
	int64_t level, session_seconds, idle_seconds;
	char *acr;
	struct json_list aliases;
};
static const struct json_row level_rows[] = {
	INT(level, level, REQ, 1, 3),
	TEXT(level, acr, REQ, 255),
	TEXTS(level, aliases, REQ, 8),
	INT(level, session_seconds, REQ, 60, 7 * 86400),
	INT(level, idle_seconds, REQ, 0, 7 * 86400),
};
static const struct json_table level_table = TABLE("level", level_rows, level);

struct assurance {
	int64_t version;
	struct json_list levels;
};
static const struct json_row assurance_rows[] = {
	INT(assurance, version, REQ, 1, 1),
	OBJECTS(assurance, levels, REQ, 3, &level_table),
};
const struct json_table policy_assurance_table = TABLE("assurance.json", assurance_rows, assurance);

struct scope {
	char *scope;
	struct json_list claims;
	bool in_id_token;
};
static const struct json_row scope_rows[] = {
	TEXT(scope, scope, REQ, 64),
	TEXTS(scope, claims, REQ, 32),
	BOOL(scope, in_id_token, REQ),
};
static const struct json_table scope_table = TABLE("scope", scope_rows, scope);

struct claims {
	int64_t version;
	struct json_list scopes;
};
static const struct json_row claims_rows[] = {
	INT(claims, version, REQ, 1, 1),
	OBJECTS(claims, scopes, REQ, 64, &scope_table),
};
const struct json_table policy_claims_table = TABLE("claims.json", claims_rows, claims);

_Static_assert(sizeof(struct identity) <= MAX_POLICY_STRUCT && sizeof(struct assurance) <= MAX_POLICY_STRUCT &&
		sizeof(struct claims) <= MAX_POLICY_STRUCT,
	"check_plain has room for each");
