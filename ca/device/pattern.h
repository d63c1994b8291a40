/* pattern: the names that an enrolment lets its devices ask for: "dns:*.sensors.health.example.gov", "ip:192.0.2.0/24", "uri:urn:dev:mac:*", "CN:sensor-*", "O:Health". Used by operator.c and by
 * enroll.c. Pure. */
#ifndef MOHAR_CA_DEVICE_PATTERN_H
#define MOHAR_CA_DEVICE_PATTERN_H

#include "json/json.h"
#include "x509/x509.h"

enum { MAX_PATTERNS = 32, MAX_PATTERN = 300 };

/* KIND:TEXT. Kinds are those of alternative names (dns, ip, uri, email) and subject attributes that the profile allows. In TEXT a * stands for one or more letters, digits, hyphens and
 * underscores, so it never reaches over a dot, a slash or a colon; ip takes an address or a network instead. ERR_MALFORMED with the remedy. */
MUST_USE enum err pattern_check(const char *text, const struct profile *profile);

/* Does text match pattern (without its kind)? Letters compare without case if fold. */
bool pattern_matches(const char *pattern, struct span text, bool fold);

/* Do the patterns let this be asked for: each name by one of its kind, each attribute by one of its kind, and a CN also if it is one of the dns names asked for? ERR_REFUSED names the field
 * and what is allowed. */
MUST_USE enum err patterns_allow(const struct json_list *patterns, const struct name_part *subject,
	size_t subject_count, const struct name_part *names, size_t names_count);

#endif
