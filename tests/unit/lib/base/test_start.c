#include "tests/unit/lib/test.h"

#include <fcntl.h>

#include "base/start.h"

static char ran[64];

static int
note(const char *mode, const char *config, int argc, char **argv)
{
	(void)snprintf(ran, sizeof(ran), "%s %s %d%s%s", mode, config, argc, argc > 0 ? " " : "",
		argc > 0 ? argv[0] : "");
	return 7;
}

static int
serve(const char *config, int argc, char **argv)
{
	return note("serve", config, argc, argv);
}

static int
migrate(const char *config, int argc, char **argv)
{
	return note("migrate", config, argc, argv);
}

static const struct start_mode modes[] = {{"serve", "serves", serve}, {"migrate", "migrates", migrate}, {0}};

/* The words after the program's name, ended by NULL; both outputs are silenced. */
static int
call(const char *const *words)
{
	char *argv[8] = {(char[]){"mohar-testd"}};
	int argc = 1, kept[2], quiet, code;

	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = strdup(words[argc - 1]);
	ran[0] = '\0';
	(void)fflush(NULL);
	quiet = open("/dev/null", O_WRONLY);
	for (int fd = 0; fd < 2; fd++) {
		kept[fd] = dup(fd + 1);
		assert_true(dup2(quiet, fd + 1) >= 0);
	}
	code = start("mohar-testd", modes, argc, argv);
	(void)fflush(NULL);
	for (int fd = 0; fd < 2; fd++) {
		assert_true(dup2(kept[fd], fd + 1) >= 0);
		close(kept[fd]);
	}
	close(quiet);
	while (argc > 1)
		free(argv[--argc]);
	return code;
}

#define CALL(...) call((const char *const[]){__VA_ARGS__, NULL})

CASE(no_mode_means_the_first)
{
	assert_int_equal(CALL("--config", "x.conf"), 7);
	assert_string_equal(ran, "serve x.conf 0");
}

CASE(a_mode_gets_what_follows_its_settings)
{
	assert_int_equal(CALL("migrate", "--config", "x.conf", "now"), 7);
	assert_string_equal(ran, "migrate x.conf 1 now");
}

CASE(wrong_usage_runs_nothing_and_exits_2)
{
	assert_int_equal(call((const char *const[]){NULL}), 2);
	assert_int_equal(CALL("--config"), 2);
	assert_int_equal(CALL("migrat", "--config", "x.conf"), 2);
	assert_int_equal(CALL("migrate", "x.conf"), 2);
	assert_int_equal(CALL("--conf", "x.conf"), 2);
	assert_string_equal(ran, "");
}

CASE(help_exits_0)
{
	assert_int_equal(CALL("--help"), 0);
	assert_int_equal(CALL("-h"), 0);
	assert_string_equal(ran, "");
}

RUN(cmocka_unit_test(no_mode_means_the_first), cmocka_unit_test(a_mode_gets_what_follows_its_settings),
	cmocka_unit_test(wrong_usage_runs_nothing_and_exits_2), cmocka_unit_test(help_exits_0))
