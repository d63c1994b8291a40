#include "ca/acme/order.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "ca/acme/decide.h"
#include "ca/acme/handlers.h"
#include "ca/acme/identifier.h"
#include "ca/store/statements.h"
#include "x509/profile.h"

enum {
	MAX_COMMON_NAME = 64,
	CHALLENGES_A_NAME = 3,
	MAX_CHALLENGES = MAX_IDENTIFIERS * CHALLENGES_A_NAME,
	HOUR = 3600,
	WAIT_SECONDS = 2
};

struct asked_identifier {
	char *type, *value;
};
static const struct json_row identifier_rows[] = {
	{.name = "type",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct asked_identifier, type),
		.max = 32},
	{.name = "value",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct asked_identifier, value),
		.max = 512},
};
static const struct json_table identifier_table = {"identifier", identifier_rows, 2, sizeof(struct asked_identifier),
	true};

struct asked {
	struct json_list identifiers;
	char *not_before, *not_after, *replaces;
};
static const struct json_row asked_rows[] = {
	{.name = "identifiers",
		.kind = JSON_OBJECTS,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct asked, identifiers),
		.max = MAX_IDENTIFIERS,
		.table = &identifier_table},
	{.name = "notBefore", .kind = JSON_RAW, .offset = offsetof(struct asked, not_before)},
	{.name = "notAfter", .kind = JSON_RAW, .offset = offsetof(struct asked, not_after)},
	{.name = "replaces", .kind = JSON_TEXT, .offset = offsetof(struct asked, replaces), .max = 256},
};
static const struct json_table asked_table = {"order", asked_rows, 4, sizeof(struct asked), true};

/* ---- showing ---- */

static void
write_identifiers(struct json_writer *j, const struct json_list *names)
{
	json_array(j, "identifiers");
	for (size_t i = 0; i < names->count; i++) {
		const char *text = json_text_at(names, i), *colon = strchr(text, ':');

		json_object(j, NULL);
		json_span(j, "type", span_at(text, colon != NULL ? (size_t)(colon - text) : 0));
		json_text(j, "value", colon != NULL ? colon + 1 : text);
		json_object_end(j);
	}
	json_array_end(j);
}

static void
write_urls(struct json_writer *j, const struct cad *c, const struct order_row *o, const char *status)
{
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	AUTO(writer) url = writer_new(MAX_ACME_URL);

	json_array(j, "authorizations");
	for (size_t i = 0; i < o->authorizations.count; i++) {
		AUTO(writer) each = writer_new(MAX_ACME_URL);

		acme_url(c, "authz/", &each);
		writer_text(&each, json_text_at(&o->authorizations, i));
		json_span(j, NULL, writer_span(&each));
	}
	json_array_end(j);
	uuid_write(&id, &o->id);
	acme_url(c, "order/", &url);
	writer_format(&url, "%s/finalize", (const char *)writer_span(&id).ptr);
	json_span(j, "finalize", writer_span(&url));
	if (strcmp(status, "valid") != 0)
		return;
	writer_reset(&url);
	acme_url(c, "cert/", &url);
	hex_write(&url, span_at(o->serial.ptr, o->serial.len));
	json_span(j, "certificate", writer_span(&url));
}

void
order_answer(struct acme_call *call, const struct order_row *o)
{
	const char *status = order_status(o, call->now);

	acme_location(call, "order", &o->id);
	if (strcmp(status, "processing") == 0)
		reply_headerf(call->reply, "Retry-After", "%d", WAIT_SECONDS);
	struct json_writer j = reply_json(call->reply);

	json_object(&j, NULL);
	json_text(&j, "status", status);
	json_time(&j, "expires", o->expires);
	write_identifiers(&j, &o->names);
	write_urls(&j, call->cad, o, status);
	json_object_end(&j);
}

void
order_naming(const struct json_list *names, struct naming *out)
{
	*out = (struct naming){0};
	for (size_t i = 0; i < names->count && i < MAX_IDENTIFIERS; i++) {
		const char *text = json_text_at(names, i), *value = text + 1 + strcspn(text, ":");

		out->names[out->count++] = (struct name_part){strncmp(text, "ip:", 3) == 0 ? "ip" : "dns", value};
		if (out->subject_count == 0 && strlen(value) <= MAX_COMMON_NAME)
			out->subject[out->subject_count++] = (struct name_part){"CN", value};
	}
}

enum problem
order_read(struct acme_call *call, struct order_row *out)
{
	struct uuid id;

	ACME_TRY(acme_id(call, &id));
	const struct db_param params[] = {db_uuid(&id), db_uuid(&call->account.id), db_time(call->now)};
	const enum err e = db_pool_one(call->acme->db, ACME_ORDER, params, out);

	ACME_WHY(e != ERR_NOT_FOUND, ACME_NOT_FOUND, "this account has no such order");
	ACME_ERR(e);
	return ACME_OK;
}

