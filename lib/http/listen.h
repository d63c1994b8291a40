/* listen: bound sockets. Used by server. */
#ifndef MOHAR_HTTP_LISTEN_H
#define MOHAR_HTTP_LISTEN_H

#include "base/err.h"

#include <stddef.h>

enum { MAX_LISTENERS = 2 };

/* Binds and listens on address ("127.0.0.1", "::" for every interface of both families; NULL: loopback of both families where both are there) and *port
 * (0: any free one, which *port then says). The caller closes the *count sockets. ERR_CONFIG with address and cause. */
MUST_USE enum err listen_open(const char *address, int *port, int sockets[MAX_LISTENERS], size_t *count);

#endif
