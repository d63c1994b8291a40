#include "idp/registry/names.h"

#include "base/encode.h"
#include "idp/store/store.h"

static enum err
offices_write(struct idp *d, struct order *o, const struct person_row *person, struct json_writer *j)
{
	const unix_time now = clock_now(&d->clock);
	const struct db_param p[] = {db_uuid(&person->id), db_time(now)};
	struct json_list list = {0};

	TRY(db_all(o->db, ST_APPOINTMENTS_OF, p, &list));
	const struct appointment_row *rows = list.items;

	json_array(j, "offices");
	for (size_t i = 0; i < list.count; i++) {
		if (rows[i].valid_from > now || (rows[i].valid_until != 0 && rows[i].valid_until <= now))
			continue;
		json_object(j, NULL);
		json_text(j, "agency", rows[i].agency);
		json_text(j, "office", rows[i].office);
		json_text(j, "title", rows[i].title);
		json_object_end(j);
	}
	json_array_end(j);
	store_list_free(ST_APPOINTMENTS_OF, &list);
	return ERR_OK;
}

enum err
names_statement_write(struct idp *d, struct order *o, const struct person_row *person, struct writer *out)
{
	const struct jws_sign_options options = {.typ = "names+jwt", .kid = d->token_kid};
	const unix_time now = clock_now(&d->clock);
	AUTO(writer) payload = writer_new(MAX_NAMES_STATEMENT);
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	struct json_writer j = json_to(&payload);

	uuid_write(&id, &person->id);
	json_object(&j, NULL);
	json_text(&j, "iss", d->settings.issuer);
	json_text(&j, "aud", "ca");
	json_int(&j, "iat", now);
	json_int(&j, "exp", now + NAMES_SECONDS);
	json_span(&j, "person", writer_span(&id));
	json_text(&j, "card_subject", person->card_subject);
	json_text(&j, "name", person->name);
	TRY(offices_write(d, o, person, &j));
	json_object_end(&j);
	TRY(writer_done(&payload));
	return jws_sign(d->token_key, &options, writer_span(&payload), out);
}

static enum err
answer(struct idp *d, struct order *o, const struct person_row *person, struct writer *w)
{
	AUTO(writer) statement = writer_new(MAX_NAMES_STATEMENT);
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	struct json_writer j = json_to(w);

	TRY(names_statement_write(d, o, person, &statement));
	uuid_write(&id, &person->id);
	json_object(&j, NULL);
	json_span(&j, "person", writer_span(&id));
	json_text(&j, "handle", person->handle);
	json_text(&j, "name", person->name);
	json_text(&j, "card_subject", person->card_subject);
	json_span(&j, "registry", writer_span(&statement));
	json_object_end(&j);
	return writer_done(w);
}

enum err
citizen_names_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(order) o = {0};
	AUTO(person_row) person = {0};
	AUTO(writer) w = writer_new(MAX_JSON);

	TRY(order_begin(d, request, "registrar", "citizen.names", &o));
	TRY(order_person(&o, request, &person));
	REQUIRE_WHY(person.frozen_at == 0, ERR_REVOKED, "this person is frozen");
	TRY(answer(d, &o, &person, &w));
	TRY(order_record(d, &o, "person.looked-up", LOG_TREE_PRIVATE, &person.id, SPAN("")));
	TRY(order_commit(&o));
	writer_bytes(reply_body(reply, "application/json"), writer_span(&w));
	return ERR_OK;
}
