/* device: enrolments, by which an agency's devices get their certificates by EST (RFC 7030) and CMP (RFC 9810). Ordered by a CA operator's card. */
#include <stdlib.h>
#include <string.h>

#include "cli/order.h"

enum { MAX_BODY = 16 << 10, MAX_PATH_TEXT = 256, MAX_ID = 64, TEXT_ROWS = 9 };

struct enrolment {
	char *id, *secret, *agency, *profile, *status, *created_at, *expires, *revoked_at, *ordered_by;
	struct json_list names;
	int64_t uses, port;
	bool has_uses, has_port;
};
#define TEXT(member)                                                                                          \
	{                                                                                                     \
		.name = #member, .kind = JSON_TEXT, .offset = offsetof(struct enrolment, member), .max = 1024 \
	}
static const struct json_row enrolment_rows[] = {
	TEXT(id),
	TEXT(secret),
	TEXT(agency),
	TEXT(profile),
	TEXT(status),
	TEXT(created_at),
	TEXT(expires),
	TEXT(revoked_at),
	TEXT(ordered_by),
	{.name = "names", .kind = JSON_TEXTS, .offset = offsetof(struct enrolment, names)},
	{.name = "uses",
		.kind = JSON_INT,
		.offset = offsetof(struct enrolment, uses),
		.present = offsetof(struct enrolment, has_uses)},
	{.name = "port",
		.kind = JSON_INT,
		.offset = offsetof(struct enrolment, port),
		.present = offsetof(struct enrolment, has_port)},
};
static const struct json_table enrolment_table = {"enrolment", enrolment_rows, TEXT_ROWS + 3, sizeof(struct enrolment),
	true};

struct enrolments {
	struct json_list list;
};
static const struct json_row enrolments_rows[] = {
	{.name = "enrolments",
		.kind = JSON_OBJECTS,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct enrolments, list),
		.max = 10000,
		.table = &enrolment_table},
};
static const struct json_table enrolments_table = {"list of enrolments", enrolments_rows, 1, sizeof(struct enrolments),
	true};

static void
tell(struct cli *c, const struct enrolment *e)
{
	AUTO(writer) names = writer_new(MAX_BODY);

	for (size_t i = 0; i < TEXT_ROWS; i++)
		cli_text(c, enrolment_rows[i].name,
			*(char *const *)(const void *)((const char *)e + enrolment_rows[i].offset));
	for (size_t i = 0; i < e->names.count; i++)
		writer_format(&names, "%s%s", i > 0 ? " " : "", json_text_at(&e->names, i));
	if (e->names.count > 0)
		cli_text(c, "names", (const char *)writer_span(&names).ptr);
	if (e->has_uses)
		cli_int(c, "uses", e->uses);
	if (e->has_port)
		cli_int(c, "port", e->port);
}

static enum err
send(struct cli *c, const char *act, const char *path, struct span body, struct writer *reply)
{
	const struct order o = {act, cli_value(c, "--ca-url"), path, body};
	struct card *card;

	TRY(card_of(c, &card));
	const enum err e = body.len == 0 ? order_read(c, card, &o, reply) : order_send(c, card, &o, reply);

	card_free(&card);
	return e;
}

static enum err
send_and_tell(struct cli *c, const char *act, const char *path, struct span body)
{
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct enrolment e;

	TRY(send(c, act, path, body, &reply));
	TRY(json_decode(writer_span(&reply), &enrolment_table, &e));
	tell(c, &e);
	json_free(&enrolment_table, &e);
	return ERR_OK;
}

static enum err
number(struct cli *c, const char *option, const char *otherwise, int64_t *out)
{
	const char *text = cli_value(c, option) != NULL ? cli_value(c, option) : otherwise;
	char *end;

	*out = strtol(text, &end, 10);
	REQUIRE_WHY(*end == '\0' && text[0] >= '1' && text[0] <= '9', ERR_MALFORMED, "%s wants a number, not '%s'",
		option, text);
	return ERR_OK;
}

