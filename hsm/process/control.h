/* control: the socket pair between supervisor and worker. The worker asks for the PIN whenever it must log in; the supervisor, which holds it and never
 * loads a PKCS#11 module, answers. Used by both, nobody else. */
#ifndef MOHAR_HSM_PROCESS_CONTROL_H
#define MOHAR_HSM_PROCESS_CONTROL_H

#include "base/secret.h"

enum { MAX_PIN = 255, CONTROL_PIN = 'P' };

/* The worker's side; context points to the int that is the descriptor. A token_pin. ERR_UNAVAILABLE if the supervisor is gone. */
MUST_USE enum err control_pin(void *context, struct secret **out);

/* The supervisor's side: reads one question from fd and answers it. ERR_UNAVAILABLE if the worker is gone, ERR_MALFORMED. */
MUST_USE enum err control_answer(int fd, const struct secret *pin);

#endif
