#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "ca/acme/challenge.h"

static const char prefix[] = "_acme-challenge.";

enum problem
challenge_dns(const struct challenge *c, const struct reach_policy *p, int64_t deadline)
{
	const struct sha256 digest = sha256_of(span_of(c->key_authorization));
	AUTO(writer) wanted = writer_new(64);
	char name[sizeof(prefix) + MAX_DNS_NAME];
	struct reach_texts texts;

	(void)snprintf(name, sizeof(name), "%s%s", prefix, c->name.name);
	ACME_WHY(strlen(name) <= MAX_DNS_NAME, ACME_DNS, "%.100s is longer than a name of DNS may be", name);
	base64url_write(&wanted, sha256_span(&digest));
	ACME_TRY(reach_txt(p, name, deadline, &texts));
	for (size_t i = 0; i < texts.count; i++)
		if (span_is(writer_span(&wanted), texts.rows[i]))
			return ACME_OK;
	ACME_WHY(false, ACME_INCORRECT_RESPONSE,
		"RFC 8555 8.4: none of the %zu TXT records of %.120s is this challenge's", texts.count, name);
}
