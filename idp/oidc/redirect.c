#include "idp/oidc/redirect.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "http/client.h"

enum { MAX_LOCATION = 16 << 10 };

enum err
redirect_to(struct reply *reply, const char *uri, const struct redirect_pair *pairs)
{
	AUTO(writer) query = writer_new(MAX_LOCATION);
	AUTO(writer) location = writer_new(MAX_LOCATION);

	for (; pairs->name != NULL; pairs++)
		if (pairs->value != NULL)
			form_write(&query, pairs->name, pairs->value);
	TRY(writer_done(&query));
	writer_text(&location, uri);
	if (query.len > 0) {
		writer_text(&location, strchr(uri, '?') != NULL ? "&" : "?");
		writer_bytes(&location, writer_span(&query));
	}
	TRY(writer_done(&location));
	reply_redirect(reply, (const char *)writer_span(&location).ptr);
	return ERR_OK;
}

enum err
redirect_error(struct idp *d, struct reply *reply, const struct client *c, const struct authorization_text *t,
	const char *code)
{
	char why[256];

	(void)snprintf(why, sizeof(why), "%s", err_why());
	const struct redirect_pair pairs[] = {
		{"error", code},
		{"error_description", why[0] != '\0' ? why : NULL},
		{"state", t->state},
		{"iss", d->settings.issuer},
		{NULL, NULL},
	};
	log_line(LOG_LEVEL_WARN, "authorize", "%s: %s client=%s", code, why, c->row.id);
	err_forget();
	return redirect_to(reply, t->redirect_uri, pairs);
}
