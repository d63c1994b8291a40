#include "cli/card/pin.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

#include "base/prompt.h"

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

enum err
card_pin_of(struct cli *c, const char *option, const char *prompt, struct secret **out)
{
	const char *value = cli_value(c, option);

	if (value == NULL)
		return ask(prompt, out);
	if (strncmp(value, "file:", 5) != 0)
		return secret_copy(span_of(value), out);
	const int fd = open(value + 5, O_RDONLY | O_CLOEXEC);

	REQUIRE_WHY(fd >= 0, ERR_NOT_FOUND, "%s: the PIN file cannot be read", value + 5);
	return secret_read(fd, MAX_PIN, out);
}

enum err
card_pin_refused(unsigned long rv, const char *token)
{
	switch (rv) {
	case CKR_PIN_INCORRECT:
		return err_because(ERR_REFUSED, "the PIN of '%s' is wrong; it was tried once, and the card counts",
			token);
	case CKR_PIN_LOCKED:
		return err_because(ERR_TOO_MANY, "the PIN of '%s' is locked; the registrar can set a new one", token);
	case CKR_PIN_LEN_RANGE:
	case CKR_PIN_INVALID:
		return err_because(ERR_REFUSED, "the card '%s' does not take a PIN of this length or form", token);
	default:
		return err_because(ERR_UNAVAILABLE, "the card '%s' does not log in (0x%lx)", token, rv);
	}
}
