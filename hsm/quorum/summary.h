/* summary: what a proposal would do, in words for the people who decide it, made by mohar-hsmd itself from the exact bytes. Plain text, one fact a line,
 * aligned; whatever comes from those bytes is escaped, so that it can neither look like our own words nor hide. Used by the kinds. */
#ifndef MOHAR_HSM_QUORUM_SUMMARY_H
#define MOHAR_HSM_QUORUM_SUMMARY_H

#include <openssl/x509.h>

#include "hsm/type/type.h"

enum { SUMMARY_COLUMN = 17 }; /* where values begin */

/* Foreign text on one line: printable characters as they are; a backslash doubled; anything else, spaces at either end, and what is no UTF-8 as \u{…} or \x…. */
void summary_foreign(struct writer *w, struct span text);

/* "  name          value" and a newline; name "" continues the one above. */
void summary_line(struct writer *w, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same up to the value, which the caller writes, with the newline. */
void summary_name(struct writer *w, const char *name);
/* A moment, and a hash, as values. */
void summary_time(struct writer *w, const char *name, unix_time t);
void summary_hash(struct writer *w, const char *name, const struct sha256 *h);

/* A distinguished name, one attribute a line. */
void summary_entity(struct writer *w, const char *what, const X509_NAME *name);

/* The end of every summary: who decides. */
void summary_end(struct writer *w, const struct policy *p);

/* What a TBSCertificate or a TBSCertList says, and what follows from signing it. label_of: the label of the key on this token with that DER SPKI, or NULL. The type's check has
 * passed, or these say ERR_MALFORMED of what libcrypto does not read. Pure. */
typedef const char *summary_label_of(void *context, struct span spki);
MUST_USE enum err summary_certificate(const struct type_question *q, summary_label_of *label_of, struct writer *w);
MUST_USE enum err summary_list(const struct type_question *q, struct writer *w);

/* The lines in which two files of keys.json differ. Both are JSON objects. ERR_MALFORMED, ERR_NO_MEMORY. Pure. */
MUST_USE enum err summary_difference(struct span before, struct span after, struct writer *w);

#endif
