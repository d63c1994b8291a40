#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "idp/account/account.h"
#include "idp/login/passkey.h"
#include "idp/session/session.h"
#include "idp/store/record.h"
#include "idp/store/store.h"

/* The session whose page sent this form. */
static enum err
form_session(struct idp *d, const struct request *request, struct session *s)
{
	TRY(same_origin(d, request));
	TRY(session_of(d, request, s));
	return csrf_check(CSRF_ACCOUNT, s->cookie, request_form(request, "csrf"));
}

/* Runs a statement whose parameters end with an event of the person's own. ERR_REFUSED if it changed nothing. */
static enum err
change(struct idp *d, enum statement n, struct db_param *params, size_t count, const char *type, struct span details)
{
	AUTO(event) event = {0};
	struct uuid_row row;
	enum err e;

	TRY(record_make(&event, type, LOG_TREE_PRIVATE, clock_now(&d->clock), SPAN(""), details));
	record_params(&event, params + count);
	e = db_pool_one(d->db, n, params, &row);
	return e == ERR_NOT_FOUND
		? err_because(ERR_REFUSED, "there is no such thing of yours, or it is your last means of signing in")
		: e;
}

enum err
account_options_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(session) s = {0};
	AUTO(person_row) person = {0};

	TRY(script_request(d, request));
	TRY(session_of(d, request, &s));
	const struct db_param p[] = {db_uuid(&s.row.person)};
	TRY(db_pool_one(d->db, ST_PERSON_BY_ID, p, &person));
	return passkey_offer(d, reply, s.cookie, &person.id, span_at(person.user_handle.ptr, person.user_handle.len),
		person.name);
}

/* Bound at the level of the session that binds it (docs/ARCHITECTURE.md, 10). */
static enum err
add(struct idp *d, const struct session *s, const struct webauthn_credential *c, const char *name)
{
	AUTO(writer) details = writer_new(MAX_ENTRY);
	struct db_param p[15 + EVENT_PARAM_COUNT] = {
		db_bytes(span_at(c->id, c->id_len)),
		db_uuid(&s->row.person),
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
		db_int(s->level),
		db_text(name),
		db_time(clock_now(&d->clock)),
	};

	TRY(passkey_details(c, name, &details));
	return change(d, ST_CREDENTIAL_ADD, p, 15, "credential.added", writer_span(&details));
}

enum err
account_add_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(passkey_body) body = {0};
	AUTO(session) s = {0};
	struct webauthn_credential credential;
	const char *name;
	struct json_writer j;

	TRY(script_request(d, request));
	TRY(session_of(d, request, &s));
	TRY(csrf_check(CSRF_ACCOUNT, s.cookie, request_query(request, "csrf")));
	TRY(passkey_body_read(request, &body));
	REQUIRE_WHY(body.credential != NULL, ERR_MALFORMED, "credential is missing");
	TRY(passkey_name(body.name, "Passkey", &name));
	TRY(passkey_register(d, s.cookie, span_of(body.credential), &credential));
	TRY(add(d, &s, &credential, name));
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "next", "/account?done=added");
	json_object_end(&j);
	reply_status(reply, 201);
	return ERR_OK;
}

static enum err
remove_credential(struct idp *d, const struct session *s, const char *id)
{
	uint8_t *bytes = NULL;
	size_t len = 0;
	enum err e;

	REQUIRE_WHY(id != NULL, ERR_MALFORMED, "id is missing");
	TRY(base64url_take(span_of(id), &bytes, &len));
	struct db_param p[3 + EVENT_PARAM_COUNT] = {db_bytes(span_at(bytes, len)), db_uuid(&s->row.person),
		db_time(clock_now(&d->clock))};
	e = change(d, ST_CREDENTIAL_REMOVE, p, 3, "credential.removed", SPAN(""));
	free(bytes);
	return e;
}

enum err
account_remove_handler(void *daemon, struct request *request, struct reply *reply)
{
	AUTO(session) s = {0};

	TRY(form_session(daemon, request, &s));
	TRY(remove_credential(daemon, &s, request_form(request, "id")));
	reply_redirect(reply, "/account?done=removed");
	return ERR_OK;
}

enum err
account_session_end_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(session) s = {0};
	struct uuid id;

	TRY(form_session(d, request, &s));
	TRY(uuid_read(span_of(request_form(request, "id")), &id));
	struct db_param p[3 + EVENT_PARAM_COUNT] = {db_uuid(&id), db_uuid(&s.row.person),
		db_time(clock_now(&d->clock))};
	TRY(change(d, ST_SESSION_END_ONE, p, 3, "session.ended", SPAN("")));
	reply_redirect(reply, "/account?done=ended");
	return ERR_OK;
}

enum err
account_withdraw_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	const char *client = request_form(request, "client");
	AUTO(writer) details = writer_new(MAX_ENTRY);
	AUTO(session) s = {0};
	struct json_writer j = json_to(&details);

	TRY(form_session(d, request, &s));
	REQUIRE_WHY(client != NULL, ERR_MALFORMED, "client is missing");
	json_object(&j, NULL);
	json_text(&j, "client", client);
	json_object_end(&j);
	TRY(writer_done(&details));
	struct db_param p[3 + EVENT_PARAM_COUNT] = {db_uuid(&s.row.person), db_text(client),
		db_time(clock_now(&d->clock))};
	TRY(change(d, ST_CONSENT_WITHDRAW, p, 3, "consent.withdrawn", writer_span(&details)));
	reply_redirect(reply, "/account?done=withdrawn");
	return ERR_OK;
}
