#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "policy/assurance.h"
#include "policy/claims.h"
#include "policy/decision_type.h"
#include "policy/identity.h"
#include "policy/keys_file.h"
#include "policy/monitor.h"
#include "x509/x509.h"

enum { MAX_PATH = 4096, MAX_PROFILES = 256, SUFFIX_LEN = 5 };

/* All that is wrong is told, not only the first: whoever edits policies wants the whole list. */
struct checking {
	struct cli *c;
	const char *folder;
	int64_t files, wrong;
	bool has_keys;
	struct keys_file keys;
	struct monitor_policy monitor;
	struct profile profiles[MAX_PROFILES];
	size_t profile_count;
};

static void
tell(struct checking *k, const char *file, enum err e)
{
	k->files++;
	if (e == ERR_OK)
		return;
	k->wrong++;
	cli_item(k->c, "wrong");
	cli_text(k->c, "file", file);
	cli_text(k->c, "why", err_why()[0] != '\0' ? err_why() : err_text(e));
	cli_item_end(k->c);
	err_forget();
}

static void
tell_mismatch(struct checking *k, const char *file, enum err e)
{
	if (e != ERR_OK)
		k->files--;
	if (e != ERR_OK)
		tell(k, file, e);
}

/* ---- each file ---- */

static enum err
check_identity(const char *path)
{
	AUTO(identity_policy) p = {0};

	return identity_policy_read(path, &p);
}

static enum err
check_assurance(const char *path)
{
	AUTO(assurance_policy) p = {0};

	return assurance_policy_read(path, &p);
}

static enum err
check_claims(const char *path)
{
	AUTO(claims_policy) p = {0};

	return claims_policy_read(path, &p);
}

static void
check_one(struct checking *k, const char *name, enum err (*check)(const char *path))
{
	char path[MAX_PATH];

	(void)snprintf(path, sizeof(path), "%s/%s", k->folder, name);
	tell(k, name, check(path));
}

static enum err
same_name(const char *path, const char *file, const char *name)
{
	REQUIRE_WHY(strlen(file) - SUFFIX_LEN == strlen(name) && strncmp(file, name, strlen(name)) == 0, ERR_CONFIG,
		"%s: its name member is '%s'; file and name must be the same", path, name);
	return ERR_OK;
}

static enum err
check_profile(struct checking *k, const char *path, const char *file)
{
	struct profile *p = &k->profiles[k->profile_count];

	REQUIRE_WHY(k->profile_count < MAX_PROFILES, ERR_CONFIG, "more than %d profiles", MAX_PROFILES);
	TRY(profile_read(path, p));
	k->profile_count++;
	return same_name(path, file, p->name);
}

static bool
known_agency(const struct checking *k, const char *agency)
{
	const struct key_rule *keys = k->keys.keys.items;

	for (size_t i = 0; i < k->keys.keys.count; i++)
		if (keys[i].agency != NULL && strcmp(keys[i].agency, agency) == 0)
			return true;
	return false;
}

static enum err
check_decision(struct checking *k, const char *path, const char *file)
{
	AUTO(decision_type) d = {0};

	TRY(decision_type_read(path, &d));
	TRY(same_name(path, file, d.name));
	REQUIRE_WHY(!k->has_keys || known_agency(k, d.agency), ERR_CONFIG,
		"%s: no key in keys.json seals for agency '%s'", path, d.agency);
	return ERR_OK;
}

static int
is_json(const struct dirent *entry)
{
	const size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > SUFFIX_LEN && strcmp(entry->d_name + len - SUFFIX_LEN, ".json") == 0 &&
		strcmp(entry->d_name, "schema.json") != 0; /* what the others are described by */
}

static void
check_folder(struct checking *k, const char *name, enum err (*check)(struct checking *, const char *, const char *))
{
	struct dirent **entries = NULL;
	char folder[MAX_PATH], path[2 * MAX_PATH];

	(void)snprintf(folder, sizeof(folder), "%s/%s", k->folder, name);
	const int count = scandir(folder, &entries, is_json, alphasort);

	if (count <= 0)
		tell(k, name, err_because(ERR_NOT_FOUND, "%s: no policy files in this folder", folder));
	for (int i = 0; i < count; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		tell(k, path + strlen(k->folder) + 1, check(k, path, entries[i]->d_name));
		free(entries[i]);
	}
	free(entries);
}

/* ---- against each other ---- */

static const struct certificate_rule *
rule_of(const struct checking *k, const char *issuer, const char *profile)
{
	const struct key_rule *keys = k->keys.keys.items;

	for (size_t i = 0; i < k->keys.keys.count; i++) {
		const struct certificate_rule *rules = keys[i].certificates.items;

		for (size_t n = 0; strcmp(keys[i].label, issuer) == 0 && n < keys[i].certificates.count; n++)
			if (strcmp(rules[n].profile, profile) == 0)
				return &rules[n];
	}
	return NULL;
}

