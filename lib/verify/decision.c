#include "verify/decision.h"

#include <string.h>

#define ROW(name, kind, presence, member, most)                                           \
	{                                                                                 \
		name, kind, presence, offsetof(struct decision, member), 0, most, NULL, 0 \
	}
#define NUMBER(name, member, least, most)                                                              \
	{                                                                                              \
		name, JSON_INT, JSON_REQUIRED, offsetof(struct decision, member), least, most, NULL, 0 \
	}

static const int64_t LATEST = 253402300799; /* 9999-12-31T23:59:59Z */

static const struct json_row office_rows[] = {
	{"id", JSON_TEXT, JSON_REQUIRED, offsetof(struct decision_office, id), 0, 128, NULL, 0},
	{"title", JSON_TEXT, JSON_REQUIRED, offsetof(struct decision_office, title), 0, 256, NULL, 0},
};
static const struct json_table office_table = {"office", office_rows, 2, sizeof(struct decision_office), false};

static const struct json_row appeal_rows[] = {
	{"to", JSON_TEXT, JSON_REQUIRED, offsetof(struct decision_appeal, to), 0, 256, NULL, 0},
	{"days", JSON_INT, JSON_REQUIRED, offsetof(struct decision_appeal, days), 1, 3650, NULL, 0},
};
static const struct json_table appeal_table = {"appeal", appeal_rows, 2, sizeof(struct decision_appeal), false};

static const struct json_row list_rows[] = {
	{"uri", JSON_TEXT, JSON_REQUIRED, offsetof(struct decision_status, uri), 0, 512, NULL, 0},
	{"idx", JSON_INT, JSON_REQUIRED, offsetof(struct decision_status, index), 0, MAX_STATUS_ENTRIES - 1, NULL, 0},
};
static const struct json_table list_table = {"status_list", list_rows, 2, sizeof(struct decision_status), false};
static const struct json_row status_rows[] = {
	{"status_list", JSON_OBJECT, JSON_REQUIRED, 0, 0, 0, &list_table, 0},
};
static const struct json_table status_table = {"status", status_rows, 1, sizeof(struct decision_status), false};

static const struct json_row decision_rows[] = {
	ROW("iss", JSON_TEXT, JSON_REQUIRED, issuer, 512),
	ROW("jti", JSON_TEXT, JSON_REQUIRED, id, 64),
	NUMBER("iat", issued_at, 1, LATEST),
	ROW("agency", JSON_TEXT, JSON_REQUIRED, agency, 64),
	ROW("decision_type", JSON_TEXT, JSON_REQUIRED, type, 64),
	NUMBER("type_version", version, 1, 1000000),
	ROW("outcome", JSON_TEXT, JSON_REQUIRED, outcome, 64),
	{"office", JSON_OBJECT, JSON_OPTIONAL, offsetof(struct decision, office), 0, 0, &office_table, 0},
	ROW("sub", JSON_TEXT, JSON_REQUIRED, subject, 128),
	ROW("facts", JSON_RAW, JSON_REQUIRED, facts, 16 << 10),
	NUMBER("received_at", received_at, 1, LATEST),
	NUMBER("time_limit_days", time_limit_days, 0, 3650),
	NUMBER("due", due, 1, LATEST),
	ROW("reasons", JSON_TEXTS, JSON_OPTIONAL, reasons, MAX_DECISION_REASONS),
	{"appeal", JSON_OBJECT, JSON_REQUIRED, offsetof(struct decision, appeal), 0, 0, &appeal_table, 0},
	{"status", JSON_OBJECT, JSON_REQUIRED, offsetof(struct decision, status), 0, 0, &status_table, 0},
};
static const struct json_table decision_table = {"decision", decision_rows,
	sizeof(decision_rows) / sizeof(decision_rows[0]), sizeof(struct decision), false};

static void
write_what(const struct decision *d, struct json_writer *j)
{
	json_text(j, "iss", d->issuer);
	json_text(j, "jti", d->id);
	json_int(j, "iat", d->issued_at);
	json_text(j, "agency", d->agency);
	json_text(j, "decision_type", d->type);
	json_int(j, "type_version", d->version);
	json_text(j, "outcome", d->outcome);
	if (d->office.id != NULL) {
		json_object(j, "office");
		json_text(j, "id", d->office.id);
		json_text(j, "title", d->office.title);
		json_object_end(j);
	}
	json_text(j, "sub", d->subject);
	json_raw(j, "facts", span_of(d->facts));
}

static void
write_rights(const struct decision *d, struct json_writer *j)
{
	json_int(j, "received_at", d->received_at);
	json_int(j, "time_limit_days", d->time_limit_days);
	json_int(j, "due", d->due);
	if (d->reasons.count > 0) {
		json_array(j, "reasons");
		for (size_t i = 0; i < d->reasons.count; i++)
			json_text(j, NULL, json_text_at(&d->reasons, i));
		json_array_end(j);
	}
	json_object(j, "appeal");
	json_text(j, "to", d->appeal.to);
	json_int(j, "days", d->appeal.days);
	json_object_end(j);
	json_object(j, "status");
	json_object(j, "status_list");
	json_int(j, "idx", d->status.index);
	json_text(j, "uri", d->status.uri);
	json_object_end(j);
	json_object_end(j);
}

enum err
decision_write(const struct decision *d, struct writer *json)
{
	struct json_writer j = json_to(json);

	json_object(&j, NULL);
	write_what(d, &j);
	write_rights(d, &j);
	json_object_end(&j);
	return writer_done(json);
}

enum err
decision_read(struct span json, struct decision *out)
{
	REQUIRE(json.len <= MAX_DECISION, ERR_TOO_LONG);
	return json_decode(json, &decision_table, out);
}

void
decision_free(struct decision *d)
{
	json_free(&decision_table, d);
}
