#include <string.h>

#include "base/file.h"
#include "cli/ceremony.h"

const struct cli_option ceremony_show_options[] = {
	{"--keys", "FILE", "keys.json, whose custodians must have signed", "MOHAR_KEYS", true, false},
	{0},
};

/* What of a transcript is told; the whole of it goes out under --json. */
struct told {
	char *title, *started, *ended;
	struct json_list approvals, steps;
};
struct told_approval {
	char *custodian;
};
struct told_step {
	char *what, *token, *key, *profile, *serial, *at;
};

static const struct json_row approval_rows[] = {{"custodian", JSON_TEXT, JSON_REQUIRED, 0, .max = 64}};
static const struct json_table approval_table = {"approval", approval_rows, 1, sizeof(struct told_approval), true};
static const struct json_row step_rows[] = {
	{"do", JSON_TEXT, JSON_REQUIRED, offsetof(struct told_step, what), .max = 32},
	{"token", JSON_TEXT, JSON_OPTIONAL, offsetof(struct told_step, token), .max = 32},
	{"key", JSON_TEXT, JSON_OPTIONAL, offsetof(struct told_step, key), .max = 64},
	{"profile", JSON_TEXT, JSON_OPTIONAL, offsetof(struct told_step, profile), .max = 64},
	{"serial", JSON_TEXT, JSON_OPTIONAL, offsetof(struct told_step, serial), .max = 64},
	{"at", JSON_TEXT, JSON_REQUIRED, offsetof(struct told_step, at), .max = 32},
};
static const struct json_table step_table = {"step", step_rows, 6, sizeof(struct told_step), true};
static const struct json_row told_rows[] = {
	{"title", JSON_TEXT, JSON_REQUIRED, offsetof(struct told, title), .max = 256},
	{"started", JSON_TEXT, JSON_REQUIRED, offsetof(struct told, started), .max = 32},
	{"ended", JSON_TEXT, JSON_REQUIRED, offsetof(struct told, ended), .max = 32},
	{"approvals", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct told, approvals), .max = MAX_CUSTODIANS,
		.table = &approval_table},
	{"steps", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct told, steps), .max = MAX_STEPS, .table = &step_table},
};
static const struct json_table told_table = {"transcript", told_rows, 5, sizeof(struct told), true};

/* The keys of those who may have signed it. */
static enum err
custodian_keys(const struct ceremony *keys, struct jwks **out)
{
	TRY(jwks_new(out));
	for (size_t i = 0; i < keys->keys.operators.count; i++) {
		const struct operator_row *o = &keys->keys.operators.rows[i];
		struct jwk *copy = NULL;

		if (o->key == NULL || !json_texts_have(&keys->keys.custodians.names, o->name))
			continue;
		TRY(jwk_from_key(jwk_key(o->key), NULL, &copy));
		TRY(jwks_add(*out, copy));
	}
	return ERR_OK;
}

static void
tell(struct cli *c, const struct told *t)
{
	const struct told_approval *approvals = t->approvals.items;
	const struct told_step *steps = t->steps.items;

	cli_text(c, "title", t->title);
	cli_text(c, "started", t->started);
	cli_text(c, "ended", t->ended);
	for (size_t i = 0; i < t->approvals.count; i++) {
		cli_item(c, "approvals");
		cli_text(c, "custodian", approvals[i].custodian);
		cli_item_end(c);
	}
	for (size_t i = 0; i < t->steps.count; i++) {
		cli_item(c, "steps");
		cli_text(c, "do", steps[i].what);
		cli_text(c, "token", steps[i].token);
		cli_text(c, "key", steps[i].key);
		cli_text(c, "profile", steps[i].profile);
		cli_text(c, "serial", steps[i].serial);
		cli_text(c, "at", steps[i].at);
		cli_item_end(c);
	}
}

static enum err
show(struct cli *c, struct ceremony *keys)
{
	AUTO(writer) text = writer_new(MAX_JWS);
	AUTO(writer) payload = writer_new(MAX_JWS);
	struct jwks *set = NULL;
	struct told told;
	enum err e;

	TRY(ceremony_keys(keys, cli_value(c, "--keys")));
	TRY(file_read(cli_file(c, 0), MAX_JWS, &text));
	e = custodian_keys(keys, &set);
	if (e == ERR_OK)
		e = jws_verify_any(writer_span(&text), set, NULL, &payload);
	jwks_free(&set);
	TRY(e);
	TRY(json_decode(writer_span(&payload), &told_table, &told));
	if ((int64_t)told.approvals.count < keys->keys.custodians.k)
		e = err_because(ERR_REFUSED, "%zu custodians approved, and %lld must", told.approvals.count,
			(long long)keys->keys.custodians.k);
	if (e == ERR_OK)
		tell(c, &told);
	json_free(&told_table, &told);
	return e;
}

int
ceremony_show(struct cli *c)
{
	struct ceremony keys = {0};
	enum err e;

	cli_begin(c);
	e = cli_file_count(c) == 1 ? show(c, &keys) : err_because(ERR_MALFORMED, "name one transcript");
	keys_file_free(&keys.keys);
	return e == ERR_OK ? cli_end(c, "valid", NULL, EXIT_DONE) : cli_fail(c, e);
}
