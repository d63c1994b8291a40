/* operator: what a CA operator orders about enrolments: add (the secret is in the answer, and nowhere else), revoke, list. */
#include <stddef.h>
#include <string.h>

#include "audit/event.h"
#include "base/encode.h"
#include "ca/device/device.h"
#include "ca/device/pattern.h"
#include "ca/device/secret.h"
#include "ca/order.h"

enum { MAX_DAYS = 365, MAX_USES = 100000, SECONDS_A_DAY = 86400, MAX_AGENCY = 64, MAX_LISTED = 1000 };

static const char *const roles[] = {"ca-operator", NULL};

struct wanted {
	char *agency, *profile;
	struct json_list names;
	int64_t days, uses;
};
static const struct json_row wanted_rows[] = {
	{.name = "agency",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct wanted, agency),
		.max = MAX_AGENCY},
	{.name = "profile",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct wanted, profile),
		.max = 64},
	{.name = "names",
		.kind = JSON_TEXTS,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct wanted, names),
		.max = MAX_PATTERNS},
	{.name = "days",
		.kind = JSON_INT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct wanted, days),
		.min = 1,
		.max = MAX_DAYS},
	{.name = "uses",
		.kind = JSON_INT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct wanted, uses),
		.min = 1,
		.max = MAX_USES},
};
static const struct json_table wanted_table = {"act device.enrolment.add", wanted_rows, 5, sizeof(struct wanted), true};

static enum err
is_on(const struct cad *c)
{
	REQUIRE_WHY(c->devices != NULL, ERR_NOT_FOUND, "EST and CMP are off here: the setting device_port is 0");
	return ERR_OK;
}

/* Only what is issued without a registrar, to no person and to no responder of ours. */
static enum err
check(const struct cad *c, const struct wanted *w)
{
	const struct profile *p = profile_find(&c->profiles, w->profile);

	REQUIRE_WHY(w->agency[0] != '\0' &&
			strspn(w->agency, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(w->agency),
		ERR_MALFORMED, "an agency is named by lower-case letters, digits and hyphens, such as health");
	REQUIRE_WHY(p != NULL, ERR_NOT_FOUND, "there is no profile '%s'", w->profile);
	REQUIRE_WHY(!p->ca && !p->registrar_signature && strncmp(p->name, "citizen-", 8) != 0 &&
			!json_texts_have(&p->extended_key_usage, "ocspSigning"),
		ERR_REFUSED, "profile '%s' is not issued to devices", p->name);
	REQUIRE_WHY(w->names.count > 0, ERR_MALFORMED,
		"at least one name is needed, such as dns:*.sensors.example.gov");
	for (size_t i = 0; i < w->names.count; i++)
		TRY(pattern_check(json_text_at(&w->names, i), p));
	return ERR_OK;
}

static enum err
make_event(const char *type, unix_time at, const char *id, const char *actor, const struct wanted *w, struct event *out)
{
	AUTO(writer) public_part = writer_new(MAX_ENTRY);
	AUTO(writer) private_part = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&public_part);

	json_object(&j, NULL);
	json_text(&j, "about", id);
	json_object_end(&j);
	TRY(writer_done(&public_part));
	j = json_to(&private_part);
	json_object(&j, NULL);
	json_text(&j, "actor", actor);
	if (w != NULL) {
		json_text(&j, "agency", w->agency);
		json_text(&j, "profile", w->profile);
		json_int(&j, "uses", w->uses);
	}
	json_object_end(&j);
	TRY(writer_done(&private_part));
	return event_make(out, "ca", type, LOG_TREE_PUBLIC, at, writer_span(&public_part), writer_span(&private_part));
}

struct made {
	char id[ENROLMENT_ID_LEN + 1];
	struct enrolment_secret secret;
	unix_time expires;
};

static enum err
record(struct cad *c, const struct act *act, const struct wanted *w, struct made *m)
{
	AUTO(writer) id = writer_new(64);
	uint8_t random[ENROLMENT_ID_LEN / 2];
	struct event event = {0};
	const unix_time now = cad_now(c);

	random_bytes(random, sizeof(random));
	hex_write(&id, span_at(random, sizeof(random)));
	TRY(writer_done(&id));
	memcpy(m->id, writer_span(&id).ptr, sizeof(m->id));
	m->expires = now + w->days * SECONDS_A_DAY;
	TRY(secret_derive(c, m->id, &m->secret));
	TRY(make_event("device.enrolment.added", now, m->id, act->by->name, w, &event));
	const struct db_param params[] = {db_text(m->id), db_text(w->agency), db_text(w->profile), db_texts(&w->names),
		db_int(w->uses), db_time(m->expires), db_text(act->by->name), db_uuid(&event.id), db_time(now),
		db_bytes(span_at(event.salt, SALT_LEN)), db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part))};
	const enum err e = db_pool_run(c->devices->db, DEVICE_ADD, params, NULL);

	event_free(&event);
	return e;
}