/* What mohar-hsmd would refuse at the first certificate is found here. */
static enum err
compare(const struct checking *k, const struct profile *p)
{
	const struct certificate_rule *rule = rule_of(k, p->issuer, p->name);

	REQUIRE_WHY(rule != NULL, ERR_CONFIG, "profile '%s': key '%s' of keys.json has no rule for it", p->name,
		p->issuer);
	REQUIRE_WHY(p->days <= rule->days, ERR_CONFIG, "profile '%s' lasts %lld days; keys.json allows %lld", p->name,
		(long long)p->days, (long long)rule->days);
	REQUIRE_WHY(p->ca == rule->ca, ERR_CONFIG, "profile '%s' and its rule in keys.json differ in ca", p->name);
	REQUIRE_WHY(p->registrar_signature == rule->registrar_signature, ERR_CONFIG,
		"profile '%s' and its rule in keys.json differ in registrar_signature", p->name);
	REQUIRE_WHY((rule->policy != NULL) == (p->policies.count > 0) &&
			(rule->policy == NULL || json_texts_have(&p->policies, rule->policy)),
		ERR_CONFIG, "profile '%s' and its rule in keys.json differ in the certificate policy", p->name);
	return ERR_OK;
}

static enum err
profile_exists(const struct checking *k, const struct key_rule *key, const struct certificate_rule *rule)
{
	for (size_t i = 0; i < k->profile_count; i++)
		if (strcmp(k->profiles[i].name, rule->profile) == 0 && strcmp(k->profiles[i].issuer, key->label) == 0)
			return ERR_OK;
	return err_because(ERR_CONFIG,
		"keys.json: key '%s' has a rule for profile '%s', which profiles/ does not give it", key->label,
		rule->profile);
}

static void
check_together(struct checking *k)
{
	const struct key_rule *keys = k->keys.keys.items;

	for (size_t i = 0; i < k->profile_count; i++)
		tell_mismatch(k, k->profiles[i].name, compare(k, &k->profiles[i]));
	for (size_t i = 0; i < k->keys.keys.count; i++) {
		const struct certificate_rule *rules = keys[i].certificates.items;

		for (size_t n = 0; n < keys[i].certificates.count; n++)
			tell_mismatch(k, "keys.json", profile_exists(k, &keys[i], &rules[n]));
	}
}

static enum err
check_keys(struct checking *k, const char *path)
{
	TRY(keys_file_read(path, NULL, &k->keys));
	k->has_keys = true;
	return ERR_OK;
}

/* What a profile issues, monitors must not take for strange; and no longer than that. */
static enum err
watched_as_issued(const struct checking *k, const struct profile *p)
{
	const int n = monitor_rule_of(&k->monitor, p->issuer, p->name);
	const struct monitor_rule *rules = k->monitor.certificates.items;

	REQUIRE_WHY(n >= 0, ERR_CONFIG,
		"monitor.json: has no rule for issuer '%s' and profile '%s': add one to certificates", p->issuer,
		p->name);
	REQUIRE_WHY(rules[n].days == p->days, ERR_CONFIG,
		"monitor.json: profile '%s' is valid for %lld days, its rule says %lld; make them the same", p->name,
		(long long)p->days, (long long)rules[n].days);
	return ERR_OK;
}

static void
check_watched(struct checking *k)
{
	for (size_t i = 0; k->monitor.version > 0 && i < k->profile_count; i++)
		if (strcmp(k->profiles[i].name, "root") != 0) /* which stands in no log: it is the anchor */
			tell_mismatch(k, "monitor.json", watched_as_issued(k, &k->profiles[i]));
}

static void
check_all(struct checking *k)
{
	char path[MAX_PATH];

	(void)snprintf(path, sizeof(path), "%s/keys.json", k->folder);
	tell(k, "keys.json", check_keys(k, path));
	check_one(k, "identity.json", check_identity);
	check_one(k, "assurance.json", check_assurance);
	check_one(k, "claims.json", check_claims);
	(void)snprintf(path, sizeof(path), "%s/monitor.json", k->folder);
	tell(k, "monitor.json", monitor_policy_read(path, &k->monitor));
	check_folder(k, "profiles", check_profile);
	check_folder(k, "decisions", check_decision);
	check_watched(k);
	if (k->has_keys)
		check_together(k);
}

static int
run_check(struct cli *c)
{
	struct checking *k = calloc(1, sizeof(*k));

	cli_begin(c);
	if (k == NULL)
		return cli_fail(c, ERR_NO_MEMORY);
	k->c = c;
	k->folder = cli_file(c, 0) != NULL ? cli_file(c, 0) : "policies";
	check_all(k);
	const int64_t wrong = k->wrong;

	cli_text(c, "folder", k->folder);
	cli_int(c, "files", k->files);
	for (size_t i = 0; i < k->profile_count; i++)
		profile_free(&k->profiles[i]);
	keys_file_free(&k->keys);
	monitor_policy_free(&k->monitor);
	free(k);
	if (wrong > 0)
		return cli_end(c, "invalid", "policies are wrong; each is listed with file, place and remedy",
			EXIT_REFUSED);
	return cli_end(c, "valid", NULL, EXIT_DONE);
}

const struct cli_verb cli_policy[] = {
	{"policy", "check", "[DIR]", "every policy file against its schema and against each other (default: policies)",
		NULL, run_check},
	{0},
};
