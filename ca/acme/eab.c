#include <stddef.h>
#include <string.h>

#include "base/encode.h"
#include "ca/acme/call.h"
#include "ca/acme/handlers.h"
#include "ca/acme/identifier.h"
#include "ca/order.h"

enum {
	MAX_DAYS = 365,
	MAX_ACCOUNTS = 1000,
	SECONDS_A_DAY = 86400,
	KID_LEN = 16,
	KEY_LEN = 32,
	MAX_AGENCY = 64,
	MAX_LISTED = 1000,
	KID_TEXT_LEN = 22
};

static const char *const roles[] = {"ca-operator", NULL};

struct asked {
	char *agency;
	struct json_list names;
	int64_t days, accounts;
};
static const struct json_row asked_rows[] = {
	{.name = "agency",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct asked, agency),
		.max = MAX_AGENCY},
	{.name = "names",
		.kind = JSON_TEXTS,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct asked, names),
		.max = MAX_GRANTS},
	{.name = "days",
		.kind = JSON_INT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct asked, days),
		.min = 1,
		.max = MAX_DAYS},
	{.name = "accounts",
		.kind = JSON_INT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct asked, accounts),
		.min = 1,
		.max = MAX_ACCOUNTS},
};
static const struct json_table asked_table = {"act acme.binding.add", asked_rows, 4, sizeof(struct asked), true};

static enum err
check(const struct asked *asked)
{
	REQUIRE_WHY(asked->agency[0] != '\0' &&
			strspn(asked->agency, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(asked->agency),
		ERR_MALFORMED, "an agency is named by lower-case letters, digits and hyphens, such as land");
	REQUIRE_WHY(asked->names.count > 0, ERR_MALFORMED, "at least one name or network is needed");
	for (size_t i = 0; i < asked->names.count; i++)
		TRY(grant_check(json_text_at(&asked->names, i)));
	return ERR_OK;
}

struct made {
	char kid[KID_TEXT_LEN + 1];
	uint8_t key[KEY_LEN];
	unix_time expires;
};

static enum err
record(struct cad *c, const struct act *act, const struct asked *asked, struct made *m)
{
	AUTO(writer) kid = writer_new(64);
	uint8_t id[KID_LEN];
	struct event event = {0};
	const unix_time now = cad_now(c);

	random_bytes(id, sizeof(id));
	random_bytes(m->key, sizeof(m->key));
	base64url_write(&kid, span_at(id, sizeof(id)));
	memcpy(m->kid, writer_span(&kid).ptr, sizeof(m->kid));
	m->expires = now + asked->days * SECONDS_A_DAY;
	TRY(acme_event("acme.binding.added", now, m->kid, act->by->name, asked->agency, &event));
	const struct db_param params[] = {db_text(m->kid), db_text(asked->agency), db_texts(&asked->names),
		db_bytes(span_at(m->key, KEY_LEN)), db_int(asked->accounts), db_time(m->expires),
		db_text(act->by->name), db_uuid(&event.id), db_time(now), db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)), db_bytes(writer_span(&event.private_part))};
	const enum err e = db_pool_run(c->acme->db, ACME_BINDING_ADD, params, NULL);

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
add(struct cad *c, const struct act *act, const struct asked *asked, struct reply *reply)
{
	AUTO(writer) directory = writer_new(MAX_ACME_URL);
	struct made m;

	TRY(check(asked));
	TRY(record(c, act, asked, &m));
	acme_url(c, "directory", &directory);
	reply_status(reply, 201);
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_text(&j, "kid", m.kid);
	json_bytes64(&j, "hmac", span_at(m.key, KEY_LEN));
	json_text(&j, "agency", asked->agency);
	write_names(&j, &asked->names);
	json_int(&j, "accounts", asked->accounts);
	json_time(&j, "expires", m.expires);
	json_span(&j, "directory", writer_span(&directory));
	json_object_end(&j);
	explicit_bzero(m.key, sizeof(m.key));
	return ERR_OK;
}

