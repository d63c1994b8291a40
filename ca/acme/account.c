#include <stddef.h>
#include <string.h>

#include "ca/acme/binding.h"
#include "ca/acme/call.h"
#include "ca/acme/decide.h"
#include "ca/acme/handlers.h"

enum { ORDERS_A_PAGE = 50, MAX_SPKI = 4 << 10 };

struct asked {
	struct json_list contact;
	bool has_contact, only_existing;
	char *binding; /* JSON text of a JWS; NULL: none */
	char *status;
};
static const struct json_row asked_rows[] = {
	{.name = "contact",
		.kind = JSON_TEXTS,
		.offset = offsetof(struct asked, contact),
		.present = offsetof(struct asked, has_contact)},
	{.name = "onlyReturnExisting", .kind = JSON_BOOL, .offset = offsetof(struct asked, only_existing)},
	{.name = "externalAccountBinding", .kind = JSON_RAW, .offset = offsetof(struct asked, binding)},
	{.name = "status", .kind = JSON_TEXT, .offset = offsetof(struct asked, status), .max = 32},
};
static const struct json_table asked_table = {"account", asked_rows, 4, sizeof(struct asked), true};

static void
answer(struct acme_call *call, const struct account_row *a)
{
	AUTO(writer) path = writer_new(64);
	AUTO(writer) url = writer_new(MAX_ACME_URL);

	acme_location(call, "account", &a->id);
	writer_text(&path, "account/");
	uuid_write(&path, &a->id);
	acme_url(call->cad, (const char *)writer_span(&path).ptr, &url);
	writer_text(&url, "/orders");
	struct json_writer j = reply_json(call->reply);

	json_object(&j, NULL);
	json_text(&j, "status", a->status);
	json_array(&j, "contact");
	for (size_t i = 0; i < a->contact.count; i++)
		json_text(&j, NULL, json_text_at(&a->contact, i));
	json_array_end(&j);
	json_span(&j, "orders", writer_span(&url));
	json_object_end(&j);
}

/* ---- a new one ---- */

/* The account that the key has already; *found tells. */
static enum problem
existing(struct acme_call *call, const char *thumbprint, bool *found)
{
	const struct db_param params[] = {db_text(thumbprint)};
	struct account_row a;
	const enum err e = db_pool_one(call->acme->db, ACME_ACCOUNT_BY_KEY, params, &a);

	*found = e == ERR_OK;
	if (e == ERR_NOT_FOUND) {
		err_forget();
		return ACME_OK;
	}
	ACME_ERR(e);
	const bool valid = strcmp(a.status, "valid") == 0;

	if (valid)
		answer(call, &a);
	db_row_free(&acme_statements[ACME_ACCOUNT_BY_KEY], &a);
	ACME_WHY(valid, ACME_UNAUTHORIZED, "RFC 8555 7.3.6: this key's account is over; make another key");
	return ACME_OK;
}

/* Checks the binding; its kid and agency stay in *row, which the caller frees. */
static enum problem
check_binding(struct acme_call *call, const char *json, const char *thumbprint, struct binding_row *row)
{
	struct acme_jws binding;

	ACME_WHY(json != NULL, ACME_EXTERNAL_ACCOUNT_REQUIRED,
		"RFC 8555 7.3.4: an account here is bound to an agency: ask the authority for a binding key (kid and HMAC)");
	ACME_TRY(acme_jws_read(span_of(json), &binding));
	const struct db_param params[] = {db_text(binding.kid)};
	enum problem a = ACME_UNAUTHORIZED;

	if (binding.kid == NULL) {
		err_remember("RFC 8555 7.3.4: the binding has no kid");
		a = ACME_MALFORMED;
	} else if (db_pool_one(call->acme->db, ACME_BINDING, params, row) == ERR_OK) {
		a = binding_check(&binding, call->jws.url, thumbprint, row, call->now);
		if (a != ACME_OK)
			db_row_free(&acme_statements[ACME_BINDING], row);
	} else {
		err_remember("RFC 8555 7.3.4: no binding key has this kid");
	}
	acme_jws_free(&binding);
	return a;
}

