/* worker: the process that loads the PKCS#11 module. Started by the supervisor, for one of three things; it never forks, and leaves by _exit. */
#ifndef MOHAR_HSM_PROCESS_WORKER_H
#define MOHAR_HSM_PROCESS_WORKER_H

#include "hsm/settings.h"

/* Exit codes to the supervisor: done or stopped by a signal; a cause that a restart does not mend (no token, other keys.json, …), already
 * told on standard error; replace me; the PIN was refused, which no other worker is to try. Anything else, or a signal, is a crash. */
enum { WORKER_DONE = 0, WORKER_PERMANENT = 1, WORKER_REPLACE = 75, WORKER_PIN = 77 };

/* Never returns. control_fd: the PIN's way (control.h); listen_fd: the listening socket, -1 where nothing is served. mode: "serve", "genesis" or "check". */
_Noreturn void worker_main(const char *mode, const struct settings *settings, int control_fd, int listen_fd);

#endif