enum err
eab_add(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	struct asked asked;
	AUTO(act) act = {0};

	if (!acme_is_on(c, reply))
		return ERR_OK;
	TRY(order_of_body(c, request, roles, "acme.binding.add", &act));
	TRY(json_decode(span_of(act.payload), &asked_table, &asked));
	const enum err e = add(c, &act, &asked, reply);

	json_free(&asked_table, &asked);
	return e;
}

/* ---- revoke ---- */

struct asked_kid {
	char *kid;
};
static const struct json_row kid_rows[] = {
	{.name = "kid",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct asked_kid, kid),
		.max = 64},
};
static const struct json_table kid_table = {"act acme.binding.revoke", kid_rows, 1, sizeof(struct asked_kid), true};

static enum err
revoke(struct cad *c, const struct act *act, const char *kid, struct reply *reply)
{
	struct event event = {0};
	const unix_time now = cad_now(c);
	size_t affected = 0;

	TRY(acme_event("acme.binding.revoked", now, kid, act->by->name, NULL, &event));
	const struct db_param params[] = {db_text(kid), db_text(act->by->name), db_uuid(&event.id), db_time(now),
		db_bytes(span_at(event.salt, SALT_LEN)), db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part))};
	const enum err e = db_pool_run(c->acme->db, ACME_BINDING_REVOKE, params, &affected);

	event_free(&event);
	TRY(e);
	REQUIRE_WHY(affected == 1, ERR_NOT_FOUND, "there is no binding key '%.64s', or it is revoked already", kid);
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_text(&j, "kid", kid);
	json_text(&j, "status", "revoked");
	json_time(&j, "revoked_at", now);
	json_object_end(&j);
	return ERR_OK;
}

enum err
eab_revoke(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	struct asked_kid asked;
	AUTO(act) act = {0};

	if (!acme_is_on(c, reply))
		return ERR_OK;
	TRY(order_of_body(c, request, roles, "acme.binding.revoke", &act));
	TRY(json_decode(span_of(act.payload), &kid_table, &asked));
	enum err e = ERR_OK;

	if (strcmp(asked.kid, request_param(request, "kid")) != 0)
		e = err_because(ERR_MISMATCH, "the act is for kid %s, the address for another", asked.kid);
	if (e == ERR_OK)
		e = revoke(c, &act, asked.kid, reply);
	json_free(&kid_table, &asked);
	return e;
}

/* ---- list ---- */

static const char *
status_of(const struct binding_row *row, unix_time now)
{
	if (row->revoked_at != 0)
		return "revoked";
	if (row->expires <= now)
		return "expired";
	return row->accounts > 0 ? "open" : "used";
}

static void
answer_list(struct reply *reply, const struct json_list *list, unix_time now)
{
	const struct binding_row *rows = list->items;
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_array(&j, "bindings");
	for (size_t i = 0; i < list->count; i++) {
		json_object(&j, NULL);
		json_text(&j, "kid", rows[i].kid);
		json_text(&j, "agency", rows[i].agency);
		json_text(&j, "status", status_of(&rows[i], now));
		write_names(&j, &rows[i].names);
		json_int(&j, "accounts", rows[i].accounts);
		json_time(&j, "created_at", rows[i].created_at);
		json_time(&j, "expires", rows[i].expires);
		json_text(&j, "ordered_by", rows[i].actor);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
}

enum err
eab_list(void *daemon, struct request *request, struct reply *reply)
{
	const struct db_param params[] = {db_int(MAX_LISTED)};
	struct cad *c = daemon;
	struct json_list list;
	AUTO(act) act = {0};

	if (!acme_is_on(c, reply))
		return ERR_OK;
	TRY(order_of_bearer(c, request, roles, "certificate.read", &act));
	TRY(db_pool_all(c->acme->db, ACME_BINDING_LIST, params, &list));
	answer_list(reply, &list, cad_now(c));
	db_rows_free(&acme_statements[ACME_BINDING_LIST], &list);
	return ERR_OK;
}
