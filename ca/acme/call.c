#include "ca/acme/call.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

enum { RETRY_SECONDS = 5, RATE_SECONDS = 600 };

void
acme_url(const struct cad *c, const char *path, struct writer *w)
{
	writer_format(w, "%s/acme/%s", c->config.url, path);
}

void
acme_headers(struct cad *c, struct reply *reply)
{
	char nonce[NONCE_TEXT_LEN + 1];

	nonce_make(c->acme->nonce_key, cad_now(c), nonce);
	reply_header(reply, "Replay-Nonce", nonce);
	reply_headerf(reply, "Link", "<%s/acme/directory>;rel=\"index\"", c->config.url);
}

void
acme_refuse(struct cad *c, struct request *request, struct reply *reply, enum problem a)
{
	const int status = acme_http(a);

	if (status >= 500)
		log_error("acme", "%s: %s", request_path(request), err_why());
	if (a == ACME_RATE_LIMITED || a == ACME_UNAVAILABLE)
		reply_retry(reply, status, a == ACME_RATE_LIMITED ? RATE_SECONDS : RETRY_SECONDS);
	reply_status(reply, status);
	acme_problem(reply_body(reply, "application/problem+json"), a, err_why());
	err_forget();
	if (c->acme->on)
		acme_headers(c, reply);
}

bool
acme_is_on(struct cad *c, struct reply *reply)
{
	if (c->acme->on)
		return true;
	reply_status(reply, acme_http(ACME_NOT_FOUND));
	acme_problem(reply_body(reply, "application/problem+json"), ACME_NOT_FOUND,
		"ACME is off here: the setting acme_networks names no network");
	return false;
}

/* ---- reading ---- */

static enum problem
check_head(const struct acme_call *call)
{
	const char *type = request_header(call->request, "Content-Type");
	const char *query = request_query_raw(call->request);
	AUTO(writer) url = writer_new(2 * MAX_ACME_URL);

	ACME_WHY(type != NULL && strcmp(type, "application/jose+json") == 0, ACME_MEDIA_TYPE,
		"RFC 8555 6.2: a request comes as Content-Type application/jose+json");
	ACME_WHY(call->jws.url != NULL, ACME_MALFORMED, "RFC 8555 6.4: the header has no url");
	writer_format(&url, "%s%s%s%s", call->cad->config.url, request_path(call->request), query[0] != '\0' ? "?" : "",
		query);
	ACME_WHY(span_is(writer_span(&url), call->jws.url), ACME_UNAUTHORIZED,
		"RFC 8555 6.4: the request was signed for another url");
	return ACME_OK;
}

/* Only a request that is well signed uses its nonce up: a stranger cannot spend what is not his. */
static enum problem
use_nonce(struct acme_call *call)
{
	uint8_t nonce[NONCE_LEN];
	unix_time expires;
	size_t affected = 0;

	ACME_WHY(call->jws.nonce != NULL, ACME_BAD_NONCE, "RFC 8555 6.5: the header has no nonce");
	if (nonce_read(call->acme->nonce_key, span_of(call->jws.nonce), call->now, nonce, &expires) != ERR_OK)
		return ACME_BAD_NONCE;
	const struct db_param params[] = {db_bytes(span_at(nonce, NONCE_LEN)), db_time(expires)};

	ACME_ERR(db_pool_run(call->acme->db, ACME_NONCE_USE, params, &affected));
	ACME_WHY(affected == 1, ACME_BAD_NONCE, "RFC 8555 6.5: the nonce was used already");
	return ACME_OK;
}

/* The kid is the account's URL, as we gave it. */
static enum problem
account_of_kid(struct acme_call *call)
{
	AUTO(writer) prefix = writer_new(MAX_ACME_URL);
	struct uuid id;

	acme_url(call->cad, "account/", &prefix);
	const struct span kid = span_of(call->jws.kid), start = writer_span(&prefix);

	ACME_WHY(span_starts(kid, start) && uuid_read(span_at(kid.ptr + start.len, kid.len - start.len), &id) == ERR_OK,
		ACME_ACCOUNT_DOES_NOT_EXIST, "RFC 8555 6.2: kid is no account's url here");
	const struct db_param params[] = {db_uuid(&id)};
	const enum err e = db_pool_one(call->acme->db, ACME_ACCOUNT, params, &call->account);

	ACME_WHY(e != ERR_NOT_FOUND, ACME_ACCOUNT_DOES_NOT_EXIST, "RFC 8555 6.2: there is no such account");
	ACME_ERR(e);
	call->has_account = true;
	ACME_ERR(jwk_parse(span_of(call->account.jwk), false, &call->key));
	return ACME_OK;
}

static enum problem
check_account(const struct acme_call *call)
{
	ACME_WHY(strcmp(call->account.status, "valid") == 0, ACME_UNAUTHORIZED, "RFC 8555 7.3.6: the account is %s",
		call->account.status);
	return ACME_OK;
}

