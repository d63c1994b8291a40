#include <stddef.h>

#include "idp/registry/registry.h"
#include "idp/store/store.h"

struct appointment {
	char *agency, *office, *title, *from, *until;
};
static const struct json_row rows[] = {
	{"agency", JSON_TEXT, JSON_REQUIRED, offsetof(struct appointment, agency), 1, 64, NULL, 0},
	{"office", JSON_TEXT, JSON_REQUIRED, offsetof(struct appointment, office), 1, 128, NULL, 0},
	{"title", JSON_TEXT, JSON_REQUIRED, offsetof(struct appointment, title), 1, 200, NULL, 0},
	{"from", JSON_TEXT, JSON_OPTIONAL, offsetof(struct appointment, from), 0, 20, NULL, 0},
	{"until", JSON_TEXT, JSON_REQUIRED, offsetof(struct appointment, until), 0, 20, NULL, 0},
};
static const struct json_table table = {"citizen.appoint", rows, sizeof(rows) / sizeof(rows[0]),
	sizeof(struct appointment), true};

static void
appointment_free(struct appointment *a)
{
	json_free(&table, a);
}

/* Without a beginning it begins now. */
static enum err
times(const struct idp *d, const struct appointment *a, unix_time *from, unix_time *until)
{
	*from = clock_now(&d->clock);
	if (a->from != NULL)
		REQUIRE_WHY(time_read(span_of(a->from), from) == ERR_OK, ERR_MALFORMED,
			"from: a time like 2026-01-31T23:59:59Z");
	REQUIRE_WHY(time_read(span_of(a->until), until) == ERR_OK && *until > *from, ERR_MALFORMED,
		"until: a time like 2026-01-31T23:59:59Z, after from");
	return ERR_OK;
}

static enum err
appoint(struct idp *d, struct order *o, const struct person_row *person, const struct appointment *a,
	struct span statement)
{
	const struct uuid id = uuid_random();
	const struct db_param office[] = {db_text(a->agency), db_text(a->office), db_time(clock_now(&d->clock))};
	AUTO(writer) w = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&w);
	unix_time from, until;

	REQUIRE_WHY(span_is_line(span_of(a->agency)) && span_is_line(span_of(a->office)) &&
			span_is_line(span_of(a->title)),
		ERR_MALFORMED, "agency, office, title: one line of text each");
	TRY(times(d, a, &from, &until));
	TRY(db_run(o->db, ST_OFFICE_ADD, office, NULL));
	const struct db_param p[] = {db_uuid(&id), db_uuid(&person->id), db_text(a->agency), db_text(a->office),
		db_text(a->title), db_time(from), db_time(until), db_text_span(statement)};
	TRY(db_run(o->db, ST_APPOINTMENT_ADD, p, NULL));
	json_object(&j, NULL);
	json_text(&j, "agency", a->agency);
	json_text(&j, "office", a->office);
	json_text(&j, "title", a->title);
	json_time(&j, "from", from);
	json_time(&j, "until", until);
	json_object_end(&j);
	TRY(writer_done(&w));
	return order_record(d, o, "office.appointed", LOG_TREE_PRIVATE, &person->id, writer_span(&w));
}

enum err
citizen_appoint_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(order) o = {0};
	AUTO(person_row) person = {0};
	AUTO(appointment) a = {0};
	struct json_writer j;

	TRY(order_begin(d, request, "registrar", "citizen.appoint", &o));
	TRY(json_decode(span_of(o.act.payload), &table, &a));
	TRY(order_person(&o, request, &person));
	TRY(appoint(d, &o, &person, &a, request_body(request)));
	TRY(order_commit(&o));
	reply_status(reply, 201);
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "handle", person.handle);
	json_text(&j, "agency", a.agency);
	json_text(&j, "office", a.office);
	json_text(&j, "title", a.title);
	json_object_end(&j);
	return ERR_OK;
}
