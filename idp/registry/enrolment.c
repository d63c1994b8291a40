#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/encode.h"
#include "idp/registry/registry.h"

enum { MAX_HANDLE = 64, MAX_NAME = 200 };

static bool
handle_is_good(const char *handle)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789",
			  other[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	const size_t len = strlen(handle);

	return len >= 1 && len <= MAX_HANDLE && strchr(first, handle[0]) != NULL && strspn(handle, other) == len;
}

/* A day of the calendar, written YYYY-MM-DD, not in the future: the strict reader of times judges its first second. */
static bool
birthdate_is_good(const char *text, unix_time now)
{
	char midnight[32];
	unix_time t;

	if (strlen(text) != 10)
		return false;
	(void)snprintf(midnight, sizeof(midnight), "%sT00:00:00Z", text);
	return time_read(span_of(midnight), &t) == ERR_OK && t <= now;
}

/* A name is one line of text. */
static bool
name_is_good(const char *name)
{
	const size_t len = strlen(name);

	return len >= 1 && len <= MAX_NAME && span_is_line(span_of(name));
}

enum err
enrolment_check(const struct enrolment *e, const struct identity_policy *policy, unix_time now)
{
	REQUIRE_WHY(handle_is_good(e->handle), ERR_MALFORMED,
		"handle: 1 to 64 of a-z 0-9 . _ -, a letter or digit first");
	REQUIRE_WHY(name_is_good(e->name), ERR_MALFORMED, "name: one line of 1 to %d bytes", MAX_NAME);
	REQUIRE_WHY(birthdate_is_good(e->birthdate, now), ERR_MALFORMED,
		"birthdate: a day that has been, as YYYY-MM-DD");
	REQUIRE_WHY(json_texts_have(&policy->genders, e->gender), ERR_MALFORMED,
		"gender: one of those in policies/identity.json");
	TRY(identity_number_check(policy, e->number));
	REQUIRE_WHY(e->proofing < 3 || e->countersign != NULL, ERR_REFUSED,
		"proofing 3 needs a second registrar's countersignature");
	return ERR_OK;
}

enum err
enrolment_digest(const struct enrolment *e, struct writer *out)
{
	AUTO(writer) w = writer_new(MAX_JSON);
	struct sha256 h;

	writer_format(&w, "%s\n%s\n%s\n%s\n%s\n%lld\n", e->handle, e->name, e->number, e->birthdate, e->gender,
		(long long)e->proofing);
	TRY(writer_done(&w));
	h = sha256_of(writer_span(&w));
	base64url_write(out, sha256_span(&h));
	return writer_done(out);
}
