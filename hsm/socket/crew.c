#include "hsm/socket/crew.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "hsm/operation.h"
#include "hsm/process/recycle.h"

enum {
	MAX_EVENTS = 64,
	THREAD_STACK = 512 << 10,
	SLOW = 1000, /* ticks inside one operation, from which on the HSM is waited for */
	STAY = 60,   /* ticks with a peer that was answered */
	MAX_LUCK = 8,
	BAD_LUCK = 4,  /* what staying in vain takes from it */
	NO_LUCK = -64, /* tried again after so many answers */
};

struct hand {
	struct crew *crew;
	size_t number;
	struct session *session;
	_Atomic int64_t busy_since; /* ticks; 0: idle */
	atomic_bool patient;        /* at an operation that is waited for */
	pthread_mutex_t lock;       /* of the next two */
	struct connection *doing; /* what is not answered yet, and may be given up by the server's thread; else NULL */
	int64_t arrived;          /* ticks */
};

static char wake_mark; /* told from connections by its address in epoll's data */

static void
event_set(int fd)
{
	const uint64_t one = 1;

	(void)!write(fd, &one, sizeof(one)); /* it fails only when it is set beyond counting */
}

static void
event_clear(int fd)
{
	uint64_t count;

	(void)!read(fd, &count, sizeof(count));
}

/* False: it could not be told, and is gone. */
static bool
tell(struct crew *crew, struct connection *c, struct writer *reply)
{
	if (writer_done(reply) == ERR_OK && connection_reply(c, writer_span(reply)) == ERR_OK)
		return true;
	err_forget();
	peers_drop(crew->peers, c);
	return false;
}

static void
answer(struct crew *crew, struct connection *c, struct writer *reply)
{
	if (tell(crew, c, reply))
		peers_wait(crew->peers, c, 0);
}

static void
refuse(struct crew *crew, struct connection *c, enum err e, const char *why)
{
	AUTO(writer) reply = writer_new(1024);

	operation_refuse(e, why, &reply);
	answer(crew, c, &reply);
}

/* ---- reading ---- */

static enum connection_event
read_some(struct crew *crew, struct connection *c, enum err *e)
{
	const enum connection_event event = connection_read(c, e);

	if ((event != CONNECTION_MESSAGE && event != CONNECTION_WAIT) || peers_large(crew->peers, c))
		return event;
	*e = err_because(ERR_UNAVAILABLE, "more than %d large objects of one user at once", MAX_LARGE);
	return CONNECTION_BAD;
}

/* A message out of form: told why, and closed. */
static void
reject(struct crew *crew, struct connection *c, enum err e)
{
	AUTO(writer) reply = writer_new(1024);

	operation_refuse(e, err_why(), &reply);
	if (hush_may(&crew->service->hush, "frame", (long)c->uid, clock_ticks()))
		log_refusal("frame", e, "");
	err_forget();
	if (writer_done(&reply) != ERR_OK || connection_reply(c, writer_span(&reply)) != ERR_OK)
		err_forget();
	peers_drop(crew->peers, c);
}

/* What was read is dealt with. True: the message is whole and may be done, c is the caller's. Else c is taken care of. */
static bool
message_take(struct crew *crew, struct connection *c, enum connection_event event, enum err e)
{
	const struct clock clock = clock_system();

	switch (event) {
	case CONNECTION_MESSAGE:
		break;
	case CONNECTION_WAIT:
		peers_wait(crew->peers, c, !connection_has_begun(c) ? 0 : c->since != 0 ? c->since : clock_ticks());
		return false;
	case CONNECTION_BAD:
		reject(crew, c, e);
		return false;
	case CONNECTION_CLOSED:
	default:
		peers_drop(crew->peers, c);
		return false;
	}
	c->arrived = clock_now(&clock);
	if (peers_begin(crew->peers, c))
		return true;
	refuse(crew, c, ERR_UNAVAILABLE, "mohar-hsmd is busy: this user has many requests under way");
	return false;
}

/* Reads what a peer has sent. As message_take. */
static bool
message(struct crew *crew, struct connection *c)
{
	enum err e = ERR_OK;
	enum connection_event event;

	peers_see(crew->peers);
	event = read_some(crew, c, &e);
	return message_take(crew, c, event, e);
}

/* ---- staying ---- */

/* May this thread be spared for the one peer? Another waits for all, and this peer's next messages have come at once so far. */
static bool
may_stay(struct crew *crew, struct connection *c)
{
	if (c->luck < 0 && ++c->luck < 0)
		return false;
	return atomic_load(&crew->idle) > 0 && !atomic_load(&crew->stopped) && !connection_is_large(c);
}

/* A little longer with a peer that was answered: to be woken costs more than to look. NULL: c is back with the others, or gone. */
static struct connection *
stay(struct crew *crew, struct connection *c)
{
	enum connection_event event = CONNECTION_WAIT;
	enum err e = ERR_OK;
	int64_t until;

	if (!may_stay(crew, c)) {
		peers_wait(crew->peers, c, 0);
		return NULL;
	}
	peers_rest(crew->peers, c);
	until = clock_ticks() + STAY;
	while (event == CONNECTION_WAIT && clock_ticks() < until && atomic_load(&crew->idle) > 0) {
		(void)sched_yield();
		event = read_some(crew, c, &e);
	}
	if (event == CONNECTION_MESSAGE)
		c->luck += c->luck < MAX_LUCK;
	else
		c->luck = c->luck > BAD_LUCK ? c->luck - BAD_LUCK : NO_LUCK;
	return message_take(crew, c, event, e) ? c : NULL;
}

