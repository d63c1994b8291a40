#include "cli/card/pin.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

#include "base/prompt.h"
#include "cli/card/module.h"

static enum err
ask(const char *prompt, struct secret **out)
{
	enum err e = prompt_secret(prompt, MAX_PIN, out);

	if (e == ERR_NOT_FOUND)
		return err_because(ERR_REFUSED, "the %s is needed: give --pin, --pin file:PATH, or run at a terminal",
			prompt);
	TRY(e);
	if (secret_span(*out).len > 0)
		return ERR_OK;
	secret_free(out);
	return err_because(ERR_REFUSED, "no PIN was typed");
}

/* "fd:3": a descriptor that whoever started us left open; read to its end and closed. */
static enum err
from_descriptor(const char *number, struct secret **out)
{
	char *end;
	const long fd = strtol(number, &end, 10);

	REQUIRE_WHY(end != number && *end == '\0' && fd >= 0 && fd < 1024 && fcntl((int)fd, F_GETFD) >= 0,
		ERR_NOT_FOUND, "fd:%s: no such descriptor is open", number);
	return secret_read((int)fd, MAX_PIN, out);
}

enum err
card_pin_of(struct cli *c, const char *option, const char *prompt, struct secret **out)
{
	const char *value = cli_value(c, option);

	if (value == NULL)
		return ask(prompt, out);
	if (strncmp(value, "fd:", 3) == 0)
		return from_descriptor(value + 3, out);
	if (strncmp(value, "file:", 5) != 0)
		return secret_copy(span_of(value), out);
	const int fd = open(value + 5, O_RDONLY | O_CLOEXEC);

	REQUIRE_WHY(fd >= 0, ERR_NOT_FOUND, "%s: the PIN file cannot be read", value + 5);
	return secret_read(fd, MAX_PIN, out);
}

/* CK_TOKEN_INFO's flags; 0 if the card is not there, which its opening will say better. */
static CK_FLAGS
flags_of(const char *module, const char *token)
{
	struct card_module *m;
	CK_TOKEN_INFO info = {0};
	CK_SLOT_ID slot;

	if (card_module_open(module, &m) == ERR_OK && card_module_find(m, token, &slot) == ERR_OK &&
		card_module_calls(m)->C_GetTokenInfo(slot, &info) != CKR_OK)
		info.flags = 0;
	card_module_free(&m);
	err_forget();
	return info.flags;
}

enum err
card_pin_for(struct cli *c, const char *option, const char *prompt, const char *module, const char *token,
	struct secret **out)
{
	const CK_FLAGS flags = flags_of(module, token);
	char warned[160];

	*out = NULL;
	REQUIRE_WHY((flags & CKF_USER_PIN_LOCKED) == 0, ERR_TOO_MANY,
		"the PIN of '%s' is locked, nothing was tried; 'mohar card unblock' sets a new one", token);
	const bool last = (flags & CKF_USER_PIN_FINAL_TRY) != 0;

	REQUIRE_WHY(!last || cli_value(c, option) == NULL, ERR_REFUSED,
		"'%s' has ONE try left before its PIN locks, nothing was tried; leave out %s and let its holder type it, or 'mohar card unblock'",
		token, option);
	(void)snprintf(warned, sizeof(warned), "%s%s", prompt,
		last                                            ? " (ONE try is left: a wrong one locks the card)"
			: (flags & CKF_USER_PIN_COUNT_LOW) != 0 ? " (a wrong one was tried before)"
								: "");
	return card_pin_of(c, option, warned, out);
}

enum err
card_pin_refused(unsigned long rv, const char *token)
{
	switch (rv) {
	case CKR_PIN_INCORRECT:
		return err_because(ERR_REFUSED, "the PIN of '%s' is wrong; it was tried once, and the card counts",
			token);
	case CKR_PIN_LOCKED:
		return err_because(ERR_TOO_MANY, "the PIN of '%s' is locked; 'mohar card unblock' sets a new one",
			token);
	case CKR_PIN_LEN_RANGE:
	case CKR_PIN_INVALID:
		return err_because(ERR_REFUSED, "the card '%s' does not take a PIN of this length or form", token);
	default:
		return err_because(ERR_UNAVAILABLE, "the card '%s' does not log in (0x%lx)", token, rv);
	}
}
