#include "hsm/policy.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "hsm/purpose.h"
#include "webauthn/webauthn.h"

#define LEN(rows) (sizeof(rows) / sizeof((rows)[0]))
#define AT(type, member) offsetof(struct type, member)

static const struct json_row certificate_rows[] = {
	{"profile", JSON_TEXT, JSON_REQUIRED, AT(certificate_rule, profile), .max = 64},
	{"policy", JSON_TEXT, JSON_OPTIONAL, AT(certificate_rule, policy), .max = 128},
	{"days", JSON_INT, JSON_REQUIRED, AT(certificate_rule, days), .min = 1, .max = 36525},
	{"ca", JSON_BOOL, JSON_OPTIONAL, AT(certificate_rule, ca), .max = 0},
	{"path_length", JSON_INT, JSON_OPTIONAL, AT(certificate_rule, path_length), .min = 0, .max = 8},
	{"self_signed", JSON_BOOL, JSON_OPTIONAL, AT(certificate_rule, self_signed), .max = 0},
	{"registrar_signature", JSON_BOOL, JSON_OPTIONAL, AT(certificate_rule, registrar_signature), .max = 0},
	{"subject_key", JSON_TEXT, JSON_OPTIONAL, AT(certificate_rule, subject_key), .max = MAX_KEY_LABEL},
	{"wrapped_by", JSON_TEXT, JSON_OPTIONAL, AT(certificate_rule, wrapped_by), .max = MAX_KEY_LABEL},
	{"quorum", JSON_BOOL, JSON_OPTIONAL, AT(certificate_rule, quorum), .max = 0},
	{"key_usage", JSON_TEXTS, JSON_REQUIRED, AT(certificate_rule, key_usage), .max = 9},
	{"extended_key_usage", JSON_TEXTS, JSON_OPTIONAL, AT(certificate_rule, extended_key_usage), .max = 8},
};
static const struct json_table certificate_table = {"certificate rule", certificate_rows, LEN(certificate_rows),
	sizeof(struct certificate_rule), false};

static const struct json_row activation_rows[] = {
	{"rp_id", JSON_TEXT, JSON_REQUIRED, AT(activation, rp_id), .max = 253},
	{"origins", JSON_TEXTS, JSON_REQUIRED, AT(activation, origins), .max = MAX_ORIGINS},
};
static const struct json_table activation_table = {"activation", activation_rows, LEN(activation_rows),
	sizeof(struct activation), false};

static const struct json_row key_rows[] = {
	{"label", JSON_TEXT, JSON_REQUIRED, AT(key_rule, label), .max = MAX_KEY_LABEL},
	{"purpose", JSON_TEXT, JSON_REQUIRED, AT(key_rule, purpose), .max = 32},
	{"algorithm", JSON_TEXT, JSON_REQUIRED, AT(key_rule, algorithm), .max = 32},
	{"token", JSON_TEXT, JSON_REQUIRED, AT(key_rule, token), .max = 32},
	{"callers", JSON_TEXTS, JSON_REQUIRED, AT(key_rule, callers), .max = MAX_CALLERS},
	{"certificates", JSON_OBJECTS, JSON_OPTIONAL, AT(key_rule, certificates), .max = MAX_RULES,
		.table = &certificate_table},
	{"list_days", JSON_INT, JSON_OPTIONAL, AT(key_rule, list_days), .min = 1, .max = 3660},
	{"typ", JSON_TEXTS, JSON_OPTIONAL, AT(key_rule, typ), .max = 16},
	{"agency", JSON_TEXT, JSON_OPTIONAL, AT(key_rule, agency), .max = 64},
	{"lifetime", JSON_INT, JSON_OPTIONAL, AT(key_rule, lifetime), .min = 1, .max = 1LL << 40},
	{"origin", JSON_TEXT, JSON_OPTIONAL, AT(key_rule, origin), .max = 255},
	{"policies", JSON_TEXTS, JSON_OPTIONAL, AT(key_rule, policies), .max = 8},
	{"per_second", JSON_INT, JSON_OPTIONAL, AT(key_rule, per_second), .min = 1, .max = 1000000},
	{"burst", JSON_INT, JSON_OPTIONAL, AT(key_rule, burst), .min = 1, .max = 1000000},
	{"seal", JSON_TEXT, JSON_OPTIONAL, AT(key_rule, seal), .max = MAX_KEY_LABEL},
	{"born", JSON_TEXT, JSON_OPTIONAL, AT(key_rule, born), .max = 32},
	{"activation", JSON_OBJECT, JSON_OPTIONAL, AT(key_rule, activation), .table = &activation_table},
};
static const struct json_table key_table = {"key", key_rows, LEN(key_rows), sizeof(struct key_rule), false};

static const struct json_row caller_rows[] = {
	{"name", JSON_TEXT, JSON_REQUIRED, AT(caller, name), .max = 32},
	{"users", JSON_TEXTS, JSON_REQUIRED, AT(caller, users), .max = MAX_CALLER_USERS},
};
static const struct json_table caller_table = {"caller", caller_rows, LEN(caller_rows), sizeof(struct caller), false};

