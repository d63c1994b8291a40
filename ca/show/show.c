#include "ca/show/show.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "ca/order.h"
#include "ca/request/request.h"
#include "ca/revoke/revoke.h"
#include "ca/store/statements.h"
#include "x509/lint/lint.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { MAX_LISTED = 200, MAX_PLACE_TEXT = 64 };

static const char *const roles[] = {"ca-operator", "registrar", NULL};

static void
write_status(struct json_writer *j, const struct found_row *row, unix_time now)
{
	json_text(j, "status",
		row->revoked_at == 0                 ? row->not_after < now ? "expired" : "good"
			: row->reason == REASON_HOLD ? "suspended"
						     : "revoked");
	if (row->revoked_at != 0) {
		json_time(j, "revoked_at", row->revoked_at);
		json_text(j, "reason", revoke_reason_name(row->reason));
	}
}

static void
write_row(struct json_writer *j, const struct found_row *row, unix_time now)
{
	AUTO(writer) person = writer_new(UUID_TEXT_LEN);
	AUTO(writer) event = writer_new(UUID_TEXT_LEN);

	json_hex(j, "serial", span_at(row->serial.ptr, row->serial.len));
	json_text(j, "issuer", row->issuer);
	json_text(j, "profile", row->profile);
	json_text(j, "subject", row->subject);
	if (row->has_person) {
		uuid_write(&person, &row->person);
		json_span(j, "person", writer_span(&person));
	}
	json_time(j, "issued_at", row->issued_at);
	json_time(j, "not_before", row->not_before);
	json_time(j, "not_after", row->not_after);
	json_text(j, "ordered_by", row->actor);
	json_text(j, "channel", row->channel);
	if (row->has_event) {
		uuid_write(&event, &row->event);
		json_span(j, "event", writer_span(&event));
	}
	write_status(j, row, now);
}

/* One row by its serial, in the shape of those that are found. Borrowed from the certificate's. */
static struct found_row
as_found(const struct certificate_row *row)
{
	return (struct found_row){
		.serial = row->serial,
		.issuer = row->issuer,
		.profile = row->profile,
		.subject = row->subject,
		.person = row->person,
		.has_person = row->has_person,
		.not_before = row->not_before,
		.not_after = row->not_after,
		.issued_at = row->issued_at,
		.revoked_at = row->revoked_at,
		.reason = row->reason,
		.actor = row->actor,
		.event = row->event,
		.has_event = row->has_event,
	};
}

/* What it would be told today: against the rules, its profile as that is now, and its issuer. */
static enum err
write_lint(const struct cad *c, struct json_writer *j, const struct certificate_row *row)
{
	const struct authority *a = authority_find(&c->authorities, row->issuer);
	const struct lint_context context = {
		.profile = profile_find(&c->profiles, row->profile),
		.issuer = a != NULL ? writer_span(&a->der) : (struct span){0},
	};
	struct lint_report report;

	TRY(lint_certificate(span_at(row->der.ptr, row->der.len), &context, &report));
	lint_write(&report, j, "lint");
	return ERR_OK;
}

static enum err
write_pem(struct json_writer *j, const struct certificate_row *row)
{
	AUTO(writer) pem = writer_new(2 * MAX_CERTIFICATE);
	OWN(X509) x = NULL;

	TRY(certificate_parse(span_at(row->der.ptr, row->der.len), &x));
	TRY(certificate_pem_write(x, &pem));
	json_span(j, "certificate", writer_span(&pem));
	return ERR_OK;
}

enum err
show_get(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	uint8_t serial[SERIAL_LEN];
	struct certificate_row row;
	AUTO(act) act = {0};
	size_t len;

	TRY(order_of_bearer(c, request, roles, "certificate.read", &act));
	REQUIRE_WHY(hex_read(span_of(request_param(request, "serial")), serial, sizeof(serial), &len) == ERR_OK &&
			len == SERIAL_LEN,
		ERR_MALFORMED, "a serial is %d hexadecimal digits", 2 * SERIAL_LEN);
	const struct db_param params[] = {db_bytes(span_at(serial, SERIAL_LEN))};

	TRY(db_pool_one(c->db, CA_CERTIFICATE_BY_SERIAL, params, &row));
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	const struct found_row found = as_found(&row);

	write_row(&j, &found, cad_now(c));
	enum err e = write_pem(&j, &row);

	if (e == ERR_OK)
		e = write_lint(c, &j, &row);

	json_object_end(&j);
	db_row_free(&ca_statements[CA_CERTIFICATE_BY_SERIAL], &row);
	return e;
}

/* ---- pages ---- */

/* What is looked for, as the query says it. */
struct search {
	const char *subject, *profile, *issuer, *status;
	struct uuid person;
	bool has_person;
	uint8_t spki[SHA256_LEN], after[SERIAL_LEN];
	size_t spki_len;
	unix_time issued_from, issued_before, after_time; /* after_time 0: from the beginning */
	int64_t limit;
};

