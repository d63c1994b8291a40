/* open: from settings to a daemon that can serve: policies, pages, keys, database. Used by main.c; each step fails with one line that says what to mend. */
#ifndef MOHAR_IDP_OPEN_H
#define MOHAR_IDP_OPEN_H

#include "idp/idp.h"

/* Reads the settings and checks what config rows cannot: addresses, choices. */
MUST_USE enum err idp_read_settings(struct idp *d, const char *config);
/* Policies, operators, pages, the PKI's anchors: files only. For `check` too. */
MUST_USE enum err idp_read_files(struct idp *d);
/* mohar-hsmd and the database; then what is made of them. */
MUST_USE enum err idp_open_services(struct idp *d);
/* Frees whatever was opened. */
void idp_close(struct idp *d);

/* share/NAME into out. ERR_TOO_LONG. */
MUST_USE enum err idp_path(const char *folder, const char *name, char *out, size_t room);

#endif