static enum problem
show(struct acme_call *call)
{
	struct order_row o;

	ACME_TRY(acme_as_get(call));
	ACME_TRY(order_read(call, &o));
	order_answer(call, &o);
	db_row_free(&acme_statements[ACME_ORDER], &o);
	return ACME_OK;
}

enum err
acme_order(void *daemon, struct request *request, struct reply *reply)
{
	return acme_serve(daemon, request, reply, BY_ACCOUNT, show);
}

/* ---- a new one ---- */

/* The rows of a new order, as lists of texts for one statement. */
struct making {
	struct uuid id;
	size_t count, challenges;
	struct identifier identifiers[MAX_IDENTIFIERS];
	char names[MAX_IDENTIFIERS][MAX_IDENTIFIER_TEXT + 1];
	char ids[MAX_IDENTIFIERS][UUID_TEXT_LEN + 1];
	char challenge_ids[MAX_CHALLENGES][UUID_TEXT_LEN + 1];
	char tokens[MAX_CHALLENGES][TOKEN_TEXT_LEN + 1];
	char *name_list[MAX_IDENTIFIERS], *id_list[MAX_IDENTIFIERS], *host_list[MAX_IDENTIFIERS],
		*wild_list[MAX_IDENTIFIERS];
	char *challenge_list[MAX_CHALLENGES], *of_list[MAX_CHALLENGES], *type_list[MAX_CHALLENGES],
		*token_list[MAX_CHALLENGES];
	bool has_replaces;
	uint8_t replaces[SERIAL_LEN];
};

static int
compare(const void *a, const void *b)
{
	char x[MAX_IDENTIFIER_TEXT + 1], y[MAX_IDENTIFIER_TEXT + 1];

	identifier_text(a, x);
	identifier_text(b, y);
	return strcmp(x, y);
}

/* Sorted and without doubles, so that the same names are the same order. */
static enum problem
take_identifiers(const struct acme_call *call, const struct json_list *asked, struct making *m)
{
	const struct asked_identifier *rows = asked->items;
	struct identifier all[MAX_IDENTIFIERS];

	ACME_WHY(asked->count > 0, ACME_MALFORMED, "RFC 8555 7.4: an order names at least one identifier");
	for (size_t i = 0; i < asked->count; i++) {
		ACME_TRY(identifier_read(rows[i].type, rows[i].value, &all[i]));
		ACME_TRY(grants_allow(&call->account.names, &all[i]));
	}
	qsort(all, asked->count, sizeof(all[0]), compare);
	for (size_t i = 0; i < asked->count; i++)
		if (i == 0 || compare(&all[i - 1], &all[i]) != 0)
			m->identifiers[m->count++] = all[i];
	return ACME_OK;
}

static void
new_id(char out[UUID_TEXT_LEN + 1])
{
	AUTO(writer) text = writer_new(UUID_TEXT_LEN);
	const struct uuid id = uuid_random();

	uuid_write(&text, &id);
	(void)snprintf(out, UUID_TEXT_LEN + 1, "%s", (const char *)writer_span(&text).ptr);
}

static void
add_challenge(struct making *m, size_t name, const char *type)
{
	const size_t n = m->challenges++;

	new_id(m->challenge_ids[n]);
	random_token(m->tokens[n]);
	m->challenge_list[n] = m->challenge_ids[n];
	m->token_list[n] = m->tokens[n];
	m->of_list[n] = m->ids[name];
	m->type_list[n] = (char *)(uintptr_t)type;
}

/* Who answers for a whole zone shows it in the zone (RFC 8555 7.1.3); an address has none (RFC 8738 7). */
static void
add_name(struct making *m, size_t i)
{
	const struct identifier *name = &m->identifiers[i];

	new_id(m->ids[i]);
	identifier_text(name, m->names[i]);
	m->id_list[i] = m->ids[i];
	m->name_list[i] = m->names[i];
	m->host_list[i] = (char *)(uintptr_t)name->name;
	m->wild_list[i] = (char *)(uintptr_t)(name->wildcard ? "t" : "f");
	if (!name->is_ip)
		add_challenge(m, i, "dns-01");
	if (!name->wildcard)
		add_challenge(m, i, "http-01");
	if (!name->wildcard)
		add_challenge(m, i, "tls-alpn-01");
}

