#include "hsm/socket/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KEEP_ROOM = 128 << 10 };

enum err
connection_new(int fd, struct connection **out)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	struct connection *c;

	REQUIRE_WHY(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0, ERR_IO, "SO_PEERCRED");
	c = calloc(1, sizeof(*c));
	REQUIRE(c != NULL, ERR_NO_MEMORY);
	c->fd = fd;
	c->uid = peer.uid;
	c->body = writer_new(MAX_MESSAGE);
	*out = c;
	return ERR_OK;
}

void
connection_free(struct connection **c)
{
	if (*c == NULL)
		return;
	(void)close((*c)->fd);
	writer_free(&(*c)->body);
	free(*c);
	*c = NULL;
}

bool
connection_is_large(const struct connection *c)
{
	return c->body.len > MAX_FRAME_BYTES;
}

/* A large object is for a few operations only; nothing else may fill our memory. */
static enum err
head_check(const struct connection *c, const struct frame_head *f, uint8_t op, uint32_t id)
{
	REQUIRE_WHY(!c->continued || (f->op == op && f->id == id), ERR_MALFORMED,
		"a frame of another message in between");
	REQUIRE_WHY(!f->more || op_is_long(f->op), ERR_TOO_LONG, "%s takes one frame only", op_name(f->op));
	REQUIRE_WHY(!f->more || f->len > 0, ERR_MALFORMED, "an empty frame with more to come");
	REQUIRE_WHY(c->body.len + f->len <= MAX_MESSAGE, ERR_TOO_LONG, "a message of more than %d bytes", MAX_MESSAGE);
	return ERR_OK;
}

static enum err
head_take(struct connection *c)
{
	const uint8_t op = c->frame.op;
	const uint32_t id = c->frame.id;
	struct frame_head f;

	TRY(frame_head_read(span_at(c->head, FRAME_HEAD), &f));
	TRY(head_check(c, &f, op, id));
	c->frame = f;
	c->left = f.len;
	return ERR_OK;
}

/* Reads at most room bytes. CONNECTION_MESSAGE stands for "some". */
static enum connection_event
some_read(struct connection *c, uint8_t *out, size_t room, size_t *got)
{
	ssize_t n;

	do {
		n = recv(c->fd, out, room, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return CONNECTION_WAIT;
	if (n <= 0)
		return CONNECTION_CLOSED;
	*got = (size_t)n;
	return CONNECTION_MESSAGE;
}

/* The frame's bytes are all there: is the message? */
static bool
frame_end(struct connection *c)
{
	c->head_len = 0;
	c->continued = c->frame.more;
	if (c->frame.more)
		return false;
	c->arrived_ticks = clock_ticks();
	return true;
}

/* Takes bytes in, to the end of a message: *whole. */
static enum err
bytes_take(struct connection *c, struct reader *r, bool *whole)
{
	struct span part;

	*whole = false;
	while (!*whole && r->left.len > 0) {
		if (c->head_len < FRAME_HEAD) {
			const size_t wanted = FRAME_HEAD - c->head_len;

			TRY(reader_bytes(r, r->left.len < wanted ? r->left.len : wanted, &part));
			memcpy(c->head + c->head_len, part.ptr, part.len);
			c->head_len += part.len;
			if (c->head_len < FRAME_HEAD)
				return ERR_OK;
			TRY(head_take(c));
		}
		TRY(reader_bytes(r, r->left.len < c->left ? r->left.len : c->left, &part));
		writer_bytes(&c->body, part);
		c->left -= part.len;
		TRY(writer_done(&c->body));
		*whole = c->left == 0 && frame_end(c);
	}
	return ERR_OK;
}

bool
connection_has_begun(const struct connection *c)
{
	return c->head_len > 0 || c->continued;
}

enum connection_event
connection_read(struct connection *c, enum err *e)
{
	uint8_t chunk[MAX_HSM_FRAME]
		__attribute__((uninitialized)); /* zeroing 64 KiB would take longer than reading a request */
	enum connection_event event;
	bool whole = false;
	size_t got;

	while (!whole) {
		struct reader r;

		event = some_read(c, chunk, sizeof(chunk), &got);
		if (event != CONNECTION_MESSAGE)
			return event;
		r = reader_over(span_at(chunk, got));
		*e = bytes_take(c, &r, &whole);
		if (*e == ERR_OK && r.left.len > 0)
			*e = err_because(ERR_MALFORMED, "a request before the answer to the last one");
		if (*e != ERR_OK)
			return CONNECTION_BAD;
	}
	return CONNECTION_MESSAGE;
}

static enum err
all_send(int fd, struct span bytes)
{
	while (bytes.len > 0) {
		const ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		REQUIRE_WHY(n > 0, ERR_IO, "a peer does not read its replies");
		bytes = span_at(bytes.ptr + n, bytes.len - (size_t)n);
	}
	return ERR_OK;
}

enum err
connection_reply(struct connection *c, struct span fields)
{
	AUTO(writer) frames = writer_new(MAX_MESSAGE + MAX_MESSAGE / 16);

	frame_write(&frames, c->frame.op, c->frame.id, fields);
	TRY(writer_done(&frames));
	if (c->body.room > KEEP_ROOM)
		writer_free(&c->body);
	else
		writer_reset(&c->body);
	c->continued = false;
	return all_send(c->fd, writer_span(&frames));
}

void
connection_give_up(const struct connection *c, struct span fields)
{
	AUTO(writer) frame = writer_new(MAX_HSM_FRAME);

	frame_write(&frame, c->frame.op, c->frame.id, fields);
	if (writer_done(&frame) != ERR_OK || all_send(c->fd, writer_span(&frame)) != ERR_OK)
		err_forget();
	(void)shutdown(c->fd, SHUT_RDWR);
}
