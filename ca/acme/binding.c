#include "ca/acme/binding.h"

#include <string.h>

static enum problem
check_key(const struct acme_jws *binding, const char *thumbprint)
{
	char bound[THUMBPRINT_TEXT_LEN + 1];
	struct jwk *key;

	ACME_ERR(jwk_parse(span_at(binding->payload.ptr, binding->payload.len), false, &key));
	const enum err e = jwk_thumbprint(key, bound);

	jwk_free(&key);
	ACME_ERR(e);
	ACME_WHY(strcmp(bound, thumbprint) == 0, ACME_MALFORMED,
		"RFC 8555 7.3.4: the binding's payload is not the account's key");
	return ACME_OK;
}

static enum problem
check_row(const struct binding_row *row, unix_time now)
{
	ACME_WHY(row->revoked_at == 0, ACME_UNAUTHORIZED, "the binding key was revoked; ask the authority for another");
	ACME_WHY(row->expires > now, ACME_UNAUTHORIZED, "the binding key has expired; ask the authority for another");
	ACME_WHY(row->accounts > 0 && row->mac_key.len > 0, ACME_UNAUTHORIZED,
		"the binding key is used up: its accounts are made; ask the authority for another");
	return ACME_OK;
}

enum problem
binding_check(const struct acme_jws *binding, const char *url, const char *thumbprint, const struct binding_row *row,
	unix_time now)
{
	ACME_WHY(binding->nonce == NULL, ACME_MALFORMED, "RFC 8555 7.3.4: the binding must have no nonce");
	ACME_WHY(binding->url != NULL && strcmp(binding->url, url) == 0, ACME_MALFORMED,
		"RFC 8555 7.3.4: the binding is for another url");
	ACME_TRY(check_row(row, now));
	ACME_TRY(acme_jws_check_mac(binding, span_at(row->mac_key.ptr, row->mac_key.len)));
	return check_key(binding, thumbprint);
}
