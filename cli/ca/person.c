#include "cli/ca/person.h"

#include <stddef.h>
#include <string.h>

#include "cli/order.h"

enum { MAX_HANDLE = 64, MAX_PATH = 128, MAX_BODY = 512, MAX_STATEMENT = 8 << 10 };

#define TEXT(MEMBER, MOST)                                                        \
	{                                                                         \
		.name = #MEMBER, .kind = JSON_TEXT, .presence = JSON_REQUIRED,    \
		.offset = offsetof(struct registry_person, MEMBER), .max = (MOST) \
	}
static const struct json_row rows[] = {
	TEXT(person, 64),
	TEXT(name, 512),
	TEXT(card_subject, 64),
	TEXT(registry, MAX_STATEMENT),
};
static const struct json_table table = {"person", rows, 4, sizeof(struct registry_person), true};

void
registry_person_free(struct registry_person *p)
{
	json_free(&table, p);
}

static enum err
ask(struct cli *c, const struct order *o, struct writer *reply)
{
	struct card *card;

	TRY(card_of(c, &card));
	const enum err e = order_send(c, card, o, reply);

	card_free(&card);
	return e;
}

enum err
registry_person_ask(struct cli *c, const char *handle, struct registry_person *out)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	AUTO(writer) path = writer_new(MAX_PATH);
	AUTO(writer) body = writer_new(MAX_BODY);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct json_writer j = json_to(&body);

	REQUIRE_WHY(handle[0] != '\0' && strlen(handle) <= MAX_HANDLE && strspn(handle, plain) == strlen(handle),
		ERR_MALFORMED, "'%.64s' is not a name of the registry", handle);
	REQUIRE_WHY(cli_value(c, "--issuer") != NULL, ERR_MALFORMED,
		"--issuer URL is needed: the identity registry says what the person is called");
	json_object(&j, NULL);
	json_text(&j, "handle", handle); /* the signed order itself names whom it is about */
	json_object_end(&j);
	writer_format(&path, "/registry/people/%s/names", handle);
	TRY(writer_done(&path));
	const struct order o = {"citizen.names", cli_value(c, "--issuer"), (const char *)writer_span(&path).ptr,
		writer_span(&body)};

	TRY(ask(c, &o, &reply));
	return json_decode(writer_span(&reply), &table, out);
}