static const struct json_row custodian_rows[] = {
	{"k", JSON_INT, JSON_REQUIRED, AT(custodians, k), .min = 1, .max = 16},
	{"names", JSON_TEXTS, JSON_REQUIRED, AT(custodians, names), .max = 32},
	{"minutes", JSON_INT, JSON_OPTIONAL, AT(custodians, minutes), .min = 1, .max = MAX_APPROVAL_MINUTES},
};
static const struct json_table custodian_table = {"custodians", custodian_rows, LEN(custodian_rows),
	sizeof(struct custodians), false};

static const struct json_row policy_rows[] = {
	{"version", JSON_INT, JSON_REQUIRED, AT(policy, version), .min = 1, .max = 1 << 30},
	{"callers", JSON_OBJECTS, JSON_REQUIRED, AT(policy, callers), .max = MAX_CALLERS, .table = &caller_table},
	{"keys", JSON_OBJECTS, JSON_REQUIRED, AT(policy, keys), .max = MAX_KEYS, .table = &key_table},
	{"custodians", JSON_OBJECT, JSON_REQUIRED, AT(policy, custodians), .table = &custodian_table},
	{"operators", JSON_RAW, JSON_REQUIRED, AT(policy, operators_text), .max = MAX_POLICY},
};
static const struct json_table policy_table = {"keys.json", policy_rows, LEN(policy_rows), sizeof(struct policy),
	false};

static const struct key_rule *
rule_at(const struct policy *p, size_t i)
{
	return (const struct key_rule *)p->keys.items + i;
}

static struct caller *
caller_at(const struct policy *p, size_t i)
{
	return (struct caller *)p->callers.items + i;
}

static enum err
user_resolve(const char *user, uid_t *out)
{
	char buffer[4096], *end;
	struct passwd entry, *found = NULL;
	unsigned long number;

	errno = 0;
	number = strtoul(user, &end, 10);
	if (user[0] >= '0' && user[0] <= '9') {
		REQUIRE_WHY(errno == 0 && *end == '\0' && number < UINT32_MAX, ERR_CONFIG, "'%s' is no user number",
			user);
		*out = (uid_t)number;
		return ERR_OK;
	}
	REQUIRE_WHY(getpwnam_r(user, &entry, buffer, sizeof(buffer), &found) == 0 && found != NULL, ERR_CONFIG,
		"there is no user '%s' on this machine: create it, or name another in callers", user);
	*out = entry.pw_uid;
	return ERR_OK;
}

static enum err
callers_check(struct policy *p, bool in_force)
{
	for (size_t i = 0; i < p->callers.count; i++) {
		struct caller *c = caller_at(p, i);

		for (size_t j = 0; j < i; j++)
			REQUIRE_WHY(strcmp(caller_at(p, j)->name, c->name) != 0, ERR_CONFIG, "two callers '%s'",
				c->name);
		for (size_t j = 0; j < c->users.count && in_force; j++)
			TRY(user_resolve(json_text_at(&c->users, j), &c->uids[j]));
	}
	REQUIRE_WHY(policy_caller(p, "ceremony") != 0, ERR_CONFIG, "callers lacks 'ceremony', who generates keys");
	return ERR_OK;
}

static enum err
key_check(const struct policy *p, struct key_rule *k)
{
	REQUIRE_WHY((k->callers.count > 0) == purpose_has_callers(k->purpose), ERR_CONFIG,
		k->callers.count > 0 ? "key '%s' is mohar-hsmd's own: it has no callers" : "key '%s' has no caller",
		k->label);
	for (size_t i = 0; i < k->callers.count; i++) {
		const uint32_t bit = policy_caller(p, json_text_at(&k->callers, i));

		REQUIRE_WHY(bit != 0, ERR_CONFIG, "key '%s': no caller '%s'", k->label, json_text_at(&k->callers, i));
		k->allowed |= bit;
	}
	return purpose_check(p, k);
}

static enum err
keys_check(struct policy *p)
{
	for (size_t i = 0; i < p->keys.count; i++) {
		for (size_t j = 0; j < i; j++)
			REQUIRE_WHY(strcmp(rule_at(p, j)->label, rule_at(p, i)->label) != 0, ERR_CONFIG,
				"two keys '%s'", rule_at(p, i)->label);
		TRY(key_check(p, (struct key_rule *)p->keys.items + i));
	}
	return ERR_OK;
}

static bool
custodian_has_card(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->operators.count; i++)
		if (strcmp(p->operators.rows[i].name, name) == 0 &&
			json_texts_have(&p->operators.rows[i].roles, "custodian"))
			return true;
	return false;
}

