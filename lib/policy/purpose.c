#include "policy/purpose.h"

#include <string.h>

#include "x509/profile.h"

static const struct purpose purposes[] = {
	{"root-ca", ALGORITHM_SIGN, OP_BIT(SIGN), {OBJECT_TBSCERTIFICATE, OBJECT_TBSCERTLIST}},
	{"issuing-ca", ALGORITHM_SIGN, OP_BIT(SIGN), {OBJECT_TBSCERTIFICATE, OBJECT_TBSCERTLIST}},
	{"ocsp", ALGORITHM_SIGN, OP_BIT(SIGN), {OBJECT_RESPONSEDATA}},
	{"token-jws", ALGORITHM_SIGN, OP_BIT(SIGN), {OBJECT_JWS}},
	{"agency-seal", ALGORITHM_SIGN, OP_BIT(SIGN), {OBJECT_JWS}},
	{"status-jws", ALGORITHM_SIGN, OP_BIT(SIGN), {OBJECT_JWS}},
	{"checkpoint", ALGORITHM_SIGN, OP_BIT(SIGN), {OBJECT_CHECKPOINT}},
	{"document-seal", ALGORITHM_SIGN, OP_BIT(SIGN), {OBJECT_DOCUMENT}},
	{"time-stamp", ALGORITHM_SIGN, OP_BIT(SIGN), {OBJECT_TSTINFO}},
	{"mac", ALGORITHM_MAC, OP_BIT(MAC), {OBJECT_NONE}},
	{"wrap", ALGORITHM_WRAP, OP_BIT(WRAP) | OP_BIT(UNWRAP), {OBJECT_NONE}},
	{"citizen-keys", ALGORITHM_MASTER, OP_BIT(WRAP) | OP_BIT(CHALLENGE) | OP_BIT(ACTIVATE) | OP_BIT(RETIRE),
		{OBJECT_NONE}},
	{"blob-seal", ALGORITHM_MAC, 0, {OBJECT_NONE}}, /* no operation: mohar-hsmd's own */
};

const struct purpose *
purpose_find(const char *name)
{
	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
		if (strcmp(purposes[i].name, name) == 0)
			return &purposes[i];
	return NULL;
}

bool
purpose_has_callers(const char *name)
{
	const struct purpose *p = purpose_find(name);

	return p == NULL || p->ops != 0;
}

static bool
signs(const struct purpose *p, enum object_type type)
{
	for (size_t i = 0; i < MAX_PURPOSE_TYPES && p->types[i] != OBJECT_NONE; i++)
		if (p->types[i] == type)
			return true;
	return false;
}

/* A citizen-keys key: how its blobs are sealed, what is born under it, who activates. */
static enum err
citizen_check(const struct keys_file *f, const struct key_rule *k)
{
	const bool is = strcmp(k->purpose, "citizen-keys") == 0;
	const struct key_rule *seal = k->seal == NULL ? NULL : keys_file_key(f, span_of(k->seal));

	REQUIRE_WHY(is == (k->seal != NULL) && is == (k->born != NULL) && is == (k->activation.rp_id != NULL),
		ERR_CONFIG, "key '%s': 'seal', 'born' and 'activation' are what a citizen-keys key has, and no other",
		k->label);
	if (!is)
		return ERR_OK;
	REQUIRE_WHY(seal != NULL && strcmp(seal->purpose, "blob-seal") == 0 && strcmp(seal->token, k->token) == 0,
		ERR_CONFIG, "key '%s': there is no blob-seal key '%s' on its token", k->label, k->seal);
	REQUIRE_WHY(algorithm_suits_citizens(algorithm_find(k->born, ALGORITHM_SIGN)), ERR_CONFIG,
		"key '%s': born '%s': citizens' keys are P-256, P-384 or P-521", k->label, k->born);
	REQUIRE_WHY(k->activation.origins.count > 0, ERR_CONFIG, "key '%s': activation lacks origins", k->label);
	return ERR_OK;
}

static enum err
wrapped_by_check(const struct keys_file *f, const struct key_rule *k, const struct certificate_rule *r)
{
	const struct key_rule *master = r->wrapped_by == NULL ? NULL : keys_file_key(f, span_of(r->wrapped_by));

	REQUIRE_WHY(r->wrapped_by == NULL ||
			(r->registrar_signature && master != NULL && strcmp(master->purpose, "citizen-keys") == 0),
		ERR_CONFIG,
		"key '%s', profile '%s': wrapped_by is the label of a citizen-keys key, and needs registrar_signature",
		k->label, r->profile);
	return ERR_OK;
}