static enum err
add(struct cli *c)
{
	AUTO(writer) body = writer_new(MAX_BODY);
	struct json_writer j = json_to(&body);
	int64_t days, uses;
	const char *value;

	REQUIRE_WHY(cli_value(c, "--agency") != NULL && cli_value(c, "--profile") != NULL &&
			cli_value(c, "--names") != NULL,
		ERR_MALFORMED, "mohar ca device add wants --agency, --profile and --names");
	TRY(number(c, "--days", "30", &days));
	TRY(number(c, "--uses", "1", &uses));
	json_object(&j, NULL);
	json_text(&j, "agency", cli_value(c, "--agency"));
	json_array(&j, "names");
	for (size_t i = 0; (value = cli_value_at(c, "--names", i)) != NULL; i++)
		json_text(&j, NULL, value);
	json_array_end(&j);
	json_text(&j, "profile", cli_value(c, "--profile"));
	json_int(&j, "days", days);
	json_int(&j, "uses", uses);
	json_object_end(&j);
	TRY(writer_done(&body));
	return send_and_tell(c, "device.enrolment.add", "/devices/enrolments", writer_span(&body));
}

static enum err
revoke(struct cli *c)
{
	AUTO(writer) body = writer_new(MAX_BODY);
	AUTO(writer) path = writer_new(MAX_PATH_TEXT);
	struct json_writer j = json_to(&body);
	const char *id = cli_file(c, 1);

	REQUIRE_WHY(cli_file_count(c) == 2 && strlen(id) <= MAX_ID && strpbrk(id, "/?#%") == NULL, ERR_MALFORMED,
		"mohar ca device revoke wants one ID, as mohar ca device list shows it");
	json_object(&j, NULL);
	json_text(&j, "id", id);
	json_object_end(&j);
	writer_format(&path, "/devices/enrolments/%s/revoke", id);
	TRY(writer_done(&path));
	return send_and_tell(c, "device.enrolment.revoke", (const char *)writer_span(&path).ptr, writer_span(&body));
}

static enum err
list(struct cli *c)
{
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct enrolments all;

	TRY(send(c, "certificate.read", "/devices/enrolments", (struct span){0}, &reply));
	TRY(json_decode(writer_span(&reply), &enrolments_table, &all));
	const struct enrolment *rows = all.list.items;

	cli_int(c, "count", (int64_t)all.list.count);
	for (size_t i = 0; i < all.list.count; i++) {
		cli_item(c, "enrolments");
		tell(c, &rows[i]);
		cli_item_end(c);
	}
	json_free(&enrolments_table, &all);
	return ERR_OK;
}

static enum err
device(struct cli *c)
{
	const char *what = cli_file(c, 0);

	if (cli_file_count(c) == 1 && strcmp(what, "add") == 0)
		return add(c);
	if (cli_file_count(c) == 1 && strcmp(what, "list") == 0)
		return list(c);
	if (strcmp(what, "revoke") == 0)
		return revoke(c);
	return err_because(ERR_MALFORMED, "mohar ca device: add, list or revoke ID, not '%s'", what);
}

static int
run_device(struct cli *c)
{
	cli_begin(c);
	const enum err e = device(c);

	return e == ERR_OK ? cli_end(c, "done", NULL, EXIT_DONE) : cli_fail(c, e);
}

static const struct cli_option device_options[] = {
	CARD_OPTIONS,
	{"--ca-url", "URL", "the certificate authority", "MOHAR_CA_URL", true, false},
	ORDER_TLS_OPTION,
	{"--agency", "NAME", "add: whose devices, such as health", NULL, false, false},
	{"--profile", "NAME", "add: what they are certified by, such as tls-client", NULL, false, false},
	{"--names", "KIND:TEXT", "add: what they may be called, such as dns:*.sensors.health.example.gov or O:Health",
		NULL, false, true},
	{"--days", "N", "add: how long the secret is good; 30 if not given", NULL, false, false},
	{"--uses", "N", "add: how many certificates it is good for; 1 if not given", NULL, false, false},
	{0},
};

const struct cli_verb cli_device[] = {
	{"ca", "device", "ACT [ID]",
		"secrets by which an agency's devices enrol by EST and CMP; ACT is add, list or revoke", device_options,
		run_device},
	{0},
};
