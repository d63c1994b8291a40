#include <string.h>
#include <time.h>

#include "base/encode.h"
#include "cli/ceremony/ceremony.h"

enum { MAX_STATUS = 1 << 20, REPLACED_TRIES = 200 };

/* What mohar-hsmd says of itself, as far as it is compared here. */
struct status_key {
	char *label, *generate; /* generate: "quorum", or NULL */
	bool present;
};
struct status {
	char *serves, *token;
	struct {
		char *sha256;
	} policy;
	struct {
		int64_t lines;
		char *head;
	} journal;
	struct json_list keys;
};
static const struct json_row policy_rows[] = {{"sha256", JSON_TEXT, JSON_REQUIRED, 0, .max = 64}};
static const struct json_table policy_table = {"policy", policy_rows, 1, sizeof(char *), true};
static const struct json_row journal_rows[] = {
	{"lines", JSON_INT, JSON_REQUIRED, 0, .min = 0, .max = 1LL << 50},
	{"head", JSON_TEXT, JSON_REQUIRED, sizeof(int64_t), .max = 64},
};
static const struct json_table journal_table = {"journal", journal_rows, 2, sizeof(int64_t) + sizeof(char *), true};
static const struct json_row key_rows[] = {
	{"label", JSON_TEXT, JSON_REQUIRED, offsetof(struct status_key, label), .max = 64},
	{"present", JSON_BOOL, JSON_REQUIRED, offsetof(struct status_key, present), .max = 0},
	{"generate", JSON_TEXT, JSON_OPTIONAL, offsetof(struct status_key, generate), .max = 16},
};
static const struct json_table key_table = {"key", key_rows, 3, sizeof(struct status_key), true};
static const struct json_row status_rows[] = {
	{"serves", JSON_TEXT, JSON_REQUIRED, offsetof(struct status, serves), .max = 32},
	{"token", JSON_TEXT, JSON_REQUIRED, offsetof(struct status, token), .max = 64},
	{"policy", JSON_OBJECT, JSON_REQUIRED, offsetof(struct status, policy), .table = &policy_table},
	{"journal", JSON_OBJECT, JSON_REQUIRED, offsetof(struct status, journal), .table = &journal_table},
	{"keys", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct status, keys), .max = 1024, .table = &key_table},
};
static const struct json_table status_table = {"status", status_rows, 5, sizeof(struct status), true};

static enum err
status_of(struct keyring *k, struct status *out)
{
	AUTO(writer) json = writer_new(MAX_STATUS);

	TRY(keyring_status(k, &json));
	return json_decode(writer_span(&json), &status_table, out);
}

enum err
ceremony_keyring(const struct ceremony *c, const char *token, struct keyring **out)
{
	*out = strcmp(token, "root") == 0 ? c->root : c->main;
	REQUIRE_WHY(*out != NULL, ERR_CONFIG, "this needs the token '%s': add --%s-socket", token, token);
	return ERR_OK;
}

static enum err
status_check(const struct script_step *s, const struct status *status, const struct sha256 *keys)
{
	AUTO(writer) hash = writer_new(2 * SHA256_LEN);

	hex_write(&hash, sha256_span(keys));
	TRY(writer_done(&hash));
	REQUIRE_WHY(strcmp(status->serves, s->token) == 0, ERR_MISMATCH,
		"that mohar-hsmd serves token '%s', not '%s': exchange --root-socket and "
		"--main-socket",
		status->serves, s->token);
	REQUIRE_WHY(s->input == NULL || span_is(writer_span(&hash), status->policy.sha256), ERR_MISMATCH,
		"the token '%s' is not under '%s' yet: put it in place, restart mohar-hsmd, and hold this ceremony "
		"again; it goes on from here",
		s->token, s->input);
	REQUIRE_WHY(span_is(writer_span(&hash), status->policy.sha256), ERR_MISMATCH,
		"the token '%s' was sealed with another keys.json than --keys names", s->token);
	return ERR_OK;
}

static void
journal_tell(struct json_writer *j, const char *member, const struct status *s)
{
	json_object(j, member);
	json_text(j, "token", s->serves);
	json_int(j, "lines", s->journal.lines);
	json_text(j, "head", s->journal.head);
	json_object_end(j);
}

