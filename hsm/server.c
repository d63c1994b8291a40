#include "hsm/server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "hsm/operation.h"
#include "hsm/queue.h"

enum {
	MAX_CONNECTIONS = 512, /* well below the 1024 descriptors that a process usually may have */
	MAX_ACCEPTED = 64,     /* in one turn: strangers who come without end are not all that is heard */
	MAX_LARGE = 4,         /* objects of more than one frame that one user may have under way: 64 MiB */
	MAX_EVENTS = 64,
	TICK_MS = 1000,
	SLOW = 10 * 1000000,  /* ticks that a message may take to come in */
	STUCK = 30 * 1000000, /* ticks that one operation may take */
	DRAIN_MS = 5000,
	THREAD_STACK = 512 << 10,
};

struct server;

struct crew {
	struct server *server;
	struct session *session;
	_Atomic int64_t busy_since; /* ticks; 0: idle */
};

struct server {
	struct service *service;
	struct queue queue;
	int listen_fd, epoll_fd, signal_fd;
	struct crew *crew; /* settings.workers of them */
	atomic_int due;    /* enum server_end to leave with, -1: none */
	pthread_mutex_t lock;
	struct connection *connections; /* all of them, under lock */
	size_t count;
	struct shares shares; /* under lock */
};

static char listener_mark, signal_mark; /* told from connections by address in epoll's data */

/* Under the lock: its message is done with. */
static void
rest(struct connection *c)
{
	c->share->requests -= c->busy;
	c->busy = false;
	c->share->large -= c->large;
	c->large = false;
}

static void
drop(struct server *s, struct connection *c)
{
	(void)pthread_mutex_lock(&s->lock);
	if (c->previous != NULL)
		c->previous->next = c->next;
	else
		s->connections = c->next;
	if (c->next != NULL)
		c->next->previous = c->previous;
	s->count--;
	rest(c);
	c->share->connections--;
	(void)pthread_mutex_unlock(&s->lock);
	connection_free(&c);
}

/* False: its user has as many requests under way as one user may, workers and queue taken together. */
static bool
set_busy(struct server *s, struct connection *c)
{
	const size_t most = (size_t)s->service->settings.workers + share_most((size_t)s->service->settings.queue);

	(void)pthread_mutex_lock(&s->lock);
	c->busy = share_take(&c->share->requests, most);
	c->since = 0;
	(void)pthread_mutex_unlock(&s->lock);
	return c->busy;
}

/* False: its user has as many large objects under way as one user may. */
static bool
set_large(struct server *s, struct connection *c)
{
	if (c->large || !connection_is_large(c))
		return true;
	(void)pthread_mutex_lock(&s->lock);
	c->large = share_take(&c->share->large, MAX_LARGE);
	(void)pthread_mutex_unlock(&s->lock);
	return c->large;
}

/* Back to epoll: once the lock is free the connection belongs to the acceptor. since: when the message that is coming in began, 0 if none is. */
static void
arm(struct server *s, struct connection *c, int64_t since)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = c};
	bool armed;

	(void)pthread_mutex_lock(&s->lock);
	if (since == 0)
		rest(c);
	c->since = since;
	armed = epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, c->fd, &event) == 0;
	(void)pthread_mutex_unlock(&s->lock);
	if (!armed)
		drop(s, c);
}

static void
refuse(struct connection *c, enum err e, const char *why)
{
	AUTO(writer) reply = writer_new(1024);

	operation_refuse(e, why, &reply);
	if (writer_done(&reply) != ERR_OK || connection_reply(c, writer_span(&reply)) != ERR_OK)
		err_forget();
}

/* ---- the crew ---- */

static void
work(struct server *s, struct crew *crew, struct connection *c)
{
	AUTO(writer) reply = writer_new(MAX_MESSAGE);
	const struct request r = {.uid = c->uid,
		.op = c->frame.op,
		.body = writer_span(&c->body),
		.arrived = c->arrived,
		.arrived_ticks = c->arrived_ticks};
	const int64_t waited = clock_ticks() - c->arrived_ticks;

	if (waited > s->service->settings.deadline_ms * 1000)
		operation_refuse(ERR_UNAVAILABLE, "mohar-hsmd is busy: the request waited too long", &reply);
	else
		operation_run(s->service, crew->session, &r, &reply);
	if (writer_done(&reply) != ERR_OK || connection_reply(c, writer_span(&reply)) != ERR_OK) {
		err_forget();
		drop(s, c);
		return;
	}
	arm(s, c, 0);
}

