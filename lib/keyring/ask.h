/* ask: a call whose result is bytes. What keyring.c and custody.c share; not for others. */
#ifndef MOHAR_KEYRING_ASK_H
#define MOHAR_KEYRING_ASK_H

#include "keyring/call.h"

/* Does the call and appends its result to out. Errors as call_do. */
MUST_USE enum err keyring_ask(struct keyring *k, const struct call *c, struct writer *out);

#endif
