#include "idp/activate/activate.h"

#include "base/digest.h"
#include "idp/limit.h"
#include "idp/login/passkey.h"
#include "idp/page.h"
#include "idp/store/record.h"
#include "idp/store/store.h"

enum err
activate_handler(void *daemon, struct request *request, struct reply *reply)
{
	return page_reply(daemon, request, reply, "activate", NULL, NULL);
}

/* The activation that body's code opens. Unknown, used, expired, and a frozen person's are told alike. */
static enum err
peek(struct idp *d, const struct passkey_body *body, struct activation_row *out)
{
	const struct sha256 hash = sha256_of(span_of(body->code));
	const struct db_param p[] = {db_bytes(sha256_span(&hash)), db_time(clock_now(&d->clock))};
	enum err e;

	REQUIRE_WHY(body->code != NULL, ERR_MALFORMED, "code is missing");
	e = db_pool_one(d->db, ST_ACTIVATION_PEEK, p, out);
	return e == ERR_NOT_FOUND ? err_because(ERR_NOT_FOUND, "the activation code is unknown, used or expired") : e;
}

enum err
activate_person_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(passkey_body) body = {0};
	AUTO(activation_row) row = {0};
	struct json_writer j;

	TRY(script_request(d, request));
	TRY(passkey_body_read(request, &body));
	TRY(peek(d, &body, &row));
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "name", row.name);
	json_int(&j, "level", row.level);
	json_object_end(&j);
	return ERR_OK;
}

enum err
activate_options_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(passkey_body) body = {0};
	AUTO(activation_row) row = {0};

	TRY(script_request(d, request));
	TRY(passkey_body_read(request, &body));
	TRY(peek(d, &body, &row));
	return passkey_offer(d, reply, span_of(body.code), &row.person,
		span_at(row.user_handle.ptr, row.user_handle.len), row.name);
}

/* Code consumed, passkey stored, event written: one statement. */
static enum err
bind(struct idp *d, const char *code, const struct webauthn_credential *c, const char *name)
{
	const struct sha256 hash = sha256_of(span_of(code));
	const unix_time now = clock_now(&d->clock);
	AUTO(writer) details = writer_new(MAX_ENTRY);
	AUTO(event) event = {0};
	struct uuid_row person;
	enum err e;

	TRY(passkey_details(c, name, &details));
	TRY(record_make(&event, "citizen.activated", LOG_TREE_PRIVATE, now, SPAN(""), writer_span(&details)));
	struct db_param p[14 + EVENT_PARAM_COUNT] = {
		db_bytes(sha256_span(&hash)),
		db_time(now),
		db_bytes(span_at(c->id, c->id_len)),
		db_bytes(span_at(c->cose_key, c->cose_key_len)),
		db_int(c->algorithm),
		db_int(c->counter),
		db_bool(c->user_verified),
		db_bool(c->backup_eligible),
		db_bool(c->backed_up),
		db_bytes(span_at(c->aaguid, sizeof(c->aaguid))),
		db_text(c->format),
		db_int(c->trust),
		db_int(passkey_authenticator(c)),
		db_text(name),
	};
	record_params(&event, p + 14);
	e = db_pool_one(d->db, ST_ACTIVATION_BIND, p, &person);
	return e == ERR_NOT_FOUND ? err_because(ERR_USED, "the activation code was used or has expired meanwhile") : e;
}

enum err
activate_passkey_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(passkey_body) body = {0};
	AUTO(activation_row) row = {0};
	struct webauthn_credential credential;
	const char *name;
	struct json_writer j;
	enum err e;

	TRY(script_request(d, request));
	TRY(passkey_body_read(request, &body));
	REQUIRE_WHY(body.credential != NULL, ERR_MALFORMED, "credential is missing");
	TRY(passkey_name(body.name, "Passkey", &name));
	TRY(peek(d, &body, &row));
	TRY(limit_account(d, span_of(body.code)));
	e = passkey_register(d, span_of(body.code), span_of(body.credential), &credential);
	if (e != ERR_OK)
		limit_failed(d, span_of(body.code), e);
	TRY(e);
	TRY(bind(d, body.code, &credential, name));
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "next", "/account");
	json_object_end(&j);
	reply_status(reply, 201);
	return ERR_OK;
}