static void *
crew_main(void *argument)
{
	struct crew *crew = argument;
	struct server *s = crew->server;
	const int64_t limit = s->service->settings.recycle_after;

	for (;;) {
		struct connection *c = queue_take(&s->queue);

		atomic_fetch_sub(&s->service->waiting, 1);
		atomic_store(&crew->busy_since, clock_ticks());
		work(s, crew, c);
		atomic_store(&crew->busy_since, 0);
		if ((limit > 0 && atomic_load(&s->service->unwraps) >= (unsigned long long)limit) ||
			record_is_used_up(&s->service->records) || atomic_load(&s->service->replace))
			atomic_store(&s->due, SERVER_RECYCLE);
	}
	return NULL;
}

/* ---- the acceptor ---- */

static void
enqueue(struct server *s, struct connection *c)
{
	const struct clock clock = clock_system();

	c->arrived = clock_now(&clock);
	if (!set_busy(s, c)) {
		refuse(c, ERR_UNAVAILABLE, "mohar-hsmd is busy: this user has many requests under way");
		arm(s, c, 0);
		return;
	}
	atomic_fetch_add(&s->service->waiting, 1);
	if (queue_put(&s->queue, c))
		return;
	atomic_fetch_sub(&s->service->waiting, 1);
	refuse(c, ERR_UNAVAILABLE, "mohar-hsmd is busy: its queue is full");
	arm(s, c, 0);
}

static enum connection_event
read_some(struct server *s, struct connection *c, enum err *e)
{
	const enum connection_event event = connection_read(c, e);

	if ((event != CONNECTION_MESSAGE && event != CONNECTION_WAIT) || set_large(s, c))
		return event;
	*e = err_because(ERR_UNAVAILABLE, "more than %d large objects of one user at once", MAX_LARGE);
	return CONNECTION_BAD;
}

static void
readable(struct server *s, struct connection *c)
{
	enum err e = ERR_OK;

	/* Whoever armed it held this lock: what they wrote is seen here. */
	(void)pthread_mutex_lock(&s->lock);
	(void)pthread_mutex_unlock(&s->lock);
	switch (read_some(s, c, &e)) {
	case CONNECTION_MESSAGE:
		enqueue(s, c);
		return;
	case CONNECTION_WAIT:
		arm(s, c, c->since != 0 ? c->since : clock_ticks());
		return;
	case CONNECTION_BAD:
		refuse(c, e, err_why());
		log_refusal("frame", e, "");
		drop(s, c);
		return;
	case CONNECTION_CLOSED:
	default:
		drop(s, c);
	}
}

static void
adopt(struct server *s, struct connection *c)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = c};

	(void)pthread_mutex_lock(&s->lock);
	c->next = s->connections;
	if (c->next != NULL)
		c->next->previous = c;
	s->connections = c;
	s->count++;
	(void)pthread_mutex_unlock(&s->lock);
	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, c->fd, &event) != 0)
		drop(s, c);
}

/* NULL: it may come in. */
static const char *
no_room(struct server *s, struct connection *c)
{
	const char *why = NULL;

	if (policy_callers(&s->service->policy, c->uid) == 0)
		return "this user is no caller in keys.json";
	(void)pthread_mutex_lock(&s->lock);
	c->share = share_of(&s->shares, c->uid);
	if (s->count >= MAX_CONNECTIONS || c->share == NULL)
		why = "mohar-hsmd has too many connections";
	else if (!share_take(&c->share->connections, share_most(MAX_CONNECTIONS)))
		why = "this user has too many connections";
	(void)pthread_mutex_unlock(&s->lock);
	return why;
}

static void
accept_one(struct server *s, int fd)
{
	struct connection *c;
	const char *why;

	if (connection_new(fd, &c) != ERR_OK) {
		(void)close(fd);
		return;
	}
	why = no_room(s, c);
	if (why == NULL) {
		adopt(s, c);
		return;
	}
	refuse(c, policy_callers(&s->service->policy, c->uid) == 0 ? ERR_REFUSED : ERR_UNAVAILABLE, why);
	log_warn("socket", "refused uid=%ld: %s", (long)c->uid, why);
	connection_free(&c);
}

