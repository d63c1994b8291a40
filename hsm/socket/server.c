#include "hsm/socket/server.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "hsm/socket/crew.h"
#include "hsm/operation.h"
#include "hsm/process/control.h"

enum {
	MAX_ACCEPTED = 64, /* in one turn: strangers who come without end are not all that is heard */
	MAX_EVENTS = 4,
	TICK_MS = 1000,
	TICKS_A_DEADLINE = 8, /* requests are given up that much before their time, so that nobody waits longer */
	SLOW = 10 * 1000000,  /* ticks that a message may take to come in */
	STUCK = 30 * 1000000, /* ticks that one operation may take */
	STALLED = 2,          /* deadlines that all of them together may be stuck for */
	DRAIN_MS = 5000,
};

struct server {
	struct service *service;
	struct peers peers;
	struct crew crew;
	int listen_fd, signal_fd, door_fd; /* door: epoll over the other two and the crew's alert */
	bool stopping;
};

static void
refuse(struct connection *c, enum err e, const char *why)
{
	AUTO(writer) reply = writer_new(1024);

	operation_refuse(e, why, &reply);
	if (writer_done(&reply) != ERR_OK || connection_reply(c, writer_span(&reply)) != ERR_OK)
		err_forget();
}

static void
accept_one(struct server *s, int fd)
{
	struct connection *c;
	const char *why;
	bool stranger;

	if (connection_new(fd, &c) != ERR_OK) {
		(void)close(fd);
		return;
	}
	stranger = policy_callers(&s->service->policy, c->uid) == 0;
	why = stranger ? "this user is no caller in keys.json" : peers_admit(&s->peers, c);
	if (why == NULL)
		return;
	refuse(c, stranger ? ERR_REFUSED : ERR_UNAVAILABLE, why);
	if (hush_may(&s->service->hush, "socket", stranger ? HUSH_STRANGERS : (long)c->uid, clock_ticks()))
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

static void
turn(struct server *s)
{
	struct epoll_event events[MAX_EVENTS];
	const int64_t deadline = s->service->settings.deadline_ms, tick = 1 + deadline / TICKS_A_DEADLINE;
	const int n = epoll_wait(s->door_fd, events, MAX_EVENTS, tick < TICK_MS ? (int)tick : TICK_MS);

	for (int i = 0; i < n; i++) {
		if (events[i].data.fd == s->listen_fd)
			accept_some(s);
		s->stopping = s->stopping || events[i].data.fd == s->signal_fd;
	}
	control_beat(s->service->control, CONTROL_SERVES);
	crew_relieve(&s->crew);
	crew_give_up(&s->crew, clock_ticks() - (deadline - (tick < deadline ? tick : 0)) * 1000);
	peers_sweep(&s->peers, clock_ticks(), SLOW);
	(void)hush_tell(&s->service->hush, clock_ticks());
}

/* Why to end; false: go on. */
static bool
over(struct server *s, enum server_end *end)
{
	const int64_t now = clock_ticks();

	if (crew_is_stalled(&s->crew, now - STALLED * 1000 * s->service->settings.deadline_ms))
		atomic_store(&s->service->broken, true);
	if (s->stopping)
		*end = SERVER_STOPPED;
	else if (crew_longest(&s->crew, now) > STUCK || atomic_load(&s->service->broken))
		*end = SERVER_STUCK;
	else if (atomic_load(&s->service->replace))
		*end = SERVER_RECYCLE;
	else
		return false;
	return true;
}

/* No more is begun; what has been begun is answered. */
static void
drain(struct server *s)
{
	const int64_t until = clock_ticks() + DRAIN_MS * 1000;
	const struct timespec pause = {0, 1000000};

	atomic_store(&s->crew.stopped, true);
	while (peers_busy(&s->peers) && clock_ticks() < until) {
		control_beat(s->service->control, CONTROL_SERVES);
		(void)nanosleep(&pause, NULL);
	}
}

static enum err
watch_one(struct server *s, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	REQUIRE_WHY(fd >= 0 && epoll_ctl(s->door_fd, EPOLL_CTL_ADD, fd, &event) == 0, ERR_IO, "epoll: %s",
		strerror(errno));
	return ERR_OK;
}

static enum err
watch(struct server *s)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	s->door_fd = epoll_create1(EPOLL_CLOEXEC);
	REQUIRE_WHY(s->door_fd >= 0, ERR_IO, "epoll: %s", strerror(errno));
	TRY(watch_one(s, s->listen_fd));
	TRY(watch_one(s, s->signal_fd));
	return watch_one(s, s->crew.alert_fd);
}

enum err
server_run(struct service *service, struct session *sessions, int listen_fd, enum server_end *end)
{
	static struct server server; /* its threads outlive this call, until _exit */
	struct server *s = &server;
	const size_t workers = (size_t)service->settings.workers, queue = (size_t)service->settings.queue;

	s->service = service;
	s->listen_fd = listen_fd;
	TRY(peers_init(&s->peers, policy_users(&service->policy), workers + queue, workers + share_most(queue)));
	TRY(crew_start(&s->crew, service, &s->peers, sessions));
	TRY(watch(s));
	while (!over(s, end))
		turn(s);
	if (!atomic_load(&service->broken)) /* else nothing that is under way will come to an end */
		drain(s);
	return ERR_OK;
}