static enum err
key_usage_check(const struct key_rule *k, const struct certificate_rule *r)
{
	REQUIRE_WHY(r->key_usage.count > 0, ERR_CONFIG, "key '%s', profile '%s': name its key_usage", k->label,
		r->profile);
	for (size_t i = 0; i < r->key_usage.count; i++)
		REQUIRE_WHY(key_usage_bit(json_text_at(&r->key_usage, i)) >= 0, ERR_CONFIG,
			"key '%s', profile '%s': no key usage '%s'; RFC 5280 4.2.1.3 has their names", k->label,
			r->profile, json_text_at(&r->key_usage, i));
	return ERR_OK;
}

static bool
same_policy(const struct certificate_rule *a, const struct certificate_rule *b)
{
	return strcmp(a->policy == NULL ? "" : a->policy, b->policy == NULL ? "" : b->policy) == 0;
}

static enum err
certificates_check(const struct keys_file *f, const struct key_rule *k)
{
	const struct certificate_rule *rules = k->certificates.items;

	REQUIRE_WHY(k->certificates.count > 0, ERR_CONFIG, "key '%s' signs certificates: say which in 'certificates'",
		k->label);
	for (size_t i = 0; i < k->certificates.count; i++) {
		const struct certificate_rule *r = &rules[i];

		REQUIRE_WHY(!r->ca || strcmp(k->purpose, "root-ca") == 0, ERR_CONFIG,
			"key '%s', profile '%s': CA certificates come from a root-ca key only", k->label, r->profile);
		TRY(key_usage_check(k, r));
		REQUIRE_WHY(r->subject_key == NULL || keys_file_key(f, span_of(r->subject_key)) != NULL, ERR_CONFIG,
			"key '%s', profile '%s': no key '%s'", k->label, r->profile, r->subject_key);
		REQUIRE_WHY(!r->quorum || !r->registrar_signature, ERR_CONFIG,
			"key '%s', profile '%s': quorum and registrar_signature exclude each other", k->label,
			r->profile);
		for (size_t j = 0; j < i; j++)
			REQUIRE_WHY(!same_policy(&rules[j], r), ERR_CONFIG,
				"key '%s': profiles '%s' and '%s' have the same policy: a certificate falls under one",
				k->label, rules[j].profile, r->profile);
		TRY(wrapped_by_check(f, k, r));
	}
	return ERR_OK;
}

enum err
purpose_check(const struct keys_file *f, const struct key_rule *k)
{
	const struct purpose *purpose = purpose_find(k->purpose);
	const struct algorithm *algorithm = purpose == NULL ? NULL : algorithm_find(k->algorithm, purpose->kind);

	REQUIRE_WHY(purpose != NULL, ERR_CONFIG, "key '%s': there is no purpose '%s'", k->label, k->purpose);
	REQUIRE_WHY(algorithm != NULL, ERR_CONFIG, "key '%s': algorithm '%s' does not serve '%s'", k->label,
		k->algorithm, k->purpose);
	if (signs(purpose, OBJECT_TBSCERTIFICATE))
		TRY(certificates_check(f, k));
	REQUIRE_WHY(signs(purpose, OBJECT_JWS) == (k->typ.count > 0), ERR_CONFIG,
		"key '%s': 'typ' is what a JWS key has, and no other", k->label);
	REQUIRE_WHY(signs(purpose, OBJECT_TSTINFO) == (k->policies.count > 0), ERR_CONFIG,
		"key '%s': 'policies' is what a time-stamp key has, and no other", k->label);
	REQUIRE_WHY((strcmp(k->purpose, "agency-seal") == 0) == (k->agency != NULL), ERR_CONFIG,
		"key '%s': 'agency' is what an agency-seal key has, and no other", k->label);
	REQUIRE_WHY(!(purpose->ops & OP_BIT(MAC)) || k->per_second > 0, ERR_CONFIG,
		"key '%s': a mac key needs 'per_second', or its inputs can be guessed", k->label);
	TRY(citizen_check(f, k));
	REQUIRE_WHY((!signs(purpose, OBJECT_TBSCERTLIST) && !signs(purpose, OBJECT_RESPONSEDATA)) || k->list_days > 0,
		ERR_CONFIG, "key '%s' signs status: say how long it may last in 'list_days'", k->label);
	return ERR_OK;
}
