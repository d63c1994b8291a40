#include "tests/unit/lib/test.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>

#include "base/prompt.h"

/* The exit statuses of the child that asks. */
enum { MAX = 8, GOT = 40, EMPTY, OTHER, REFUSED = 50 };

struct terminal {
	int fd;
	pid_t child;
	char seen[1024];
	size_t len;
};

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

static _Noreturn void
ask_in_child(void)
{
	struct secret *s = NULL;
	const enum err e = prompt_secret("PIN of the card", MAX, &s);

	if (e != ERR_OK)
		_exit(REFUSED + (int)e);
	_exit(secret_span(s).len == 0 ? EMPTY : span_is(secret_span(s), "123456") ? GOT : OTHER);
}

static void
asked(struct terminal *t)
{
	memset(t, 0, sizeof(*t));
	t->child = forkpty(&t->fd, NULL, NULL, NULL);
	if (t->child == 0)
		ask_in_child();
	assert_true(t->child > 0);
	assert_true(shows(t, "PIN of the card: "));
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
	assert_true(echoes(t));
	(void)close(t->fd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int
types(const char *text)
{
	struct terminal t;
	int status;

	asked(&t);
	assert_false(echoes(&t));
	assert_int_equal(write(t.fd, text, strlen(text)), (ssize_t)strlen(text));
	status = ended(&t);
	assert_null(strstr(t.seen, "123"));
	return status;
}

CASE(what_is_typed_is_not_shown)
{
	assert_int_equal(types("123456\n"), GOT);
	assert_int_equal(types("\n"), EMPTY);
	assert_int_equal(types("123456789\n"), REFUSED + ERR_TOO_LONG);
	assert_int_equal(types("\x04"), REFUSED + ERR_REFUSED);
}

/* The signal still does what it does, but to a terminal that shows again what is typed. */
CASE(a_signal_at_the_prompt_leaves_the_terminal_as_it_was)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct terminal t;

	assert_int_equal(types("12\x03"), 128 + SIGINT);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		asked(&t);
		assert_int_equal(kill(t.child, signals[i]), 0);
		assert_int_equal(ended(&t) & 127, signals[i]);
	}
}

CASE(without_a_terminal_nothing_is_asked)
{
	const pid_t child = fork();
	int status;

	if (child == 0) {
		(void)setsid();
		ask_in_child();
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), REFUSED + ERR_NOT_FOUND);
}

RUN(cmocka_unit_test(what_is_typed_is_not_shown),
	cmocka_unit_test(a_signal_at_the_prompt_leaves_the_terminal_as_it_was),
	cmocka_unit_test(without_a_terminal_nothing_is_asked))
