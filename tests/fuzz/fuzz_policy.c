/* Policy files as operators edit them; they are not strangers, but a file that is half right must be refused, not half believed. The first byte chooses: A assurance.json, C claims.json,
 * I identity.json, D a decision type and, behind a record separator, facts for it; P a certificate profile; O the operators of keys.json. What is taken keeps what its header promises. */
/* covers: lib/policy/assurance.c lib/policy/claims.c lib/policy/identity.c lib/policy/decision_type.c signer/decision/facts.c lib/x509/profile.c */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jose/act.h"
#include "policy/assurance.h"
#include "policy/claims.h"
#include "policy/identity.h"
#include "signer/decision/type.h"
#include "tests/fuzz/country.h"
#include "x509/x509.h"

static void
read_assurance(const char *path)
{
	AUTO(assurance_policy) p = {0};

	if (assurance_policy_read(path, &p) != ERR_OK)
		return;
	for (int64_t level = 1; level <= ASSURANCE_LEVELS; level++)
		promise(assurance_of_acr(&p, span_of(assurance_acr(&p, level))) <= level);
	promise(assurance_acr(&p, 0)[0] == '\0' && assurance_acr(&p, ASSURANCE_LEVELS + 1)[0] == '\0');
	(void)assurance_of_acr(&p, SPAN("urn:none"));
}

static void
read_claims(const char *path)
{
	AUTO(claims_policy) p = {0};

	if (claims_policy_read(path, &p) == ERR_OK)
		promise(claims_of_scope(&p, "openid") != NULL);
}

static void
read_identity(const char *path)
{
	AUTO(identity_policy) p = {0};

	if (identity_policy_read(path, &p) != ERR_OK)
		return;
	promise(p.number_digits >= 6 && p.number_digits <= 20);
	promise(identity_number_check(&p, "12345") != ERR_OK);
	promise((identity_number_check(&p, "12345678901") == ERR_OK) == (p.number_digits == 11));
}

/* ---- decision types: one file, and a folder of it and its copy ---- */
static char folder[] = "/tmp/mohar-fuzz-XXXXXX";

static const char *
in_folder(const char *name)
{
	static char path[64];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void
close_folder(void)
{
	(void)unlink(in_folder("a.json"));
	(void)unlink(in_folder("b.json"));
	(void)rmdir(folder);
}

static void
read_types(const char *path, const char *name)
{
	static bool opened;
	struct decision_type *types;
	size_t count;

	if (!opened) {
		promise(mkdtemp(folder) != NULL);
		(void)atexit(close_folder);
	}
	opened = true;
	(void)unlink(in_folder("a.json"));
	(void)unlink(in_folder("b.json"));
	promise(symlink(path, in_folder("a.json")) == 0);
	promise(decision_types_read(folder, &types, &count) == ERR_OK && count == 1);
	promise(decision_type_find(types, count, name) == types);
	decision_types_free(&types, count);
	promise(symlink(path, in_folder("b.json")) == 0);
	promise(decision_types_read(folder, &types, &count) == ERR_CONFIG); /* the type is there twice */
	promise(decision_types_read("/nowhere", &types, &count) == ERR_CONFIG);
}

static void
read_type(const char *path, struct span facts)
{
	AUTO(decision_type) t = {0};
	struct fact_values values;

	if (decision_type_read(path, &t) != ERR_OK) {
		promise(t.name == NULL && err_why()[0] != '\0');
		return;
	}
	promise(t.outcomes.count > 0 && t.facts.count <= MAX_FACTS);
	promise(decision_due(&t, COUNTRY_NOW) > COUNTRY_NOW);
	read_types(path, t.name);
	if (facts_read(&t, facts, &values) != ERR_OK) {
		promise(facts_check(&t, facts) != ERR_OK);
		return;
	}
	for (size_t i = 0; i < t.facts.count; i++)
		promise(values.at[i].present || !((const struct fact *)t.facts.items)[i].required);
	facts_free(&t, &values);
	promise(facts_check(&t, facts) == ERR_OK);
}

static void
read_profile(const char *path)
{
	AUTO(profile) p = {0};

	if (profile_read(path, &p) == ERR_OK)
		promise(p.key_usage.count > 0 && p.subject.count > 0 && p.key_types.count > 0 && p.days > 0);
	else
		promise(p.name == NULL);
}

static void
read_operators(const char *path)
{
	AUTO(operators) o = {0};

	if (operators_read(path, &o) == ERR_OK)
		for (size_t i = 0; i < o.count; i++)
			promise(o.rows[i].name[0] != '\0' && o.rows[i].key != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest, policy = {0}, facts = {0};
	const char *path;

	if (size < 2 || size > 1 << 16)
		return 0;
	rest = span_at(data + 1, size - 1);
	(void)part_take(&rest, &policy);
	(void)part_take(&rest, &facts);
	path = place_file(0, policy);
	if (data[0] == 'A')
		read_assurance(path);
	else if (data[0] == 'C')
		read_claims(path);
	else if (data[0] == 'I')
		read_identity(path);
	else if (data[0] == 'D')
		read_type(path, facts);
	else if (data[0] == 'P')
		read_profile(path);
	else if (data[0] == 'O')
		read_operators(path);
	err_forget();
	return 0;
}
