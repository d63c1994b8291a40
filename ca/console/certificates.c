/* Searching certificates: one field, which knows a serial, a key's hash and a person's number from the beginning of a subject. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "ca/console/page.h"
#include "http/client.h"
#include "ca/console/sought.h"
#include "ca/revoke/revoke.h"

/* Where the next page begins: "TIME.SERIAL". */
struct place {
	unix_time at; /* 0: the beginning */
	uint8_t serial[SERIAL_LEN];
};

static enum err
place_read(const char *text, struct place *out)
{
	size_t len;
	char *end;

	*out = (struct place){0};
	memset(out->serial, 0xff, sizeof(out->serial));
	if (text == NULL)
		return ERR_OK;
	out->at = strtoll(text, &end, 10);
	REQUIRE_WHY(out->at > 0 && *end == '.' &&
			hex_read(span_of(end + 1), out->serial, sizeof(out->serial), &len) == ERR_OK &&
			len == SERIAL_LEN,
		ERR_MALFORMED, "after: not what a page said as next");
	return ERR_OK;
}

static enum err
find(const struct cad *c, const struct sought *s, const struct place *at, struct json_list *rows)
{
	struct db_param params[] = {db_time(at->at), db_bytes(span_at(at->serial, SERIAL_LEN)), db_int(CONSOLE_PAGE),
		db_text(s->subject)};
	enum console_statement n = CON_NEWEST;

	if (s->kind == SOUGHT_SUBJECT)
		n = CON_OF_SUBJECT;
	if (s->kind == SOUGHT_PERSON) {
		n = CON_OF_PERSON;
		params[3] = db_uuid(&s->person);
	}
	if (s->kind == SOUGHT_KEY) {
		n = CON_OF_KEY;
		params[3] = db_bytes(span_at(s->bytes, SHA256_LEN));
	}
	return db_pool_all(c->console->db, n, params, rows);
}

static void
put_certificate(struct page *page, const struct cad *c, const struct request *request,
	const struct listed_certificate *x)
{
	page_item(page, "certificates");
	page_hex(page, "serial", span_at(x->serial.ptr, x->serial.len));
	page_text(page, "title", x->subject[0] != '\0' ? x->subject : x->profile);
	page_text(page, "profile", x->profile);
	page_text(page, "status",
		page_word(c->console, request, "status",
			certificate_status(x->revoked_at, x->reason, x->not_after, cad_now(c))));
	page_bool(page, "is_bad", x->revoked_at != 0);
	page_time(page, "issued", x->issued_at);
	page_time(page, "until", x->not_after);
	page_item_end(page);
}

static void
put_next(struct page *page, const char *q, const struct json_list *rows)
{
	const struct listed_certificate *const x = rows->items;
	AUTO(writer) w = writer_new(2048);
	AUTO(writer) place = writer_new(128);

	if (rows->count < CONSOLE_PAGE) {
		page_text(page, "next", NULL);
		return;
	}
	const struct listed_certificate *const last = &x[rows->count - 1];

	writer_format(&place, "%lld.", (long long)last->issued_at);
	hex_write(&place, span_at(last->serial.ptr, last->serial.len));
	writer_text(&w, "?");
	if (q != NULL)
		form_write(&w, "q", q);
	form_write(&w, "after", (const char *)writer_span(&place).ptr);
	page_span(page, "next", writer_span(&w));
}

static enum err
go_to(const struct cad *c, const char *serial, struct reply *reply)
{
	AUTO(writer) to = writer_new(256);

	writer_format(&to, "/console/certificates/%s", serial);
	TRY(writer_done(&to));
	console_go(c, (const char *)writer_span(&to).ptr, reply);
	return ERR_OK;
}

static enum err
show(struct cad *c, const struct visit *v, struct request *request, struct reply *reply)
{
	AUTO(page) *page = NULL;
	struct json_list rows;
	struct sought s;
	struct place at;

	TRY(place_read(request_query(request, "after"), &at));
	TRY(sought_read(request_query(request, "q"), &s));
	if (s.kind == SOUGHT_SERIAL)
		return go_to(c, s.subject, reply);
	TRY(page_new(&page));
	TRY(find(c, &s, &at, &rows));
	for (size_t i = 0; i < rows.count; i++)
		put_certificate(page, c, request, &((const struct listed_certificate *)rows.items)[i]);
	put_next(page, request_query(request, "q"), &rows);
	page_bool(page, "none", rows.count == 0);
	db_rows_free(&console_statements[CON_NEWEST], &rows);
	page_text(page, "q", request_query(request, "q") != NULL ? request_query(request, "q") : "");
	page_bool(page, "searched", s.kind != SOUGHT_ANY);
	return page_send(c, v, request, "certificates", "certificates", page, reply);
}

enum err
console_certificates(void *daemon, struct request *request, struct reply *reply)
{
	return console_page(daemon, request, reply, show);
}
