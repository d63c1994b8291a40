#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

#include "base/file.h"

/* Where the PIN may come from, and where not. */
static int
set_up(void **state)
{
	*state = rig_new();
	return 0;
}

static int
tear_down(void **state)
{
	struct rig *r = *state;

	(void)unsetenv("CREDENTIALS_DIRECTORY");
	rig_free(&r);
	return 0;
}

/* The PIN's file as the credential "pin" of a folder like systemd's. */
static void
credential(struct rig *r, mode_t mode)
{
	char from[128], folder[128], to[160];

	rig_path(r, "pin", from);
	rig_path(r, "credentials", folder);
	(void)snprintf(to, sizeof(to), "%s/pin", folder);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(chmod(to, mode), 0);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
}

/* In the child: the program with these words; never returns. */
static _Noreturn void
become(struct rig *r, const char *mode, const char *word, const char *value)
{
	const char *build = getenv("MOHAR_BUILD");
	char exe[512], config[128];

	(void)snprintf(exe, sizeof(exe), "%s/bin/mohar-hsmd", build == NULL ? "build" : build);
	rig_path(r, "hsmd.conf", config);
	(void)execl(exe, exe, mode, "--config", config, word, value, (char *)NULL);
	_exit(127);
}

static int
run(struct rig *r, const char *mode, const char *word, const char *value)
{
	const pid_t child = fork();
	int status;

	if (child == 0) {
		const int fd = open(r->log, O_WRONLY | O_APPEND | O_CREAT, 0644);

		(void)dup2(fd, STDERR_FILENO);
		become(r, mode, word, value);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

CASE(a_credential_by_setting_or_by_word_is_the_pin)
{
	struct rig *r = rig_of(state);

	credential(r, 0400);
	rig_set(r, "pin_file", NULL);
	assert_int_equal(run(r, "genesis", "--pin-credential", "pin"), 0);
	rig_set(r, "pin_credential", "pin");
	assert_int_equal(run(r, "check", NULL, NULL), 0);
}

CASE(a_credential_that_others_read_or_that_is_a_path_is_refused)
{
	struct rig *r = rig_of(state);

	credential(r, 0404);
	assert_int_equal(run(r, "genesis", "--pin-credential", "pin"), 1);
	assert_true(rig_said(r, "closed to others"));
	assert_int_equal(run(r, "genesis", "--pin-credential", "../pin"), 1);
	assert_true(rig_said(r, "is a credential's name, not a path"));
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	assert_int_equal(run(r, "genesis", "--pin-credential", "pin"), 1);
	assert_true(rig_said(r, "there is no CREDENTIALS_DIRECTORY"));
}

CASE(two_sources_are_refused)
{
	struct rig *r = rig_of(state);

	rig_set(r, "pin_credential", "pin");
	assert_int_equal(run(r, "genesis", NULL, NULL), 1);
	assert_true(rig_said(r, "pin_file and pin_credential are both set"));
	assert_int_equal(run(r, "genesis", "--pin-prompt", "--pin-fd"), 2);
}

CASE(without_a_terminal_nothing_is_asked)
{
	struct rig *r = rig_of(state);
	const pid_t child = fork();
	int status;

	if (child == 0) {
		(void)setsid();
		_exit(run(r, "genesis", "--pin-prompt", NULL));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_true(rig_said(r, "there is no terminal to ask on"));
}

/* ---- the prompt ---- */

struct terminal {
	int fd;
	pid_t child;
	char seen[4096];
	size_t len;
};

/* Reads what the terminal shows until it shows text, or ends. */
static bool
shows(struct terminal *t, const char *text)
{
	struct pollfd p = {.fd = t->fd, .events = POLLIN};

	while (strstr(t->seen, text) == NULL && t->len < sizeof(t->seen) - 1 && poll(&p, 1, 20000) > 0) {
		const ssize_t n = read(t->fd, t->seen + t->len, sizeof(t->seen) - 1 - t->len);

		if (n <= 0)
			break;
		t->len += (size_t)n;
		t->seen[t->len] = '\0';
	}
	return strstr(t->seen, text) != NULL;
}

static void
prompted(struct rig *r, struct terminal *t)
{
	memset(t, 0, sizeof(*t));
	t->child = forkpty(&t->fd, NULL, NULL, NULL);
	if (t->child == 0)
		become(r, "genesis", "--pin-prompt", NULL);
	assert_true(t->child > 0);
	assert_true(shows(t, "PIN of the token: "));
}

static bool
echoes(const struct terminal *t)
{
	struct termios now;

	assert_int_equal(tcgetattr(t->fd, &now), 0);
	return (now.c_lflag & ECHO) != 0;
}

static int
ended(struct terminal *t)
{
	int status;

	(void)shows(t, "\x01 never");
	assert_int_equal(waitpid(t->child, &status, 0), t->child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void
types(const struct terminal *t, const char *text)
{
	assert_int_equal(write(t->fd, text, strlen(text)), (ssize_t)strlen(text));
}

CASE(what_is_typed_is_not_shown_and_the_echo_comes_back)
{
	struct rig *r = rig_of(state);
	struct terminal t;

	prompted(r, &t);
	assert_false(echoes(&t));
	types(&t, "12345678\n");
	assert_int_equal(ended(&t), 0);
	assert_null(strstr(t.seen, "1234"));
	assert_true(echoes(&t));
	(void)close(t.fd);
}

static void
ended_by(struct rig *r, int signal)
{
	struct terminal t;

	prompted(r, &t);
	assert_false(echoes(&t));
	if (signal == SIGINT)
		types(&t, "\x03");
	else
		assert_int_equal(kill(t.child, signal), 0);
	assert_int_equal(ended(&t), 128 + signal);
	assert_true(echoes(&t));
	(void)close(t.fd);
}

CASE(a_signal_at_the_prompt_leaves_the_terminal_as_it_was)
{
	ended_by(rig_of(state), SIGINT);
	ended_by(rig_of(state), SIGTERM);
	ended_by(rig_of(state), SIGHUP);
}

CASE(an_empty_and_an_endless_pin_are_refused)
{
	struct rig *r = rig_of(state);
	struct terminal t;
	char much[302];

	prompted(r, &t);
	types(&t, "\n");
	assert_int_equal(ended(&t), 1);
	assert_non_null(strstr(t.seen, "the PIN is empty"));
	(void)close(t.fd);
	memset(much, '7', 300);
	much[300] = '\n';
	much[301] = '\0';
	prompted(r, &t);
	types(&t, much);
	assert_int_equal(ended(&t), 1);
	assert_non_null(strstr(t.seen, "more than 255 bytes were typed"));
	(void)close(t.fd);
}

#define EACH(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(a_credential_by_setting_or_by_word_is_the_pin),
		EACH(a_credential_that_others_read_or_that_is_a_path_is_refused),
		EACH(two_sources_are_refused),
		EACH(without_a_terminal_nothing_is_asked),
		EACH(what_is_typed_is_not_shown_and_the_echo_comes_back),
		EACH(a_signal_at_the_prompt_leaves_the_terminal_as_it_was),
		EACH(an_empty_and_an_endless_pin_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
