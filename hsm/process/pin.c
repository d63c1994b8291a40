#include "hsm/process/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "hsm/process/control.h"

/* The PIN's file must be ours alone: told before it is read. what: the setting it comes from. */
static enum err
file_open(const char *what, const char *path, int *out)
{
	struct stat st;
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	REQUIRE_WHY(fd >= 0, ERR_CONFIG, "%s %s: %s", what, path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
		(void)close(fd);
		return err_because(ERR_CONFIG,
			"%s %s must belong to mohar-hsmd's user (%ld) and be readable by nobody else: chown, chmod 600",
			what, path, (long)geteuid());
	}
	*out = fd;
	return ERR_OK;
}

/* systemd.exec(5) LoadCredential=: a folder that only the service's user can enter. systemd owns the files itself where it can give access by ACL, whose mask
 * then stands in the mode's group bits: so only "others" is looked at. */
static enum err
credential_open(const char *name, int *out)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_MAX];
	struct stat st;
	int fd;

	REQUIRE_WHY(folder != NULL && folder[0] == '/', ERR_CONFIG,
		"pin_credential %s: there is no CREDENTIALS_DIRECTORY; start by systemd with LoadCredential=%s:PATH",
		name, name);
	REQUIRE_WHY(strchr(name, '/') == NULL && name[0] != '.' && name[0] != '\0', ERR_CONFIG,
		"pin_credential '%s' is a credential's name, not a path", name);
	REQUIRE((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) < sizeof(path), ERR_TOO_LONG);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	REQUIRE_WHY(fd >= 0, ERR_CONFIG, "pin_credential %s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_uid != 0 && st.st_uid != geteuid()) ||
		(st.st_mode & 07) != 0) {
		(void)close(fd);
		return err_because(ERR_CONFIG,
			"pin_credential %s must belong to root or to mohar-hsmd's user, and be closed to others", path);
	}
	*out = fd;
	return ERR_OK;
}

/* Every signal that would end or stop us while the echo is off is held, so that the terminal is put right first. */
static void
signals_hold(sigset_t *held, sigset_t *before)
{
	static const int all[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGALRM, SIGPIPE};

	(void)sigemptyset(held);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		(void)sigaddset(held, all[i]);
	(void)sigprocmask(SIG_BLOCK, held, before);
}

/* One line straight into locked memory, or a signal. *got: its length without the newline. */
static enum err
line_read(int tty, int signals, struct secret *line, size_t *got)
{
	struct pollfd fds[] = {{.fd = tty, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
	ssize_t n;

	while (poll(fds, 2, -1) < 0)
		REQUIRE(errno == EINTR, ERR_IO);
	REQUIRE_WHY(fds[1].revents == 0, ERR_REFUSED, "the PIN's prompt was ended by a signal");
	n = read(tty, secret_bytes(line), secret_span(line).len);
	REQUIRE_WHY(n > 0, ERR_REFUSED, "no PIN was typed");
	REQUIRE_WHY(secret_bytes(line)[n - 1] == '\n', ERR_TOO_LONG, "a PIN of more than %d bytes", MAX_PIN);
	*got = (size_t)n - 1;
	return ERR_OK;
}

/* With the echo off; as it was afterwards, whatever came. The signals that came meanwhile strike once they are let go, by the caller. */
static enum err
tty_ask(int tty, const sigset_t *held, struct secret **out)
{
	const int signals = signalfd(-1, held, SFD_CLOEXEC | SFD_NONBLOCK);
	AUTO(secret) *line = NULL;
	struct termios before, quiet;
	size_t got = 0;
	enum err e;

	REQUIRE_WHY(signals >= 0 && tcgetattr(tty, &before) == 0, ERR_CONFIG, "--pin-prompt: not a terminal: %s",
		strerror(errno));
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	quiet.c_lflag |= ICANON | ISIG;
	(void)tcsetattr(tty, TCSAFLUSH, &quiet);
	(void)dprintf(tty, "PIN of the token: ");
	e = secret_new(MAX_PIN + 1, &line);
	if (e == ERR_OK)
		e = line_read(tty, signals, line, &got);
	(void)tcsetattr(tty, TCSAFLUSH, &before);
	(void)dprintf(tty, "\n");
	(void)close(signals);
	TRY(e);
	return secret_copy(span_at(secret_bytes(line), got), out);
}

static enum err
prompt(struct secret **out)
{
	const int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	sigset_t held, before;
	enum err e;

	REQUIRE_WHY(tty >= 0, ERR_CONFIG, "--pin-prompt: there is no terminal to ask on: %s", strerror(errno));
	signals_hold(&held, &before);
	e = tty_ask(tty, &held, out);
	(void)close(tty);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return e;
}

static enum err
open_any(const struct pin_source *source, const struct settings *s, int *fd)
{
	if (source->fd >= 0) {
		*fd = source->fd;
		return ERR_OK;
	}
	if (source->credential != NULL)
		return credential_open(source->credential, fd);
	REQUIRE_WHY(s->pin_file[0] == '\0' || s->pin_credential[0] == '\0', ERR_CONFIG,
		"pin_file and pin_credential are both set: keep one");
	if (s->pin_credential[0] != '\0')
		return credential_open(s->pin_credential, fd);
	REQUIRE_WHY(s->pin_file[0] != '\0', ERR_CONFIG,
		"where is the PIN? Set pin_credential or pin_file, or start with --pin-fd N, --pin-credential NAME or --pin-prompt");
	return file_open("pin_file", s->pin_file, fd);
}

enum err
pin_read(const struct pin_source *source, const struct settings *settings, struct secret **out)
{
	struct secret *pin = NULL;
	int fd = -1;

	if (source->prompt) {
		TRY(prompt(&pin));
	} else {
		TRY(open_any(source, settings, &fd));
		TRY(secret_read(fd, MAX_PIN, &pin));
	}
	if (secret_span(pin).len == 0) {
		secret_free(&pin);
		return err_because(ERR_CONFIG, "the PIN is empty");
	}
	*out = pin;
	return ERR_OK;
}
