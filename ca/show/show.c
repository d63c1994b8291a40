#include "ca/show/show.h"

#include <string.h>

#include "base/encode.h"
#include "ca/order.h"
#include "ca/revoke/revoke.h"
#include "ca/store/statements.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { MAX_LISTED = 200 };

static const char *const roles[] = {"ca-operator", "registrar", NULL};

static const char *
status_of(const struct certificate_row *row, unix_time now)
{
	if (row->revoked_at != 0)
		return row->reason == REASON_HOLD ? "suspended" : "revoked";
	return row->not_after < now ? "expired" : "good";
}

static void
write_row(struct json_writer *j, const struct certificate_row *row, unix_time now)
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
	json_time(j, "not_before", row->not_before);
	json_time(j, "not_after", row->not_after);
	json_text(j, "ordered_by", row->actor);
	json_text(j, "status", status_of(row, now));
	if (row->has_event) {
		uuid_write(&event, &row->event);
		json_span(j, "event", writer_span(&event));
	}
	if (row->revoked_at != 0) {
		json_time(j, "revoked_at", row->revoked_at);
		json_text(j, "reason", revoke_reason_name(row->reason));
	}
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
	write_row(&j, &row, cad_now(c));
	const enum err e = write_pem(&j, &row);

	json_object_end(&j);
	db_row_free(&ca_statements[CA_CERTIFICATE_BY_SERIAL], &row);
	return e;
}

enum err
show_list(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	const char *person_text = request_query(request, "person");
	struct uuid person;
	struct json_list list;
	AUTO(act) act = {0};

	TRY(order_of_bearer(c, request, roles, "certificate.read", &act));
	if (person_text != NULL)
		TRY(uuid_read(span_of(person_text), &person));
	const struct db_param params[] = {db_text(request_query(request, "subject")),
		db_uuid(person_text != NULL ? &person : NULL), db_int(MAX_LISTED)};

	TRY(db_pool_all(c->db, CA_CERTIFICATE_LIST, params, &list));
	const struct certificate_row *found = list.items;
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_array(&j, "certificates");
	for (size_t i = 0; i < list.count; i++) {
		json_object(&j, NULL);
		write_row(&j, &found[i], cad_now(c));
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
	db_rows_free(&ca_statements[CA_CERTIFICATE_LIST], &list);
	return ERR_OK;
}
