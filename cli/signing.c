#include "cli/signing.h"

#include <stdio.h>
#include <string.h>

#include "cli/registry.h"

enum { MAX_SIGNING_BODY = 4 << 10, MAX_SIGNING_PATH = 256, MAX_KEYS = 200 };

const struct cli_option signing_options[] = {
	REGISTRY_OPTIONS,
	{"--signer-url", "URL", "where citizens' signing keys are kept", "MOHAR_SIGNER_URL", true, false},
	{0},
};

void
signing_fingerprint(struct span cose_key, const struct sha256 *spki, char out[SIGNING_FINGERPRINT_LEN + 1])
{
	static const char title[] = "mohar signing enrolment v1"; /* with its NUL */
	static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	const struct sha256 key = sha256_of(cose_key);
	const struct span parts[] = {span_at(title, sizeof(title)), sha256_span(&key), sha256_span(spki)};
	const struct sha256 sum = sha256_of_parts(parts, 3);
	size_t at = 0;

	for (unsigned i = 0; i < 16; i++) {
		const unsigned bit = 5 * i, pair = (unsigned)sum.bytes[bit / 8] << 8 | sum.bytes[bit / 8 + 1];

		if (i > 0 && i % 4 == 0)
			out[at++] = '-';
		out[at++] = letters[pair >> (11 - bit % 8) & 31];
	}
	out[at] = '\0';
}

/* ---- the person ---- */

static const struct json_row person_rows[] = {
	{"person", JSON_TEXT, JSON_REQUIRED, offsetof(struct signing_person, person), .max = 64},
	{"card_subject", JSON_TEXT, JSON_REQUIRED, offsetof(struct signing_person, card_subject), .max = 64},
	{"name", JSON_TEXT, JSON_REQUIRED, offsetof(struct signing_person, name), .max = 512},
	{"registry", JSON_TEXT, JSON_OPTIONAL, offsetof(struct signing_person, registry), .max = 8 << 10},
};
static const struct json_table person_table = {"person", person_rows, 4, sizeof(struct signing_person), true};

void
signing_person_free(struct signing_person *p)
{
	json_free(&person_table, p);
}

enum err
signing_person_find(struct cli *c, struct card *card, const char *handle, struct signing_person *out)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	AUTO(writer) body = writer_new(MAX_SIGNING_BODY);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct json_writer j = json_to(&body);
	char path[MAX_SIGNING_PATH];

	REQUIRE_WHY(handle[0] != '\0' && strlen(handle) <= 64 && strspn(handle, plain) == strlen(handle), ERR_MALFORMED,
		"'%s' is not a name of the registry", handle);
	json_object(&j, NULL);
	json_text(&j, "handle", handle);
	json_object_end(&j);
	(void)snprintf(path, sizeof(path), "/registry/people/%s/show", handle);
	const struct order o = {"citizen.show", cli_value(c, "--issuer"), path, writer_span(&body)};

	TRY(order_send(c, card, &o, &reply));
	return json_decode(writer_span(&reply), &person_table, out);
}

/* ---- stopping ---- */

/* An order about all that a person has there. */
static enum err
person_order(struct cli *c, struct card *card, const char *act, const char *person, const char *verb,
	struct writer *reply)
{
	AUTO(writer) body = writer_new(MAX_SIGNING_BODY);
	struct json_writer j = json_to(&body);
	char path[MAX_SIGNING_PATH];

	json_object(&j, NULL);
	json_text(&j, "person", person);
	json_object_end(&j);
	(void)snprintf(path, sizeof(path), "/signing/people/%.64s/%s", person, verb);
	const struct order o = {act, cli_value(c, "--signer-url"), path, writer_span(&body)};

	return order_send(c, card, &o, reply);
}

struct frozen {
	int64_t frozen;
};
static const struct json_row frozen_rows[] = {
	{"frozen", JSON_INT, JSON_REQUIRED, offsetof(struct frozen, frozen), .min = 0, .max = MAX_KEYS},
};
static const struct json_table frozen_table = {"answer", frozen_rows, 1, sizeof(struct frozen), true};

enum err
signing_freeze(struct cli *c, struct card *card, const char *person, int64_t *frozen)
{
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct frozen f;

	TRY(person_order(c, card, "signing.freeze", person, "freeze", &reply));
	TRY(json_decode(writer_span(&reply), &frozen_table, &f));
	*frozen = f.frozen;
	return ERR_OK;
}

