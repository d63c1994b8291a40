#include "cli/registry.h"

#include <stdio.h>
#include <string.h>

struct told {
	char *person, *card_subject, *handle, *serial, *url, *expires, *agency, *office, *title, *client_id,
		*client_secret;
};
#define TOLD(name)                                                                             \
	{                                                                                      \
#name, JSON_TEXT, JSON_OPTIONAL, offsetof(struct told, name), 0, 4096, NULL, 0 \
	}
static const struct json_row rows[] = {
	TOLD(person),
	TOLD(card_subject),
	TOLD(handle),
	TOLD(serial),
	TOLD(url),
	TOLD(expires),
	TOLD(agency),
	TOLD(office),
	TOLD(title),
	TOLD(client_id),
	TOLD(client_secret),
};
static const struct json_table table = {"answer", rows, sizeof(rows) / sizeof(rows[0]), sizeof(struct told), true};

static enum err
path_of(char out[MAX_REGISTRY_PATH], const char *folder, const char *name, const char *verb)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	if (name == NULL) {
		(void)snprintf(out, MAX_REGISTRY_PATH, "%s", folder);
		return ERR_OK;
	}
	REQUIRE_WHY(name[0] != '\0' && strspn(name, plain) == strlen(name), ERR_MALFORMED,
		"'%s' is not a name of the registry", name);
	REQUIRE((size_t)snprintf(out, MAX_REGISTRY_PATH, "%s/%s/%s", folder, name, verb) < MAX_REGISTRY_PATH,
		ERR_TOO_LONG);
	return ERR_OK;
}

enum err
registry_send(struct cli *c, const char *act, const char *folder, const char *name, const char *verb, struct span body,
	struct writer *reply)
{
	char path[MAX_REGISTRY_PATH];
	const struct order o = {.act = act, .base = cli_value(c, "--issuer"), .path = path, .body = body};
	AUTO(card) *card = NULL;

	TRY(path_of(path, folder, name, verb));
	TRY(card_of(c, &card));
	return order_send(c, card, &o, reply);
}

enum err
registry_tell(struct cli *c, struct span reply)
{
	struct told t;

	TRY(json_decode(reply, &table, &t));
	for (size_t i = 0; i < table.count; i++) {
		const char *value = *(char *const *)((const char *)&t + rows[i].offset);

		if (value != NULL)
			cli_text(c, rows[i].name, value);
	}
	json_free(&table, &t);
	return ERR_OK;
}

int
registry_end(struct cli *c, enum err e)
{
	return e == ERR_OK ? cli_end(c, "done", NULL, EXIT_DONE) : cli_fail(c, e);
}
