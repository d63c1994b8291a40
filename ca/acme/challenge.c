#include "ca/acme/challenge.h"

#include <stdio.h>
#include <string.h>

static const struct row {
	const char *type;
	enum problem (*look)(const struct challenge *c, const struct reach_policy *p, int64_t deadline);
} rows[] = {
	{"http-01", challenge_http},
	{"dns-01", challenge_dns},
	{"tls-alpn-01", challenge_tls},
};

enum err
challenge_make(const char *type, const char *token, const char *name, const char *thumbprint, struct challenge *out)
{
	struct address a;

	*out = (struct challenge){.type = type, .token = token};
	REQUIRE(strlen(name) <= MAX_DNS_NAME, ERR_TOO_LONG);
	REQUIRE(strlen(token) + 1 + strlen(thumbprint) <= MAX_KEY_AUTHORIZATION, ERR_TOO_LONG);
	(void)snprintf(out->name.name, sizeof(out->name.name), "%s", name);
	out->name.is_ip = address_read(span_of(name), &a) == ERR_OK;
	(void)snprintf(out->key_authorization, sizeof(out->key_authorization), "%s.%s", token, thumbprint);
	err_forget();
	return ERR_OK;
}

enum problem
challenge_look(const struct challenge *c, const struct reach_policy *p)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].type, c->type) == 0)
			return rows[i].look(c, p, clock_ticks() + (int64_t)REACH_SECONDS * 1000000);
	ACME_WHY(false, ACME_SERVER_INTERNAL, "no challenge of type '%s'", c->type);
}
