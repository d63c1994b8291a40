#include "ca/request/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "ca/request/event.h"
#include "oidc/keys.h"

enum err
registration_open(struct cad *c, struct registration **out)
{
	struct registration *r = calloc(1, sizeof(*r));

	REQUIRE(r != NULL, ERR_NO_MEMORY);
	*out = r; /* cad_free frees it, however far this comes */
	if (c->config.issuer[0] != '\0')
		TRY(oidc_keys_new(c->config.issuer, c->config.tls_ca[0] != '\0' ? c->config.tls_ca : NULL, &r->keys));
	return db_pool_open(c->config.database, REGISTRATION_CONNECTIONS, request_statements, REQ_STATEMENT_COUNT,
		&r->db);
}

void
registration_free(struct registration **r)
{
	if (*r == NULL)
		return;
	if ((*r)->db != NULL)
		db_pool_free(&(*r)->db);
	oidc_keys_free(&(*r)->keys);
	free(*r);
	*r = NULL;
}

void
request_row_free(struct request_row *r)
{
	db_row_free(&request_statements[REQ_GET], r);
}

enum err
request_find(struct cad *c, const char *id, struct request_row *out)
{
	struct uuid uuid;

	TRY(uuid_read(span_of(id), &uuid));
	const struct db_param params[] = {db_uuid(&uuid)};
	const enum err e = db_pool_one(c->registration->db, REQ_GET, params, out);

	return e == ERR_NOT_FOUND ? err_because(e, "there is no request %s", id) : e;
}

/* ---- pages ---- */

void
request_place(const struct request_row *last, char out[MAX_PLACE + 1])
{
	AUTO(writer) w = writer_new(MAX_PLACE);

	writer_format(&w, "%lld.", (long long)last->created_at);
	uuid_write(&w, &last->id);
	(void)snprintf(out, MAX_PLACE + 1, "%s", (const char *)writer_span(&w).ptr);
}

static enum err
place_read(const char *text, unix_time *at, struct uuid *id)
{
	char *end;

	*at = 0;
	if (text == NULL)
		return ERR_OK;
	*at = strtoll(text, &end, 10);
	REQUIRE_WHY(*at > 0 && *end == '.' && uuid_read(span_of(end + 1), id) == ERR_OK, ERR_MALFORMED,
		"after: not what a page said as next");
	return ERR_OK;
}

enum err
request_page(struct cad *c, const struct request_filter *f, struct json_list *rows)
{
	struct uuid id = {0};
	unix_time at;

	TRY(place_read(f->after, &at, &id));
	REQUIRE_WHY(f->limit >= 1 && f->limit <= MAX_PAGE, ERR_MALFORMED, "limit: 1 to %d", MAX_PAGE);
	const struct db_param params[] = {db_text(f->state), db_text(f->profile), db_text(f->applicant),
		db_text(f->batch), db_text(f->text), db_time(cad_now(c)), db_uuid(f->person), db_time(at), db_uuid(&id),
		db_int(f->limit)};

	return db_pool_all(c->registration->db, f->oldest_first ? REQ_OLDEST : REQ_NEWEST, params, rows);
}

/* ---- telling ---- */

static enum err
write_approvals(struct cad *c, struct json_writer *j, const struct request_row *r)
{
	const struct db_param params[] = {db_uuid(&r->id)};
	struct json_list list;

	TRY(db_pool_all(c->registration->db, REQ_APPROVALS, params, &list));
	const struct approval_row *rows = list.items;

	json_array(j, "approved_by");
	for (size_t i = 0; i < list.count; i++) {
		json_object(j, NULL);
		json_text(j, "name", rows[i].approver);
		json_time(j, "at", rows[i].at);
		json_object_end(j);
	}
	json_array_end(j);
	db_rows_free(&request_statements[REQ_APPROVALS], &list);
	return ERR_OK;
}

static void
write_end(struct json_writer *j, const struct request_row *r)
{
	if (r->ended_at == 0)
		return;
	json_time(j, "ended_at", r->ended_at);
	json_text(j, "ended_by", r->ended_by);
	json_text(j, "reason", r->reason);
	if (r->serial.len > 0)
		json_hex(j, "serial", span_at(r->serial.ptr, r->serial.len));
}

static void
write_whom(struct json_writer *j, const struct request_row *r)
{
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);

	if (r->has_person) {
		uuid_write(&id, &r->person);
		json_span(j, "person", writer_span(&id));
	}
	json_text(j, "handle", r->handle);
	json_text(j, "batch", r->batch);
	json_text(j, "applicant", r->applicant);
}

enum err
request_write(struct cad *c, struct json_writer *j, const struct request_row *r, bool whole)
{
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);

	uuid_write(&id, &r->id);
	json_span(j, "id", writer_span(&id));
	json_text(j, "state", request_state(r, cad_now(c)));
	json_text(j, "profile", r->profile);
	json_text(j, "title", r->title);
	write_whom(j, r);
	json_text(j, "takes", r->role);
	json_int(j, "approvals", r->approvals);
	json_time(j, "created_at", r->created_at);
	json_time(j, "expires_at", r->expires_at);
	write_end(j, r);
	json_bytes64(j, "spki_sha256", span_at(r->spki_sha256.ptr, r->spki_sha256.len));
	json_bytes64(j, "issue_sha256", span_at(r->issue_sha256.ptr, r->issue_sha256.len));
	if (!whole)
		return ERR_OK;
	json_raw(j, "subject", span_of(r->subject));
	json_raw(j, "names", span_of(r->names));
	if (r->csr.len > 0)
		json_bytes64(j, "csr", span_at(r->csr.ptr, r->csr.len));
	return write_approvals(c, j, r);
}

/* ---- its events ---- */

enum err
request_event(const struct request_row *r, const struct person_acting *who, const char *type, const char *reason,
	unix_time at, struct event *out)
{
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	AUTO(writer) public_part = writer_new(MAX_ENTRY);
	AUTO(writer) private_part = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&public_part);

	uuid_write(&id, &r->id);
	json_object(&j, NULL);
	json_bytes64(&j, "issue_sha256", span_at(r->issue_sha256.ptr, r->issue_sha256.len));
	json_text(&j, "profile", r->profile);
	json_span(&j, "request", writer_span(&id));
	json_object_end(&j);
	TRY(writer_done(&public_part));
	j = json_to(&private_part);
	json_object(&j, NULL);
	json_text(&j, "actor", who->name);
	json_text(&j, "reason", reason);
	json_text(&j, "subject", r->title);
	json_object_end(&j);
	TRY(writer_done(&private_part));
	return event_make(out, "ca", type, LOG_TREE_PUBLIC, at, writer_span(&public_part), writer_span(&private_part));
}

void
request_principal(const struct request_row *r, struct writer *out)
{
	if (r->has_person)
		uuid_write(out, &r->person);
	else
		writer_text(out, r->applicant);
}
