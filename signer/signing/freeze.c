/* Stopping a citizen's keys, and letting them sign again: mohar-hsmd is told first, because only what it has in its journal holds. */
#include <string.h>

#include "keyring/blob.h"
#include "signer/signing/order.h"
#include "signer/signing/signing.h"

struct about_order {
	char *key, *person;
};
static const struct json_row about_rows[] = {
	{"key", JSON_TEXT, JSON_OPTIONAL, offsetof(struct about_order, key), .max = 64},
	{"person", JSON_TEXT, JSON_OPTIONAL, offsetof(struct about_order, person), .max = UUID_TEXT_LEN},
};
static const struct json_table about_table = {"order", about_rows, 2, sizeof(struct about_order), true};

/* The signed order itself names what the address does. */
static enum err
order_names(const struct signing_order *o, const char *person, const char *key)
{
	struct about_order about;
	bool same;

	TRY(json_decode(span_of(o->act.payload), &about_table, &about));
	same = person != NULL ? about.person != NULL && strcmp(about.person, person) == 0
			      : key != NULL && about.key != NULL && strcmp(about.key, key) == 0;
	json_free(&about_table, &about);
	REQUIRE_WHY(same, ERR_MISMATCH, "the signed order does not name this %s", person != NULL ? "person" : "key");
	return ERR_OK;
}

static enum err
freeze_one(struct signer *s, struct signing_order *o, const struct signing_key_row *row)
{
	const struct db_param p[] = {db_uuid(&row->id), db_time(clock_now(&s->clock))};

	REQUIRE_WHY(row->generation > 0, ERR_REFUSED, "this key is not born: there is nothing to freeze");
	TRY(keyring_retire(s->keyring, CITIZEN_KEYS, span_at(row->blob.ptr, row->blob.len)));
	TRY(db_run(o->db, SIGNING_KEY_FREEZE, p, NULL));
	return signing_order_record(s, o, "signing-key.frozen", row);
}

static void
answer_frozen(struct reply *reply, int64_t count)
{
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_int(&j, "frozen", count);
	json_object_end(&j);
}

enum err
signing_key_freeze(void *daemon, struct request *request, struct reply *reply)
{
	AUTO(signing_key_row) row = {0};
	AUTO(signing_order) o = {0};

	TRY(signing_order_begin(daemon, request, "signing.freeze", &o));
	TRY(order_names(&o, NULL, request_param(request, "id")));
	TRY(signing_key_lock(o.db, request, &row));
	REQUIRE_WHY(row.frozen_at == 0, ERR_EXISTS, "this key is frozen already");
	TRY(freeze_one(daemon, &o, &row));
	TRY(signing_order_commit(&o));
	answer_frozen(reply, 1);
	return ERR_OK;
}

/* All of a person's; those that are frozen already stay so. */
static enum err
freeze_all(struct signer *s, struct signing_order *o, const char *person, int64_t *count)
{
	const struct db_param p[] = {db_text(person)};
	struct json_list rows = {0};
	enum err e = db_all(o->db, SIGNING_KEYS_OF, p, &rows);

	*count = 0;
	for (size_t i = 0; e == ERR_OK && i < rows.count; i++) {
		const struct signing_key_row *const row = &((const struct signing_key_row *)rows.items)[i];

		if (row->frozen_at != 0)
			continue;
		e = freeze_one(s, o, row);
		(*count)++;
	}
	db_rows_free(&signer_statements[SIGNING_KEYS_OF], &rows);
	return e;
}

enum err
signing_person_freeze(void *daemon, struct request *request, struct reply *reply)
{
	AUTO(signing_order) o = {0};
	const char *const person = request_param(request, "person");
	int64_t count;

	TRY(signing_order_begin(daemon, request, "signing.freeze", &o));
	TRY(order_names(&o, person, NULL));
	TRY(freeze_all(daemon, &o, person, &count));
	TRY(signing_order_commit(&o));
	answer_frozen(reply, count);
	return ERR_OK;
}

/* ---- show ---- */

static void
write_key(struct json_writer *j, const struct signing_key_row *row)
{
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	struct blob b;

	json_object(j, NULL);
	uuid_write(&id, &row->id);
	json_span(j, "id", writer_span(&id));
	if (blob_read(span_at(row->blob.ptr, row->blob.len), &b) == ERR_OK)
		json_hex(j, "key", b.id); /* its name in mohar-hsmd, which citizen.unfreeze signs */
	json_int(j, "generation", row->generation);
	json_text(j, "state", row->frozen_at != 0 ? "frozen" : row->state);
	json_bytes64(j, "spki_sha256", span_at(row->spki_sha256.ptr, row->spki_sha256.len));
	json_time(j, "begun", row->begun_at);
	if (row->frozen_at != 0)
		json_time(j, "frozen", row->frozen_at);
	json_text(j, "certificate", row->certificate);
	json_object_end(j);
}

enum err
signing_person_show(void *daemon, struct request *request, struct reply *reply)
{
	AUTO(signing_order) o = {0};
	const char *const person = request_param(request, "person");
	const struct db_param p[] = {db_text(person)};
	struct json_list rows = {0};
	struct json_writer j;

	TRY(signing_order_begin(daemon, request, "signing.show", &o));
	TRY(order_names(&o, person, NULL));
	TRY(db_all(o.db, SIGNING_KEYS_OF, p, &rows));
	j = reply_json(reply);
	json_object(&j, NULL);
	json_array(&j, "keys");
	for (size_t i = 0; i < rows.count; i++)
		write_key(&j, &((const struct signing_key_row *)rows.items)[i]);
	json_array_end(&j);
	json_object_end(&j);
	db_rows_free(&signer_statements[SIGNING_KEYS_OF], &rows);
	return signing_order_commit(&o);
}

/* ---- unfreeze ---- */

static enum err
raise(struct signer *s, struct signing_order *o, const struct signing_key_row *row, struct span act)
{
	AUTO(writer) raised = writer_new(MAX_BLOB);
	struct blob b;
	size_t affected;

	REQUIRE_WHY(row->frozen_at != 0, ERR_REFUSED, "this key is not frozen");
	TRY(keyring_citizen_bind(s->keyring, CITIZEN_KEYS, span_at(row->blob.ptr, row->blob.len), act, &raised));
	TRY(blob_read(writer_span(&raised), &b));
	const struct db_param p[] = {db_uuid(&row->id), db_bytes(writer_span(&raised)), db_int((int64_t)b.generation)};

	TRY(db_run(o->db, SIGNING_KEY_RAISE, p, &affected));
	REQUIRE_WHY(affected == 1, ERR_USED, "this key is not frozen any more");
	TRY(signing_order_record(s, o, "signing-key.unfrozen", row));
	return signing_order_commit(o);
}

enum err
signing_key_raise(void *daemon, struct request *request, struct reply *reply)
{
	AUTO(signing_key_row) row = {0};
	AUTO(signing_order) o = {0};
	struct json_writer j;

	/* Whether it names this key and generation, mohar-hsmd checks. */
	TRY(signing_order_begin(daemon, request, "citizen.unfreeze", &o));
	TRY(signing_key_lock(o.db, request, &row));
	TRY(raise(daemon, &o, &row, request_body(request)));
	j = reply_json(reply);
	json_object(&j, NULL);
	json_int(&j, "generation", row.generation + 1);
	json_object_end(&j);
	return ERR_OK;
}
