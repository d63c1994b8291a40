/* The signing page as signerd sees it: an origin of its own, whose script asks here across origins, without a cookie. */
#include <string.h>
#include <strings.h>

#include "signer/signer.h"
#include "signer/signing/signing.h"

static const char scheme[] = "https://";

/* The host ends where the port begins. */
static size_t
host_length(const char *origin)
{
	return strcspn(origin + sizeof(scheme) - 1, ":/?#");
}

enum err
signing_origin_check(const char *origin)
{
	const char *rest;
	size_t host;

	REQUIRE_WHY(strncmp(origin, scheme, sizeof(scheme) - 1) == 0, ERR_CONFIG,
		"sign_origin: '%s' does not begin with https://", origin);
	host = host_length(origin);
	rest = origin + sizeof(scheme) - 1 + host;
	if (*rest == ':')
		rest += 1 + strspn(rest + 1, "0123456789");
	REQUIRE_WHY(host > 0 && host <= MAX_SIGNING_RP_ID && *rest == '\0', ERR_CONFIG,
		"sign_origin: '%s' is not https://HOST or https://HOST:PORT", origin);
	return ERR_OK;
}

void
signing_rp_id(const char *origin, char out[MAX_SIGNING_RP_ID + 1])
{
	const size_t host = host_length(origin);

	memcpy(out, origin + sizeof(scheme) - 1, host);
	out[host] = '\0';
}

static enum err
origin_check(void *daemon, struct request *request, struct reply *reply)
{
	const struct signer *const s = daemon;
	const char *const origin = request_header(request, "Origin");

	reply_header(reply, "Vary", "Origin");
	REQUIRE_WHY(origin != NULL && strcmp(origin, s->settings.sign_origin) == 0, ERR_REFUSED,
		"RFC 6454 7: only the signing page asks here");
	reply_header(reply, "Access-Control-Allow-Origin", origin);
	return ERR_OK;
}

static enum err
page_check(void *daemon, struct request *request, struct reply *reply)
{
	static const char json[] = "application/json";
	const char *const type = request_header(request, "Content-Type");

	TRY(origin_check(daemon, request, reply));
	/* No form of a foreign page can send it. */
	REQUIRE_WHY(strcmp(request_method(request), "OPTIONS") == 0 || (type != NULL && strcasecmp(type, json) == 0),
		ERR_MALFORMED, "the body must be application/json");
	return ERR_OK;
}

const struct http_guard SIGNING_PAGE = {"signing page", page_check};

enum err
signing_page_preflight(void *daemon, struct request *request, struct reply *reply)
{
	(void)daemon;
	(void)request;
	reply_header(reply, "Access-Control-Allow-Methods", "POST");
	reply_header(reply, "Access-Control-Allow-Headers", "Content-Type");
	reply_header(reply, "Access-Control-Max-Age", "600");
	reply_status(reply, 204);
	return ERR_OK;
}
