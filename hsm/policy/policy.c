#include "hsm/policy/policy.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static const struct caller *
caller_at(const struct policy *p, size_t i)
{
	return (const struct caller *)p->file.callers.items + i;
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
users_resolve(struct policy *p)
{
	for (size_t i = 0; i < p->file.callers.count; i++)
		for (size_t j = 0; j < caller_at(p, i)->users.count; j++)
			TRY(user_resolve(json_text_at(&caller_at(p, i)->users, j), &p->uids[i][j]));
	return ERR_OK;
}

static bool
custodian_has_card(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->file.operators.count; i++)
		if (strcmp(p->file.operators.rows[i].name, name) == 0 &&
			json_texts_have(&p->file.operators.rows[i].roles, "custodian"))
			return true;
	return false;
}

static size_t
custodians_without_key(const struct policy *p)
{
	const struct json_list *names = &p->file.custodians.names;
	size_t without = 0;

	for (size_t i = 0; i < names->count; i++)
		without += !custodian_has_card(p, json_text_at(names, i));
	return without;
}

/* No change may leave fewer than k who can approve the next one. */
static enum err
custodians_check(const struct policy *p)
{
	const struct custodians *c = &p->file.custodians;
	const size_t with = c->names.count - custodians_without_key(p);

	REQUIRE_WHY(with >= (size_t)c->k, ERR_CONFIG,
		"custodians: %zu of %zu have keys among operators, and k is %lld: nobody could approve the next change",
		with, c->names.count, (long long)c->k);
	return ERR_OK;
}

enum err
policy_read(const char *path, struct policy *out)
{
	char why[256];
	enum err e;

	*out = (struct policy){.bytes = writer_new(MAX_KEYS_FILE)};
	e = keys_file_read(path, &out->bytes, &out->file);
	if (e == ERR_OK && (e = users_resolve(out)) != ERR_OK) {
		(void)snprintf(why, sizeof(why), "%s", err_why());
		e = err_because(ERR_CONFIG, "%s: %s", path, why);
	}
	if (e != ERR_OK) {
		policy_free(out);
		return e;
	}
	out->hash = sha256_of(writer_span(&out->bytes));
	/* Named before they have cards, custodians can approve nothing; a ceremony will say so. */
	if (custodians_without_key(out) > 0)
		log_warn("policy", "%zu of %zu custodians have no key among operators", custodians_without_key(out),
			out->file.custodians.names.count);
	return ERR_OK;
}

enum err
policy_parse(struct span bytes, struct policy *out)
{
	enum err e;

	*out = (struct policy){.bytes = writer_new(MAX_KEYS_FILE), .hash = sha256_of(bytes)};
	writer_bytes(&out->bytes, bytes);
	e = writer_done(&out->bytes);
	if (e == ERR_OK)
		e = keys_file_parse(writer_span(&out->bytes), &out->file);
	if (e == ERR_OK)
		e = custodians_check(out);
	if (e != ERR_OK)
		policy_free(out);
	return e == ERR_CONFIG ? ERR_REFUSED : e;
}

void
policy_free(struct policy *p)
{
	writer_free(&p->bytes);
	keys_file_free(&p->file);
}

const struct key_rule *
policy_key(const struct policy *p, struct span label)
{
	return keys_file_key(&p->file, label);
}

uint32_t
policy_callers(const struct policy *p, uid_t uid)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < p->file.callers.count; i++)
		for (size_t j = 0; j < caller_at(p, i)->users.count; j++)
			if (p->uids[i][j] == uid)
				mask |= UINT32_C(1) << i;
	return mask;
}

/* Is this user of caller i one that was not counted before? */
static bool
is_new(const struct policy *p, size_t i, size_t j)
{
	for (size_t a = 0; a <= i; a++)
		for (size_t b = 0; b < (a == i ? j : caller_at(p, a)->users.count); b++)
			if (p->uids[a][b] == p->uids[i][j])
				return false;
	return true;
}

size_t
policy_users(const struct policy *p)
{
	size_t count = 0;

	for (size_t i = 0; i < p->file.callers.count; i++)
		for (size_t j = 0; j < caller_at(p, i)->users.count; j++)
			count += is_new(p, i, j);
	return count > 0 ? count : 1;
}

void
policy_warn_shared(const struct policy *p)
{
	for (size_t i = 0; i < p->file.callers.count; i++) {
		const struct caller *c = caller_at(p, i);

		for (size_t j = 0; j < c->users.count; j++) {
			const uint32_t all = policy_callers(p, p->uids[i][j]);

			if ((all & (all - 1)) != 0) {
				log_warn("policy",
					"user %ld is several callers at once: whoever holds that user has the permits of all of "
					"them. Good enough for a trial; give each daemon its own user for anything else",
					(long)p->uids[i][j]);
				return;
			}
		}
	}
}
