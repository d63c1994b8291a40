/* The queue: what waits for approval, by a filter, a page at a time. */
#include <string.h>

#include "ca/console/page.h"
#include "http/client.h"
#include "ca/request/request.h"

static void
put_request(struct page *page, const struct cad *c, const struct request *request, const struct request_row *r)
{
	const unix_time now = cad_now(c);
	const char *const state = request_state(r, now);

	page_item(page, "requests");
	page_uuid(page, "id", &r->id);
	page_text(page, "title", r->title[0] != '\0' ? r->title : r->profile);
	page_text(page, "profile", r->profile);
	page_text(page, "applicant", r->applicant);
	page_text(page, "batch", r->batch);
	page_text(page, "state", page_word(c->console, request, "state", state));
	page_text(page, "role", page_word(c->console, request, "role", r->role));
	page_time(page, "created", r->created_at);
	page_ago(page, "ago", r->created_at, now);
	page_item_end(page);
}

/* The choices of a list, the chosen one marked. Empty is any. */
static void
put_states(struct page *page, const struct console *k, const struct request *request, const char *chosen)
{
	static const char *const states[] = {"waiting", "expired", "issued", "rejected", "withdrawn", "any"};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		page_item(page, "states");
		page_text(page, "value", states[i]);
		page_text(page, "word", page_word(k, request, "state", states[i]));
		page_bool(page, "chosen", strcmp(states[i], chosen) == 0);
		page_item_end(page);
	}
}

static void
put_profiles(struct page *page, const struct cad *c, const char *chosen)
{
	for (size_t i = 0; i < c->profiles.count; i++) {
		page_item(page, "profiles");
		page_text(page, "name", c->profiles.rows[i].name);
		page_bool(page, "chosen", chosen != NULL && strcmp(c->profiles.rows[i].name, chosen) == 0);
		page_item_end(page);
	}
}

/* NULL for what is not said or empty: a form sends every field. */
static const char *
said(const struct request *request, const char *name)
{
	const char *const value = request_query(request, name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static void
put_next(struct page *page, const struct request *request, const struct json_list *rows)
{
	const struct request_row *const r = rows->items;
	AUTO(writer) w = writer_new(2048);
	char place[MAX_PLACE + 1];

	if (rows->count < CONSOLE_PAGE) {
		page_text(page, "next", NULL);
		return;
	}
	request_place(&r[rows->count - 1], place);
	writer_text(&w, "?");
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = {"state", "profile", "text"};

		if (said(request, names[i]) != NULL)
			form_write(&w, names[i], said(request, names[i]));
	}
	form_write(&w, "after", place);
	page_span(page, "next", writer_span(&w));
}

static enum err
show(struct cad *c, const struct visit *v, struct request *request, struct reply *reply)
{
	const char *const asked = said(request, "state"), *const state = asked != NULL ? asked : "waiting";
	const struct request_filter f = {.state = strcmp(state, "any") == 0 ? NULL : state,
		.profile = said(request, "profile"),
		.text = said(request, "text"),
		.after = said(request, "after"),
		.oldest_first = strcmp(state, "waiting") == 0,
		.limit = CONSOLE_PAGE};
	AUTO(page) *page = NULL;
	struct json_list rows;

	TRY(page_new(&page));
	TRY(request_page(c, &f, &rows));
	for (size_t i = 0; i < rows.count; i++)
		put_request(page, c, request, &((const struct request_row *)rows.items)[i]);
	put_next(page, request, &rows);
	page_bool(page, "none", rows.count == 0);
	db_rows_free(&request_statements[REQ_OLDEST], &rows);
	put_states(page, c->console, request, state);
	put_profiles(page, c, f.profile);
	page_text(page, "text", f.text != NULL ? f.text : "");
	return page_send(c, v, request, "queue", "queue", page, reply);
}

enum err
console_queue(void *daemon, struct request *request, struct reply *reply)
{
	return console_page(daemon, request, reply, show);
}