static void
accept_some(struct server *s)
{
	for (int i = 0; i < MAX_ACCEPTED; i++) {
		/* cppcheck-suppress nullPointer ; accept4 takes NULL where nobody asks for the address */
		const int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		accept_one(s, fd);
	}
}

/* A peer that began a message and does not end it keeps a connection from others. */
static void
sweep(struct server *s)
{
	const int64_t now = clock_ticks();

	(void)pthread_mutex_lock(&s->lock);
	for (struct connection *c = s->connections; c != NULL; c = c->next)
		if (!c->busy && c->since != 0 && now - c->since > SLOW && (c->head_len > 0 || c->continued))
			(void)shutdown(c->fd, SHUT_RDWR); /* epoll then tells, and the usual way closes it */
	(void)pthread_mutex_unlock(&s->lock);
}

static bool
stuck(struct server *s)
{
	const int64_t now = clock_ticks();

	for (int64_t i = 0; i < s->service->settings.workers; i++) {
		const int64_t since = atomic_load(&s->crew[i].busy_since);

		if (since != 0 && now - since > STUCK)
			return true;
	}
	return false;
}

static void
turn(struct server *s)
{
	struct epoll_event events[MAX_EVENTS];
	const int n = epoll_wait(s->epoll_fd, events, MAX_EVENTS, TICK_MS);

	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr == &listener_mark)
			accept_some(s);
		else if (events[i].data.ptr == &signal_mark)
			atomic_store(&s->due, SERVER_STOPPED);
		else
			readable(s, events[i].data.ptr);
	}
	sweep(s);
	if (stuck(s))
		atomic_store(&s->due, SERVER_STUCK);
}

/* No more is read; what has been read is answered. */
static void
drain(struct server *s)
{
	const int64_t until = clock_ticks() + DRAIN_MS * 1000;
	const struct timespec pause = {0, 1000000};
	bool busy = true;

	while (busy && clock_ticks() < until) {
		(void)pthread_mutex_lock(&s->lock);
		busy = false;
		for (struct connection *c = s->connections; c != NULL; c = c->next)
			busy = busy || c->busy;
		(void)pthread_mutex_unlock(&s->lock);
		if (busy)
			(void)nanosleep(&pause, NULL);
	}
}

static enum err
crew_start(struct server *s, struct session *sessions)
{
	const size_t count = (size_t)s->service->settings.workers;
	pthread_attr_t attributes;
	pthread_t thread;
	int failed = pthread_attr_init(&attributes);

	s->crew = calloc(count, sizeof(*s->crew));
	REQUIRE(s->crew != NULL, ERR_NO_MEMORY);
	failed |= pthread_attr_setstacksize(&attributes, THREAD_STACK);
	failed |= pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	for (size_t i = 0; i < count && failed == 0; i++) {
		s->crew[i].server = s;
		s->crew[i].session = &sessions[i];
		failed = pthread_create(&thread, &attributes, crew_main, &s->crew[i]);
	}
	REQUIRE_WHY(failed == 0, ERR_UNAVAILABLE, "starting threads: %s", strerror(failed));
	return ERR_OK;
}

static enum err
watch(struct server *s)
{
	struct epoll_event listener = {.events = EPOLLIN, .data.ptr = &listener_mark};
	struct epoll_event signals = {.events = EPOLLIN, .data.ptr = &signal_mark};
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	REQUIRE_WHY(s->signal_fd >= 0 && s->epoll_fd >= 0, ERR_IO, "epoll: %s", strerror(errno));
	REQUIRE_WHY(epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->listen_fd, &listener) == 0 &&
			epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->signal_fd, &signals) == 0,
		ERR_IO, "epoll: %s", strerror(errno));
	return ERR_OK;
}

enum err
server_run(struct service *service, struct session *sessions, int listen_fd, enum server_end *end)
{
	static struct server server; /* its threads outlive this call, until _exit */
	struct server *s = &server;

	s->service = service;
	s->listen_fd = listen_fd;
	atomic_init(&s->due, -1);
	(void)pthread_mutex_init(&s->lock, NULL);
	TRY(queue_init(&s->queue, (size_t)service->settings.queue));
	TRY(watch(s));
	TRY(crew_start(s, sessions));
	while (atomic_load(&s->due) < 0)
		turn(s);
	*end = (enum server_end)atomic_load(&s->due);
	drain(s);
	return ERR_OK;
}