static enum problem
record(struct acme_call *call, const struct asked *asked, const char *thumbprint, const struct binding_row *binding,
	struct account_row *made)
{
	AUTO(writer) about = writer_new(UUID_TEXT_LEN);
	AUTO(writer) jwk = writer_new(MAX_ACME_BODY);
	struct event event = {0};
	struct sha256 spki;
	char actor[MAX_ACME_ACTOR + 1];
	size_t affected = 0;

	made->id = uuid_random();
	made->contact = asked->contact;
	made->status = (char *)(uintptr_t) "valid";
	uuid_write(&about, &made->id);
	acme_actor(&made->id, actor);
	ACME_ERR(jwk_write(call->key, &jwk));
	ACME_ERR(spki_hash(jwk_key(call->key), &spki));
	ACME_ERR(acme_event("acme.account.added", call->now, (const char *)writer_span(&about).ptr, actor,
		binding->agency, &event));
	const struct db_param params[] = {db_uuid(&made->id), db_text(thumbprint), db_text_span(writer_span(&jwk)),
		db_bytes(sha256_span(&spki)), db_texts(&asked->contact), db_text(binding->kid), db_text(actor),
		db_uuid(&event.id), db_time(call->now), db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)), db_bytes(writer_span(&event.private_part))};
	const enum err e = db_pool_run(call->acme->db, ACME_ACCOUNT_ADD, params, &affected);

	event_free(&event);
	ACME_WHY(e != ERR_EXISTS, ACME_CONFLICT, "this key's account was made just now; ask again");
	ACME_ERR(e);
	ACME_WHY(affected == 1, ACME_UNAUTHORIZED, "the binding key was used up, or ended, just now");
	return ACME_OK;
}

static enum problem
add(struct acme_call *call, const struct asked *asked, const char *thumbprint)
{
	struct account_row made = {0};
	struct binding_row binding;

	ACME_TRY(contacts_check(&asked->contact));
	ACME_TRY(check_binding(call, asked->binding, thumbprint, &binding));
	const enum problem a = record(call, asked, thumbprint, &binding, &made);

	db_row_free(&acme_statements[ACME_BINDING], &binding);
	ACME_TRY(a);
	reply_status(call->reply, 201);
	answer(call, &made);
	return ACME_OK;
}

static enum problem
find_or_add(struct acme_call *call, const struct asked *asked)
{
	char thumbprint[THUMBPRINT_TEXT_LEN + 1];
	bool found;

	ACME_ERR(jwk_thumbprint(call->key, thumbprint));
	ACME_TRY(existing(call, thumbprint, &found));
	if (found)
		return ACME_OK;
	ACME_WHY(!asked->only_existing, ACME_ACCOUNT_DOES_NOT_EXIST, "RFC 8555 7.3.1: this key has no account");
	return add(call, asked, thumbprint);
}

static enum problem
new_account(struct acme_call *call)
{
	struct asked asked;

	ACME_TRY(acme_payload(call, &asked_table, &asked));
	const enum problem a = find_or_add(call, &asked);

	json_free(&asked_table, &asked);
	return a;
}

enum err
acme_new_account(void *daemon, struct request *request, struct reply *reply)
{
	return acme_serve(daemon, request, reply, BY_KEY, new_account);
}

/* ---- an old one ---- */

static enum problem
is_own(const struct acme_call *call)
{
	struct uuid id;

	ACME_TRY(acme_id(call, &id));
	ACME_WHY(memcmp(&id, &call->account.id, sizeof(id)) == 0, ACME_UNAUTHORIZED,
		"RFC 8555 7.3: this is another account's");
	return ACME_OK;
}

