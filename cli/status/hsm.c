#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "cli/status/status.h"
#include "keyring/keyring.h"

struct hsm_key {
	char *label, *purpose, *algorithm;
	bool present;
	struct json_bytes spki;
	int64_t operations, refused, failed;
};
#define KEY(name, kind, presence, ...)                                             \
	{                                                                          \
#name, kind, presence, offsetof(struct hsm_key, name), __VA_ARGS__ \
	}
static const struct json_row key_rows[] = {
	KEY(label, JSON_TEXT, JSON_REQUIRED, .max = 64),
	KEY(purpose, JSON_TEXT, JSON_REQUIRED, .max = 64),
	KEY(algorithm, JSON_TEXT, JSON_REQUIRED, .max = 64),
	KEY(present, JSON_BOOL, JSON_REQUIRED, .max = 0),
	{"spki_sha256", JSON_BYTES, JSON_OPTIONAL, offsetof(struct hsm_key, spki), .max = SHA256_LEN},
	KEY(operations, JSON_INT, JSON_OPTIONAL, .max = 0),
	KEY(refused, JSON_INT, JSON_OPTIONAL, .max = 0),
	KEY(failed, JSON_INT, JSON_OPTIONAL, .max = 0),
};
static const struct json_table key_table = {"key", key_rows, 8, sizeof(struct hsm_key), true};

struct chain_told {
	int64_t lines, records, segment;
};
static const struct json_row chain_rows[] = {
	{"lines", JSON_INT, JSON_OPTIONAL, offsetof(struct chain_told, lines), .max = 0},
	{"records", JSON_INT, JSON_OPTIONAL, offsetof(struct chain_told, records), .max = 0},
	{"segment", JSON_INT, JSON_OPTIONAL, offsetof(struct chain_told, segment), .max = 0},
};
static const struct json_table chain_table = {"chain", chain_rows, 3, sizeof(struct chain_told), true};

struct hsm_status {
	char *token, *state, *since, *unprotected;
	struct chain_told journal, operations;
	struct json_list keys; /* struct hsm_key */
};
static const struct json_row hsm_rows[] = {
	{.name = "token", .kind = JSON_TEXT, .offset = offsetof(struct hsm_status, token)},
	{.name = "state", .kind = JSON_TEXT, .offset = offsetof(struct hsm_status, state)},
	{.name = "since", .kind = JSON_TEXT, .offset = offsetof(struct hsm_status, since)},
	{.name = "unprotected", .kind = JSON_TEXT, .offset = offsetof(struct hsm_status, unprotected)},
	{.name = "journal", .kind = JSON_OBJECT, .offset = offsetof(struct hsm_status, journal), .table = &chain_table},
	{.name = "operations",
		.kind = JSON_OBJECT,
		.offset = offsetof(struct hsm_status, operations),
		.table = &chain_table},
	{.name = "keys",
		.kind = JSON_OBJECTS,
		.offset = offsetof(struct hsm_status, keys),
		.max = 256,
		.table = &key_table},
};
static const struct json_table hsm_table = {"status of mohar-hsmd", hsm_rows, 7, sizeof(struct hsm_status), true};

/* Until when the certificates last that were seen for this key: the latest of them. */
static unix_time
until_of(const struct looking *l, const struct hsm_key *k)
{
	unix_time until = 0;

	for (size_t i = 0; i < l->seen_count; i++)
		if (k->spki.len == SHA256_LEN && memcmp(k->spki.ptr, l->seen[i].spki.bytes, SHA256_LEN) == 0 &&
			l->seen[i].until > until)
			until = l->seen[i].until;
	return until;
}

/* A key that is not made yet is no illness: its ceremony is still to be held. Its certificate's end was told, and counted, there. */
static void
tell_key(struct looking *l, const struct hsm_key *k)
{
	const unix_time until = until_of(l, k);
	const bool authority = strcmp(k->purpose, "root-ca") == 0 || strcmp(k->purpose, "issuing-ca") == 0;
	const int64_t warn = status_warn(l, authority ? WARN_DAYS : WARN_DAYS_TLS);

	cli_item(l->c, "keys");
	cli_text(l->c, "label", k->label);
	cli_text(l->c, "purpose", k->purpose);
	cli_text(l->c, "algorithm", k->algorithm);
	cli_bool(l->c, "present", k->present);
	cli_text(l->c, "state",
		!k->present                                   ? "not made"
			: until != 0 && until <= l->now       ? "expired"
			: until != 0 && until - l->now < warn ? "warning"
							      : "healthy");
	status_until(l, until);
	cli_int(l->c, "operations", k->operations);
	cli_int(l->c, "refused", k->refused);
	cli_int(l->c, "failed", k->failed);
	cli_item_end(l->c);
}

static enum err
tell_hsm(struct looking *l, struct span json)
{
	struct hsm_status status;
	char why[128] = "";

	TRY(json_decode(json, &hsm_table, &status));
	const struct hsm_key *keys = status.keys.items;
	const bool ready = status.state != NULL && strcmp(status.state, "ready") == 0 && status.unprotected == NULL;

	if (status.unprotected != NULL)
		(void)snprintf(why, sizeof(why), "it runs unprotected: %.80s", status.unprotected);
	else if (!ready)
		(void)snprintf(why, sizeof(why), "its HSM is %s", status.state != NULL ? status.state : "silent");
	status_tell(l, "daemons", "mohar-hsmd", ready, 0, 0, ready ? NULL : why);
	cli_text(l->c, "hsm_token", status.token);
	cli_text(l->c, "hsm_state", status.state);
	cli_text(l->c, "hsm_since", status.since);
	if (status.unprotected != NULL)
		cli_text(l->c, "hsm_unprotected", status.unprotected);
	cli_int(l->c, "hsm_journal_lines", status.journal.lines);
	cli_int(l->c, "hsm_records", status.operations.records);
	cli_int(l->c, "hsm_segment", status.operations.segment);
	for (size_t i = 0; i < status.keys.count; i++)
		tell_key(l, &keys[i]);
	json_free(&hsm_table, &status);
	return ERR_OK;
}

/* A refusal is an answer: mohar-hsmd tells its state only to users it knows. */
void
status_hsm(struct looking *l)
{
	AUTO(writer) json = writer_new(MAX_STATUS_REPLY);
	AUTO(keyring) *k = NULL;
	enum err e;

	if (cli_value(l->c, "--hsm-socket") == NULL)
		return;
	e = keyring_open(cli_value(l->c, "--hsm-socket"), 1, &k);
	if (e == ERR_OK)
		e = keyring_status(k, &json);
	l->unreachable = l->unreachable || e == ERR_UNAVAILABLE;
	if (e == ERR_OK)
		e = tell_hsm(l, writer_span(&json));
	if (e != ERR_OK)
		status_tell(l, "daemons", "mohar-hsmd", e == ERR_REFUSED, 0, 0, err_why());
	err_forget();
}