static enum problem
check_signer(struct acme_call *call, enum acme_by by)
{
	ACME_WHY(by != BY_ACCOUNT || call->jws.kid != NULL, ACME_MALFORMED,
		"RFC 8555 6.2: this request is signed by an account (kid)");
	ACME_WHY(by != BY_KEY || call->jws.jwk != NULL, ACME_MALFORMED,
		"RFC 8555 6.2: this request is signed by the key in its header (jwk)");
	if (call->jws.kid != NULL) {
		ACME_TRY(account_of_kid(call));
	} else {
		ACME_WHY(rate_take(&call->acme->strangers, clock_ticks()) == ERR_OK, ACME_RATE_LIMITED,
			"too many requests from keys without an account");
		ACME_TRY(acme_jws_key(&call->jws, &call->key));
	}
	ACME_TRY(acme_jws_check(&call->jws, call->key));
	return call->has_account ? check_account(call) : ACME_OK;
}

static enum problem
run(struct acme_call *call, enum acme_by by, acme_step *step)
{
	ACME_TRY(acme_jws_read(request_body(call->request), &call->jws));
	ACME_TRY(check_head(call));
	ACME_TRY(check_signer(call, by));
	ACME_TRY(use_nonce(call));
	return step(call);
}

enum err
acme_serve(void *daemon, struct request *request, struct reply *reply, enum acme_by by, acme_step *step)
{
	struct cad *c = daemon;
	struct acme_call call = {.cad = c, .acme = c->acme, .request = request, .reply = reply, .now = cad_now(c)};

	if (!acme_is_on(c, reply))
		return ERR_OK;
	const enum problem a = run(&call, by, step);

	if (a == ACME_OK)
		acme_headers(c, reply);
	else
		acme_refuse(c, request, reply, a);
	acme_jws_free(&call.jws);
	jwk_free(&call.key);
	if (call.has_account)
		db_row_free(&acme_statements[ACME_ACCOUNT], &call.account);
	return ERR_OK;
}

/* ---- for the steps ---- */

enum problem
acme_payload(const struct acme_call *call, const struct json_table *table, void *out)
{
	ACME_WHY(call->jws.payload.len > 0, ACME_MALFORMED, "RFC 8555 6.3: %s takes a payload", table->what);
	ACME_ERR(json_decode(span_at(call->jws.payload.ptr, call->jws.payload.len), table, out));
	return ACME_OK;
}

enum problem
acme_as_get(const struct acme_call *call)
{
	ACME_WHY(call->jws.payload.len == 0, ACME_MALFORMED, "RFC 8555 6.3: a POST-as-GET has an empty payload");
	return ACME_OK;
}

enum problem
acme_id(const struct acme_call *call, struct uuid *out)
{
	const char *text = request_param(call->request, "id");

	ACME_WHY(text != NULL && uuid_read(span_of(text), out) == ERR_OK, ACME_NOT_FOUND,
		"there is no such thing here");
	return ACME_OK;
}

static void
link_write(const struct cad *c, const char *path, const struct uuid *id, struct writer *w)
{
	acme_url(c, path, w);
	writer_text(w, "/");
	uuid_write(w, id);
}

void
acme_location(struct acme_call *call, const char *path, const struct uuid *id)
{
	AUTO(writer) url = writer_new(MAX_ACME_URL);

	link_write(call->cad, path, id, &url);
	reply_header(call->reply, "Location", (const char *)writer_span(&url).ptr);
}

void
acme_link(struct json_writer *j, const struct cad *c, const char *name, const char *path, const struct uuid *id)
{
	AUTO(writer) url = writer_new(MAX_ACME_URL);

	link_write(c, path, id, &url);
	json_span(j, name, writer_span(&url));
}

void
acme_actor(const struct uuid *account, char out[MAX_ACME_ACTOR + 1])
{
	AUTO(writer) text = writer_new(UUID_TEXT_LEN);

	uuid_write(&text, account);
	(void)snprintf(out, MAX_ACME_ACTOR + 1, "acme:%s", (const char *)writer_span(&text).ptr);
}

enum err
acme_event(const char *type, unix_time at, const char *about, const char *actor, const char *agency, struct event *out)
{
	AUTO(writer) public_part = writer_new(MAX_ENTRY);
	AUTO(writer) private_part = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&public_part);

	json_object(&j, NULL);
	json_text(&j, "about", about);
	json_object_end(&j);
	TRY(writer_done(&public_part));
	j = json_to(&private_part);
	json_object(&j, NULL);
	json_text(&j, "actor", actor);
	json_text(&j, "agency", agency);
	json_object_end(&j);
	TRY(writer_done(&private_part));
	return event_make(out, "ca", type, LOG_TREE_PUBLIC, at, writer_span(&public_part), writer_span(&private_part));
}
