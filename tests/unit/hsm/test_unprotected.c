#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <linux/capability.h>
#include <seccomp.h>

/* Where protection is not to be had, mohar-hsmd does not start, unless the command line says so. */
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

	rig_free(&r);
	return 0;
}

static enum err
randomness(struct rig *r)
{
	uint8_t bytes[16];

	return keyring_random(r->keyring, bytes, sizeof(bytes));
}

static void
filtered(const char *name, uint32_t result)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (filter == NULL || seccomp_rule_add(filter, result, seccomp_syscall_resolve_name(name), 0) != 0 ||
		seccomp_load(filter) != 0)
		_exit(126);
	seccomp_release(filter);
}

static void
without_landlock(void)
{
	filtered("landlock_create_ruleset", SCMP_ACT_ERRNO(ENOSYS));
	(void)setenv("MOHAR_SANDBOX", "weak", 1); /* what older versions heeded */
}

/* libseccomp's own load works, and from then on neither seccomp(2) nor prctl(PR_SET_SECCOMP) does. */
static void
without_seccomp(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (filter == NULL ||
		seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
			SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP)) != 0 ||
		seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(seccomp), 0) != 0 ||
		seccomp_load(filter) != 0)
		_exit(126);
	seccomp_release(filter);
}

static void
without_locks(void)
{
	const struct rlimit little = {4096, 4096};

	if (prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK) != 0 || setrlimit(RLIMIT_MEMLOCK, &little) != 0)
		_exit(126);
}

/* mohar-hsmd serve, started in such a place. */
static pid_t
started(struct rig *r, void (*prepare)(void), const char *word)
{
	const char *build = getenv("MOHAR_BUILD");
	char exe[512], config[128];
	const pid_t child = fork();

	if (child == 0) {
		const int fd = open(r->log, O_WRONLY | O_APPEND | O_CREAT, 0644);

		(void)snprintf(exe, sizeof(exe), "%s/bin/mohar-hsmd", build == NULL ? "build" : build);
		rig_path(r, "hsmd.conf", config);
		(void)dup2(fd, STDERR_FILENO);
		prepare();
		(void)execl(exe, exe, "serve", "--config", config, word, (char *)NULL);
		_exit(127);
	}
	assert_true(child > 0);
	return child;
}

static int
ended(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Refused; and with the word served, which log and STATUS tell. */
static void
only_if_told(struct rig *r, void (*prepare)(void), const char *says, const char *lacks)
{
	AUTO(writer) status = writer_new(1 << 20);
	char path[128], member[64];

	assert_int_equal(rig_run(r, "genesis"), 0);
	assert_int_equal(ended(started(r, prepare, NULL)), 1);
	assert_true(rig_said(r, says));
	assert_true(rig_said(r, "--unprotected stands on the command line"));
	r->daemon = started(r, prepare, "--unprotected");
	rig_path(r, "hsmd.sock", path);
	assert_ok(keyring_open(path, 2, &r->keyring));
	for (int i = 0; i < 500 && keyring_status(r->keyring, &status) != ERR_OK; i++) {
		(void)usleep(10000);
		writer_reset(&status);
	}
	(void)snprintf(member, sizeof(member), "\"unprotected\":\"no %s\"", lacks);
	assert_non_null(strstr((const char *)writer_span(&status).ptr, member));
	assert_true(rig_said(r, "UNPROTECTED (--unprotected)"));
	assert_ok(randomness(r));
}

CASE(a_kernel_without_landlock_is_refused_whatever_the_environment_says)
{
	only_if_told(rig_of(state), without_landlock, "this kernel has no Landlock", "Landlock");
}

CASE(a_kernel_that_takes_no_filter_is_refused)
{
	only_if_told(rig_of(state), without_seccomp, "seccomp", "seccomp filter");
}

CASE(memory_that_cannot_be_locked_is_refused)
{
	struct rig *r = rig_of(state);

	if (!r->separate)
		skip();
	only_if_told(r, without_locks, "raise it (systemd: LimitMEMLOCK=", "locked memory");
}

CASE(what_is_protected_says_nothing_of_it)
{
	struct rig *r = rig_of(state);
	AUTO(writer) status = writer_new(1 << 20);

	rig_up(r, NULL);
	assert_ok(keyring_status(r->keyring, &status));
	assert_null(strstr((const char *)writer_span(&status).ptr, "unprotected"));
}

#define EACH(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* such builds have no filter */
		EACH(a_kernel_that_takes_no_filter_is_refused),
		EACH(memory_that_cannot_be_locked_is_refused),
#endif
		EACH(a_kernel_without_landlock_is_refused_whatever_the_environment_says),
		EACH(what_is_protected_says_nothing_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
