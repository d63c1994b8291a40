#include "base/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

/* Every signal that would end or stop us while the echo is off is held, so that the terminal is put right first. */
static void
signals_hold(sigset_t *held, sigset_t *before)
{
	static const int all[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGALRM, SIGPIPE};

	(void)sigemptyset(held);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		(void)sigaddset(held, all[i]);
	(void)pthread_sigmask(SIG_BLOCK, held, before);
}

/* One line straight into locked memory, or a signal. *got: its length without the newline. */
static enum err
line_read(int tty, int signals, size_t max, struct secret *line, size_t *got)
{
	struct pollfd fds[] = {{.fd = tty, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
	ssize_t n;

	while (poll(fds, 2, -1) < 0)
		REQUIRE(errno == EINTR, ERR_IO);
	REQUIRE_WHY(fds[1].revents == 0, ERR_REFUSED, "the prompt was ended by a signal");
	n = read(tty, secret_bytes(line), secret_span(line).len);
	REQUIRE_WHY(n > 0, ERR_REFUSED, "nothing was typed");
	REQUIRE_WHY(secret_bytes(line)[n - 1] == '\n', ERR_TOO_LONG, "more than %zu bytes were typed", max);
	*got = (size_t)n - 1;
	return ERR_OK;
}

/* With the echo off; as it was afterwards, whatever came. The signals that came meanwhile strike once they are let go, by the caller. */
static enum err
tty_ask(int tty, const sigset_t *held, const char *what, size_t max, struct secret **out)
{
	const int signals = signalfd(-1, held, SFD_CLOEXEC | SFD_NONBLOCK);
	AUTO(secret) *line = NULL;
	struct termios before, quiet;
	size_t got = 0;
	enum err e;

	REQUIRE_WHY(signals >= 0 && tcgetattr(tty, &before) == 0, ERR_NOT_FOUND, "not a terminal: %s", strerror(errno));
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	quiet.c_lflag |= ICANON | ISIG;
	(void)tcsetattr(tty, TCSAFLUSH, &quiet);
	(void)dprintf(tty, "%s: ", what);
	e = secret_new(max + 1, &line);
	if (e == ERR_OK)
		e = line_read(tty, signals, max, line, &got);
	(void)tcsetattr(tty, TCSAFLUSH, &before);
	(void)dprintf(tty, "\n");
	(void)close(signals);
	TRY(e);
	return secret_copy(span_at(secret_bytes(line), got), out);
}

enum err
prompt_secret(const char *what, size_t max, struct secret **out)
{
	const int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	sigset_t held, before;
	enum err e;

	REQUIRE_WHY(tty >= 0, ERR_NOT_FOUND, "there is no terminal to ask on: %s", strerror(errno));
	signals_hold(&held, &before);
	e = tty_ask(tty, &held, what, max, out);
	(void)close(tty);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return e;
}
