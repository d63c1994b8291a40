#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <linux/capability.h>
#include <seccomp.h>

#include "base/file.h"

/* What somebody who has taken the worker over, or sits beside it, can not do. */
static const char pin[] = "probe-pin-7f3a9c5e1d";

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

static void
put(struct rig *r, const char *name, const char *text)
{
	char path[128];

	rig_path(r, name, path);
	assert_ok(file_write(path, span_of(text), 0600));
}

/* ---- the worker from inside ---- */

static void
probe(struct rig *r)
{
	char path[512];
	const char *build = getenv("MOHAR_BUILD");

	assert_int_equal(setenv("P11PROBE_MODULE",
				 access("/usr/lib/softhsm/libsofthsm2.so", R_OK) == 0
					 ? "/usr/lib/softhsm/libsofthsm2.so"
					 : "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
				 1),
		0);
	rig_path(r, "report", path);
	assert_int_equal(setenv("P11PROBE_REPORT", path, 1), 0);
	rig_path(r, "act", path);
	assert_int_equal(setenv("P11PROBE_ACT", path, 1), 0);
	put(r, "act", "");
	rig_path(r, "pin", path);
	assert_int_equal(setenv("P11PROBE_PIN", path, 1), 0);
	(void)snprintf(path, sizeof(path), "%s/tests/modules/p11probe.so", build == NULL ? "build" : build);
	rig_set(r, "module", path);
	rig_set(r, "workers", "1");
}

/* In place: the module holds the file open. */
static void
act_is(struct rig *r, const char *act)
{
	char path[128];
	int fd;

	rig_path(r, "act", path);
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_true(fd >= 0 && write(fd, act, strlen(act)) == (ssize_t)strlen(act));
	(void)close(fd);
}

static enum err
randomness(struct rig *r)
{
	uint8_t bytes[16];

	return keyring_random(r->keyring, bytes, sizeof(bytes));
}

/* What the module reported; the caller frees the writer. */
static struct writer
reported(struct rig *r, const char *act)
{
	struct writer report = writer_new(1 << 16);
	char path[128];

	act_is(r, act);
	(void)randomness(r);
	act_is(r, "");
	rig_path(r, "report", path);
	assert_ok(file_read(path, 1 << 16, &report));
	return report;
}

static void
all_refused(struct rig *r, const char *act, size_t least)
{
	AUTO(writer) report = reported(r, act);
	size_t count = 0;
	char *line, *rest;

	for (line = strtok_r((char *)report.ptr, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		if (strstr(line, "ALLOWED") != NULL)
			fail_msg("%s", line);
		count += strchr(line, ':') != NULL;
	}
	assert_true(count >= least);
}

CASE(a_worker_taken_over_opens_no_file_but_its_own)
{
	struct rig *r = rig_of(state);

	probe(r);
	rig_up(r, NULL);
	all_refused(r, "files", 6);
	all_refused(r, "sockets", 5);
	all_refused(r, "processes", 2);
}

CASE(a_worker_taken_over_has_no_cores_and_no_way_to_new_privileges)
{
	struct rig *r = rig_of(state);

	probe(r);
	rig_up(r, NULL);
	{
		AUTO(writer) report = reported(r, "facts");
		const char *text = (const char *)writer_span(&report).ptr;

		assert_non_null(strstr(text, "dumpable: 0\n"));
		assert_non_null(strstr(text, "no_new_privs: 1\n"));
		assert_non_null(strstr(text, "core: 0\n"));
		assert_non_null(strstr(text, "getpgid: ENOSYS\n"));
	}
}

static void
deadly(struct rig *r, const char *act)
{
	AUTO(writer) report = reported(r, act);

	assert_null(strstr((const char *)writer_span(&report).ptr, act));
	assert_true(rig_said(r, "the worker was killed by signal 31"));
}

CASE(another_program_ptrace_and_foreign_memory_kill_the_worker_that_tries)
{
	struct rig *r = rig_of(state);

	probe(r);
	rig_up(r, NULL);
	deadly(r, "execve");
	deadly(r, "ptrace");
	deadly(r, "process_vm_readv");
}

/* ---- what a vendor's module needs more ---- */

CASE(a_vendors_module_gets_what_its_file_names_and_nothing_else)
{
	struct rig *r = rig_of(state);

	probe(r);
	put(r, "syscalls", "# the probe's\n\ngetpgid   # the vendor's library asks for its group\n");
	rig_set(r, "module_syscalls", "syscalls");
	rig_up(r, NULL);
	all_refused(r, "processes", 2);
	{
		AUTO(writer) report = reported(r, "facts");

		assert_non_null(strstr((const char *)writer_span(&report).ptr, "getpgid: ALLOWED\n"));
	}
}

static void
file_refused(struct rig *r, const char *text, const char *says)
{
	put(r, "syscalls", text);
	assert_int_equal(rig_run(r, "serve"), 1);
	assert_true(rig_said(r, says));
}

CASE(a_file_of_system_calls_is_refused_by_file_and_line)
{
	struct rig *r = rig_of(state);
	char path[128];

	rig_set(r, "module_syscalls", "syscalls");
	assert_int_equal(rig_run(r, "genesis"), 0);
	file_refused(r, "getpgid # why\nopen_the_door # why\n", "syscalls:2: there is no system call 'open_the_door'");
	file_refused(r, "getpgid\n", "syscalls:1: say after 'getpgid' why it is needed");
	file_refused(r, "getpgid #  \n", "syscalls:1: say after 'getpgid' why it is needed");
	file_refused(r, "\n\nexecve # to start a helper\n", "syscalls:3: 'execve' is never allowed");
	file_refused(r, "getpgid getsid # both\n", "syscalls:1: one system call's name a line");
	put(r, "syscalls", "getpgid # why\n");
	rig_path(r, "syscalls", path);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(rig_run(r, "serve"), 1);
	assert_true(rig_said(r, "writable by nobody else"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rig_run(r, "check"), 1);
	assert_true(rig_said(r, "module_syscalls"));
}

/* ---- from beside it ---- */

static pid_t
worker_of(struct rig *r)
{
	char path[64], text[32] = "";
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)r->daemon, (long)r->daemon);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	(void)fclose(f);
	return (pid_t)atol(text);
}

