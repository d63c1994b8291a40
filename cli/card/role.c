#include "cli/card/role.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	struct card_roles roles;
} sets[] = {
	{"citizen", {{{CARD_AUTHENTICATION, "citizen-authentication"}, {CARD_SIGNATURE, "citizen-signature"}}, 2}},
	{"citizen-login", {{{CARD_AUTHENTICATION, "citizen-authentication"}}, 1}},
	{"officer", {{{CARD_AUTHENTICATION, "officer"}}, 1}},
};

enum err
card_roles_named(const char *set, struct card_roles *out)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (strcmp(set, sets[i].name) == 0) {
			*out = sets[i].roles;
			return ERR_OK;
		}
	return err_because(ERR_NOT_FOUND, "there is no set of profiles '%s'; there are citizen, citizen-login, officer",
		set);
}

void
card_key_label(uint8_t id, char out[MAX_CARD_KEY_LABEL])
{
	const unsigned number = id & 0x0f;
	const char *suffix = (id & CARD_NEXT) != 0 ? " (new)" : (id & CARD_KEPT) != 0 ? " (old)" : "";

	if (number == CARD_AUTHENTICATION || number == CARD_SIGNATURE)
		(void)snprintf(out, MAX_CARD_KEY_LABEL, "%s%s",
			number == CARD_AUTHENTICATION ? "authentication" : "signature", suffix);
	else
		(void)snprintf(out, MAX_CARD_KEY_LABEL, "key %u%s", number, suffix);
}

bool
card_key_is_signature(uint8_t id)
{
	return (id & 0x0f) == CARD_SIGNATURE;
}
