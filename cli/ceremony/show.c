#include <string.h>

#include "base/file.h"
#include "cli/ceremony/ceremony.h"

const struct cli_option ceremony_show_options[] = {
	{"--keys", "FILE", "keys.json, whose custodians must have signed", "MOHAR_KEYS", true, false},
	{0},
};

/* What of a transcript is told; the whole of it goes out under --json. */
struct told {
	char *title, *started, *ended;
	struct json_list approvals, steps, present;
};
struct told_present {
	char *role, *name, *jwk; /* jwk: NULL for those without a card */
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
static const struct json_row present_rows[] = {
	{"role", JSON_TEXT, JSON_REQUIRED, offsetof(struct told_present, role), .max = 64},
	{"name", JSON_TEXT, JSON_REQUIRED, offsetof(struct told_present, name), .max = 256},
	{"jwk", JSON_RAW, JSON_OPTIONAL, offsetof(struct told_present, jwk), .max = 4096},
};
static const struct json_table present_table = {"present", present_rows, 3, sizeof(struct told_present), true};
static const struct json_row told_rows[] = {
	{"title", JSON_TEXT, JSON_REQUIRED, offsetof(struct told, title), .max = 256},
	{"started", JSON_TEXT, JSON_REQUIRED, offsetof(struct told, started), .max = 32},
	{"ended", JSON_TEXT, JSON_REQUIRED, offsetof(struct told, ended), .max = 32},
	{"approvals", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct told, approvals), .max = MAX_CUSTODIANS,
		.table = &approval_table},
	{"steps", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct told, steps), .max = MAX_STEPS, .table = &step_table},
	{"present", JSON_OBJECTS, JSON_OPTIONAL, offsetof(struct told, present), .max = 2 * MAX_PRESENT,
		.table = &present_table},
};
static const struct json_table told_table = {"transcript", told_rows, 6, sizeof(struct told), true};

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

/* Others with a card, by the keys that the transcript, and so every custodian's signature, names for them. */
static enum err
witness_keys(const struct told *t, struct jwks *set)
{
	const struct told_present *present = t->present.items;

	for (size_t i = 0; i < t->present.count; i++) {
		struct jwk *key = NULL;

		if (present[i].jwk == NULL)
			continue;
		TRY(jwk_parse(span_of(present[i].jwk), false, &key));
		TRY(jwks_add(set, key));
	}
	return ERR_OK;
}

struct sealed {
	struct json_bytes payload;
	struct json_list signatures;
};
struct sealed_header {
	struct json_bytes header;
	char *signature;
};
struct header_kid {
	char *kid;
};
static const struct json_row header_rows[] = {
	{"protected", JSON_BYTES, JSON_REQUIRED, offsetof(struct sealed_header, header), .max = MAX_JWS_HEADER},
	{"signature", JSON_TEXT, JSON_REQUIRED, offsetof(struct sealed_header, signature), .max = 2048},
};
static const struct json_table header_table = {"signature", header_rows, 2, sizeof(struct sealed_header), false};
static const struct json_row sealed_rows[] = {
	{"payload", JSON_BYTES, JSON_REQUIRED, offsetof(struct sealed, payload), .max = MAX_JWS},
	{"signatures", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct sealed, signatures),
		.max = MAX_CUSTODIANS + MAX_PRESENT, .table = &header_table},
};
static const struct json_table sealed_table = {"transcript", sealed_rows, 2, sizeof(struct sealed), false};
static const struct json_row kid_rows[] = {{"kid", JSON_TEXT, JSON_REQUIRED, 0, .max = 128}};
static const struct json_table kid_table = {"header", kid_rows, 1, sizeof(struct header_kid), true};

static bool
signed_by(const struct sealed *s, const char *kid)
{
	const struct sealed_header *signatures = s->signatures.items;
	bool found = false;

	for (size_t i = 0; i < s->signatures.count && !found; i++) {
		struct header_kid h;

		if (json_decode(span_at(signatures[i].header.ptr, signatures[i].header.len), &kid_table, &h) != ERR_OK)
			continue;
		found = strcmp(h.kid, kid) == 0;
		json_free(&kid_table, &h);
	}
	return found;
}

/* How many custodians of keys.json signed it: each once, whatever the transcript says of itself. */
static int64_t
custodians_signed(const struct ceremony *keys, const struct sealed *s)
{
	int64_t count = 0;

	for (size_t i = 0; i < keys->keys.operators.count; i++) {
		const struct operator_row *o = &keys->keys.operators.rows[i];

		if (o->key != NULL && json_texts_have(&keys->keys.custodians.names, o->name) &&
			signed_by(s, jwk_kid(o->key)))
			count++;
	}
	return count;
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

/* The payload is read for the witnesses' keys first, and believed only once every signature verifies. */
static enum err
check(const struct ceremony *keys, struct span text, const struct sealed *s, const struct told *t)
{
	AUTO(writer) payload = writer_new(MAX_JWS);
	const int64_t signers = custodians_signed(keys, s);
	struct jwks *set = NULL;
	enum err e = custodian_keys(keys, &set);

	if (e == ERR_OK)
		e = witness_keys(t, set);
	if (e == ERR_OK)
		e = jws_verify_any(text, set, NULL, &payload);
	jwks_free(&set);
	TRY(e);
	REQUIRE_WHY(signers >= keys->keys.custodians.k && (int64_t)t->approvals.count >= keys->keys.custodians.k,
		ERR_REFUSED, "%lld custodians signed, %zu approved, and %lld must", (long long)signers,
		t->approvals.count, (long long)keys->keys.custodians.k);
	return ERR_OK;
}

static enum err
show(struct cli *c, struct ceremony *keys)
{
	AUTO(writer) text = writer_new(MAX_JWS);
	struct sealed sealed;
	struct told told = {0};
	enum err e;

	TRY(ceremony_keys(keys, cli_value(c, "--keys")));
	TRY(file_read(cli_file(c, 0), MAX_JWS, &text));
	TRY(json_decode(writer_span(&text), &sealed_table, &sealed));
	e = json_decode(span_at(sealed.payload.ptr, sealed.payload.len), &told_table, &told);
	if (e == ERR_OK)
		e = check(keys, writer_span(&text), &sealed, &told);
	if (e == ERR_OK)
		tell(c, &told);
	json_free(&told_table, &told);
	json_free(&sealed_table, &sealed);
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
