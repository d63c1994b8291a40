#include "idp/oidc/oauth.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

static int
status_of(enum err e, const char *code)
{
	if (strcmp(code, OAUTH_INVALID_CLIENT) == 0 || strcmp(code, OAUTH_INVALID_TOKEN) == 0)
		return 401;
	return err_http(e) >= 500 || e == ERR_TOO_MANY ? err_http(e) : 400;
}

/* What goes into error_description: %x20-21 / %x23-5B / %x5D-7E only (RFC 6749 5.2), and nothing about our own faults. */
static void
describe(char out[256], int status)
{
	(void)snprintf(out, 256, "%s", status >= 500 ? "" : err_why());
	for (char *c = out; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e || *c == '"' || *c == '\\')
			*c = '\'';
}

void
oauth_refuse(struct reply *reply, const char *where, enum err e, const char *code, const char *client_id)
{
	const char *said = err_http(e) == 503 || e == ERR_TOO_MANY ? OAUTH_TEMPORARILY_UNAVAILABLE
		: err_http(e) >= 500                               ? OAUTH_SERVER_ERROR
								   : code;
	const int status = status_of(e, said);
	char description[256];
	struct json_writer j;

	describe(description, status);
	log_line(LOG_LEVEL_WARN, where, "%s %s: %s client=%s", err_name(e), said, err_why(),
		client_id != NULL ? client_id : "-");
	err_forget();
	reply_status(reply, status);
	if (strcmp(said, OAUTH_INVALID_CLIENT) == 0)
		reply_header(reply, "WWW-Authenticate", "Basic realm=\"mohar\", charset=\"UTF-8\"");
	if (strcmp(said, OAUTH_INVALID_TOKEN) == 0)
		reply_headerf(reply, "WWW-Authenticate", "Bearer error=\"invalid_token\", error_description=\"%s\"",
			description);
	if (status == 503 || status == 429)
		reply_header(reply, "Retry-After", "2");
	reply_header(reply, "Pragma", "no-cache"); /* RFC 6749 5.1 */
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "error", said);
	json_text(&j, "error_description", description[0] != '\0' ? description : NULL);
	json_object_end(&j);
}
