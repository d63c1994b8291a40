/* What is asked for against what a profile allows, before anything is made: each refusal names the profile, the field and what is allowed instead. */
#include <string.h>

#include "x509/dns_name.h"
#include "x509/profile.h"

enum { MAX_LISTED = 200 };

/* "C, O, CN", or "none". */
static const char *
listed(const struct json_list *list, char text[MAX_LISTED])
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < list->count && used < MAX_LISTED; i++) {
		const int n =
			snprintf(text + used, MAX_LISTED - used, "%s%s", i > 0 ? ", " : "", json_text_at(list, i));

		used += n > 0 ? (size_t)n : 0;
	}
	return text[0] != '\0' ? text : "none";
}

static enum err
parts_check(const struct profile *p, const char *what, const struct json_list *allowed, const struct name_part *parts,
	size_t count)
{
	char text[MAX_LISTED];

	for (size_t i = 0; i < count; i++)
		REQUIRE_WHY(json_texts_have(allowed, parts[i].type), ERR_REFUSED,
			"profile %s does not allow %s %s; it allows: %s", p->name, what, parts[i].type,
			listed(allowed, text));
	return ERR_OK;
}

static enum err
required_check(const struct profile *p, const struct name_part *subject, size_t count)
{
	for (size_t i = 0; i < p->subject_required.count; i++) {
		const char *type = json_text_at(&p->subject_required, i);
		bool given = false;

		for (size_t n = 0; n < count; n++)
			given = given || strcmp(subject[n].type, type) == 0;
		REQUIRE_WHY(given, ERR_REFUSED, "profile %s needs the subject attribute %s", p->name, type);
	}
	return ERR_OK;
}

const char *
profile_host_flaw(const struct profile *p, struct span host)
{
	if (dns_name_is_wildcard(host)) {
		if (!p->wildcards)
			return "a wildcard, which the profile does not allow (wildcards)";
		host = span_at(host.ptr + 2, host.len - 2);
	}
	for (size_t i = 0; i < p->dns_suffixes.count; i++)
		if (dns_name_is_under(host, span_of(json_text_at(&p->dns_suffixes, i))))
			return NULL;
	return p->dns_suffixes.count > 0 ? "not under a suffix that the profile allows (dns_suffixes)" : NULL;
}

static enum err
host_check(const struct profile *p, const char *host)
{
	const char *flaw = dns_name_flaw(span_of(host));

	REQUIRE_WHY(flaw == NULL, ERR_MALFORMED, "RFC 5280 4.2.1.6: dns name '%.80s': %s", host, flaw);
	flaw = profile_host_flaw(p, span_of(host));
	REQUIRE_WHY(flaw == NULL, ERR_REFUSED, "profile %s: dns name '%.80s': %s", p->name, host, flaw);
	return ERR_OK;
}

enum err
profile_allows(const struct profile *p, const struct name_part *subject, size_t subject_count,
	const struct name_part *names, size_t names_count)
{
	char text[MAX_LISTED];

	TRY(parts_check(p, "subject attribute", &p->subject, subject, subject_count));
	TRY(parts_check(p, "alternative name", &p->alternative_names, names, names_count));
	TRY(required_check(p, subject, subject_count));
	REQUIRE_WHY(!p->name_required || names_count > 0, ERR_REFUSED, "profile %s needs an alternative name: %s",
		p->name, listed(&p->alternative_names, text));
	for (size_t i = 0; i < names_count; i++)
		if (strcmp(names[i].type, "dns") == 0)
			TRY(host_check(p, names[i].value));
	return ERR_OK;
}
