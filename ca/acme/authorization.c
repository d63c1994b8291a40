#include <stddef.h>
#include <string.h>

#include "ca/acme/call.h"
#include "ca/acme/decide.h"
#include "ca/acme/handlers.h"
#include "ca/acme/identifier.h"
#include "ca/acme/worker.h"

enum { HOUR = 3600, WAIT_SECONDS = 2 };

struct asked {
	char *status;
};
static const struct json_row asked_rows[] = {
	{.name = "status", .kind = JSON_TEXT, .offset = offsetof(struct asked, status), .max = 32},
};
static const struct json_table authorization_table = {"authorization", asked_rows, 1, sizeof(struct asked), true};
static const struct json_table challenge_table = {"challenge", NULL, 0, sizeof(struct asked), true};

/* A challenge of an authorization that ended otherwise stays as it was. */
static void
write_challenge(struct json_writer *j, const struct cad *c, const char *name, const struct challenge_row *row)
{
	json_object(j, name);
	json_text(j, "type", row->type);
	acme_link(j, c, "url", "challenge", &row->id);
	json_text(j, "status", row->status);
	json_text(j, "token", row->token);
	if (strcmp(row->status, "valid") == 0)
		json_time(j, "validated", row->validated_at);
	if (row->problem != NULL)
		json_raw(j, "error", span_of(row->problem));
	json_object_end(j);
}

/* ---- authorization ---- */

static void
answer(struct acme_call *call, const struct authorization_row *z, const struct json_list *list)
{
	const struct challenge_row *rows = list->items;
	const char *status = authorization_status(z->status, z->expires, call->now);
	const char *value = z->name;
	struct json_writer j = reply_json(call->reply);
	struct address a;

	json_object(&j, NULL);
	json_text(&j, "status", status);
	json_time(&j, "expires", z->expires);
	json_object(&j, "identifier");
	json_text(&j, "type", address_read(span_of(value), &a) == ERR_OK ? "ip" : "dns");
	json_text(&j, "value", value);
	json_object_end(&j);
	json_array(&j, "challenges");
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(status, "pending") == 0 || strcmp(rows[i].status, "valid") == 0 ||
			strcmp(rows[i].status, "invalid") == 0) /* RFC 8555 7.1.4 */
			write_challenge(&j, call->cad, NULL, &rows[i]);
	json_array_end(&j);
	if (z->wildcard)
		json_bool(&j, "wildcard", true);
	json_object_end(&j);
	err_forget();
	if (strcmp(status, "pending") == 0)
		reply_headerf(call->reply, "Retry-After", "%d", WAIT_SECONDS);
}

static enum problem
read_authorization(struct acme_call *call, struct authorization_row *out)
{
	struct uuid id;

	ACME_TRY(acme_id(call, &id));
	const struct db_param params[] = {db_uuid(&id), db_uuid(&call->account.id)};
	const enum err e = db_pool_one(call->acme->db, ACME_AUTHORIZATION, params, out);

	ACME_WHY(e != ERR_NOT_FOUND, ACME_NOT_FOUND, "this account has no such authorization");
	ACME_ERR(e);
	return ACME_OK;
}

static enum problem
end(struct acme_call *call, struct authorization_row *z)
{
	const struct db_param params[] = {db_uuid(&z->id), db_uuid(&call->account.id)};
	struct asked asked;
	size_t affected = 0;

	ACME_TRY(acme_payload(call, &authorization_table, &asked));
	const bool wanted = asked.status != NULL && strcmp(asked.status, "deactivated") == 0;

	json_free(&authorization_table, &asked);
	ACME_WHY(wanted, ACME_MALFORMED, "RFC 8555 7.5.2: an authorization's status can only become deactivated");
	ACME_ERR(db_pool_run(call->acme->db, ACME_AUTHORIZATION_END, params, &affected));
	ACME_WHY(affected == 1, ACME_MALFORMED, "RFC 8555 7.5.2: the authorization is over already");
	return ACME_OK;
}

static enum problem
show(struct acme_call *call, struct authorization_row *z)
{
	static char deactivated[] = "deactivated";
	const struct db_param params[] = {db_uuid(&z->id)};
	struct authorization_row shown = *z;
	struct json_list list;

	if (call->jws.payload.len > 0) {
		ACME_TRY(end(call, z));
		shown.status = deactivated;
	}
	ACME_ERR(db_pool_all(call->acme->db, ACME_CHALLENGES, params, &list));
	answer(call, &shown, &list);
	db_rows_free(&acme_statements[ACME_CHALLENGES], &list);
	return ACME_OK;
}