static enum err
time_of(const struct request *request, const char *name, unix_time *out)
{
	const char *text = request_query(request, name);

	*out = 0;
	if (text == NULL)
		return ERR_OK;
	REQUIRE_WHY(time_read(span_of(text), out) == ERR_OK, ERR_MALFORMED, "%s: 2026-01-31T23:59:59Z, not '%.40s'",
		name, text);
	return ERR_OK;
}

/* "SECONDS.SERIAL": behind which certificate the page begins. */
static enum err
place_of(const struct request *request, struct search *s)
{
	const char *text = request_query(request, "after");
	size_t len = 0;
	char *end;

	if (text == NULL)
		return ERR_OK;
	s->after_time = strtoll(text, &end, 10);
	REQUIRE_WHY(s->after_time > 0 && *end == '.' &&
			hex_read(span_of(end + 1), s->after, sizeof(s->after), &len) == ERR_OK && len == SERIAL_LEN,
		ERR_MALFORMED, "after: not what a page said as next");
	return ERR_OK;
}

static enum err
limit_of(const struct request *request, int64_t *out)
{
	const char *text = request_query(request, "limit");
	char *end;

	*out = MAX_LISTED;
	if (text == NULL)
		return ERR_OK;
	*out = strtoll(text, &end, 10);
	REQUIRE_WHY(*end == '\0' && *out >= 1 && *out <= MAX_LISTED, ERR_MALFORMED, "limit: 1 to %d", MAX_LISTED);
	return ERR_OK;
}

static enum err
status_known(const char *status)
{
	static const char *const known[] = {"good", "suspended", "revoked", "expired"};
	bool found = status == NULL;

	for (size_t i = 0; i < 4 && !found; i++)
		found = strcmp(status, known[i]) == 0;
	REQUIRE_WHY(found, ERR_MALFORMED, "status: good, suspended, revoked or expired");
	return ERR_OK;
}

static enum err
search_read(const struct request *request, struct search *s)
{
	static const char *const known[] = {"subject", "person", "profile", "issuer", "status", "spki_sha256",
		"issued_from", "issued_before", "after", "limit", NULL};
	const char *other = request_query_other(request, known), *person = request_query(request, "person"),
		   *spki = request_query(request, "spki_sha256");

	REQUIRE_WHY(other == NULL, ERR_MALFORMED, "%s: no such filter", other);
	*s = (struct search){
		.subject = request_query(request, "subject"),
		.profile = request_query(request, "profile"),
		.issuer = request_query(request, "issuer"),
		.status = request_query(request, "status"),
		.has_person = person != NULL,
	};
	if (person != NULL)
		TRY(uuid_read(span_of(person), &s->person));
	if (spki != NULL)
		TRY(hex_read(span_of(spki), s->spki, sizeof(s->spki), &s->spki_len));
	TRY(status_known(s->status));
	TRY(time_of(request, "issued_from", &s->issued_from));
	TRY(time_of(request, "issued_before", &s->issued_before));
	TRY(place_of(request, s));
	return limit_of(request, &s->limit);
}

static enum err
find(struct cad *c, const struct search *s, struct json_list *rows)
{
	const struct db_param params[] = {
		db_text(s->subject),
		db_uuid(s->has_person ? &s->person : NULL),
		db_text(s->profile),
		db_text(s->issuer),
		db_text(s->status),
		db_bytes(s->spki_len > 0 ? span_at(s->spki, s->spki_len) : (struct span){0}),
		db_time(s->issued_from),
		db_time(s->issued_before),
		db_time(cad_now(c)),
		db_time(s->after_time),
		db_bytes(span_at(s->after, SERIAL_LEN)),
		db_int(s->limit),
	};

	return db_pool_all(c->registration->db, REQ_CERTIFICATES, params, rows);
}

static void
write_next(struct json_writer *j, const struct found_row *last)
{
	AUTO(writer) w = writer_new(MAX_PLACE_TEXT);

	writer_format(&w, "%lld.", (long long)last->issued_at);
	hex_write(&w, span_at(last->serial.ptr, last->serial.len));
	json_span(j, "next", writer_span(&w));
}

enum err
show_list(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	struct search search;
	struct json_list list;
	AUTO(act) act = {0};

	TRY(order_of_bearer(c, request, roles, "certificate.read", &act));
	TRY(search_read(request, &search));
	TRY(find(c, &search, &list));
	const struct found_row *found = list.items;
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_array(&j, "certificates");
	for (size_t i = 0; i < list.count; i++) {
		json_object(&j, NULL);
		write_row(&j, &found[i], cad_now(c));
		json_object_end(&j);
	}
	json_array_end(&j);
	if (list.count > 0 && (int64_t)list.count == search.limit)
		write_next(&j, &found[list.count - 1]);
	json_object_end(&j);
	db_rows_free(&request_statements[REQ_CERTIFICATES], &list);
	return ERR_OK;
}
