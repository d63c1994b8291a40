/* recycle: the HSM's library begun anew on schedule, in the running worker: SoftHSM leaks a little with every unwrapping and gives it back only at its end. Nobody's
 * request is lost: the threads stand still between two operations for as long as it takes. Used by crew.c. Thread-safe. */
#ifndef MOHAR_HSM_PROCESS_RECYCLE_H
#define MOHAR_HSM_PROCESS_RECYCLE_H

#include "hsm/service.h"

/* Are so many unwraps done as the setting recycle_after says, and nobody is at it? */
bool recycle_is_due(const struct service *s);

/* The same for a key that was found to be gone: a library may not see a token that was put back until it is begun anew. At most every half second; what does not come back then is
 * tried again by the requests that need it. */
void recycle_mend(struct service *s);

/* Does it, in the calling thread, which must not be in the module: C_Finalize, C_Initialize, login, every key found again and compared; memory given back to the system. If some
 * operation does not end soon it is put off. If the library cannot be had again the service is `broken`, and this does not return: the worker is to be replaced. */
void recycle_run(struct service *s, struct session *session);

#endif
