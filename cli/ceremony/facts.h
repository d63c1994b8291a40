/* ceremony_facts: what this command itself reads in the bytes of a proposal, held against the summary that mohar-hsmd made of them: a custodian has two programs
 * that must agree. Used by every approval. Pure. */
#ifndef MOHAR_CLI_CEREMONY_FACTS_H
#define MOHAR_CLI_CEREMONY_FACTS_H

#include "base/writer.h"

enum { MAX_FACTS = 8 << 10 };

/* The facts, one a line, "name: value", as this command reads them. label may be NULL. Appended. ERR_UNSUPPORTED: no such kind; ERR_MALFORMED: neither a TBSCertificate nor a
 * TBSCertList (kind "sign"). */
MUST_USE enum err facts_write(const char *kind, const char *label, struct span object, struct writer *w);

/* Does the summary say each of them? ERR_MISMATCH names the first that it does not. */
MUST_USE enum err facts_agree(const char *kind, const char *label, struct span object, const char *summary);

#endif
