#include "ca/device/pattern.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ca/acme/network.h"

enum { MAX_KIND = 32, MAX_LISTED = 160 };

/* Splits "dns:host" at the first colon. */
static bool
split(const char *pattern, char kind[MAX_KIND], const char **text)
{
	const char *colon = strchr(pattern, ':');
	const size_t len = colon != NULL ? (size_t)(colon - pattern) : 0;

	if (len == 0 || len >= MAX_KIND || colon[1] == '\0')
		return false;
	memcpy(kind, pattern, len);
	kind[len] = '\0';
	*text = colon + 1;
	return true;
}

static bool
is_word(uint8_t c)
{
	return isalnum(c) || c == '-' || c == '_';
}

enum err
pattern_check(const char *text, const struct profile *profile)
{
	char kind[MAX_KIND];
	const char *rest;
	struct network network;

	REQUIRE_WHY(strlen(text) <= MAX_PATTERN && span_is_line(span_of(text)) && split(text, kind, &rest),
		ERR_MALFORMED, "name '%.60s': write KIND:TEXT, such as dns:*.sensors.example.gov or CN:sensor-*", text);
	REQUIRE_WHY(json_texts_have(&profile->alternative_names, kind) || json_texts_have(&profile->subject, kind),
		ERR_MALFORMED, "name '%.60s': profile %s has neither an alternative name nor a subject attribute %s",
		text, profile->name, kind);
	if (strcmp(kind, "ip") == 0)
		return network_read(span_of(rest), &network);
	REQUIRE_WHY(strstr(rest, "**") == NULL, ERR_MALFORMED, "name '%.60s': one * after the other", text);
	return ERR_OK;
}

/* Backtracks to the last * only: what it stands for can grow, what stood before it is settled. */
bool
pattern_matches(const char *pattern, struct span text, bool fold)
{
	const char *star = NULL;
	size_t at = 0, from = 0;

	while (at < text.len) {
		const uint8_t c = text.ptr[at];
		const bool same = fold ? tolower((uint8_t)*pattern) == tolower(c) : (uint8_t)*pattern == c;

		if (*pattern == '*' && is_word(c)) {
			star = ++pattern;
			from = ++at;
		} else if (*pattern != '\0' && *pattern != '*' && same) {
			pattern++;
			at++;
		} else if (star != NULL && is_word(text.ptr[from])) {
			pattern = star;
			at = ++from;
		} else {
			return false;
		}
	}
	return *pattern == '\0';
}

static bool
allows(const char *pattern, const char *type, const char *value)
{
	char kind[MAX_KIND];
	const char *text;
	struct network network;
	struct address address;

	if (!split(pattern, kind, &text) || strcmp(kind, type) != 0)
		return false;
	if (strcmp(type, "ip") == 0)
		return network_read(span_of(text), &network) == ERR_OK &&
			address_read(span_of(value), &address) == ERR_OK && network_has(&network, &address);
	return pattern_matches(text, span_of(value), strcmp(type, "dns") == 0);
}

static bool
any_allows(const struct json_list *patterns, const char *type, const char *value)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (allows(json_text_at(patterns, i), type, value))
			return true;
	return false;
}

static bool
is_dns_name(const char *value, const struct name_part *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i].type, "dns") == 0 && strcasecmp(names[i].value, value) == 0)
			return true;
	return false;
}

static const char *
listed(const struct json_list *patterns, char out[MAX_LISTED])
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < patterns->count && used < MAX_LISTED; i++) {
		const int n =
			snprintf(out + used, MAX_LISTED - used, "%s%s", i > 0 ? ", " : "", json_text_at(patterns, i));

		used += n > 0 ? (size_t)n : 0;
	}
	return out;
}

enum err
patterns_allow(const struct json_list *patterns, const struct name_part *subject, size_t subject_count,
	const struct name_part *names, size_t names_count)
{
	char all[MAX_LISTED];

	for (size_t i = 0; i < names_count; i++)
		REQUIRE_WHY(any_allows(patterns, names[i].type, names[i].value), ERR_REFUSED,
			"the request's name %s:%.60s is not what this enrolment allows: %s", names[i].type,
			names[i].value, listed(patterns, all));
	for (size_t i = 0; i < subject_count; i++)
		REQUIRE_WHY((strcmp(subject[i].type, "CN") == 0 && is_dns_name(subject[i].value, names, names_count)) ||
				any_allows(patterns, subject[i].type, subject[i].value),
			ERR_REFUSED, "the request's subject %s=%.60s is not what this enrolment allows: %s",
			subject[i].type, subject[i].value, listed(patterns, all));
	return ERR_OK;
}
