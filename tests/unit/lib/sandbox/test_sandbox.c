#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "sandbox/sandbox.h"

static char folder[] = "/tmp/mohar-sandbox-XXXXXX";

/* Runs act in a child inside the sandbox: exit code, or 128 + signal. */
static int
inside(bool network, int (*act)(void))
{
	const char *const write_paths[] = {folder, NULL};
	const pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (sandbox_enter(&(struct sandbox){.write = write_paths, .network = network}) != ERR_OK)
			_exit(99);
		_exit(act());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int
opens(const char *path, int flags)
{
	const int fd = open(path, flags, 0600);

	return fd >= 0 ? 0 : errno;
}

static int
write_elsewhere(void)
{
	return opens("/tmp/mohar-sandbox-elsewhere", O_CREAT | O_WRONLY);
}

static int
read_elsewhere(void)
{
	return opens("/root/.profile", O_RDONLY) == 0 || opens("/tmp", O_RDONLY | O_DIRECTORY) == 0 ? 0 : EACCES;
}

static int
write_there(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/file", folder);
	return opens(path, O_CREAT | O_WRONLY | O_TRUNC);
}

static int
execs(void)
{
	(void)execl("/bin/true", "true", (char *)NULL);
	return 0;
}

static int
forks(void)
{
	const pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0 ? 0 : errno;
}

static int
internet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : errno;
}

static void *
nothing(void *x)
{
	return x;
}

static int
threads(void)
{
	pthread_t t;

	return pthread_create(&t, NULL, nothing, NULL) != 0 || pthread_join(t, NULL) != 0;
}

static int
dumps(void)
{
	return prctl(PR_GET_DUMPABLE);
}

CASE(only_the_paths_named_are_writable)
{
	assert_int_equal(inside(false, write_there), 0);
	assert_int_equal(inside(false, write_elsewhere), EACCES);
	assert_int_equal(inside(false, read_elsewhere), EACCES);
}

CASE(no_core_is_dumped)
{
	assert_int_equal(inside(false, dumps), 0);
}

CASE(threads_start)
{
	assert_int_equal(inside(false, threads), 0);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
CASE(another_program_is_deadly)
{
	assert_int_equal(inside(false, execs), 128 + SIGSYS);
}

CASE(no_process_is_forked)
{
	assert_int_equal(inside(false, forks), ENOSYS);
}

CASE(the_internet_is_there_only_if_asked_for)
{
	assert_int_equal(inside(false, internet), ENOSYS);
	assert_int_equal(inside(true, internet), 0);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] =
	{ cmocka_unit_test(only_the_paths_named_are_writable),
		cmocka_unit_test(no_core_is_dumped),
		cmocka_unit_test(threads_start),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		cmocka_unit_test(another_program_is_deadly),
		cmocka_unit_test(no_process_is_forked),
		cmocka_unit_test(the_internet_is_there_only_if_asked_for),
#endif
	};
	char path[64];
	int result;

	if (mkdtemp(folder) == NULL)
		return 1;
	result = cmocka_run_group_tests(tests, NULL, NULL);
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	(void)unlink(path);
	(void)rmdir(folder);
	(void)execs;
	(void)forks;
	(void)internet;
	return result;
}
