#include "keyring/call.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

enum {
	LOOK = 200, /* ticks for an answer before sleeping until it comes */
	MAX_LUCK = 8,
	BAD_LUCK = 4,  /* what looking in vain takes from it */
	NO_LUCK = -64, /* tried again after so many calls */
};

static atomic_uint next_id;
static atomic_int under_way; /* calls of this process that wait for an answer */

void
reply_free(struct reply *r)
{
	writer_free(&r->body);
	r->fields = (struct fields){0};
}

static void
request_write(struct writer *frames, const struct call *c, uint32_t id)
{
	AUTO(writer) body = writer_new(MAX_MESSAGE);
	AUTO(writer) digests = writer_new(1 + MAX_DIGESTS * MAX_DIGEST);
	const uint8_t count[2] = {(uint8_t)(c->count >> 8), (uint8_t)c->count};

	if (c->label.len > 0)
		field_write(&body, FIELD_LABEL, c->label);
	if (c->object.ptr != NULL)
		field_write(&body, FIELD_OBJECT, c->object);
	if (c->evidence.len > 0)
		field_write(&body, FIELD_EVIDENCE, c->evidence);
	if (c->count > 0)
		field_write(&body, FIELD_COUNT, span_at(count, sizeof(count)));
	if (c->digests != NULL) {
		writer_u8(&digests, (uint8_t)c->digests->each);
		writer_bytes(&digests, c->digests->bytes);
		field_write(&body, FIELD_DIGESTS, writer_span(&digests));
	}
	if (c->nonce.len > 0)
		field_write(&body, FIELD_NONCE, c->nonce);
	if (c->kind.len > 0)
		field_write(&body, FIELD_KIND, c->kind);
	frame_write(frames, c->op, id, writer_span(&body));
	if (frames->failed == ERR_OK)
		frames->failed = writer_done(&body);
	if (frames->failed == ERR_OK)
		frames->failed = writer_done(&digests);
}

static enum err
all_send(int fd, struct span bytes)
{
	while (bytes.len > 0) {
		const ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		REQUIRE_WHY(n > 0, ERR_UNAVAILABLE, "mohar-hsmd: %s", strerror(errno));
		bytes = span_at(bytes.ptr + n, bytes.len - (size_t)n);
	}
	return ERR_OK;
}

/* What has come and was not looked at yet. Most answers are one frame, which comes in one piece. */
struct inbox {
	int wait_ms;
	size_t at, end;
	uint8_t bytes[MAX_HSM_FRAME + FRAME_HEAD];
};

/* Not in recv itself: there the kernel would wake us once more, in vain, when the other end reads what we have sent. */
static enum err
inbox_wait(int fd, const struct inbox *in)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n;

	do {
		n = poll(&p, 1, in->wait_ms);
	} while (n < 0 && errno == EINTR);
	REQUIRE_WHY(n != 0, ERR_UNAVAILABLE, "mohar-hsmd does not answer");
	return ERR_OK;
}

/* At least len bytes; ERR_IO if the other end is gone, ERR_UNAVAILABLE if it keeps us waiting. */
static enum err
inbox_fill(int fd, struct inbox *in, size_t len)
{
	if (in->at > 0) {
		memmove(in->bytes, in->bytes + in->at, in->end - in->at);
		in->end -= in->at;
		in->at = 0;
	}
	while (in->end < len) {
		ssize_t n;

		TRY(inbox_wait(fd, in));
		n = recv(fd, in->bytes + in->end, sizeof(in->bytes) - in->end, 0);
		if (n < 0 && errno == EINTR)
			continue;
		REQUIRE_WHY(n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK), ERR_UNAVAILABLE,
			"mohar-hsmd does not answer");
		REQUIRE_WHY(n > 0, ERR_IO, "mohar-hsmd closed the connection");
		in->end += (size_t)n;
	}
	return ERR_OK;
}

/* Looks for the answer before sleeping until it comes: to be woken takes longer than a quick HSM's signature is late. Only while no other call of this process is
 * under way, and only as long as answers do come in time. */