/* Tries as that user, who is not root, to open what belongs to a process. 0 or errno. */
static int
opened_by(uid_t uid, pid_t of, const char *what)
{
	char path[64];
	int status;
	pid_t child;

	(void)snprintf(path, sizeof(path), "/proc/%ld/%s", (long)of, what);
	child = fork();
	if (child == 0) {
		if (setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0)
			_exit(255);
		_exit(open(path, O_RDONLY) >= 0 ? 0 : errno);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

CASE(no_other_user_reads_their_memory)
{
	struct rig *r = rig_of(state);

	if (!r->separate)
		skip();
	rig_up(r, NULL);
	assert_int_equal(opened_by(UID_IDP, getpid(), "stat"), 0);
	assert_int_equal(opened_by(UID_IDP, r->daemon, "mem"), EACCES);
	assert_int_equal(opened_by(UID_IDP, worker_of(r), "mem"), EACCES);
	assert_int_equal(opened_by(UID_IDP, worker_of(r), "environ"), EACCES);
}

struct found {
	size_t inside, outside; /* of the pages that are wiped in a fork: those of secrets */
};

static size_t
occurrences(int mem, unsigned long from, unsigned long to)
{
	const size_t len = strlen(pin);
	size_t count = 0;
	uint8_t *bytes = malloc(to - from);
	ssize_t got;

	assert_non_null(bytes);
	got = pread(mem, bytes, to - from, (off_t)from);
	for (uint8_t *at = bytes; got > 0 && (at = memmem(at, (size_t)(bytes + got - at), pin, len)) != NULL; at++)
		count++;
	free(bytes);
	return count;
}

/* Every readable page of a process. */
static struct found
search(pid_t process)
{
	char path[64], line[512];
	unsigned long from = 0, to = 0, low, high;
	struct found found = {0};
	size_t regions = 0;
	FILE *maps;
	int mem;

	(void)snprintf(path, sizeof(path), "/proc/%ld/smaps", (long)process);
	maps = fopen(path, "re");
	(void)snprintf(path, sizeof(path), "/proc/%ld/mem", (long)process);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(maps != NULL && mem >= 0);
	while (fgets(line, sizeof(line), maps) != NULL) {
		char rights[8];

		if (sscanf(line, "%lx-%lx %7s", &low, &high, rights) == 3) {
			from = rights[0] == 'r' ? low : high;
			to = high;
		} else if (strncmp(line, "VmFlags:", 8) == 0 && to > from) {
			*(strstr(line, " wf") != NULL ? &found.inside : &found.outside) += occurrences(mem, from, to);
			regions++;
			if (strstr(line, " wf") != NULL) {
				assert_non_null(strstr(line, " lo"));
				assert_non_null(strstr(line, " dd"));
			}
		}
	}
	assert_true(regions > 20);
	(void)fclose(maps);
	(void)close(mem);
	return found;
}

/* The same token with a PIN that stands nowhere by chance. */
static void
own_pin(struct rig *r)
{
	char command[512];

	(void)snprintf(command, sizeof(command),
		"rm -rf '%s/token'/* && softhsm2-util --init-token --free --label main --pin %s --so-pin 87654321 >/dev/null",
		r->dir, pin);
	assert_int_equal(system(command), 0);
	put(r, "pin", pin);
}

CASE(the_pin_is_in_the_supervisors_locked_pages_and_nowhere_else)
{
	struct rig *r = rig_of(state);
	struct found found;

	if (!r->separate)
		skip();
	own_pin(r);
	rig_up(r, NULL);
	assert_ok(randomness(r));
	found = search(r->daemon);
	assert_int_equal(found.inside, 1);
	assert_int_equal(found.outside, 0);
	found = search(worker_of(r));
	assert_int_equal(found.inside, 0);
	assert_int_equal(found.outside, 0);
}

#define EACH(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] =
	{ EACH(a_file_of_system_calls_is_refused_by_file_and_line),
		EACH(no_other_user_reads_their_memory),
#if !defined(__SANITIZE_ADDRESS__) && \
	!defined(__SANITIZE_THREAD__) /* such builds have no filter, and shadows of memory */
		EACH(a_worker_taken_over_opens_no_file_but_its_own),
		EACH(a_worker_taken_over_has_no_cores_and_no_way_to_new_privileges),
		EACH(another_program_ptrace_and_foreign_memory_kill_the_worker_that_tries),
		EACH(a_vendors_module_gets_what_its_file_names_and_nothing_else),
		EACH(the_pin_is_in_the_supervisors_locked_pages_and_nowhere_else),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
