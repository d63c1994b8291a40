/* supervisor: the process that is started and stays. It holds the PIN and the listening socket, never loads a PKCS#11 module, starts the worker and starts
 * it again when it dies. Used by main.c. */
#ifndef MOHAR_HSM_PROCESS_SUPERVISOR_H
#define MOHAR_HSM_PROCESS_SUPERVISOR_H

#include "hsm/process/pin.h"

/* mode: "serve" (until SIGTERM or SIGINT, or a cause that a restart does not mend), "genesis", "check". pin: what the command
 * line says about the PIN. Returns an exit code: 0 done, 1 told on standard error why not. */
int supervisor_run(const char *mode, const char *config, const struct pin_source *pin);

#endif
