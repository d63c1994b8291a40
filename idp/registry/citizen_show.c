#include "base/encode.h"
#include "idp/registry/names.h"
#include "idp/registry/registry.h"
#include "idp/store/store.h"

static enum err
credentials_write(struct order *o, const struct person_row *person, struct json_writer *j)
{
	const struct db_param p[] = {db_uuid(&person->id)};
	struct json_list list = {0};
	const struct credential_row *rows;

	TRY(db_all(o->db, ST_CREDENTIALS_OF, p, &list));
	rows = list.items;
	json_array(j, "credentials");
	for (size_t i = 0; i < list.count; i++) {
		json_object(j, NULL);
		json_text(j, "name", rows[i].name);
		json_text(j, "format", rows[i].format);
		json_int(j, "authenticator", rows[i].authenticator);
		json_int(j, "bound_level", rows[i].bound_level);
		json_time(j, "created", rows[i].created_at);
		json_object_end(j);
	}
	json_array_end(j);
	store_list_free(ST_CREDENTIALS_OF, &list);
	return ERR_OK;
}

static enum err
offices_write(struct idp *d, struct order *o, const struct person_row *person, struct json_writer *j)
{
	const struct db_param p[] = {db_uuid(&person->id), db_time(clock_now(&d->clock))};
	struct json_list list = {0};
	const struct appointment_row *rows;

	TRY(db_all(o->db, ST_APPOINTMENTS_OF, p, &list));
	rows = list.items;
	json_array(j, "offices");
	for (size_t i = 0; i < list.count; i++) {
		json_object(j, NULL);
		json_text(j, "agency", rows[i].agency);
		json_text(j, "office", rows[i].office);
		json_text(j, "title", rows[i].title);
		json_time(j, "from", rows[i].valid_from);
		json_time(j, "until", rows[i].valid_until);
		json_object_end(j);
	}
	json_array_end(j);
	store_list_free(ST_APPOINTMENTS_OF, &list);
	return ERR_OK;
}

static enum err
person_write(struct idp *d, struct order *o, const struct person_row *person, struct writer *w)
{
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	AUTO(writer) statement = writer_new(MAX_NAMES_STATEMENT);
	struct json_writer j = json_to(w);

	uuid_write(&id, &person->id);
	json_object(&j, NULL);
	json_span(&j, "person", writer_span(&id));
	json_text(&j, "handle", person->handle);
	json_text(&j, "name", person->name);
	json_text(&j, "birthdate", person->birthdate);
	json_text(&j, "gender", person->gender);
	json_int(&j, "proofing", person->proofing);
	json_text(&j, "card_subject", person->card_subject);
	TRY(names_statement_write(d, o, person, &statement));
	json_span(&j, "registry", writer_span(&statement));
	json_time(&j, "created", person->created_at);
	if (person->frozen_at != 0)
		json_time(&j, "frozen", person->frozen_at);
	TRY(credentials_write(o, person, &j));
	TRY(offices_write(d, o, person, &j));
	json_object_end(&j);
	return writer_done(w);
}

/* An official looks a person up: the person's own log shows it, or there is no answer. */
enum err
citizen_show_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(order) o = {0};
	AUTO(person_row) person = {0};
	AUTO(writer) w = writer_new(MAX_JSON);

	TRY(order_begin(d, request, "registrar", "citizen.show", &o));
	TRY(order_person(&o, request, &person));
	TRY(person_write(d, &o, &person, &w));
	TRY(order_record(d, &o, "person.looked-up", LOG_TREE_PRIVATE, &person.id, SPAN("")));
	TRY(order_commit(&o));
	writer_bytes(reply_body(reply, "application/json"), writer_span(&w));
	return ERR_OK;
}
