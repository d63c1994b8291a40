#include <string.h>

#include "ca/acme/call.h"
#include "ca/acme/handlers.h"

static void
entry(struct json_writer *j, const struct cad *c, const char *name, const char *path)
{
	AUTO(writer) url = writer_new(MAX_ACME_URL);

	acme_url(c, path, &url);
	json_span(j, name, writer_span(&url));
}

enum err
acme_directory(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;

	(void)request;
	if (!acme_is_on(c, reply))
		return ERR_OK;
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	entry(&j, c, "newNonce", "new-nonce");
	entry(&j, c, "newAccount", "new-account");
	entry(&j, c, "newOrder", "new-order");
	entry(&j, c, "revokeCert", "revoke-cert");
	entry(&j, c, "keyChange", "key-change");
	entry(&j, c, "renewalInfo", "renewal-info");
	json_object(&j, "meta");
	json_bool(&j, "externalAccountRequired", true);
	json_object_end(&j);
	json_object_end(&j);
	return ERR_OK;
}

enum err
acme_new_nonce(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;

	if (!acme_is_on(c, reply))
		return ERR_OK;
	reply_status(reply, strcmp(request_method(request), "HEAD") == 0 ? 200 : 204);
	acme_headers(c, reply);
	return ERR_OK;
}
