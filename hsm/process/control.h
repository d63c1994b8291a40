/* control: the socket pair between supervisor and worker. The worker asks for the PIN whenever it must log in; the supervisor, which holds it and never
 * loads a PKCS#11 module, answers. And the worker tells again and again that it is alive: one that stands still tells nothing. Used by both, nobody else. */
#ifndef MOHAR_HSM_PROCESS_CONTROL_H
#define MOHAR_HSM_PROCESS_CONTROL_H

#include "base/secret.h"

enum {
	MAX_PIN = 255,
	CONTROL_PIN = 'P',
	CONTROL_STARTS = 'A', /* alive, and not serving yet */
	CONTROL_SERVES = 'S',
	CONTROL_EVERY = 200000, /* ticks between two tellings, at the least */
};

/* The worker's side: tells, if it has not done so just now, that it is alive. word: CONTROL_STARTS or CONTROL_SERVES. Never waits. */
void control_beat(int fd, uint8_t word);

/* The worker's side; context points to the int that is the descriptor. A token_pin. ERR_UNAVAILABLE if the supervisor is gone. Thread-safe. */
MUST_USE enum err control_pin(void *context, struct secret **out);

/* The supervisor's side: reads one word from fd, and answers it if it is a question. ERR_UNAVAILABLE if the worker is gone, ERR_MALFORMED. */
MUST_USE enum err control_answer(int fd, const struct secret *pin, uint8_t *word);

#endif
