#include "x509/own.h"

#include <openssl/err.h>

enum err
own_failed(enum err e, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error()), *said;
	unsigned long code;
	int flags;

	while ((code = ERR_get_error_all(NULL, NULL, NULL, &said, &flags)) != 0)
		if (ERR_GET_LIB(code) == OWN_ERR_LIB) {
			const enum err from_hsm = err_because((enum err)ERR_GET_REASON(code), "%s: %s", what, said);

			ERR_clear_error();
			return from_hsm;
		}
	return err_because(e, "%s%s%s", what, reason ? ": " : "", reason ? reason : "");
}
