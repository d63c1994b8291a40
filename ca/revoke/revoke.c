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
	{.name = "reason", .kind = JSON_TEXT, .offset = offsetof(struct order, reason), .max = 64},
};
static const struct json_table order_table = {"act on a certificate's status", order_rows, 2, sizeof(struct order),
	true};

/* One thing that may become of a certificate. */
struct change {
	const char *act, *event, *says; /* "certificate.suspend", "certificate.suspended", "suspended" */
	bool citizens_only;             /* by a registrar */
	const char *refused;
};
static const struct change revocation = {"certificate.revoke", "certificate.revoked", "revoked", false,
	"the certificate is revoked already"};
static const struct change suspension = {"certificate.suspend", "certificate.suspended", "suspended", true,
	"the certificate is suspended or revoked already"};
static const struct change resumption = {"certificate.resume", "certificate.resumed", "good", true,
	"the certificate is not suspended; a revoked one stays revoked for ever"};

/* What is done now: to which certificate, by whom, when. */
struct doing {
	const struct change *change;
	const struct act *act; /* NULL: by no act */
	const char *actor, *channel;
	const struct certificate_row *row;
	int64_t reason; /* of a revocation or suspension */
	unix_time at;
};

static enum err
make_event(const struct doing *d, struct event *out)
{
	AUTO(writer) public_part = writer_new(MAX_ENTRY);
	AUTO(writer) private_part = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&public_part);

	json_object(&j, NULL);
	json_text(&j, "issuer", d->row->issuer);
	json_text(&j, "profile", d->row->profile);
	if (d->change != &resumption)
		json_text(&j, "reason", revoke_reason_name(d->reason));
	json_hex(&j, "serial", span_at(d->row->serial.ptr, d->row->serial.len));
	json_object_end(&j);
	TRY(writer_done(&public_part));
	j = json_to(&private_part);
	json_object(&j, NULL);
	json_text(&j, "actor", d->actor);
	json_text(&j, "subject", d->row->subject);
	json_object_end(&j);
	TRY(writer_done(&private_part));
	return event_make(out, "ca", d->change->event, LOG_TREE_PUBLIC, d->at, writer_span(&public_part),
		writer_span(&private_part));
}

static enum err
run(struct cad *c, const struct doing *d, struct span principal, const struct event *event, size_t *affected)
{
	const struct db_param serial = db_bytes(span_at(d->row->serial.ptr, d->row->serial.len)), at = db_time(d->at),
			      actor = db_text(d->actor), whom = db_text_span(principal), channel = db_text(d->channel),
			      id = db_uuid(&event->id), salt = db_bytes(span_at(event->salt, SALT_LEN)),
			      entry = db_bytes(writer_span(&event->entry)),
			      hidden = db_bytes(writer_span(&event->private_part));
	const struct db_param revoking[] = {serial, at, db_int(d->reason), actor, whom, channel, id, salt, entry,
		hidden};
	const struct db_param resuming[] = {serial, at, actor, whom, channel, id, salt, entry, hidden};

	return d->change == &resumption ? db_pool_run(c->db, CA_CERTIFICATE_RESUME, resuming, affected)
					: db_pool_run(c->db, CA_CERTIFICATE_REVOKE, revoking, affected);
}

static enum err
record(struct cad *c, const struct doing *d)
{
	AUTO(writer) principal = writer_new(256);
	struct event event = {0};
	size_t affected = 0;

	if (d->row->has_person)
		uuid_write(&principal, &d->row->person);
	else
		writer_text(&principal, d->row->actor);
	TRY(make_event(d, &event));
	const enum err e = run(c, d, writer_span(&principal), &event, &affected);

	event_free(&event);
	TRY(e);
	REQUIRE_WHY(affected == 1, ERR_EXISTS, "%s", d->change->refused);
	keeper_changed(c->keeper, span_at(d->row->serial.ptr, d->row->serial.len));
	return ERR_OK;
}

