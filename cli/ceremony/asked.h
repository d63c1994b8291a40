/* ceremony_asked: what each kind of step is, in words, and of whom it asks what. Used by rehearsals and by `mohar ceremony show`. Pure. */
#ifndef MOHAR_CLI_CEREMONY_ASKED_H
#define MOHAR_CLI_CEREMONY_ASKED_H

#include "base/writer.h"

/* "Make key root-ca", appended. what: as the script says; names may be NULL. */
void asked_title(const char *what, const char *token, const char *key, const char *input, struct writer *w);

/* Of whom what: "2 custodians read the summary …". k: how many custodians decide, 0: not known. guarded: the key's row wants custodians to make it. Appended. */
void asked_of(const char *what, int64_t k, bool guarded, struct writer *w);

#endif