/* Card, person and what is to be done with them: the three verbs below. */
static int
run(struct cli *c, enum err (*act)(struct cli *c, struct card *card, const struct signing_person *p))
{
	AUTO(card) *card = NULL;
	struct signing_person p = {0};
	enum err e;

	cli_begin(c);
	e = cli_file_count(c) == 1 ? card_of(c, &card) : err_because(ERR_MALFORMED, "one HANDLE is wanted");
	if (e == ERR_OK)
		e = signing_person_find(c, card, cli_file(c, 0), &p);
	if (e == ERR_OK)
		e = act(c, card, &p);
	signing_person_free(&p);
	return registry_end(c, e);
}

static enum err
freeze(struct cli *c, struct card *card, const struct signing_person *p)
{
	int64_t frozen;

	TRY(signing_freeze(c, card, p->person, &frozen));
	cli_int(c, "signing_keys_frozen", frozen);
	return ERR_OK;
}

int
signing_freeze_run(struct cli *c)
{
	return run(c, freeze);
}

/* ---- showing ---- */

struct key_told {
	char *id, *key, *state;
	int64_t generation;
};
static const struct json_row key_rows[] = {
	{"id", JSON_TEXT, JSON_REQUIRED, offsetof(struct key_told, id), .max = 64},
	{"key", JSON_TEXT, JSON_REQUIRED, offsetof(struct key_told, key), .max = 64},
	{"state", JSON_TEXT, JSON_REQUIRED, offsetof(struct key_told, state), .max = 16},
	{"generation", JSON_INT, JSON_REQUIRED, offsetof(struct key_told, generation), .min = 1, .max = UINT32_MAX},
};
static const struct json_table key_table = {"signing key", key_rows, 4, sizeof(struct key_told), true};

struct keys_told {
	struct json_list keys;
};
static const struct json_row keys_rows[] = {
	{"keys", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct keys_told, keys), .max = MAX_KEYS, .table = &key_table},
};
static const struct json_table keys_table = {"signing keys", keys_rows, 1, sizeof(struct keys_told), true};

static enum err
show(struct cli *c, struct card *card, const struct signing_person *p)
{
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);

	TRY(person_order(c, card, "signing.show", p->person, "show", &reply));
	cli_json(c, "signing", writer_span(&reply));
	return ERR_OK;
}

int
signing_show_run(struct cli *c)
{
	return run(c, show);
}

/* ---- letting sign again ---- */

static enum err
unfreeze_one(struct cli *c, struct card *card, const struct key_told *k)
{
	AUTO(writer) body = writer_new(MAX_SIGNING_BODY);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct json_writer j = json_to(&body);
	char path[MAX_SIGNING_PATH];

	json_object(&j, NULL);
	json_text(&j, "key", k->key);
	json_int(&j, "generation", k->generation);
	json_object_end(&j);
	(void)snprintf(path, sizeof(path), "/signing/keys/%.64s/unfreeze", k->id);
	const struct order o = {"citizen.unfreeze", cli_value(c, "--signer-url"), path, writer_span(&body)};

	TRY(order_send(c, card, &o, &reply));
	cli_item(c, "unfrozen");
	cli_text(c, "id", k->id);
	cli_int(c, "generation", k->generation + 1);
	cli_item_end(c);
	return ERR_OK;
}

static enum err
unfreeze(struct cli *c, struct card *card, const struct signing_person *p)
{
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct keys_told told;
	size_t frozen = 0;
	enum err e = ERR_OK;

	TRY(person_order(c, card, "signing.show", p->person, "show", &reply));
	TRY(json_decode(writer_span(&reply), &keys_table, &told));
	for (size_t i = 0; e == ERR_OK && i < told.keys.count; i++) {
		const struct key_told *const k = &((const struct key_told *)told.keys.items)[i];

		if (strcmp(k->state, "frozen") != 0)
			continue;
		frozen++;
		e = unfreeze_one(c, card, k);
	}
	json_free(&keys_table, &told);
	TRY(e);
	REQUIRE_WHY(frozen > 0, ERR_NOT_FOUND, "none of this person's signing keys is frozen");
	return ERR_OK;
}

int
signing_unfreeze_run(struct cli *c)
{
	return run(c, unfreeze);
}
