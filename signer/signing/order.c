#include "signer/signing/order.h"

#include <string.h>

void
signing_order_free(struct signing_order *o)
{
	db_free(&o->db);
	act_free(&o->act);
}

static enum err
spend(struct signer *s, struct signing_order *o)
{
	const unix_time now = clock_now(&s->clock);
	const struct db_param p[] = {db_text(o->act.jti), db_time(o->act.exp + MAX_ACT_AGE), db_time(now)};
	enum err e;

	TRY(db_lease(s->db, &o->db));
	TRY(db_begin(o->db));
	e = db_run(o->db, ACT_SPEND, p, NULL);
	return e == ERR_EXISTS ? err_because(ERR_USED, "this act was carried out already; sign a new one") : e;
}

enum err
signing_order_begin(struct signer *s, const struct request *request, const char *name, struct signing_order *out)
{
	const char *const type = request_header(request, "Content-Type");

	REQUIRE_WHY(type != NULL && strcmp(type, "application/jose") == 0, ERR_UNSUPPORTED,
		"an act comes as Content-Type application/jose");
	TRY(act_verify(request_body(request), &s->operators, "registrar", name, s->settings.url, clock_now(&s->clock),
		&out->act));
	return spend(s, out);
}

enum err
signing_order_commit(struct signing_order *o)
{
	return db_commit(o->db);
}

enum err
signing_record_add(struct signer *s, struct db *db, const struct signing_record *r, struct uuid *id)
{
	const unix_time now = clock_now(&s->clock);
	AUTO(event) e = {0};

	TRY(event_make(&e, "signer", r->type, r->tree, now, r->open.len > 0 ? r->open : SPAN("{}"),
		r->closed.len > 0 ? r->closed : SPAN("{}")));
	const struct db_param params[] = {
		db_uuid(&e.id),
		db_int(e.tree),
		db_time(now),
		db_text(r->type),
		db_text(r->actor),
		db_text(r->principal),
		db_text(r->sector),
		db_text(r->channel),
		db_bytes(span_at(e.salt, SALT_LEN)),
		db_bytes(writer_span(&e.entry)),
		db_bytes(writer_span(&e.private_part)),
	};

	if (id != NULL)
		*id = e.id;
	return db_run(db, EVENT_ADD, params, NULL);
}

enum err
signing_order_record(struct signer *s, struct signing_order *o, const char *type, const struct signing_key_row *key)
{
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	AUTO(writer) closed = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&closed);
	struct signing_record r = {.type = type,
		.tree = LOG_TREE_PRIVATE,
		.actor = o->act.by->name,
		.principal = key->person,
		.sector = "signer",
		.channel = "counter"};

	uuid_write(&id, &key->id);
	json_object(&j, NULL);
	json_span(&j, "key", writer_span(&id));
	json_text(&j, "person", key->person);
	json_bytes64(&j, "spki_sha256", span_at(key->spki_sha256.ptr, key->spki_sha256.len));
	json_object_end(&j);
	TRY(writer_done(&closed));
	r.closed = writer_span(&closed);
	return signing_record_add(s, o->db, &r, NULL);
}

enum err
signing_key_lock(struct db *db, const struct request *request, struct signing_key_row *out)
{
	struct uuid id;
	enum err e;

	REQUIRE_WHY(uuid_read(span_of(request_param(request, "id")), &id) == ERR_OK, ERR_NOT_FOUND,
		"a signing key's id is a UUID");
	const struct db_param p[] = {db_uuid(&id)};

	e = db_one(db, SIGNING_KEY_LOCK, p, out);
	return e == ERR_NOT_FOUND ? err_because(e, "there is no such signing key") : e;
}

void
signing_key_row_free(struct signing_key_row *row)
{
	db_row_free(&signer_statements[SIGNING_KEY_BY_ID], row);
}

void
signing_request_row_free(struct signing_request_row *row)
{
	db_row_free(&signer_statements[SIGNING_REQUEST_BY_ID], row);
}
