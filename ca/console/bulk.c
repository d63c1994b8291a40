/* Very many certificates at once: what was proposed, what it would touch, who has approved it, how far it is; and, before anybody proposes, how many it would be. */
#include <stddef.h>
#include <string.h>

#include "base/encode.h"
#include "ca/bulk/bulk.h"
#include "ca/console/page.h"
#include "ca/revoke/many.h"

enum { DAY_TEXT = 10 };

static void
put_numbers(struct page *page, const struct bulk_row *b)
{
	page_int(page, "count", b->count);
	page_int(page, "done", b->changed);
	page_int(page, "percent", b->count > 0 ? b->changed * 100 / b->count : 0);
	page_bool(page, "counted", b->serials_sha256.len > 0);
	page_bool(page, "has_some", b->count > 0);
	page_int(page, "approvals_done", b->approvals);
	page_int(page, "quorum", b->quorum);
}

static void
put_bulk(struct page *page, const struct cad *c, const struct request *request, const struct bulk_row *b)
{
	const char *const state = bulk_state(b, cad_now(c));

	page_uuid(page, "id", &b->id);
	page_text(page, "action", page_word(c->console, request, "action", b->action));
	page_text(page, "why", b->why);
	page_text(page, "proposer", b->proposer);
	page_text(page, "state", page_word(c->console, request, "bulk", state));
	page_bool(page, "is_moving",
		strcmp(state, "running") == 0 || strcmp(state, "counting") == 0 || strcmp(state, "uploading") == 0);
	page_bool(page, "is_proposed", strcmp(state, "proposed") == 0);
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

/* The command that would propose just that. Names are those of files that we have read, days are digits. */
static void
put_command(struct page *page, const struct request *request, const struct suspend_query *q)
{
	AUTO(writer) w = writer_new(1024);

	writer_text(&w, "mohar ca suspend-many --why TEXT");
	if (q->profile != NULL)
		writer_format(&w, " --profile %s", q->profile);
	if (q->issuer != NULL)
		writer_format(&w, " --ca %s", q->issuer);
	if (q->issued_from != 0)
		writer_format(&w, " --issued-from %s", request_query(request, "from"));
	if (q->issued_before != 0)
		writer_format(&w, " --issued-before %s", request_query(request, "before"));
	page_span(page, "command", writer_span(&w));
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
	put_command(page, request, &q);
	return ERR_OK;
}

/* ---- the list ---- */

static enum err
show_all(struct cad *c, const struct visit *v, struct request *request, struct reply *reply)
{
	const struct db_param params[] = {db_int(MAX_BULK_LISTED)};
	AUTO(page) *page = NULL;
	struct json_list list;

	TRY(page_new(&page));
	TRY(put_count(page, c, request));
	TRY(db_pool_all(bulk_db(c), BULK_LIST, params, &list));
	for (size_t i = 0; i < list.count; i++) {
		page_item(page, "bulks");
		put_bulk(page, c, request, &((const struct bulk_row *)list.items)[i]);
		page_item_end(page);
	}
	page_bool(page, "none", list.count == 0);
	db_rows_free(&bulk_statements[BULK_LIST], &list);
	return page_send(c, v, request, "bulk", "bulks", page, reply);
}

enum err
console_bulks(void *daemon, struct request *request, struct reply *reply)
{
	return console_page(daemon, request, reply, show_all);
}

/* ---- one ---- */

static enum err
put_approvals(struct page *page, struct cad *c, const struct bulk_row *b)
{
	const struct db_param params[] = {db_uuid(&b->id)};
	struct json_list list;

	TRY(db_pool_all(bulk_db(c), BULK_APPROVALS, params, &list));
	const struct bulk_approval_row *const rows = list.items;

	for (size_t i = 0; i < list.count; i++) {
		page_item(page, "approvals");
		page_text(page, "by", rows[i].approver);
		page_time(page, "at", rows[i].at);
		page_item_end(page);
	}
	page_bool(page, "approved_by_some", list.count > 0);
	db_rows_free(&bulk_statements[BULK_APPROVALS], &list);
	return ERR_OK;
}

/* What they have in common, a line each. */
static void
put_criterion(struct page *page, const struct cad *c, const struct request *request, const char *name,
	const char *value)
{
	if (value == NULL)
		return;
	page_item(page, "criteria");
	page_text(page, "name", page_word(c->console, request, "criterion", name));
	page_text(page, "value", value);
	page_item_end(page);
}

static void
put_day(struct page *page, const struct cad *c, const struct request *request, const char *name, unix_time t)
{
	AUTO(writer) text = writer_new(64);

	time_write(&text, t);
	put_criterion(page, c, request, name, t != 0 ? (const char *)writer_span(&text).ptr : NULL);
}

static enum err
put_criteria(struct page *page, const struct cad *c, const struct request *request, const struct bulk_row *b)
{
	AUTO(writer) keys = writer_new(64);
	struct bulk_criteria k;

	TRY(json_decode(span_of(b->criteria), &bulk_criteria_table, &k));
	put_criterion(page, c, request, "issuer", k.issuer);
	put_criterion(page, c, request, "profile", k.profile);
	put_criterion(page, c, request, "key_type", k.key_type);
	put_criterion(page, c, request, "weak",
		k.weak ? page_word(c->console, request, "criterion", "weak_yes") : NULL);
	put_criterion(page, c, request, "batch", k.batch);
	put_criterion(page, c, request, "bulk", k.bulk);
	put_day(page, c, request, "issued_from", k.issued_from);
	put_day(page, c, request, "issued_before", k.issued_before);
	writer_format(&keys, "%lld", (long long)k.keys_count);
	put_criterion(page, c, request, "keys", k.keys_count > 0 ? (const char *)writer_span(&keys).ptr : NULL);
	json_free(&bulk_criteria_table, &k);
	return ERR_OK;
}

struct sample {
	char *serial, *profile, *subject;
};
struct samples {
	struct json_list all;
};
#define TEXT(MEMBER)                                                                                 \
	{                                                                                            \
#MEMBER, JSON_TEXT, JSON_REQUIRED, offsetof(struct sample, MEMBER), 0, 4096, NULL, 0 \
	}
static const struct json_row sample_rows[] = {TEXT(serial), TEXT(profile), TEXT(subject)};
static const struct json_table sample_table = {"sample", sample_rows, 3, sizeof(struct sample), true};
static const struct json_row samples_rows[] = {
	{"samples", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct samples, all), 0, 64, &sample_table, 0},
};
static const struct json_table samples_table = {"samples", samples_rows, 1, sizeof(struct samples), false};