static enum err
who_check(const struct doing *d)
{
	REQUIRE_WHY(!d->change->citizens_only || json_texts_have(&d->act->by->roles, "ca-operator") ||
			d->row->has_person,
		ERR_REFUSED, "%s of a certificate that is no citizen's takes a ca-operator; '%s' is a registrar",
		d->change->act, d->act->by->name);
	return ERR_OK;
}

static enum err
do_it(struct cad *c, struct doing *d, const char *serial_text)
{
	uint8_t serial[SERIAL_LEN];
	struct certificate_row row;
	size_t len;

	REQUIRE_WHY(hex_read(span_of(serial_text), serial, sizeof(serial), &len) == ERR_OK && len == SERIAL_LEN,
		ERR_MALFORMED, "a serial is %d hexadecimal digits", 2 * SERIAL_LEN);
	const struct db_param params[] = {db_bytes(span_at(serial, SERIAL_LEN))};

	TRY(db_pool_one(c->db, CA_CERTIFICATE_BY_SERIAL, params, &row));
	d->row = &row;
	enum err e = who_check(d);

	if (e == ERR_OK)
		e = record(c, d);
	db_row_free(&ca_statements[CA_CERTIFICATE_BY_SERIAL], &row);
	return e;
}

enum err
certificate_revoke(struct cad *c, const struct revoking *r)
{
	const struct doing d = {.change = &revocation,
		.actor = r->actor,
		.channel = r->channel,
		.row = r->row,
		.reason = r->reason,
		.at = r->at};

	return record(c, &d);
}

static enum err
find_reason(const struct doing *d, const char *name, int64_t *out)
{
	*out = d->change == &suspension ? REASON_HOLD : 0;
	if (d->change != &revocation)
		return ERR_OK;
	REQUIRE_WHY(name != NULL && (*out = revoke_reason(name)) >= 0, ERR_MALFORMED,
		"reason '%s' is not one of unspecified, keyCompromise, affiliationChanged, superseded, cessationOfOperation, privilegeWithdrawn",
		name != NULL ? name : "");
	return ERR_OK;
}

static enum err
carry_out(struct cad *c, struct doing *d, const struct order *order, struct reply *reply)
{
	TRY(find_reason(d, order->reason, &d->reason));
	TRY(do_it(c, d, order->serial));
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_text(&j, "serial", order->serial);
	json_text(&j, "status", d->change->says);
	if (d->change != &resumption) {
		json_time(&j, "revoked_at", d->at);
		json_text(&j, "reason", revoke_reason_name(d->reason));
	}
	json_object_end(&j);
	return ERR_OK;
}

static enum err
post(struct cad *c, const struct change *change, struct request *request, struct reply *reply)
{
	static const char *const roles[] = {"ca-operator", "registrar", NULL};
	struct order order;
	AUTO(act) act = {0};
	struct doing d = {.change = change, .act = &act, .channel = "card", .at = cad_now(c)};

	TRY(order_of_body(c, request, roles, change->act, &act));
	d.actor = act.by->name;
	TRY(json_decode(span_of(act.payload), &order_table, &order));
	enum err e = ERR_OK;

	if (strcmp(order.serial, request_param(request, "serial")) != 0)
		e = err_because(ERR_MISMATCH, "the act is for serial %s, the address for another", order.serial);
	if (e == ERR_OK)
		e = carry_out(c, &d, &order, reply);
	json_free(&order_table, &order);
	return e;
}

enum err
revoke_post(void *daemon, struct request *request, struct reply *reply)
{
	return post(daemon, &revocation, request, reply);
}

enum err
suspend_post(void *daemon, struct request *request, struct reply *reply)
{
	return post(daemon, &suspension, request, reply);
}

enum err
resume_post(void *daemon, struct request *request, struct reply *reply)
{
	return post(daemon, &resumption, request, reply);
}
