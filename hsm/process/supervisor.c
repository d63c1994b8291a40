#include "hsm/process/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/start.h"
#include "hsm/process/control.h"
#include "hsm/socket/listener.h"
#include "hsm/settings.h"
#include "hsm/process/worker.h"
#include "sandbox/sandbox.h"

enum { FIRST_PAUSE_MS = 50, LONGER_MS = 25, LONGEST_PAUSE_MS = 5000, LIVED = 1000000 };
enum {
	STARTING_MS = 60000, /* that a worker may say nothing before it serves: a slow HSM's login, a long journal */
	SILENT_MS = 1000,    /* beside a request's deadline, once it does */
	LOOK_MS = 250,
};

/* What a worker has last said. */
struct silence {
	int64_t heard; /* ticks */
	bool serves;
};

struct supervisor {
	const char *mode, *config;
	struct settings settings;
	struct secret *pin;
	int listen_fd, signal_fd;
	pid_t worker;
	int control; /* our end */
	bool stopping;
	bool served; /* a worker has: what the next one lacks at its start may come back, as a token does */
};

/* In the child: its two descriptors under numbers of their own, then a fresh program: nothing of our memory goes along. */
static _Noreturn void
worker_exec(const struct supervisor *s, int control)
{
	char control_text[16], listen_text[16];
	sigset_t none;

	(void)snprintf(control_text, sizeof(control_text), "%d", control);
	(void)snprintf(listen_text, sizeof(listen_text), "%d", s->listen_fd);
	(void)fcntl(control, F_SETFD, 0);
	if (s->listen_fd >= 0)
		(void)fcntl(s->listen_fd, F_SETFD, 0);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)execl("/proc/self/exe", "mohar-hsmd", "worker", "--config", s->config, s->mode, control_text, listen_text,
		start_unprotected() ? "--unprotected" : (char *)NULL, (char *)NULL);
	_exit(WORKER_PERMANENT);
}

static enum err
worker_start(struct supervisor *s)
{
	int ends[2];

	REQUIRE_WHY(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, ERR_IO, "socketpair: %s",
		strerror(errno));
	s->worker = fork();
	if (s->worker == 0)
		worker_exec(s, ends[1]);
	(void)close(ends[1]);
	s->control = ends[0];
	REQUIRE_WHY(s->worker > 0, ERR_IO, "fork: %s", strerror(errno));
	return ERR_OK;
}

/* SIGTERM and SIGINT go on to the worker, which ends what it has begun. SIGCHLD is looked at by the caller. */
static void
signals_take(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo != SIGCHLD) {
			s->stopping = true;
			(void)kill(s->worker, SIGTERM);
		}
}

static enum err
word_take(struct supervisor *s, struct silence *w)
{
	uint8_t word;

	TRY(control_answer(s->control, s->pin, &word));
	w->heard = clock_ticks();
	w->serves = w->serves || word == CONTROL_SERVES;
	s->served = s->served || w->serves;
	return ERR_OK;
}

/* Has it said nothing for so long that it must be standing still? Only asked when there is nothing to read. */
static bool
is_silent(const struct supervisor *s, const struct silence *w)
{
	const int64_t most = w->serves ? s->settings.deadline_ms + SILENT_MS : STARTING_MS;

	return strcmp(s->mode, "serve") == 0 && clock_ticks() - w->heard > most * 1000;
}

/* Answers the worker until it is gone, and ends one that says nothing any more. */
static int
worker_wait(struct supervisor *s)
{
	struct silence w = {.heard = clock_ticks()};
	int status = 0;

	for (;;) {
		struct pollfd fds[] = {{.fd = s->signal_fd, .events = POLLIN}, {.fd = s->control, .events = POLLIN}};

		if (waitpid(s->worker, &status, WNOHANG) == s->worker)
			break;
		(void)poll(fds, 2, LOOK_MS);
		signals_take(s);
		if (fds[1].revents == 0 && is_silent(s, &w)) {
			log_error("supervisor", "the worker has not stirred for %lld ms: it is killed",
				(long long)(clock_ticks() - w.heard) / 1000);
			(void)kill(s->worker, SIGKILL);
			w.heard = clock_ticks();
		}
		if (fds[1].revents != 0 && word_take(s, &w) != ERR_OK) {
			/* Gone, or asking nonsense: nothing more is said on this line, and the signal tells the rest. */
			(void)close(s->control);
			s->control = -1;
		}
	}
	if (s->control >= 0)
		(void)close(s->control);
	s->control = -1;
	return status;
}

