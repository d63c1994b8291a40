#include "ca/revoke/revoke.h"

#include <stddef.h>
#include <string.h>

#include "audit/event.h"
#include "base/encode.h"
#include "ca/order.h"
#include "ca/status/keeper.h"
#include "ca/store/statements.h"

static const struct {
	const char *name;
	int reason;
	bool may; /* may an operator give it? A hold takes its own act, a CA's compromise a ceremony. */
} reasons[] = {
	{"unspecified", 0, true},
	{"keyCompromise", 1, true},
	{"cACompromise", 2, false},
	{"affiliationChanged", 3, true},
	{"superseded", 4, true},
	{"cessationOfOperation", 5, true},
	{"certificateHold", 6, false},
	{"removeFromCRL", 8, false},
	{"privilegeWithdrawn", 9, true},
	{"aACompromise", 10, false},
};

enum { REASONS = sizeof(reasons) / sizeof(reasons[0]) };

int
revoke_reason(const char *name)
{
	for (size_t i = 0; i < REASONS; i++)
		if (reasons[i].may && strcmp(reasons[i].name, name) == 0)
			return reasons[i].reason;
	return -1;
}

const char *
revoke_reason_name(int64_t reason)
{
	for (size_t i = 0; i < REASONS; i++)
		if (reasons[i].reason == reason)
			return reasons[i].name;
	return reasons[0].name;
}

struct order {
	char *serial, *reason;
};
static const struct json_row order_rows[] = {
	{.name = "serial",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct order, serial),
		.max = 2 * SERIAL_LEN},
	{.name = "reason",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct order, reason),
		.max = 64},
};
static const struct json_table order_table = {"act certificate.revoke", order_rows, 2, sizeof(struct order), true};

static enum err
make_event(const struct certificate_row *row, const struct act *act, int reason, unix_time at, struct event *out)
{
	AUTO(writer) public_part = writer_new(MAX_ENTRY);
	AUTO(writer) private_part = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&public_part);

	json_object(&j, NULL);
	json_text(&j, "issuer", row->issuer);
	json_text(&j, "profile", row->profile);
	json_text(&j, "reason", revoke_reason_name(reason));
	json_hex(&j, "serial", span_at(row->serial.ptr, row->serial.len));
	json_object_end(&j);
	TRY(writer_done(&public_part));
	j = json_to(&private_part);
	json_object(&j, NULL);
	json_text(&j, "actor", act->by->name);
	json_text(&j, "subject", row->subject);
	json_object_end(&j);
	TRY(writer_done(&private_part));
	return event_make(out, "ca", "certificate.revoked", LOG_TREE_PUBLIC, at, writer_span(&public_part),
		writer_span(&private_part));
}

static enum err
record(struct cad *c, const struct certificate_row *row, const struct act *act, int reason, unix_time at)
{
	AUTO(writer) principal = writer_new(256);
	struct event event = {0};
	size_t affected = 0;

	if (row->has_person)
		uuid_write(&principal, &row->person);
	else
		writer_text(&principal, row->actor);
	TRY(make_event(row, act, reason, at, &event));
	const struct db_param params[] = {
		db_bytes(span_at(row->serial.ptr, row->serial.len)),
		db_time(at),
		db_int(reason),
		db_text(act->by->name),
		db_text_span(writer_span(&principal)),
		db_text("card"),
		db_uuid(&event.id),
		db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part)),
	};
	const enum err e = db_pool_run(c->db, CA_CERTIFICATE_REVOKE, params, &affected);

	event_free(&event);
	TRY(e);
	REQUIRE_WHY(affected == 1, ERR_EXISTS, "the certificate is revoked already");
	keeper_revoked(c->keeper, row->issuer, span_at(row->serial.ptr, row->serial.len));
	return ERR_OK;
}

static enum err
revoke(struct cad *c, const struct act *act, const struct order *order, struct reply *reply)
{
	const int reason = revoke_reason(order->reason);
	const unix_time at = cad_now(c);
	uint8_t serial[SERIAL_LEN];
	struct certificate_row row;
	size_t len;

	REQUIRE_WHY(reason >= 0, ERR_MALFORMED,
		"reason '%s' is not one of unspecified, keyCompromise, affiliationChanged, superseded, cessationOfOperation, privilegeWithdrawn",
		order->reason);
	REQUIRE_WHY(hex_read(span_of(order->serial), serial, sizeof(serial), &len) == ERR_OK && len == SERIAL_LEN,
		ERR_MALFORMED, "a serial is %d hexadecimal digits", 2 * SERIAL_LEN);
	const struct db_param params[] = {db_bytes(span_at(serial, SERIAL_LEN))};

	TRY(db_pool_one(c->db, CA_CERTIFICATE_BY_SERIAL, params, &row));
	const enum err e = record(c, &row, act, reason, at);

	db_row_free(&ca_statements[CA_CERTIFICATE_BY_SERIAL], &row);
	TRY(e);
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_text(&j, "serial", order->serial);
	json_text(&j, "status", "revoked");
	json_time(&j, "revoked_at", at);
	json_text(&j, "reason", order->reason);
	json_object_end(&j);
	return ERR_OK;
}

enum err
revoke_post(void *daemon, struct request *request, struct reply *reply)
{
	static const char *const roles[] = {"ca-operator", "registrar", NULL};
	struct cad *c = daemon;
	struct order order;
	AUTO(act) act = {0};

	TRY(order_of_body(c, request, roles, "certificate.revoke", &act));
	TRY(json_decode(span_of(act.payload), &order_table, &order));
	enum err e = ERR_OK;

	if (strcmp(order.serial, request_param(request, "serial")) != 0)
		e = err_because(ERR_MISMATCH, "the act is for serial %s, the address for another", order.serial);
	if (e == ERR_OK)
		e = revoke(c, &act, &order, reply);
	json_free(&order_table, &order);
	return e;
}
