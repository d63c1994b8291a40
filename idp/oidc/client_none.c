#include "idp/oidc/client_auth.h"

static bool
offered(const struct request *request)
{
	return request_form(request, "client_id") != NULL && request_header(request, "Authorization") == NULL &&
		request_form(request, "client_assertion") == NULL &&
		request_form(request, "client_assertion_type") == NULL;
}

/* A public client only says who it is; that it was registered without a secret is checked by the caller, so a confidential one cannot pass here. */
static enum err
check(struct idp *d, const struct request *request, struct client_auth *out)
{
	const enum err e = client_find(d, request_form(request, "client_id"), &out->client);

	return e == ERR_NOT_FOUND ? err_because(ERR_UNAUTHENTICATED, "RFC 6749 5.2: unknown client") : e;
}

const struct client_method client_method_none = {"none", offered, check};