static enum problem
deactivate(struct acme_call *call)
{
	AUTO(writer) about = writer_new(UUID_TEXT_LEN);
	struct event event = {0};
	char actor[MAX_ACME_ACTOR + 1];
	size_t affected = 0;

	uuid_write(&about, &call->account.id);
	acme_actor(&call->account.id, actor);
	ACME_ERR(acme_event("acme.account.deactivated", call->now, (const char *)writer_span(&about).ptr, actor,
		call->account.agency, &event));
	const struct db_param params[] = {db_uuid(&call->account.id), db_text("valid"), db_text("deactivated"),
		db_text(actor), db_uuid(&event.id), db_time(call->now), db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)), db_bytes(writer_span(&event.private_part))};
	const enum err e = db_pool_run(call->acme->db, ACME_ACCOUNT_STATUS, params, &affected);

	event_free(&event);
	ACME_ERR(e);
	ACME_WHY(affected == 1, ACME_UNAUTHORIZED, "RFC 8555 7.3.6: the account is over already");
	struct account_row changed = call->account;

	changed.status = (char *)(uintptr_t) "deactivated";
	answer(call, &changed);
	return ACME_OK;
}

static enum problem
update_contact(struct acme_call *call, const struct asked *asked)
{
	struct account_row changed = call->account;

	if (asked->has_contact) {
		const struct db_param params[] = {db_uuid(&call->account.id), db_texts(&asked->contact)};

		ACME_TRY(contacts_check(&asked->contact));
		ACME_ERR(db_pool_run(call->acme->db, ACME_ACCOUNT_CONTACT, params, NULL));
		changed.contact = asked->contact;
	}
	answer(call, &changed);
	return ACME_OK;
}

static enum problem
update(struct acme_call *call, const struct asked *asked)
{
	if (asked->status == NULL)
		return update_contact(call, asked);
	ACME_WHY(strcmp(asked->status, "deactivated") == 0 || strcmp(asked->status, "valid") == 0, ACME_MALFORMED,
		"RFC 8555 7.3.6: an account's status can only become deactivated");
	return strcmp(asked->status, "valid") == 0 ? update_contact(call, asked) : deactivate(call);
}

static enum problem
account(struct acme_call *call)
{
	struct asked asked;

	ACME_TRY(is_own(call));
	if (call->jws.payload.len == 0) {
		answer(call, &call->account);
		return ACME_OK;
	}
	ACME_TRY(acme_payload(call, &asked_table, &asked));
	const enum problem a = update(call, &asked);

	json_free(&asked_table, &asked);
	return a;
}

enum err
acme_account(void *daemon, struct request *request, struct reply *reply)
{
	return acme_serve(daemon, request, reply, BY_ACCOUNT, account);
}

/* ---- its orders, page by page (RFC 8555 7.1.2.1) ---- */

static void
answer_orders(struct acme_call *call, const struct json_list *list)
{
	const struct order_id_row *rows = list->items;
	AUTO(writer) last = writer_new(UUID_TEXT_LEN);
	struct json_writer j = reply_json(call->reply);

	json_object(&j, NULL);
	json_array(&j, "orders");
	for (size_t i = 0; i < list->count; i++)
		acme_link(&j, call->cad, NULL, "order", &rows[i].id);
	json_array_end(&j);
	json_object_end(&j);
	if (list->count < ORDERS_A_PAGE)
		return;
	uuid_write(&last, &rows[list->count - 1].id);
	reply_headerf(call->reply, "Link", "<%s%s?cursor=%s>;rel=\"next\"", call->cad->config.url,
		request_path(call->request), (const char *)writer_span(&last).ptr);
}

static enum problem
orders(struct acme_call *call)
{
	const char *cursor = request_query(call->request, "cursor");
	struct json_list list;
	struct uuid after;

	ACME_TRY(is_own(call));
	ACME_TRY(acme_as_get(call));
	if (cursor != NULL)
		ACME_ERR(uuid_read(span_of(cursor), &after));
	const struct db_param params[] = {db_uuid(&call->account.id), db_uuid(cursor != NULL ? &after : NULL),
		db_int(ORDERS_A_PAGE)};

	ACME_ERR(db_pool_all(call->acme->db, ACME_ORDERS_OF, params, &list));
	answer_orders(call, &list);
	db_rows_free(&acme_statements[ACME_ORDERS_OF], &list);
	return ACME_OK;
}

enum err
acme_orders(void *daemon, struct request *request, struct reply *reply)
{
	return acme_serve(daemon, request, reply, BY_ACCOUNT, orders);
}