static enum problem
authorization(struct acme_call *call)
{
	struct authorization_row z;

	ACME_TRY(read_authorization(call, &z));
	const enum problem a = show(call, &z);

	db_row_free(&acme_statements[ACME_AUTHORIZATION], &z);
	return a;
}

enum err
acme_authorization(void *daemon, struct request *request, struct reply *reply)
{
	return acme_serve(daemon, request, reply, BY_ACCOUNT, authorization);
}

/* ---- challenge ---- */

/* Each failure makes us call out: an account that fails too often waits. */
static enum problem
check_failures(const struct acme_call *call)
{
	const struct db_param params[] = {db_uuid(&call->account.id), db_time(call->now - HOUR)};
	struct count_row failures;

	ACME_ERR(db_pool_one(call->acme->db, ACME_FAILURES, params, &failures));
	ACME_WHY(failures.count < call->cad->config.acme_failures_per_hour, ACME_RATE_LIMITED,
		"%lld challenges of this account failed within an hour", (long long)failures.count);
	return ACME_OK;
}

static enum problem
begin(struct acme_call *call, const struct challenge_row *row)
{
	const struct db_param params[] = {db_uuid(&row->id), db_uuid(&call->account.id), db_time(call->now)};
	struct asked nothing;
	size_t affected = 0;

	ACME_TRY(acme_payload(call, &challenge_table, &nothing));
	if (strcmp(row->status, "pending") != 0) /* asked again: RFC 8555 7.5.1 leaves it to the first */
		return ACME_OK;
	ACME_WHY(strcmp(authorization_status(row->authorization_status, row->authorization_expires, call->now),
			 "pending") == 0,
		ACME_MALFORMED, "RFC 8555 7.5.1: the authorization is not pending any more");
	ACME_TRY(check_failures(call));
	ACME_ERR(db_pool_run(call->acme->db, ACME_CHALLENGE_BEGIN, params, &affected));
	workers_wake(call->acme->workers);
	return ACME_OK;
}

static void
answer_challenge(struct acme_call *call, const struct challenge_row *row)
{
	AUTO(writer) up = writer_new(MAX_ACME_URL);
	struct json_writer j = reply_json(call->reply);

	write_challenge(&j, call->cad, NULL, row);
	acme_url(call->cad, "authz/", &up);
	uuid_write(&up, &row->authorization_id);
	reply_headerf(call->reply, "Link", "<%s>;rel=\"up\"", (const char *)writer_span(&up).ptr);
	if (strcmp(row->status, "processing") == 0) { /* RFC 8555 8.2 */
		const int64_t wait = row->due_at - call->now;

		reply_headerf(call->reply, "Retry-After", "%lld",
			(long long)(wait > WAIT_SECONDS ? wait : WAIT_SECONDS));
	}
}

static enum problem
read_challenge(struct acme_call *call, struct challenge_row *out)
{
	struct uuid id;

	ACME_TRY(acme_id(call, &id));
	const struct db_param params[] = {db_uuid(&id), db_uuid(&call->account.id)};
	const enum err e = db_pool_one(call->acme->db, ACME_CHALLENGE, params, out);

	ACME_WHY(e != ERR_NOT_FOUND, ACME_NOT_FOUND, "this account has no such challenge");
	ACME_ERR(e);
	return ACME_OK;
}

static enum problem
challenge(struct acme_call *call)
{
	struct challenge_row row;
	enum problem a = ACME_OK;

	ACME_TRY(read_challenge(call, &row));
	if (call->jws.payload.len > 0) {
		a = begin(call, &row);
		db_row_free(&acme_statements[ACME_CHALLENGE], &row);
		ACME_TRY(a);
		ACME_TRY(read_challenge(call, &row));
	}
	answer_challenge(call, &row);
	db_row_free(&acme_statements[ACME_CHALLENGE], &row);
	return a;
}

enum err
acme_challenge(void *daemon, struct request *request, struct reply *reply)
{
	return acme_serve(daemon, request, reply, BY_ACCOUNT, challenge);
}
