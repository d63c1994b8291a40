/* device: what a browser calls itself, in a few words that people know. Used by the account page. Pure. */
#ifndef MOHAR_IDP_ACCOUNT_DEVICE_H
#define MOHAR_IDP_ACCOUNT_DEVICE_H

#include "base/writer.h"

/* "Firefox, Android" of a User-Agent header (RFC 9110 10.1.5); nothing if neither browser nor system is known. */
void device_write(struct writer *w, const char *user_agent);

#endif
