/* server: the socket's side of the worker process: the thread that lets peers in, keeps time and ends it all; what they ask, the crew does. Used by worker.c. */
#ifndef MOHAR_HSM_SOCKET_SERVER_H
#define MOHAR_HSM_SOCKET_SERVER_H

#include "hsm/service.h"

/* Why the server has ended. */
enum server_end { SERVER_STOPPED, SERVER_RECYCLE, SERVER_STUCK };

/* Serves listen_fd until SIGTERM or SIGINT (then ends what has begun), until the worker is due to be replaced, or until a thread has been inside the HSM's
 * library for half a minute, or all of them for two deadlines. sessions: one for each of settings.workers, opened before the sandbox closed. The caller has blocked both signals. */
MUST_USE enum err server_run(struct service *s, struct session *sessions, int listen_fd, enum server_end *end);

#endif