/* RFC 9773 5: it must be the account's own. That it shares a name is the client's affair: nothing follows from it here. */
static enum problem
take_replaces(struct acme_call *call, const char *text, struct making *m)
{
	char actor[MAX_ACME_ACTOR + 1];
	struct certificate_row row;
	struct renewal_id id;

	if (text == NULL)
		return ACME_OK;
	ACME_ERR(renewal_id_read(text, &id));
	memcpy(m->replaces, id.serial, SERIAL_LEN);
	m->has_replaces = true;
	const struct db_param params[] = {db_bytes(span_at(m->replaces, SERIAL_LEN))};
	const enum err e = db_pool_one(call->cad->db, CA_CERTIFICATE_BY_SERIAL, params, &row);

	ACME_WHY(e != ERR_NOT_FOUND, ACME_MALFORMED, "RFC 9773 5: there is no certificate to replace");
	ACME_ERR(e);
	acme_actor(&call->account.id, actor);
	const bool own = strcmp(row.actor, actor) == 0;

	db_row_free(&ca_statements[CA_CERTIFICATE_BY_SERIAL], &row);
	ACME_WHY(own, ACME_UNAUTHORIZED, "RFC 9773 5: the certificate to replace is another account's");
	const struct db_param release[] = {db_bytes(span_at(m->replaces, SERIAL_LEN)), db_time(call->now)};

	ACME_ERR(db_pool_run(call->acme->db, ACME_ORDER_RELEASE, release, NULL));
	return ACME_OK;
}

static enum problem
record(struct acme_call *call, struct making *m)
{
	const struct json_list names = {m->name_list, m->count}, ids = {m->id_list, m->count},
			       hosts = {m->host_list, m->count}, wild = {m->wild_list, m->count};
	const struct json_list challenges = {m->challenge_list, m->challenges}, of = {m->of_list, m->challenges},
			       types = {m->type_list, m->challenges}, tokens = {m->token_list, m->challenges};
	const struct span replaces = m->has_replaces ? span_at(m->replaces, SERIAL_LEN) : (struct span){0};
	size_t affected = 0;
	const struct db_param params[] = {db_uuid(&m->id), db_uuid(&call->account.id), db_texts(&names),
		db_time(call->now), db_time(call->now + ORDER_SECONDS), db_bytes(replaces), db_texts(&ids),
		db_texts(&hosts), db_texts(&wild), db_texts(&challenges), db_texts(&of), db_texts(&types),
		db_texts(&tokens), db_time(call->now - HOUR), db_int(call->cad->config.acme_orders_per_hour)};
	const enum err e = db_pool_run(call->acme->db, ACME_ORDER_ADD, params, &affected);

	ACME_WHY(e != ERR_EXISTS, ACME_ALREADY_REPLACED, "RFC 9773 5: another order replaces that certificate");
	ACME_ERR(e);
	ACME_WHY(affected > 0, ACME_RATE_LIMITED, "an account may make %lld orders an hour",
		(long long)call->cad->config.acme_orders_per_hour);
	return ACME_OK;
}

/* What the profile would refuse at the end is refused before anybody shows anything. */
static enum problem
check_profile(const struct acme_call *call, const struct json_list *names)
{
	struct naming n;

	order_naming(names, &n);
	return profile_allows(call->acme->profile, n.subject, n.subject_count, n.names, n.count) == ERR_OK
		? ACME_OK
		: ACME_REJECTED_IDENTIFIER;
}

static enum problem
add(struct acme_call *call, const struct asked *asked, struct making *m)
{
	ACME_WHY(asked->not_before == NULL && asked->not_after == NULL, ACME_MALFORMED,
		"RFC 8555 7.4: notBefore and notAfter are not taken; the profile decides how long a certificate is good");
	ACME_TRY(take_identifiers(call, &asked->identifiers, m));
	ACME_TRY(take_replaces(call, asked->replaces, m));
	m->id = uuid_random();
	for (size_t i = 0; i < m->count; i++)
		add_name(m, i);
	ACME_TRY(check_profile(call, &(const struct json_list){m->name_list, m->count}));
	ACME_TRY(record(call, m));
	char status[] = "pending";
	const struct order_row made = {.id = m->id,
		.status = status,
		.names = {m->name_list, m->count},
		.authorizations = {m->id_list, m->count},
		.created_at = call->now,
		.expires = call->now + ORDER_SECONDS};

	reply_status(call->reply, 201);
	order_answer(call, &made);
	return ACME_OK;
}

static enum problem
new_order(struct acme_call *call)
{
	struct making *m = calloc(1, sizeof(*m));
	struct asked asked;

	ACME_WHY(m != NULL, ACME_UNAVAILABLE, "memory");
	enum problem a = call->account.binding_revoked == 0 ? ACME_OK : ACME_UNAUTHORIZED;

	if (a != ACME_OK)
		err_remember("the binding key of this account was revoked; it may order nothing any more");
	else
		a = acme_payload(call, &asked_table, &asked);
	if (a == ACME_OK) {
		a = add(call, &asked, m);
		json_free(&asked_table, &asked);
	}
	free(m);
	return a;
}

enum err
acme_new_order(void *daemon, struct request *request, struct reply *reply)
{
	return acme_serve(daemon, request, reply, BY_ACCOUNT, new_order);
}
