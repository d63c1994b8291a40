#include "policy/keys_file.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "keyring/keyring.h"
#include "policy/purpose.h"
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
	{"generate", JSON_TEXT, JSON_OPTIONAL, AT(key_rule, generate), .max = 16},
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

static const struct json_row file_rows[] = {
	{"version", JSON_INT, JSON_REQUIRED, AT(keys_file, version), .min = 1, .max = 1 << 30},
	{"callers", JSON_OBJECTS, JSON_REQUIRED, AT(keys_file, callers), .max = MAX_CALLERS, .table = &caller_table},
	{"keys", JSON_OBJECTS, JSON_REQUIRED, AT(keys_file, keys), .max = MAX_KEYS, .table = &key_table},
	{"custodians", JSON_OBJECT, JSON_REQUIRED, AT(keys_file, custodians), .table = &custodian_table},
	{"operators", JSON_RAW, JSON_REQUIRED, AT(keys_file, operators_text), .max = MAX_KEYS_FILE},
};
static const struct json_table file_table = {"keys.json", file_rows, LEN(file_rows), sizeof(struct keys_file), false};

static const struct key_rule *
rule_at(const struct keys_file *f, size_t i)
{
	return (const struct key_rule *)f->keys.items + i;
}

static const struct caller *
caller_at(const struct keys_file *f, size_t i)
{
	return (const struct caller *)f->callers.items + i;
}

static enum err
callers_check(const struct keys_file *f)
{
	for (size_t i = 0; i < f->callers.count; i++)
		for (size_t j = 0; j < i; j++)
			REQUIRE_WHY(strcmp(caller_at(f, j)->name, caller_at(f, i)->name) != 0, ERR_CONFIG,
				"two callers '%s'", caller_at(f, i)->name);
	REQUIRE_WHY(keys_file_caller(f, "ceremony") != 0, ERR_CONFIG, "callers lacks 'ceremony', who generates keys");
	return ERR_OK;
}

static enum err
key_check(const struct keys_file *f, struct key_rule *k)
{
	REQUIRE_WHY((k->callers.count > 0) == purpose_has_callers(k->purpose), ERR_CONFIG,
		k->callers.count > 0 ? "key '%s' is mohar-hsmd's own: it has no callers" : "key '%s' has no caller",
		k->label);
	for (size_t i = 0; i < k->callers.count; i++) {
		const uint32_t bit = keys_file_caller(f, json_text_at(&k->callers, i));

		REQUIRE_WHY(bit != 0, ERR_CONFIG, "key '%s': no caller '%s'", k->label, json_text_at(&k->callers, i));
		k->allowed |= bit;
	}
	REQUIRE_WHY(k->generate == NULL || strcmp(k->generate, "quorum") == 0, ERR_CONFIG,
		"key '%s': generate can be 'quorum', or is left out", k->label);
	return purpose_check(f, k);
}

static enum err
keys_check(const struct keys_file *f)
{
	for (size_t i = 0; i < f->keys.count; i++) {
		for (size_t j = 0; j < i; j++)
			REQUIRE_WHY(strcmp(rule_at(f, j)->label, rule_at(f, i)->label) != 0, ERR_CONFIG,
				"two keys '%s'", rule_at(f, i)->label);
		TRY(key_check(f, (struct key_rule *)f->keys.items + i));
	}
	return ERR_OK;
}

/* One key is one person's, be it a card's or a FIDO2 key's: or one could approve as two. */
static enum err
credential_is_nobody_elses(const struct operators *operators, size_t i, EVP_PKEY *key)
{
	for (size_t n = 0; n < operators->count; n++) {
		const struct operator_row *o = &operators->rows[n];
		struct webauthn_key *other = NULL;
		bool same;

		if (n == i)
			continue;
		same = o->key != NULL && EVP_PKEY_eq(jwk_key(o->key), key) == 1;
		if (o->has_credential) {
			TRY(webauthn_key_parse(span_at(o->credential.key.ptr, o->credential.key.len), &other));
			same = same || EVP_PKEY_eq(webauthn_key_public(other), key) == 1;
			webauthn_key_free(&other);
		}
		REQUIRE_WHY(!same, ERR_CONFIG, "operators '%s' and '%s' have the same key", operators->rows[i].name,
			o->name);
	}
	return ERR_OK;
}

/* Every custodian's FIDO2 key must be one that we can verify with. */
static enum err
credentials_check(const struct operators *operators)
{
	for (size_t i = 0; i < operators->count; i++) {
		const struct operator_row *o = &operators->rows[i];
		struct webauthn_key *key = NULL;
		enum err e;

		if (!o->has_credential)
			continue;
		REQUIRE_WHY(webauthn_key_parse(span_at(o->credential.key.ptr, o->credential.key.len), &key) == ERR_OK,
			ERR_CONFIG, "operator '%s': the credential's key is no COSE_Key that is known here", o->name);
		e = credential_is_nobody_elses(operators, i, webauthn_key_public(key));
		webauthn_key_free(&key);
		TRY(e);
	}
	return ERR_OK;
}

static enum err
custodians_check(const struct custodians *c)
{
	REQUIRE_WHY((size_t)c->k <= c->names.count, ERR_CONFIG, "custodians: k is %lld of %zu", (long long)c->k,
		c->names.count);
	for (size_t i = 0; i < c->names.count; i++)
		for (size_t j = 0; j < i; j++)
			REQUIRE_WHY(strcmp(json_text_at(&c->names, j), json_text_at(&c->names, i)) != 0, ERR_CONFIG,
				"custodians: '%s' is there twice", json_text_at(&c->names, i));
	return ERR_OK;
}

static enum err
check(struct span bytes, struct keys_file *f)
{
	TRY(callers_check(f));
	TRY(keys_check(f));
	TRY(operators_parse(bytes, "operators", &f->operators));
	TRY(credentials_check(&f->operators));
	return custodians_check(&f->custodians);
}

enum err
keys_file_parse(struct span bytes, struct keys_file *out)
{
	enum err e;

	TRY(json_decode(bytes, &file_table, out));
	e = check(bytes, out);
	if (e != ERR_OK)
		keys_file_free(out);
	return e;
}

enum err
keys_file_read(const char *path, struct writer *bytes, struct keys_file *out)
{
	AUTO(writer) own = writer_new(MAX_KEYS_FILE);
	struct writer *text = bytes != NULL ? bytes : &own;
	char why[256];
	enum err e;

	*out = (struct keys_file){0};
	TRY(file_read(path, MAX_KEYS_FILE, text));
	e = keys_file_parse(writer_span(text), out);
	if (e == ERR_OK)
		return ERR_OK;
	(void)snprintf(why, sizeof(why), "%s", err_why()[0] != '\0' ? err_why() : err_text(e));
	return err_because(ERR_CONFIG, "%s: %s", path, why);
}

void
keys_file_free(struct keys_file *f)
{
	operators_free(&f->operators);
	json_free(&file_table, f);
}

const struct key_rule *
keys_file_key(const struct keys_file *f, struct span label)
{
	for (size_t i = 0; i < f->keys.count; i++)
		if (span_is(label, rule_at(f, i)->label))
			return rule_at(f, i);
	return NULL;
}

uint32_t
keys_file_caller(const struct keys_file *f, const char *name)
{
	for (size_t i = 0; i < f->callers.count; i++)
		if (strcmp(caller_at(f, i)->name, name) == 0)
			return UINT32_C(1) << i;
	return 0;
}
