#include "x509/own.h"

#include <openssl/err.h>

enum err
own_failed(enum err e, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return err_because(e, "%s%s%s", what, reason ? ": " : "", reason ? reason : "");
}
