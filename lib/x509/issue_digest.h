/* issue_digest: one hash over all that is decided about a certificate before it is made: profile, subject, names, person, key. What a registrar's approval is over, so that nobody can
 * put something else in its place. Used by mohar-cad's queue, and by the command and the console, which make it anew from what they show. */
#ifndef MOHAR_X509_ISSUE_DIGEST_H
#define MOHAR_X509_ISSUE_DIGEST_H

#include "x509/x509.h"

struct issue_facts {
	const char *profile;
	const char *person; /* UUID text; NULL: none */
	const struct name_part *subject;
	size_t subject_count;
	const struct name_part *names;
	size_t names_count;
	struct span spki_sha256;
};

/* [{"type":…,"value":…},…], appended: as it is stored, shown and hashed. */
void name_parts_write(struct json_writer *j, const char *name, const struct name_part *parts, size_t count);

/* SHA-256 of {"names":[…],"person":…,"profile":…,"spki_sha256":…,"subject":[…]}: compact, members in this order, person left out if there is none, lists in the order
 * given. */
MUST_USE enum err issue_digest(const struct issue_facts *facts, struct sha256 *out);

#endif