/* Every custodian's FIDO2 key must be one that we can verify with. */
static enum err
credentials_check(const struct policy *p)
{
	for (size_t i = 0; i < p->operators.count; i++) {
		const struct operator_row *o = &p->operators.rows[i];
		struct webauthn_key *key = NULL;

		REQUIRE_WHY(!o->has_credential ||
				webauthn_key_parse(span_at(o->credential.key.ptr, o->credential.key.len), &key) ==
					ERR_OK,
			ERR_CONFIG, "operator '%s': the credential's key is no COSE_Key that is known here", o->name);
		webauthn_key_free(&key);
	}
	return ERR_OK;
}

/* Named before they have cards, custodians can approve nothing; a ceremony will say so. But no change may leave fewer than k who can approve the next one. */
static enum err
custodians_check(const struct policy *p, bool in_force)
{
	const struct custodians *c = &p->custodians;
	size_t without = 0;

	REQUIRE_WHY((size_t)c->k <= c->names.count, ERR_CONFIG, "custodians: k is %lld of %zu", (long long)c->k,
		c->names.count);
	for (size_t i = 0; i < c->names.count; i++) {
		for (size_t j = 0; j < i; j++)
			REQUIRE_WHY(strcmp(json_text_at(&c->names, j), json_text_at(&c->names, i)) != 0, ERR_CONFIG,
				"custodians: '%s' is there twice", json_text_at(&c->names, i));
		without += !custodian_has_card(p, json_text_at(&c->names, i));
	}
	REQUIRE_WHY(in_force || c->names.count - without >= (size_t)c->k, ERR_CONFIG,
		"custodians: %zu of %zu have keys among operators, and k is %lld: nobody could approve the next change",
		c->names.count - without, c->names.count, (long long)c->k);
	if (without > 0 && in_force)
		log_warn("policy", "%zu of %zu custodians have no key among operators", without, c->names.count);
	return ERR_OK;
}

static enum err
check(struct policy *p, struct span bytes, bool in_force)
{
	p->hash = sha256_of(bytes);
	TRY(callers_check(p, in_force));
	TRY(keys_check(p));
	TRY(operators_parse(bytes, "operators", &p->operators));
	TRY(credentials_check(p));
	return custodians_check(p, in_force);
}

/* bytes are p's own from here on. */
static enum err
read_bytes(struct writer *bytes, bool in_force, struct policy *out)
{
	struct policy p = {0};
	enum err e = json_decode(writer_span(bytes), &policy_table, &p);

	p.bytes = *bytes;
	*bytes = (struct writer){0};
	if (e == ERR_OK)
		e = check(&p, writer_span(&p.bytes), in_force);
	if (e != ERR_OK) {
		policy_free(&p);
		return e;
	}
	*out = p;
	return ERR_OK;
}

enum err
policy_read(const char *path, struct policy *out)
{
	AUTO(writer) text = writer_new(MAX_POLICY);
	char why[256];
	enum err e;

	TRY(file_read(path, MAX_POLICY, &text));
	e = read_bytes(&text, true, out);
	if (e == ERR_OK)
		return ERR_OK;
	(void)snprintf(why, sizeof(why), "%s", err_why()[0] != '\0' ? err_why() : err_text(e));
	return err_because(ERR_CONFIG, "%s: %s", path, why);
}

enum err
policy_parse(struct span bytes, struct policy *out)
{
	AUTO(writer) text = writer_new(MAX_POLICY);
	enum err e;

	writer_bytes(&text, bytes);
	TRY(writer_done(&text));
	e = read_bytes(&text, false, out);
	return e == ERR_CONFIG ? ERR_REFUSED : e;
}

void
policy_free(struct policy *p)
{
	writer_free(&p->bytes);
	operators_free(&p->operators);
	json_free(&policy_table, p);
}

const struct key_rule *
policy_key(const struct policy *p, struct span label)
{
	for (size_t i = 0; i < p->keys.count; i++)
		if (span_is(label, rule_at(p, i)->label))
			return rule_at(p, i);
	return NULL;
}

uint32_t
policy_callers(const struct policy *p, uid_t uid)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < p->callers.count; i++)
		for (size_t j = 0; j < caller_at(p, i)->users.count; j++)
			if (caller_at(p, i)->uids[j] == uid)
				mask |= UINT32_C(1) << i;
	return mask;
}

uint32_t
policy_caller(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->callers.count; i++)
		if (strcmp(caller_at(p, i)->name, name) == 0)
			return UINT32_C(1) << i;
	return 0;
}

void
policy_warn_shared(const struct policy *p)
{
	for (size_t i = 0; i < p->callers.count; i++) {
		const struct caller *c = caller_at(p, i);

		for (size_t j = 0; j < c->users.count; j++) {
			const uint32_t all = policy_callers(p, c->uids[j]);

			if ((all & (all - 1)) != 0) {
				log_warn("policy",
					"user %ld is several callers at once: whoever holds that user has the permits of all of "
					"them. Good enough for a trial; give each daemon its own user for anything else",
					(long)c->uids[j]);
				return;
			}
		}
	}
}