static void
write_names(struct json_writer *j, const struct json_list *names)
{
	json_array(j, "names");
	for (size_t i = 0; i < names->count; i++)
		json_text(j, NULL, json_text_at(names, i));
	json_array_end(j);
}

static enum err
add(struct cad *c, const struct act *act, const struct wanted *w, struct reply *reply)
{
	struct made m = {0};

	TRY(check(c, w));
	TRY(record(c, act, w, &m));
	reply_status(reply, 201);
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_text(&j, "id", m.id);
	json_text(&j, "secret", m.secret.text);
	json_text(&j, "agency", w->agency);
	json_text(&j, "profile", w->profile);
	write_names(&j, &w->names);
	json_int(&j, "uses", w->uses);
	json_time(&j, "expires", m.expires);
	json_int(&j, "port", c->config.device_port);
	json_object_end(&j);
	explicit_bzero(&m.secret, sizeof(m.secret));
	return ERR_OK;
}

enum err
device_add(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	struct wanted wanted;
	AUTO(act) act = {0};

	TRY(is_on(c));
	TRY(order_of_body(c, request, roles, "device.enrolment.add", &act));
	TRY(json_decode(span_of(act.payload), &wanted_table, &wanted));
	const enum err e = add(c, &act, &wanted, reply);

	json_free(&wanted_table, &wanted);
	return e;
}

/* ---- revoke ---- */

struct wanted_id {
	char *id;
};
static const struct json_row id_rows[] = {
	{.name = "id",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct wanted_id, id),
		.max = 64},
};
static const struct json_table id_table = {"act device.enrolment.revoke", id_rows, 1, sizeof(struct wanted_id), true};

static enum err
revoke(struct cad *c, const struct act *act, const char *id, struct reply *reply)
{
	struct event event = {0};
	const unix_time now = cad_now(c);
	size_t affected = 0;

	TRY(make_event("device.enrolment.revoked", now, id, act->by->name, NULL, &event));
	const struct db_param params[] = {db_text(id), db_text(act->by->name), db_uuid(&event.id), db_time(now),
		db_bytes(span_at(event.salt, SALT_LEN)), db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part))};
	const enum err e = db_pool_run(c->devices->db, DEVICE_REVOKE, params, &affected);

	event_free(&event);
	TRY(e);
	REQUIRE_WHY(affected == 1, ERR_NOT_FOUND, "there is no enrolment '%.64s', or it is revoked already", id);
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_text(&j, "id", id);
	json_text(&j, "status", "revoked");
	json_time(&j, "revoked_at", now);
	json_object_end(&j);
	return ERR_OK;
}

enum err
device_revoke(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	struct wanted_id wanted;
	AUTO(act) act = {0};

	TRY(is_on(c));
	TRY(order_of_body(c, request, roles, "device.enrolment.revoke", &act));
	TRY(json_decode(span_of(act.payload), &id_table, &wanted));
	enum err e = ERR_OK;

	if (strcmp(wanted.id, request_param(request, "id")) != 0)
		e = err_because(ERR_MISMATCH, "the act is for enrolment %s, the address for another", wanted.id);
	if (e == ERR_OK)
		e = revoke(c, &act, wanted.id, reply);
	json_free(&id_table, &wanted);
	return e;
}

/* ---- list ---- */

static const char *
status_of(const struct enrolment_row *row, unix_time now)
{
	const enum err e = enrolment_decide(row, now);

	err_forget();
	return e == ERR_OK ? "open" : e == ERR_REVOKED ? "revoked" : e == ERR_EXPIRED ? "expired" : "used";
}

static void
answer_list(struct reply *reply, const struct json_list *list, unix_time now)
{
	const struct enrolment_row *rows = list->items;
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_array(&j, "enrolments");
	for (size_t i = 0; i < list->count; i++) {
		json_object(&j, NULL);
		json_text(&j, "id", rows[i].id);
		json_text(&j, "agency", rows[i].agency);
		json_text(&j, "profile", rows[i].profile);
		json_text(&j, "status", status_of(&rows[i], now));
		write_names(&j, &rows[i].names);
		json_int(&j, "uses", rows[i].uses);
		json_time(&j, "created_at", rows[i].created_at);
		json_time(&j, "expires", rows[i].expires);
		json_text(&j, "ordered_by", rows[i].actor);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
}

enum err
device_list(void *daemon, struct request *request, struct reply *reply)
{
	const struct db_param params[] = {db_int(MAX_LISTED)};
	struct cad *c = daemon;
	struct json_list list;
	AUTO(act) act = {0};

	TRY(is_on(c));
	TRY(order_of_bearer(c, request, roles, "certificate.read", &act));
	TRY(db_pool_all(c->devices->db, DEVICE_LIST, params, &list));
	answer_list(reply, &list, cad_now(c));
	db_rows_free(&device_statements[DEVICE_LIST], &list);
	return ERR_OK;
}
