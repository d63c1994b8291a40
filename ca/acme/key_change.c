#include <stddef.h>
#include <string.h>

#include "ca/acme/call.h"
#include "ca/acme/handlers.h"

struct asked {
	char *account, *old_key;
};
static const struct json_row asked_rows[] = {
	{.name = "account",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct asked, account),
		.max = MAX_ACME_URL},
	{.name = "oldKey", .kind = JSON_RAW, .presence = JSON_REQUIRED, .offset = offsetof(struct asked, old_key)},
};
static const struct json_table asked_table = {"key change", asked_rows, 2, sizeof(struct asked), true};

static enum problem
check_asked(const struct acme_call *call, const struct asked *asked)
{
	char thumbprint[THUMBPRINT_TEXT_LEN + 1];
	struct jwk *old;

	ACME_WHY(strcmp(asked->account, call->jws.kid) == 0, ACME_MALFORMED,
		"RFC 8555 7.3.5: account is not the one that signed the request");
	ACME_ERR(jwk_parse(span_of(asked->old_key), false, &old));
	const enum err e = jwk_thumbprint(old, thumbprint);

	jwk_free(&old);
	ACME_ERR(e);
	ACME_WHY(strcmp(thumbprint, call->account.thumbprint) == 0, ACME_MALFORMED,
		"RFC 8555 7.3.5: oldKey is not the account's key");
	return ACME_OK;
}

/* The inner JWS: signed by the new key, for the same url, without a nonce. */
static enum problem
check_inner(const struct acme_call *call, const struct acme_jws *inner, const struct jwk *key)
{
	struct asked asked;

	ACME_WHY(inner->url != NULL && strcmp(inner->url, call->jws.url) == 0, ACME_MALFORMED,
		"RFC 8555 7.3.5: the inner url is not the outer one");
	ACME_WHY(inner->nonce == NULL, ACME_MALFORMED, "RFC 8555 7.3.5: the inner JWS must have no nonce");
	ACME_TRY(acme_jws_check(inner, key));
	ACME_ERR(json_decode(span_at(inner->payload.ptr, inner->payload.len), &asked_table, &asked));
	const enum problem a = check_asked(call, &asked);

	json_free(&asked_table, &asked);
	return a;
}

/* Whose key is it already? Location tells its owner, who has shown that he holds it. */
static enum problem
conflict(struct acme_call *call, const char *thumbprint)
{
	const struct db_param params[] = {db_text(thumbprint)};
	struct account_row other;

	ACME_ERR(db_pool_one(call->acme->db, ACME_ACCOUNT_BY_KEY, params, &other));
	acme_location(call, "account", &other.id);
	db_row_free(&acme_statements[ACME_ACCOUNT_BY_KEY], &other);
	ACME_WHY(false, ACME_CONFLICT, "RFC 8555 7.3.5: an account has that key already");
}

static enum problem
record(struct acme_call *call, const struct jwk *key)
{
	AUTO(writer) about = writer_new(UUID_TEXT_LEN);
	AUTO(writer) jwk = writer_new(MAX_ACME_BODY);
	char thumbprint[THUMBPRINT_TEXT_LEN + 1], actor[MAX_ACME_ACTOR + 1];
	struct event event = {0};
	struct sha256 spki;
	size_t affected = 0;

	uuid_write(&about, &call->account.id);
	acme_actor(&call->account.id, actor);
	ACME_ERR(jwk_thumbprint(key, thumbprint));
	if (strcmp(thumbprint, call->account.thumbprint) == 0)
		return conflict(call, thumbprint);
	ACME_ERR(jwk_write(key, &jwk));
	ACME_ERR(spki_hash(jwk_key(key), &spki));
	ACME_ERR(acme_event("acme.account.key", call->now, (const char *)writer_span(&about).ptr, actor,
		call->account.agency, &event));
	const struct db_param params[] = {db_uuid(&call->account.id), db_text(call->account.thumbprint),
		db_text(thumbprint), db_text_span(writer_span(&jwk)), db_bytes(sha256_span(&spki)), db_text(actor),
		db_uuid(&event.id), db_time(call->now), db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)), db_bytes(writer_span(&event.private_part))};
	const enum err e = db_pool_run(call->acme->db, ACME_ACCOUNT_KEY, params, &affected);

	event_free(&event);
	if (e == ERR_EXISTS)
		return conflict(call, thumbprint);
	ACME_ERR(e);
	ACME_WHY(affected == 1, ACME_CONFLICT, "the account was changed just now; ask again");
	return ACME_OK;
}

static enum problem
change(struct acme_call *call, const struct acme_jws *inner)
{
	struct jwk *key;

	ACME_TRY(acme_jws_key(inner, &key));
	enum problem a = check_inner(call, inner, key);

	if (a == ACME_OK)
		a = record(call, key);
	jwk_free(&key);
	ACME_TRY(a);
	struct json_writer j = reply_json(call->reply);

	json_object(&j, NULL);
	json_text(&j, "status", call->account.status);
	json_object_end(&j);
	return ACME_OK;
}

static enum problem
key_change(struct acme_call *call)
{
	struct acme_jws inner;

	ACME_TRY(acme_jws_read(span_at(call->jws.payload.ptr, call->jws.payload.len), &inner));
	const enum problem a = change(call, &inner);

	acme_jws_free(&inner);
	return a;
}

enum err
acme_key_change(void *daemon, struct request *request, struct reply *reply)
{
	return acme_serve(daemon, request, reply, BY_ACCOUNT, key_change);
}
