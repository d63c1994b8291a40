/* Very many certificates at once: what was proposed, what it would touch, who has approved it, how far it is; and, before anybody proposes, how many it would be. */
#include <stdlib.h>
#include <string.h>

#include "ca/console/page.h"
#include "ca/revoke/many.h"

enum { MAX_BULKS = 50, DAY_TEXT = 10 };

static void
put_numbers(struct page *page, const struct bulk_view_row *b)
{
	page_int(page, "count", b->count);
	page_int(page, "done", b->done);
	page_int(page, "percent", b->count > 0 ? b->done * 100 / b->count : 0);
	page_bool(page, "counted", b->counted);
	page_int(page, "approvals_done", b->approvals);
	page_int(page, "quorum", b->quorum);
}

static void
put_bulk(struct page *page, const struct cad *c, const struct request *request, const struct bulk_view_row *b)
{
	page_uuid(page, "id", &b->id);
	page_text(page, "action", page_word(c->console, request, "action", b->action));
	page_text(page, "why", b->why);
	page_text(page, "proposer", b->proposer);
	page_text(page, "state", page_word(c->console, request, "bulk", b->state));
	page_bool(page, "is_running", strcmp(b->state, "running") == 0);
	page_bool(page, "is_proposed", strcmp(b->state, "proposed") == 0);
	page_time(page, "created", b->created_at);
	page_time(page, "expires", b->expires_at);
	page_time(page, "started", b->started_at);
	page_time(page, "ended", b->ended_at);
	page_text(page, "problem", b->problem);
	put_numbers(page, b);
}

/* ---- how many it would be ---- */

/* A day, as a date field sends it. */
static enum err
day_read(const struct request *request, const char *name, unix_time *out)
{
	const char *const text = request_query(request, name);
	AUTO(writer) whole = writer_new(32);

	*out = 0;
	if (text == NULL || text[0] == '\0')
		return ERR_OK;
	writer_format(&whole, "%.10sT00:00:00Z", text);
	REQUIRE_WHY(strlen(text) == DAY_TEXT && time_read(writer_span(&whole), out) == ERR_OK, ERR_MALFORMED,
		"%s: a day is written YYYY-MM-DD", name);
	return ERR_OK;
}

static const char *
known(const char *name, bool found)
{
	return name != NULL && name[0] != '\0' && found ? name : NULL;
}

static enum err
query_read(const struct cad *c, const struct request *request, struct suspend_query *q)
{
	const char *const issuer = request_query(request, "issuer"), *const profile = request_query(request, "profile");

	*q = (struct suspend_query){.issuer = known(issuer,
					    issuer != NULL && authority_find(&c->authorities, issuer) != NULL),
		.profile = known(profile, profile != NULL && profile_find(&c->profiles, profile) != NULL)};
	TRY(day_read(request, "from", &q->issued_from));
	return day_read(request, "before", &q->issued_before);
}

static void
put_choices(struct page *page, const struct cad *c, const struct suspend_query *q)
{
	for (size_t i = 0; i < c->authorities.count; i++) {
		if (c->authorities.rows[i].is_root)
			continue;
		page_item(page, "issuers");
		page_text(page, "name", c->authorities.rows[i].label);
		page_bool(page, "chosen", q->issuer != NULL && strcmp(q->issuer, c->authorities.rows[i].label) == 0);
		page_item_end(page);
	}
	for (size_t i = 0; i < c->profiles.count; i++) {
		page_item(page, "profiles");
		page_text(page, "name", c->profiles.rows[i].name);
		page_bool(page, "chosen", q->profile != NULL && strcmp(q->profile, c->profiles.rows[i].name) == 0);
		page_item_end(page);
	}
}

static enum err
put_count(struct page *page, struct cad *c, const struct request *request)
{
	const bool asked = request_query(request, "profile") != NULL;
	struct suspend_query q;
	int64_t count = 0;

	TRY(query_read(c, request, &q));
	put_choices(page, c, &q);
	page_text(page, "from", request_query(request, "from") != NULL ? request_query(request, "from") : "");
	page_text(page, "before", request_query(request, "before") != NULL ? request_query(request, "before") : "");
	page_bool(page, "asked", asked);
	if (!asked)
		return ERR_OK;
	TRY(suspend_count(c, &q, &count));
	page_int(page, "would_be", count);
	return ERR_OK;
}

/* ---- the list ---- */

static enum err
show_all(struct cad *c, const struct visit *v, struct request *request, struct reply *reply)
{
	const struct db_param params[] = {db_int(MAX_BULKS)};
	AUTO(page) *page = NULL;
	struct json_list list;

	TRY(page_new(&page));
	TRY(put_count(page, c, request));
	TRY(db_pool_all(c->console->db, CON_BULKS, params, &list));
	for (size_t i = 0; i < list.count; i++) {
		page_item(page, "bulks");
		put_bulk(page, c, request, &((const struct bulk_view_row *)list.items)[i]);
		page_item_end(page);
	}
	page_bool(page, "none", list.count == 0);
	db_rows_free(&console_statements[CON_BULKS], &list);
	return page_send(c, v, request, "bulk", "bulks", page, reply);
}

enum err
console_bulks(void *daemon, struct request *request, struct reply *reply)
{
	return console_page(daemon, request, reply, show_all);
}

/* ---- one ---- */

static enum err
put_approvals(struct page *page, const struct cad *c, const struct bulk_view_row *b)
{
	const struct db_param params[] = {db_uuid(&b->id)};
	struct json_list list;

	TRY(db_pool_all(c->console->db, CON_BULK_APPROVALS, params, &list));
	const struct bulk_approval_view *const rows = list.items;

	for (size_t i = 0; i < list.count; i++) {
		page_item(page, "approvals");
		page_text(page, "by", rows[i].approver);
		page_time(page, "at", rows[i].at);
		page_item_end(page);
	}
	page_bool(page, "approved_by_some", list.count > 0);
	db_rows_free(&console_statements[CON_BULK_APPROVALS], &list);
	return ERR_OK;
}

static enum err
show_one(struct cad *c, const struct visit *v, struct request *request, struct reply *reply)
{
	AUTO(page) *page = NULL;
	struct bulk_view_row b;
	struct uuid id;

	TRY(page_new(&page));
	TRY(uuid_read(span_of(request_param(request, "id")), &id));
	const struct db_param params[] = {db_uuid(&id)};

	TRY(db_pool_one(c->console->db, CON_BULK, params, &b));
	put_bulk(page, c, request, &b);
	page_text(page, "criteria", b.criteria);
	page_text(page, "samples", b.samples);
	if (b.serials_sha256.len > 0)
		page_base64url(page, "serials_sha256", span_at(b.serials_sha256.ptr, b.serials_sha256.len));
	else
		page_text(page, "serials_sha256", NULL);
	const enum err e = put_approvals(page, c, &b);

	db_row_free(&console_statements[CON_BULK], &b);
	TRY(e);
	return page_send(c, v, request, "bulk", "bulk", page, reply);
}

enum err
console_bulk(void *daemon, struct request *request, struct reply *reply)
{
	return console_page(daemon, request, reply, show_one);
}
