/* connection: one peer of the socket, and the message it is sending. Owned by exactly one thread at a time: the one that epoll woke for it (ONESHOT), to the
 * end of the reply. Used by peers.c and crew.c. */
#ifndef MOHAR_HSM_SOCKET_CONNECTION_H
#define MOHAR_HSM_SOCKET_CONNECTION_H

#include <sys/types.h>

#include "base/clock.h"
#include "hsm/socket/share.h"
#include "keyring/frame.h"

struct connection {
	struct connection *next, *previous; /* the peers' list, under its lock */
	struct connection *next_waiting;    /* the queue's, under its */
	int fd;
	uid_t uid;
	struct share *share; /* its user's; under the peers' lock, as are the next three */
	bool large;          /* counted there: its message is larger than one frame */
	bool busy;           /* with a worker */
	int64_t since;       /* ticks: when the message began, 0 between messages */
	uint8_t head[FRAME_HEAD];
	size_t head_len;
	struct frame_head frame; /* valid once head_len is FRAME_HEAD */
	size_t left;             /* of the frame's bytes */
	bool continued;          /* a frame of this message has ended with more to come */
	struct writer body;
	unix_time arrived; /* when the message was whole */
	int64_t arrived_ticks;
	int luck; /* how often its next message came while a hand stayed with it, less how often none did */
};

/* Is the message so far larger than one frame holds? */
bool connection_is_large(const struct connection *c);

enum connection_event { CONNECTION_WAIT, CONNECTION_MESSAGE, CONNECTION_CLOSED, CONNECTION_BAD };

/* Who is at the other end, by the kernel's word. ERR_IO. The caller frees with connection_free. */
MUST_USE enum err connection_new(int fd, struct connection **out);
void connection_free(struct connection **c);

/* Has a message begun to come in? */
bool connection_has_begun(const struct connection *c);

/* Reads what is there, without waiting. CONNECTION_BAD: the reason is remembered as usual, *e is the error to answer with before closing. */
enum connection_event connection_read(struct connection *c, enum err *e);

/* Sends fields as the reply to the message read, and forgets that message. Does not wait: who asks again without having
 * read the last reply is dropped, or a few such peers would hold all workers. ERR_IO. */
MUST_USE enum err connection_reply(struct connection *c, struct span fields);

/* For another thread than the owner, which is still busy with the message: sends fields as the reply and hangs up. The owner's to free, as before. */
void connection_give_up(const struct connection *c, struct span fields);

#endif
