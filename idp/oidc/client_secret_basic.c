#include <strings.h>

#include "base/secret.h"
#include "idp/oidc/client_auth.h"

static bool
offered(const struct request *request)
{
	const char *header = request_header(request, "Authorization");

	return header != NULL && strncasecmp(header, "Basic ", 6) == 0;
}

/* The secret is 256 random bits, made here: its plain SHA-256 cannot be searched. */
static enum err
check(struct idp *d, const struct request *request, struct client_auth *out)
{
	const char *id, *secret;
	struct sha256 hash;
	enum err e;

	TRY(request_basic(request, &id, &secret));
	e = client_find(d, id, &out->client);
	if (e == ERR_NOT_FOUND)
		return err_because(ERR_UNAUTHENTICATED, "RFC 6749 5.2: unknown client, or not its secret");
	TRY(e);
	hash = sha256_of(span_of(secret));
	REQUIRE_WHY(out->client->row.secret_hash.len == SHA256_LEN &&
			secret_equal(sha256_span(&hash), span_at(out->client->row.secret_hash.ptr, SHA256_LEN)),
		ERR_UNAUTHENTICATED, "RFC 6749 5.2: unknown client, or not its secret");
	return ERR_OK;
}

const struct client_method client_method_basic = {"client_secret_basic", offered, check};
