/* What the queue shows: pages of it, one request, how long it will take. */
#include <stdlib.h>
#include <string.h>

#include "ca/order.h"
#include "ca/request/request.h"

enum { SECONDS_AN_HOUR = 3600, HOURS_A_DAY = 24 };

static const char *const readers[] = {"ca-operator", "registrar", "client-operator", NULL};

static enum err
limit_read(const struct request *request, int64_t *out)
{
	const char *text = request_query(request, "limit");
	char *end;

	*out = DEFAULT_PAGE;
	if (text == NULL)
		return ERR_OK;
	*out = strtoll(text, &end, 10);
	REQUIRE_WHY(*end == '\0' && *out >= 1 && *out <= MAX_PAGE, ERR_MALFORMED, "limit: 1 to %d", MAX_PAGE);
	return ERR_OK;
}

static enum err
filter_read(const struct request *request, struct request_filter *f, struct uuid *person)
{
	static const char *const known[] = {"state", "profile", "applicant", "batch", "text", "person", "order",
		"after", "limit", NULL};
	static const char *const states[] = {"waiting", "expired", "issued", "rejected", "withdrawn", NULL};
	const char *order = request_query(request, "order"), *id = request_query(request, "person");
	const char *other = request_query_other(request, known);
	size_t i = 0;

	REQUIRE_WHY(other == NULL, ERR_MALFORMED, "%s: no such filter", other);
	*f = (struct request_filter){
		.state = request_query(request, "state"),
		.profile = request_query(request, "profile"),
		.applicant = request_query(request, "applicant"),
		.batch = request_query(request, "batch"),
		.text = request_query(request, "text"),
		.person = id != NULL ? person : NULL,
		.after = request_query(request, "after"),
	};
	if (id != NULL)
		TRY(uuid_read(span_of(id), person));
	while (f->state != NULL && states[i] != NULL && strcmp(states[i], f->state) != 0)
		i++;
	REQUIRE_WHY(states[i] != NULL, ERR_MALFORMED, "state: waiting, expired, issued, rejected or withdrawn");
	REQUIRE_WHY(order == NULL || strcmp(order, "oldest") == 0 || strcmp(order, "newest") == 0, ERR_MALFORMED,
		"order: oldest or newest");
	f->oldest_first = order != NULL && strcmp(order, "oldest") == 0;
	return limit_read(request, &f->limit);
}

enum err
request_list_get(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	char next[MAX_PLACE + 1];
	struct request_filter f;
	struct json_list list;
	struct uuid person;
	AUTO(act) act = {0};
	enum err e = ERR_OK;

	TRY(order_of_bearer(c, request, readers, "request.read", &act));
	TRY(filter_read(request, &f, &person));
	TRY(request_page(c, &f, &list));
	const struct request_row *rows = list.items;
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_array(&j, "requests");
	for (size_t i = 0; i < list.count && e == ERR_OK; i++) {
		json_object(&j, NULL);
		e = request_write(c, &j, &rows[i], false);
		json_object_end(&j);
	}
	json_array_end(&j);
	if (list.count > 0 && (int64_t)list.count == f.limit) {
		request_place(&rows[list.count - 1], next);
		json_text(&j, "next", next);
	}
	json_object_end(&j);
	db_rows_free(&request_statements[REQ_OLDEST], &list);
	return e;
}

enum err
request_get(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	struct request_row r;
	AUTO(act) act = {0};

	TRY(order_of_bearer(c, request, readers, "request.read", &act));
	TRY(request_find(c, request_param(request, "id"), &r));
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	const enum err e = request_write(c, &j, &r, true);

	json_object_end(&j);
	request_row_free(&r);
	return e;
}

/* ---- summary ---- */

struct totals {
	int64_t waiting, issued_hour, issued_day;
	unix_time oldest;
};

int64_t
queue_estimate(int64_t waiting, int64_t issued_hour, int64_t issued_day)
{
	const int64_t by_day = (issued_day + HOURS_A_DAY - 1) / HOURS_A_DAY,
		      per_hour = issued_hour > by_day ? issued_hour : by_day;

	if (waiting == 0)
		return 0;
	return per_hour > 0 ? (waiting * SECONDS_AN_HOUR + per_hour - 1) / per_hour : -1;
}

static void
write_counts(struct json_writer *j, const struct totals *t)
{
	const int64_t estimate = queue_estimate(t->waiting, t->issued_hour, t->issued_day);

	json_int(j, "waiting", t->waiting);
	if (t->oldest != 0)
		json_time(j, "oldest", t->oldest);
	json_int(j, "issued_last_hour", t->issued_hour);
	json_int(j, "issued_last_day", t->issued_day);
	if (estimate >= 0)
		json_int(j, "estimate_seconds", estimate);
}

static void
add(struct totals *all, const struct summary_row *row)
{
	all->waiting += row->waiting;
	all->issued_hour += row->issued_hour;
	all->issued_day += row->issued_day;
	if (row->oldest != 0 && (all->oldest == 0 || row->oldest < all->oldest))
		all->oldest = row->oldest;
}

enum err
request_summary_get(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	const unix_time now = cad_now(c);
	struct totals all = {0};
	struct json_list list;
	AUTO(act) act = {0};
	const struct db_param params[] = {db_time(now), db_time(now - SECONDS_AN_HOUR),
		db_time(now - HOURS_A_DAY * SECONDS_AN_HOUR)};

	TRY(order_of_bearer(c, request, readers, "request.read", &act));
	TRY(db_pool_all(c->registration->db, REQ_SUMMARY, params, &list));
	const struct summary_row *rows = list.items;
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_array(&j, "profiles");
	for (size_t i = 0; i < list.count; i++) {
		const struct totals one = {rows[i].waiting, rows[i].issued_hour, rows[i].issued_day, rows[i].oldest};

		json_object(&j, NULL);
		json_text(&j, "profile", rows[i].profile);
		write_counts(&j, &one);
		json_int(&j, "expired_last_day", rows[i].expired);
		json_object_end(&j);
		add(&all, &rows[i]);
	}
	json_array_end(&j);
	write_counts(&j, &all);
	json_object_end(&j);
	db_rows_free(&request_statements[REQ_SUMMARY], &list);
	return ERR_OK;
}
