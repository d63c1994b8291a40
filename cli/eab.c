/* eab: keys for external account binding (RFC 8555 7.3.4): what lets an agency's servers ask for certificates by ACME. Ordered by a CA operator's card. */
#include <stdlib.h>
#include <string.h>

#include "cli/order.h"

enum { MAX_BODY = 16 << 10, MAX_PATH_TEXT = 256, MAX_KID = 64 };

struct binding {
	char *kid, *hmac, *agency, *status, *created_at, *expires, *revoked_at, *ordered_by, *directory;
	struct json_list names;
	int64_t accounts;
	bool has_accounts;
};
#define TEXT(member)                                                                                        \
	{                                                                                                   \
		.name = #member, .kind = JSON_TEXT, .offset = offsetof(struct binding, member), .max = 1024 \
	}
static const struct json_row binding_rows[] = {
	TEXT(kid),
	TEXT(hmac),
	TEXT(agency),
	TEXT(status),
	TEXT(created_at),
	TEXT(expires),
	TEXT(revoked_at),
	TEXT(ordered_by),
	TEXT(directory),
	{.name = "names", .kind = JSON_TEXTS, .offset = offsetof(struct binding, names)},
	{.name = "accounts",
		.kind = JSON_INT,
		.offset = offsetof(struct binding, accounts),
		.present = offsetof(struct binding, has_accounts)},
};
enum { TEXT_ROWS = 9 };
static const struct json_table binding_table = {"binding key", binding_rows, TEXT_ROWS + 2, sizeof(struct binding),
	true};

struct bindings {
	struct json_list list;
};
static const struct json_row bindings_rows[] = {
	{.name = "bindings",
		.kind = JSON_OBJECTS,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct bindings, list),
		.max = 10000,
		.table = &binding_table},
};
static const struct json_table bindings_table = {"list of binding keys", bindings_rows, 1, sizeof(struct bindings),
	true};

static void
tell(struct cli *c, const struct binding *b)
{
	AUTO(writer) names = writer_new(MAX_BODY);

	for (size_t i = 0; i < TEXT_ROWS; i++)
		cli_text(c, binding_rows[i].name,
			*(char *const *)(const void *)((const char *)b + binding_rows[i].offset));
	for (size_t i = 0; i < b->names.count; i++)
		writer_format(&names, "%s%s", i > 0 ? " " : "", json_text_at(&b->names, i));
	if (b->names.count > 0)
		cli_text(c, "names", (const char *)writer_span(&names).ptr);
	if (b->has_accounts)
		cli_int(c, "accounts", b->accounts);
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
	struct binding b;

	TRY(send(c, act, path, body, &reply));
	TRY(json_decode(writer_span(&reply), &binding_table, &b));
	tell(c, &b);
	json_free(&binding_table, &b);
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

/* "a,b" and "a b" are two names, as a repeated option is. */
static void
write_names(struct json_writer *j, const char *list)
{
	for (list += strspn(list, ", "); *list != '\0'; list += strspn(list, ", ")) {
		const size_t len = strcspn(list, ", ");

		json_span(j, NULL, span_at(list, len));
		list += len;
	}
}

static enum err
add(struct cli *c)
{
	AUTO(writer) body = writer_new(MAX_BODY);
	struct json_writer j = json_to(&body);
	int64_t days, accounts;
	const char *value;

	REQUIRE_WHY(cli_value(c, "--agency") != NULL && cli_value(c, "--domains") != NULL, ERR_MALFORMED,
		"mohar ca eab add wants --agency and --domains");
	TRY(number(c, "--days", "30", &days));
	TRY(number(c, "--accounts", "1", &accounts));
	json_object(&j, NULL);
	json_text(&j, "agency", cli_value(c, "--agency"));
	json_array(&j, "names");
	for (size_t i = 0; (value = cli_value_at(c, "--domains", i)) != NULL; i++)
		write_names(&j, value);
	json_array_end(&j);
	json_int(&j, "days", days);
	json_int(&j, "accounts", accounts);
	json_object_end(&j);
	TRY(writer_done(&body));
	return send_and_tell(c, "acme.binding.add", "/acme/bindings", writer_span(&body));
}

static enum err
revoke(struct cli *c)
{
	AUTO(writer) body = writer_new(MAX_BODY);
	AUTO(writer) path = writer_new(MAX_PATH_TEXT);
	struct json_writer j = json_to(&body);
	const char *kid = cli_file(c, 1);

	REQUIRE_WHY(cli_file_count(c) == 2 && strlen(kid) <= MAX_KID && strpbrk(kid, "/?#%") == NULL, ERR_MALFORMED,
		"mohar ca eab revoke wants one KID, as mohar ca eab list shows it");
	json_object(&j, NULL);
	json_text(&j, "kid", kid);
	json_object_end(&j);
	writer_format(&path, "/acme/bindings/%s/revoke", kid);
	TRY(writer_done(&path));
	return send_and_tell(c, "acme.binding.revoke", (const char *)writer_span(&path).ptr, writer_span(&body));
}

static enum err
list(struct cli *c)
{
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct bindings all;

	TRY(send(c, "certificate.read", "/acme/bindings", (struct span){0}, &reply));
	TRY(json_decode(writer_span(&reply), &bindings_table, &all));
	const struct binding *rows = all.list.items;

	cli_int(c, "count", (int64_t)all.list.count);
	for (size_t i = 0; i < all.list.count; i++) {
		cli_item(c, "bindings");
		tell(c, &rows[i]);
		cli_item_end(c);
	}
	json_free(&bindings_table, &all);
	return ERR_OK;
}

static enum err
eab(struct cli *c)
{
	const char *what = cli_file(c, 0);

	if (cli_file_count(c) == 1 && strcmp(what, "add") == 0)
		return add(c);
	if (cli_file_count(c) == 1 && strcmp(what, "list") == 0)
		return list(c);
	if (strcmp(what, "revoke") == 0)
		return revoke(c);
	return err_because(ERR_MALFORMED, "mohar ca eab: add, list or revoke KID, not '%s'", what);
}

static int
run_eab(struct cli *c)
{
	cli_begin(c);
	const enum err e = eab(c);

	return e == ERR_OK ? cli_end(c, "done", NULL, EXIT_DONE) : cli_fail(c, e);
}

static const struct cli_option eab_options[] = {
	CARD_OPTIONS,
	{"--ca-url", "URL", "the certificate authority", "MOHAR_CA_URL", true, false},
	ORDER_TLS_OPTION,
	{"--agency", "NAME", "add: whose key it is, such as land", NULL, false, false},
	{"--domains", "NAME", "add: what it may order: a name and all under it, or a network of addresses", NULL, false,
		true},
	{"--days", "N", "add: how long accounts can be made with it; 30 if not given", NULL, false, false},
	{"--accounts", "N", "add: how many accounts; 1 if not given", NULL, false, false},
	{0},
};

const struct cli_verb cli_eab[] = {
	{"ca", "eab", "ACT [KID]", "keys by which an agency's servers may use ACME; ACT is add, list or revoke",
		eab_options, run_eab},
	{0},
};