/* Genesis has been: is this the token, and is it under the very keys.json that the custodians approve, or under the input's? */
enum err
ceremony_token(struct ceremony *c, const struct script_step *s)
{
	const struct input *keys = NULL;
	struct keyring *k;
	struct status status;
	enum err e;

	TRY(ceremony_keyring(c, s->token, &k));
	if (s->input != NULL)
		TRY(ceremony_input(c, s->input, &keys));
	if (s->input != NULL && c->dry)
		TRY(ceremony_dry_restart(c, s->token, keys->path));
	TRY(status_of(k, &status));
	e = status_check(s, &status, keys == NULL ? &c->keys_hash : &keys->hash);
	if (e == ERR_OK) {
		json_text(&c->json, "label", status.token);
		json_text(&c->json, "policy_sha256", status.policy.sha256);
		journal_tell(&c->json, "journal", &status);
	}
	json_free(&status_table, &status);
	return e;
}

/* A token as genesis leaves it: no key of keys.json is on it yet. */
enum err
ceremony_genesis_check(struct ceremony *c, const struct script_step *s)
{
	struct keyring *k;
	struct status status;
	enum err e = ERR_OK;

	TRY(ceremony_token(c, s));
	TRY(ceremony_keyring(c, s->token, &k));
	TRY(status_of(k, &status));
	for (size_t i = 0; i < status.keys.count && e == ERR_OK; i++) {
		const struct status_key *key = (const struct status_key *)status.keys.items + i;

		if (key->present)
			e = err_because(ERR_EXISTS, "token '%s' holds key '%s' already: it does not come from genesis",
				s->token, key->label);
	}
	json_int(&c->json, "keys", (int64_t)status.keys.count);
	json_free(&status_table, &status);
	return e;
}

enum err
ceremony_key_is_approved(struct keyring *k, const char *label, bool *out)
{
	struct status status;

	*out = false;
	TRY(status_of(k, &status));
	for (size_t i = 0; i < status.keys.count; i++) {
		const struct status_key *key = (const struct status_key *)status.keys.items + i;

		if (strcmp(key->label, label) == 0)
			*out = key->generate != NULL;
	}
	json_free(&status_table, &status);
	return ERR_OK;
}

static enum err
journal_of(struct keyring *k, struct json_writer *j)
{
	struct status status;

	if (k == NULL)
		return ERR_OK;
	TRY(status_of(k, &status));
	journal_tell(j, NULL, &status);
	json_free(&status_table, &status);
	return ERR_OK;
}

enum err
ceremony_journals(const struct ceremony *c, struct json_writer *j, const char *member)
{
	json_array(j, member);
	TRY(journal_of(c->root, j));
	TRY(journal_of(c->main, j));
	json_array_end(j);
	return ERR_OK;
}

/* mohar-hsmd's worker is replaced once it is done: a fresh one is there when the journal has, behind the proposal, k approvals and the execution, a start. */
enum err
ceremony_decide_replacing(struct ceremony *c, struct keyring *k, const char *kind, const char *label,
	struct span object)
{
	const struct timespec pause = {0, 50000000};
	AUTO(writer) nothing = writer_new(1024);
	struct status status;
	int64_t wanted;

	TRY(status_of(k, &status));
	wanted = status.journal.lines + c->keys.custodians.k + 3;
	json_free(&status_table, &status);
	TRY(ceremony_decide(c, k, kind, label, object, &nothing));
	for (size_t i = 0; i < REPLACED_TRIES; i++) {
		if (status_of(k, &status) == ERR_OK) {
			const bool there = status.journal.lines >= wanted;

			json_free(&status_table, &status);
			if (there)
				break;
		}
		err_forget();
		(void)nanosleep(&pause, NULL);
	}
	return ERR_OK;
}

/* Every key that is on the token, one proposal each. */
enum err
ceremony_destroy(struct ceremony *c, const struct script_step *s)
{
	struct keyring *k;
	struct status status;
	enum err e = ERR_OK;

	TRY(ceremony_keyring(c, s->token, &k));
	TRY(status_of(k, &status));
	json_array(&c->json, "destroyed");
	for (size_t i = 0; i < status.keys.count && e == ERR_OK; i++) {
		const struct status_key *key = (const struct status_key *)status.keys.items + i;

		if (!key->present)
			continue;
		json_object(&c->json, NULL);
		json_text(&c->json, "key", key->label);
		e = ceremony_decide_replacing(c, k, "delete", key->label, SPAN(""));
		json_object_end(&c->json);
	}
	json_array_end(&c->json);
	json_free(&status_table, &status);
	return e;
}
