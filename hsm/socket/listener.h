/* listener: the Unix socket that mohar-hsmd is reached at. Held by the supervisor, so that clients who come while a worker is being replaced wait instead
 * of failing. */
#ifndef MOHAR_HSM_SOCKET_LISTENER_H
#define MOHAR_HSM_SOCKET_LISTENER_H

#include "base/err.h"

/* Binds path, mode 0666 (who may do what is decided by uid, from keys.json), in place of a dead one's socket. ERR_EXISTS if one is alive there; ERR_CONFIG for a path
 * of more than 107 bytes; ERR_IO. */
MUST_USE enum err listener_open(const char *path, int *out);
void listener_close(const char *path, int fd);

#endif