static enum err
put_samples(struct page *page, const struct bulk_row *b)
{
	AUTO(writer) json = writer_new(256 << 10);
	struct samples s;

	page_bool(page, "has_samples", b->samples != NULL);
	if (b->samples == NULL)
		return ERR_OK;
	writer_format(&json, "{\"samples\":%s}", b->samples);
	TRY(writer_done(&json));
	TRY(json_decode(writer_span(&json), &samples_table, &s));
	const struct sample *const rows = s.all.items;

	for (size_t i = 0; i < s.all.count; i++) {
		page_item(page, "samples");
		page_text(page, "serial", rows[i].serial);
		page_text(page, "profile", rows[i].profile);
		page_text(page, "title", rows[i].subject);
		page_item_end(page);
	}
	json_free(&samples_table, &s);
	return ERR_OK;
}

static enum err
put_all(struct page *page, struct cad *c, const struct request *request, const struct bulk_row *b)
{
	AUTO(writer) hash = writer_new(64);

	put_bulk(page, c, request, b);
	base64url_write(&hash, span_at(b->serials_sha256.ptr, b->serials_sha256.len));
	page_text(page, "serials_sha256", hash.len > 0 ? (const char *)writer_span(&hash).ptr : NULL);
	TRY(put_criteria(page, c, request, b));
	TRY(put_samples(page, b));
	return put_approvals(page, c, b);
}

static enum err
show_one(struct cad *c, const struct visit *v, struct request *request, struct reply *reply)
{
	AUTO(page) *page = NULL;
	struct bulk_row b;

	TRY(page_new(&page));
	TRY(bulk_find(c, request_param(request, "id"), &b));
	const enum err e = put_all(page, c, request, &b);

	bulk_row_free(&b);
	TRY(e);
	return page_send(c, v, request, "bulk", "bulk", page, reply);
}

enum err
console_bulk(void *daemon, struct request *request, struct reply *reply)
{
	return console_page(daemon, request, reply, show_one);
}
