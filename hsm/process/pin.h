/* pin: where mohar-hsmd has the token's PIN from: a descriptor, a systemd credential, a terminal, or a file. Used by supervisor, once at the start; afterwards the PIN
 * is in locked memory and nowhere else. */
#ifndef MOHAR_HSM_PROCESS_PIN_H
#define MOHAR_HSM_PROCESS_PIN_H

#include "base/secret.h"
#include "hsm/settings.h"

/* What the command line said. */
struct pin_source {
	int fd;                 /* --pin-fd N; -1: not said */
	const char *credential; /* --pin-credential NAME; NULL: not said */
	bool prompt;            /* --pin-prompt */
};

/* The PIN from what the command line says, else from the settings pin_credential or pin_file. The caller owns *out. ERR_CONFIG with what is wrong: none or more than one
 * source, a file that others may read, no terminal, an empty PIN. ERR_TOO_LONG. ERR_REFUSED: the prompt was ended by a signal. */
MUST_USE enum err pin_read(const struct pin_source *source, const struct settings *settings, struct secret **out);

#endif
