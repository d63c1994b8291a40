#include "ca/acme/problem.h"

#include "json/json.h"

const char *const acme_algs[] = {"ES256", "ES384", "EdDSA", "RS256", NULL};

struct row {
	const char *urn;
	int http;
};

static const struct row rows[] = {
#define X(name, type, http) {"urn:ietf:params:acme:error:" type, http},
	ACME_TABLE(X)
#undef X
};

static const struct row *
row_of(enum problem a)
{
	const size_t i = (size_t)a;

	return i < sizeof(rows) / sizeof(rows[0]) ? &rows[i] : &rows[ACME_SERVER_INTERNAL];
}

const char *
acme_type(enum problem a)
{
	return row_of(a)->urn;
}

int
acme_http(enum problem a)
{
	return row_of(a)->http;
}

enum problem
acme_of(enum err e)
{
	switch (e) {
	case ERR_OK:
		return ACME_OK;
	case ERR_UNAUTHENTICATED:
	case ERR_REFUSED:
	case ERR_BAD_SIGNATURE:
	case ERR_UNTRUSTED:
	case ERR_REVOKED:
		return ACME_UNAUTHORIZED;
	case ERR_NOT_FOUND:
		return ACME_NOT_FOUND;
	case ERR_TOO_MANY:
		return ACME_RATE_LIMITED;
	case ERR_EXISTS:
		return ACME_CONFLICT;
	case ERR_UNAVAILABLE:
	case ERR_NO_MEMORY:
		return ACME_UNAVAILABLE;
	default:
		return err_http(e) < 500 ? ACME_MALFORMED : ACME_SERVER_INTERNAL;
	}
}

void
acme_problem(struct writer *w, enum problem a, const char *why)
{
	struct json_writer j = json_to(w);

	json_object(&j, NULL);
	json_text(&j, "type", acme_type(a));
	if (acme_http(a) < 500)
		json_text(&j, "detail", why[0] != '\0' ? why : NULL);
	else
		json_text(&j, "detail", "the authority cannot do this now; try again");
	json_int(&j, "status", acme_http(a));
	if (a == ACME_BAD_SIGNATURE_ALGORITHM) { /* RFC 8555 6.2 */
		json_array(&j, "algorithms");
		for (const char *const *alg = acme_algs; *alg != NULL; alg++)
			json_text(&j, NULL, *alg);
		json_array_end(&j);
	}
	json_object_end(&j);
}