static void
answer_look(struct pool *p, int fd, struct inbox *in)
{
	const int luck = atomic_load_explicit(&p->luck, memory_order_relaxed);
	int64_t until;
	ssize_t n = -1;

	if (luck < 0)
		atomic_store_explicit(&p->luck, luck + 1, memory_order_relaxed);
	if (luck < -1)
		return;
	until = clock_ticks() + LOOK;
	while (n < 0 && clock_ticks() < until) {
		if (atomic_load_explicit(&under_way, memory_order_relaxed) > 1)
			return;
		n = recv(fd, in->bytes, sizeof(in->bytes), MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			return; /* the other way of reading tells */
		if (n < 0)
			(void)sched_yield();
	}
	in->end = n > 0 ? (size_t)n : 0;
	atomic_store_explicit(&p->luck,
		n >= 0 ? (luck < MAX_LUCK ? luck + 1 : luck) : (luck > BAD_LUCK ? luck - BAD_LUCK : NO_LUCK),
		memory_order_relaxed);
}

static enum err
frame_receive(int fd, struct inbox *in, const struct call *c, uint32_t id, struct writer *body, bool *more)
{
	struct frame_head head;

	TRY(inbox_fill(fd, in, FRAME_HEAD));
	TRY(frame_head_read(span_at(in->bytes, FRAME_HEAD), &head));
	/* Op 0, id 0: not our request but our connection is refused, before a byte of it was read. */
	REQUIRE((head.op == c->op && head.id == id) || (head.op == 0 && head.id == 0), ERR_MALFORMED);
	TRY(inbox_fill(fd, in, FRAME_HEAD + head.len));
	writer_bytes(body, span_at(in->bytes + FRAME_HEAD, head.len));
	in->at = FRAME_HEAD + head.len;
	*more = head.more;
	return writer_done(body);
}

/* Making a large RSA key takes an HSM many seconds; nothing else may. */
static bool
takes_long(uint8_t op)
{
	return op == OP_GENERATE;
}

static enum err
frames_receive(struct pool *p, int fd, const struct call *c, uint32_t id, struct writer *body)
{
	struct inbox in __attribute__((uninitialized)); /* zeroing 64 KiB would take longer than reading an answer */
	size_t most = 0;
	enum err e = ERR_OK;

	in.at = in.end = 0;
	in.wait_ms = takes_long(c->op) ? KEYRING_GENERATE_WAIT_MS : KEYRING_WAIT_MS;
	answer_look(p, fd, &in);
	for (bool more = true; e == ERR_OK && more;) {
		e = frame_receive(fd, &in, c, id, body, &more);
		most = in.end > most ? in.end : most;
	}
	explicit_bzero(in.bytes, most); /* it may have been a data key */
	/* Nobody asked for more than the answer. */
	return e == ERR_OK && in.at < in.end ? ERR_MALFORMED : e;
}

static enum err
exchange(struct pool *p, int fd, const struct call *c, struct span frames, uint32_t id, struct reply *out)
{
	enum err e;

	/* A refusal may come, and the connection go, before all of it is sent: then the answer still says why. */
	if (all_send(fd, frames) != ERR_OK)
		err_forget();
	atomic_fetch_add(&under_way, 1);
	e = frames_receive(p, fd, c, id, &out->body);
	atomic_fetch_sub(&under_way, 1);
	TRY(e);
	return reply_read(writer_span(&out->body), &out->fields);
}

static enum err
verdict(const struct reply *r)
{
	const struct span reason = r->fields.at[FIELD_REASON];
	const enum err e = code_error(r->fields.at[FIELD_CODE].ptr[0]);

	if (e == ERR_OK)
		return ERR_OK;
	return err_because(e, "%.*s", (int)(reason.len < 250 ? reason.len : 250), (const char *)reason.ptr);
}

/* *again: the connection was dead, which says nothing about the request. */
static enum err
attempt(struct pool *p, const struct call *c, struct span frames, uint32_t id, struct reply *out, bool *again)
{
	bool fresh;
	enum err e;
	int fd;

	*again = false;
	TRY(pool_take(p, c->once, &fd, &fresh));
	e = exchange(p, fd, c, frames, id, out);
	pool_give(p, fd, e == ERR_OK);
	if (e == ERR_OK)
		return ERR_OK;
	*again = e == ERR_IO;
	if (!fresh)
		pool_drop_idle(p);
	writer_reset(&out->body);
	return e == ERR_IO ? ERR_UNAVAILABLE
		: e == ERR_MALFORMED || e == ERR_TOO_LONG || e == ERR_UNSUPPORTED
		? err_because(ERR_UNAVAILABLE, "mohar-hsmd's answer is out of form")
		: e;
}

enum err
call_do(struct pool *p, const struct call *c, struct reply *out)
{
	AUTO(writer) frames = writer_new(MAX_MESSAGE + MAX_MESSAGE / 16);
	const uint32_t id = atomic_fetch_add(&next_id, 1);
	bool again;
	enum err e;

	*out = (struct reply){.body = writer_new(MAX_MESSAGE)};
	request_write(&frames, c, id);
	TRY(writer_done(&frames));
	e = attempt(p, c, writer_span(&frames), id, out, &again);
	if (again && !c->once)
		e = attempt(p, c, writer_span(&frames), id, out, &again);
	if (e == ERR_OK)
		e = verdict(out);
	if (e != ERR_OK)
		reply_free(out);
	return e;
}
