#include "cli/ca/registration.h"

#include <string.h>

enum err
registration_send(struct cli *c, const char *act, const char *path, struct span body, struct writer *reply)
{
	const struct order o = {act, cli_value(c, "--ca-url"), path, body};
	struct card *card;

	TRY(card_of(c, &card));
	const enum err e = body.len == 0 ? order_read(c, card, &o, reply) : order_send(c, card, &o, reply);

	card_free(&card);
	return e;
}

enum err
registration_id(const char *text)
{
	struct uuid id;

	REQUIRE_WHY(text != NULL && uuid_read(span_of(text), &id) == ERR_OK, ERR_MALFORMED,
		"'%.64s' is not an id, as mohar ca queue and mohar ca bulk show them", text != NULL ? text : "");
	return ERR_OK;
}

int
registration_ended(struct cli *c, enum err e)
{
	return e == ERR_OK ? cli_end(c, "done", NULL, EXIT_DONE) : cli_fail(c, e);
}

enum err
registration_parts(struct cli *c, const char *option, const char *list, struct json_writer *j)
{
	const char *value;

	json_array(j, list);
	for (size_t i = 0; (value = cli_value_at(c, option, i)) != NULL; i++) {
		const char *equals = strchr(value, '=');

		REQUIRE_WHY(equals != NULL && equals != value, ERR_MALFORMED, "%s wants TYPE=VALUE, not '%s'", option,
			value);
		json_object(j, NULL);
		json_span(j, "type", span_at(value, (size_t)(equals - value)));
		json_text(j, "value", equals + 1);
		json_object_end(j);
	}
	json_array_end(j);
	return ERR_OK;
}
