#include <stddef.h>

#include "base/encode.h"
#include "idp/registry/number.h"
#include "idp/registry/registry.h"
#include "idp/store/store.h"

enum { CARD_SUBJECT_BYTES = 16, USER_HANDLE_BYTES = 32 };

static const struct json_row rows[] = {
	{"handle", JSON_TEXT, JSON_REQUIRED, offsetof(struct enrolment, handle), 0, 64, NULL, 0},
	{"name", JSON_TEXT, JSON_REQUIRED, offsetof(struct enrolment, name), 0, 255, NULL, 0},
	{"number", JSON_TEXT, JSON_REQUIRED, offsetof(struct enrolment, number), 0, 32, NULL, 0},
	{"birthdate", JSON_TEXT, JSON_REQUIRED, offsetof(struct enrolment, birthdate), 0, 10, NULL, 0},
	{"gender", JSON_TEXT, JSON_REQUIRED, offsetof(struct enrolment, gender), 0, 32, NULL, 0},
	{"proofing", JSON_INT, JSON_REQUIRED, offsetof(struct enrolment, proofing), 1, 3, NULL, 0},
	{"countersign", JSON_TEXT, JSON_OPTIONAL, offsetof(struct enrolment, countersign), 0, MAX_ACT, NULL, 0},
};
static const struct json_table table = {"citizen.add", rows, sizeof(rows) / sizeof(rows[0]), sizeof(struct enrolment),
	true};

static void
enrolment_free(struct enrolment *e)
{
	json_free(&table, e);
}

/* What the registry makes up for a person: nothing of it says who it is. */
struct fresh_person {
	struct uuid id;
	uint8_t user_handle[USER_HANDLE_BYTES];
	char card_subject[2 * CARD_SUBJECT_BYTES + 1];
};

static enum err
fresh_make(struct fresh_person *f)
{
	uint8_t bytes[CARD_SUBJECT_BYTES];
	AUTO(writer) hex = writer_new(2 * CARD_SUBJECT_BYTES);

	f->id = uuid_random();
	random_bytes(f->user_handle, sizeof(f->user_handle));
	random_bytes(bytes, sizeof(bytes));
	hex_write(&hex, span_at(bytes, sizeof(bytes)));
	TRY(writer_done(&hex));
	for (size_t i = 0; i <= hex.len; i++)
		f->card_subject[i] = (char)writer_span(&hex).ptr[i];
	return ERR_OK;
}

static enum err
add_number(struct idp *d, struct order *o, const struct fresh_person *f, const char *number)
{
	uint8_t mac[NUMBER_MAC_LEN];
	AUTO(writer) blob = writer_new(MAX_NUMBER_BLOB);
	struct uuid key;
	enum err e;

	TRY(number_mac(d, number, mac));
	TRY(number_seal(d->number_keys, &f->id, number, &blob, &key));
	const struct db_param p[] = {db_bytes(span_at(mac, sizeof(mac))), db_uuid(&f->id), db_uuid(&key),
		db_bytes(writer_span(&blob))};
	e = db_run(o->db, ST_NUMBER_ADD, p, NULL);
	return e == ERR_EXISTS ? err_because(e, "a person with this national number is registered already") : e;
}

static enum err
add_person(struct idp *d, struct order *o, const struct enrolment *en, const struct fresh_person *f)
{
	const struct db_param p[] = {
		db_uuid(&f->id),
		db_text(en->handle),
		db_text(en->name),
		db_text(en->birthdate),
		db_text(en->gender),
		db_int(en->proofing),
		db_text(f->card_subject),
		db_bytes(span_at(f->user_handle, sizeof(f->user_handle))),
		db_time(clock_now(&d->clock)),
	};
	const enum err e = db_run(o->db, ST_PERSON_ADD, p, NULL);

	return e == ERR_EXISTS ? err_because(e, "a person of that handle is registered already") : e;
}

static enum err
record(struct idp *d, struct order *o, const struct enrolment *en, const struct fresh_person *f)
{
	AUTO(writer) w = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&w);

	json_object(&j, NULL);
	json_text(&j, "handle", en->handle);
	json_int(&j, "proofing", en->proofing);
	json_bool(&j, "countersigned", en->countersign != NULL);
	json_object_end(&j);
	TRY(writer_done(&w));
	return order_record(d, o, "person.added", LOG_TREE_PRIVATE, &f->id, writer_span(&w));
}

static enum err
add(struct idp *d, struct order *o, const struct enrolment *en, const struct fresh_person *f)
{
	AUTO(writer) digest = writer_new(64);

	TRY(enrolment_check(en, d->identity, clock_now(&d->clock)));
	TRY(enrolment_digest(en, &digest));
	if (en->countersign != NULL)
		TRY(order_countersigned(d, o, en->countersign, (const char *)writer_span(&digest).ptr));
	TRY(add_person(d, o, en, f));
	TRY(add_number(d, o, f, en->number));
	TRY(record(d, o, en, f));
	return order_commit(o);
}

enum err
citizen_add_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(order) o = {0};
	AUTO(enrolment) en = {0};
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	struct fresh_person f;
	struct json_writer j;

	TRY(order_begin(d, request, "registrar", "citizen.add", &o));
	TRY(json_decode(span_of(o.act.payload), &table, &en));
	TRY(fresh_make(&f));
	TRY(add(d, &o, &en, &f));
	uuid_write(&id, &f.id);
	reply_status(reply, 201);
	j = reply_json(reply);
	json_object(&j, NULL);
	json_span(&j, "person", writer_span(&id));
	json_text(&j, "card_subject", f.card_subject);
	json_object_end(&j);
	return ERR_OK;
}