/* ---- doing ---- */

/* Making a large key takes an HSM many seconds, and what custodians approve is done once: these are waited for. */
static bool
is_patient(uint8_t op)
{
	return op == OP_GENERATE || op == OP_APPROVE;
}

static void
doing_set(struct hand *h, struct connection *c)
{
	(void)pthread_mutex_lock(&h->lock);
	h->doing = is_patient(c->frame.op) ? NULL : c;
	h->arrived = c->arrived_ticks;
	(void)pthread_mutex_unlock(&h->lock);
}

/* False: the server's thread has answered in our place, and hung up. */
static bool
doing_take(struct hand *h, const struct connection *c)
{
	bool ours;

	(void)pthread_mutex_lock(&h->lock);
	ours = h->doing != NULL || is_patient(c->frame.op);
	h->doing = NULL;
	(void)pthread_mutex_unlock(&h->lock);
	return ours;
}

/* True: it is done and answered, and c is still ours. */
static bool
work(struct hand *h, struct connection *c)
{
	AUTO(writer) reply = writer_new(MAX_MESSAGE);
	struct crew *crew = h->crew;
	const struct request r = {.uid = c->uid,
		.op = c->frame.op,
		.body = writer_span(&c->body),
		.arrived = c->arrived,
		.arrived_ticks = c->arrived_ticks};
	const int64_t now = clock_ticks();
	bool told = false;

	atomic_store(&h->patient, is_patient(c->frame.op));
	atomic_store(&h->busy_since, now);
	doing_set(h, c);
	if (now - c->arrived_ticks > crew->service->settings.deadline_ms * 1000) {
		operation_refuse(ERR_UNAVAILABLE, "mohar-hsmd is busy: the request waited too long", &reply);
	} else {
		token_enter(crew->service->token);
		operation_run(crew->service, h->session, &r, &reply);
		token_leave(crew->service->token);
	}
	if (doing_take(h, c))
		told = tell(crew, c, &reply);
	else
		peers_drop(crew->peers, c);
	atomic_store(&h->busy_since, 0);
	return told;
}

static void
recycle(struct hand *h)
{
	atomic_store(&h->busy_since, clock_ticks());
	if (recycle_is_due(h->crew->service))
		recycle_run(h->crew->service, h->session);
	else
		recycle_mend(h->crew->service);
	atomic_store(&h->busy_since, 0);
}

/* Waiting. Counted before the queue is looked at once more, and the server looks at the count after it has put something there: one of the two sees
 * the other, so nothing stays in the queue while hands wait. */
static struct connection *
wait_for_one(struct crew *crew)
{
	struct connection *c;
	struct epoll_event event;
	int n = 0;

	atomic_fetch_add(&crew->idle, 1);
	c = queue_take(&crew->queue);
	if (c == NULL)
		n = epoll_wait(crew->peers->epoll_fd, &event, 1, -1);
	if (atomic_fetch_sub(&crew->idle, 1) == 1 && !atomic_exchange(&crew->alerted, true))
		event_set(crew->alert_fd);
	if (c != NULL)
		atomic_fetch_sub(&crew->service->waiting, 1);
	if (n == 1 && event.data.ptr == &wake_mark)
		event_clear(crew->wake_fd);
	else if (n == 1 && !atomic_load(&crew->stopped))
		c = message(crew, event.data.ptr) ? event.data.ptr : NULL;
	return c;
}

static void *
hand_main(void *argument)
{
	struct hand *h = argument;
	struct crew *crew = h->crew;

	for (struct connection *c = NULL;;) {
		bool told;

		if (c == NULL) {
			reserve_wait(&crew->reserve, h->number);
			c = wait_for_one(crew);
		}
		if (c == NULL)
			continue;
		told = work(h, c);
		recycle(h);
		if (record_is_used_up(&crew->service->records))
			atomic_store(&crew->service->replace, true);
		c = told ? stay(crew, c) : NULL;
	}
	return NULL;
}

/* ---- for the server's thread ---- */

static void
enqueue(struct crew *crew, struct connection *c)
{
	atomic_fetch_add(&crew->service->waiting, 1);
	if (queue_put(&crew->queue, c)) {
		if (atomic_load(&crew->idle) > 0)
			event_set(crew->wake_fd);
		return;
	}
	atomic_fetch_sub(&crew->service->waiting, 1);
	refuse(crew, c, ERR_UNAVAILABLE, "mohar-hsmd is busy: its queue is full");
}

/* False: a hand waits again, and whoever next finds that none does will tell. */
static bool
needed(struct crew *crew)
{
	if (atomic_load(&crew->idle) == 0)
		return true;
	event_clear(crew->alert_fd);
	atomic_store(&crew->alerted, false);
	if (atomic_load(&crew->idle) > 0)
		return false;
	atomic_store(&crew->alerted, true);
	event_set(crew->alert_fd);
	return true;
}

