/* One request: what the certificate would be, to the byte; who asked; who has approved. It can be turned away here; to approve it takes a card. */
#include <stddef.h>
#include <string.h>

#include "ca/console/page.h"
#include "ca/console/preview.h"
#include "ca/request/registry.h"
#include "ca/request/request.h"

static void
put_parts(struct page *page, const char *name, const struct json_list *parts)
{
	const struct name_part *const p = parts->items;

	for (size_t i = 0; i < parts->count; i++) {
		page_item(page, name);
		page_text(page, "type", p[i].type);
		page_text(page, "value", p[i].value);
		page_item_end(page);
	}
}

static enum err
put_approvals(struct page *page, const struct cad *c, const struct request_row *r)
{
	const struct db_param params[] = {db_uuid(&r->id)};
	struct json_list list;

	TRY(db_pool_all(c->registration->db, REQ_APPROVALS, params, &list));
	const struct approval_row *const rows = list.items;

	for (size_t i = 0; i < list.count; i++) {
		page_item(page, "approvals");
		page_text(page, "by", rows[i].approver);
		page_time(page, "at", rows[i].at);
		page_item_end(page);
	}
	page_int(page, "approvals_done", (int64_t)list.count);
	page_int(page, "approvals_wanted", r->approvals);
	page_bool(page, "approved_by_some", list.count > 0);
	db_rows_free(&request_statements[REQ_APPROVALS], &list);
	return ERR_OK;
}

static void
put_end(struct page *page, const struct request_row *r, const char *state)
{
	page_time(page, "ended", r->ended_at);
	page_text(page, "ended_by", r->ended_by);
	page_text(page, "reason", r->reason);
	if (r->serial.len > 0)
		page_hex(page, "serial", span_at(r->serial.ptr, r->serial.len));
	else
		page_text(page, "serial", NULL);
	page_bool(page, "is_waiting", strcmp(state, "waiting") == 0);
	page_bool(page, "is_issued", strcmp(state, "issued") == 0);
}

static enum err
put_request(struct page *page, struct cad *c, const struct visit *v, const struct request *request,
	const struct request_row *r)
{
	const char *const state = request_state(r, cad_now(c));
	const struct profile *const profile = profile_find(&c->profiles, r->profile);

	page_uuid(page, "id", &r->id);
	page_text(page, "title", r->title[0] != '\0' ? r->title : r->profile);
	page_text(page, "profile", r->profile);
	page_text(page, "profile_what", profile != NULL ? profile->description : NULL);
	page_text(page, "applicant", r->applicant);
	page_text(page, "batch", r->batch);
	page_text(page, "handle", r->handle);
	if (r->has_person)
		page_uuid(page, "person", &r->person);
	else
		page_text(page, "person", NULL);
	page_text(page, "role", page_word(c->console, request, "role", r->role));
	page_text(page, "state", page_word(c->console, request, "state", state));
	page_time(page, "created", r->created_at);
	page_time(page, "expires", r->expires_at);
	page_hex(page, "spki_sha256", span_at(r->spki_sha256.ptr, r->spki_sha256.len));
	page_base64url(page, "issue_sha256", span_at(r->issue_sha256.ptr, r->issue_sha256.len));
	page_bool(page, "from_registry", profile != NULL && registry_asked(c, profile));
	page_bool(page, "may_reject", strcmp(state, "waiting") == 0 && json_texts_have(&v->role_list, r->role));
	put_end(page, r, state);
	return put_approvals(page, c, r);
}

static enum err
put_preview(struct page *page, struct cad *c, const struct request *request, const struct request_row *r)
{
	struct preview p;

	TRY(preview_make(c, r, &p));
	put_parts(page, "subject", &p.parts.subject);
	put_parts(page, "names", &p.parts.names);
	page_bool(page, "has_names", p.parts.names.count > 0);
	page_text(page, "key_type", p.key_type[0] != '\0' ? p.key_type : NULL);
	page_text(page, "refused", p.refused[0] != '\0' ? p.refused : NULL);
	page_lint(page, c->console, request, &p.lint);
	preview_free(&p);
	return ERR_OK;
}

static enum err
show(struct cad *c, const struct visit *v, struct request *request, struct reply *reply)
{
	AUTO(page) *page = NULL;
	struct request_row r;

	TRY(page_new(&page));
	TRY(request_find(c, request_param(request, "id"), &r));
	enum err e = put_request(page, c, v, request, &r);

	if (e == ERR_OK)
		e = put_preview(page, c, request, &r);
	request_row_free(&r);
	TRY(e);
	return page_send(c, v, request, "queue", "request", page, reply);
}

enum err
console_request(void *daemon, struct request *request, struct reply *reply)
{
	return console_page(daemon, request, reply, show);
}

/* Turning a request away gives nobody anything, and it can be made again: the session's word is enough, and stands in the event as the console's. */
static enum err
reject(struct cad *c, const struct visit *v, struct request *request, struct reply *reply)
{
	const struct sha256 nobodys_key = sha256_of(span_of(v->actor));
	const struct person_acting who = {.name = v->actor,
		.roles = &v->role_list,
		.key_sha256 = sha256_span(&nobodys_key)};
	const char *const id = request_param(request, "id"), *const reason = request_form(request, "reason");
	AUTO(writer) to = writer_new(256);
	struct request_row r;

	REQUIRE_WHY(reason == NULL || (strlen(reason) <= MAX_REASON && span_is_line(span_of(reason))), ERR_MALFORMED,
		"the reason is one line of %d characters at most", MAX_REASON);
	TRY(request_find(c, id, &r));
	const enum err e = request_end(c, &r, &who, "rejected", reason, "console");

	request_row_free(&r);
	TRY(e);
	writer_format(&to, "/console/requests/%s", id);
	TRY(writer_done(&to));
	console_go(c, (const char *)writer_span(&to).ptr, reply);
	return ERR_OK;
}

enum err
console_reject(void *daemon, struct request *request, struct reply *reply)
{
	return console_change(daemon, request, reply, reject);
}