/* Sleeps, but not through a signal to stop. */
static void
pause_for(struct supervisor *s, int ms)
{
	struct pollfd p = {.fd = s->signal_fd, .events = POLLIN};

	if (poll(&p, 1, ms) > 0)
		signals_take(s);
}

static bool
is_final(const struct supervisor *s, int status)
{
	return s->stopping || strcmp(s->mode, "serve") != 0 ||
		(WIFEXITED(status) &&
			(WEXITSTATUS(status) == WORKER_DONE || WEXITSTATUS(status) == WORKER_PIN ||
				(WEXITSTATUS(status) == WORKER_PERMANENT && !s->served)));
}

static int
code_for(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == WORKER_DONE ? 0 : 1;
}

static enum err
supervise(struct supervisor *s, int *code)
{
	int pause = FIRST_PAUSE_MS, status;

	for (;;) {
		const int64_t born = clock_ticks();

		TRY(worker_start(s));
		status = worker_wait(s);
		if (clock_ticks() - born > LIVED)
			pause = FIRST_PAUSE_MS;
		if (is_final(s, status))
			break;
		if (WIFSIGNALED(status))
			log_error("supervisor", "the worker was killed by signal %d: starting another",
				WTERMSIG(status));
		else
			log_warn("supervisor", "the worker left (%d): starting another", WEXITSTATUS(status));
		pause_for(s, pause);
		if (s->stopping)
			break;
		/* Slowly: an HSM that was away for a moment is to be served a moment after it is back. */
		pause = pause + LONGER_MS > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : pause + LONGER_MS;
	}
	*code = s->stopping ? 0 : code_for(status);
	return ERR_OK;
}

static enum err
signals_watch(struct supervisor *s)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	REQUIRE_WHY(s->signal_fd >= 0, ERR_IO, "signalfd: %s", strerror(errno));
	return ERR_OK;
}

/* The PIN comes into it next. */
static enum err
memory_is_locked(void)
{
	const enum err e = secret_locked();

	if (e != ERR_UNAVAILABLE)
		return e;
	REQUIRE_WHY(start_unprotected(), ERR_CONFIG,
		"%s. Nothing is served without it, unless --unprotected stands on the command line", err_why());
	log_error("sandbox", "UNPROTECTED (--unprotected): %s: the PIN may be written to the swap", err_why());
	err_forget();
	return ERR_OK;
}

static enum err
run(struct supervisor *s, const struct pin_source *pin, int *code)
{
	TRY(sandbox_harden());
	TRY(memory_is_locked());
	TRY(settings_read(s->config, &s->settings));
	TRY(pin_read(pin, &s->settings, &s->pin));
	TRY(signals_watch(s));
	if (strcmp(s->mode, "serve") == 0)
		TRY(listener_open(s->settings.socket, &s->listen_fd));
	return supervise(s, code);
}

int
supervisor_run(const char *mode, const char *config, const struct pin_source *pin)
{
	struct supervisor s = {.mode = mode, .config = config, .listen_fd = -1, .control = -1};
	int code = 1;
	const enum err e = run(&s, pin, &code);

	if (s.listen_fd >= 0)
		listener_close(s.settings.socket, s.listen_fd);
	secret_free(&s.pin);
	settings_free(&s.settings);
	if (e != ERR_OK)
		(void)start_failed("start", e);
	return e == ERR_OK ? code : 1;
}