/* Have as many as suffice for a quick HSM been inside an operation for a while? Then the HSM is waited for, not the processor. */
static bool
is_slow(const struct crew *crew, int64_t now)
{
	size_t slow = 0;

	for (int64_t i = 0; i < crew->service->settings.workers; i++) {
		const int64_t since = atomic_load(&crew->hands[i].busy_since);

		slow += since != 0 && now - since >= SLOW;
	}
	return slow >= crew->reserve.few;
}

void
crew_relieve(struct crew *crew)
{
	const struct timespec grace = {0, 1000000}; /* most are back sooner, and then read for themselves */
	const int64_t now = clock_ticks();
	struct epoll_event events[MAX_EVENTS];
	int n;

	reserve_tell(&crew->reserve, is_slow(crew, now), now);
	if (!needed(crew))
		return;
	(void)nanosleep(&grace, NULL);
	if (!needed(crew) || atomic_load(&crew->stopped))
		return;
	if (is_slow(crew, clock_ticks()) && reserve_call(&crew->reserve, now))
		return; /* they read for themselves */
	n = epoll_wait(crew->peers->epoll_fd, events, MAX_EVENTS, 0);
	for (int i = 0; i < n; i++)
		if (events[i].data.ptr != &wake_mark && message(crew, events[i].data.ptr))
			enqueue(crew, events[i].data.ptr);
}

/* A call that hangs takes its request along; its client is told all the same. */
static void
give_up(struct hand *h, int64_t before)
{
	(void)pthread_mutex_lock(&h->lock);
	if (h->doing != NULL && h->arrived < before) {
		AUTO(writer) reply = writer_new(1024);

		operation_refuse(ERR_UNAVAILABLE, "the HSM does not answer in time", &reply);
		if (writer_done(&reply) == ERR_OK)
			connection_give_up(h->doing, writer_span(&reply));
		log_warn("crew", "%s: the HSM has not answered in time", op_name(h->doing->frame.op));
		h->doing = NULL;
	}
	(void)pthread_mutex_unlock(&h->lock);
}

void
crew_give_up(struct crew *crew, int64_t before)
{
	struct connection *c;

	for (int64_t i = 0; i < crew->service->settings.workers; i++)
		give_up(&crew->hands[i], before);
	while ((c = queue_take_older(&crew->queue, before)) != NULL) {
		atomic_fetch_sub(&crew->service->waiting, 1);
		refuse(crew, c, ERR_UNAVAILABLE, "mohar-hsmd is busy: the request waited too long");
	}
}

bool
crew_is_stalled(const struct crew *crew, int64_t before)
{
	for (int64_t i = 0; i < crew->service->settings.workers; i++) {
		const int64_t since = atomic_load(&crew->hands[i].busy_since);

		if (since == 0 || since >= before || atomic_load(&crew->hands[i].patient))
			return false;
	}
	return true;
}

int64_t
crew_longest(const struct crew *crew, int64_t now)
{
	int64_t longest = 0;

	for (int64_t i = 0; i < crew->service->settings.workers; i++) {
		const int64_t since = atomic_load(&crew->hands[i].busy_since);

		if (since != 0 && now - since > longest)
			longest = now - since;
	}
	return longest;
}

static enum err
threads_start(struct crew *c, struct session *sessions)
{
	const size_t count = (size_t)c->service->settings.workers;
	pthread_attr_t attributes;
	pthread_t thread;
	int failed = pthread_attr_init(&attributes);

	c->hands = calloc(count, sizeof(*c->hands));
	REQUIRE(c->hands != NULL, ERR_NO_MEMORY);
	failed |= pthread_attr_setstacksize(&attributes, THREAD_STACK);
	failed |= pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	for (size_t i = 0; i < count && failed == 0; i++) {
		c->hands[i].crew = c;
		c->hands[i].number = i;
		(void)pthread_mutex_init(&c->hands[i].lock, NULL);
		c->hands[i].session = &sessions[i];
		failed = pthread_create(&thread, &attributes, hand_main, &c->hands[i]);
	}
	REQUIRE_WHY(failed == 0, ERR_UNAVAILABLE, "starting threads: %s", strerror(failed));
	return ERR_OK;
}

enum err
crew_start(struct crew *c, struct service *s, struct peers *p, struct session *sessions)
{
	struct epoll_event wake = {.events = EPOLLIN, .data.ptr = &wake_mark};

	*c = (struct crew){.service = s, .peers = p};
	queue_init(&c->queue, (size_t)s->settings.queue);
	reserve_init(&c->reserve, (size_t)s->settings.workers);
	c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->alert_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	REQUIRE_WHY(c->wake_fd >= 0 && c->alert_fd >= 0, ERR_IO, "eventfd: %s", strerror(errno));
	REQUIRE_WHY(epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, c->wake_fd, &wake) == 0, ERR_IO, "epoll: %s",
		strerror(errno));
	return threads_start(c, sessions);
}
