#include "sandbox/syscalls.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/extra.h"

/* What of socket(2)'s second argument is the type: the rest are SOCK_CLOEXEC and SOCK_NONBLOCK. */
#define SOCKET_TYPE 0xf

/* By name, so that one list serves every architecture; a name that this one lacks is passed over. */
static const char *const served[] = {
	/* files and descriptors */
	"read",
	"write",
	"readv",
	"writev",
	"pread64",
	"pwrite64",
	"preadv",
	"pwritev",
	"open",
	"openat",
	"close",
	"close_range",
	"stat",
	"fstat",
	"lstat",
	"newfstatat",
	"statx",
	"lseek",
	"access",
	"faccessat",
	"faccessat2",
	"readlink",
	"readlinkat",
	"getdents64",
	"fcntl",
	"flock",
	"fsync",
	"fdatasync",
	"ftruncate",
	"fallocate",
	"rename",
	"renameat",
	"renameat2",
	"unlink",
	"unlinkat",
	"mkdir",
	"mkdirat",
	"rmdir",
	"chmod",
	"fchmod",
	"fchmodat",
	"umask",
	"dup",
	"dup2",
	"dup3",
	"pipe",
	"pipe2",
	"ioctl",
	"getcwd",
	"fstatfs",
	"statfs",
	"sendfile",
	"splice",
	"copy_file_range",
	"utimensat",
	"link",
	"linkat",
	"symlinkat",
	"fadvise64",
	"memfd_create",
	"fchown",
	"truncate",
	/* memory */
	"mmap",
	"munmap",
	"mprotect",
	"mremap",
	"madvise",
	"brk",
	"mlock",
	"mlock2",
	"munlock",
	"mlockall",
	"msync",
	"mincore",
	"membarrier",
	/* waiting */
	"poll",
	"ppoll",
	"select",
	"pselect6",
	"epoll_create",
	"epoll_create1",
	"epoll_ctl",
	"epoll_wait",
	"epoll_pwait",
	"epoll_pwait2",
	"eventfd",
	"eventfd2",
	"timerfd_create",
	"timerfd_settime",
	"timerfd_gettime",
	"signalfd4",
	"inotify_init1",
	"inotify_add_watch",
	"inotify_rm_watch",
	/* time, randomness, identity */
	"clock_gettime",
	"clock_getres",
	"clock_nanosleep",
	"nanosleep",
	"gettimeofday",
	"time",
	"times",
	"getrandom",
	"getpid",
	"gettid",
	"getppid",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"getresuid",
	"getresgid",
	"getgroups",
	"uname",
	"sysinfo",
	"getrusage",
	"getrlimit",
	"getpriority",
	"capget",
	"getpgrp",
	"getsid",
	"alarm",
	"setitimer",
	"getcpu",
	/* threads and signals */
	"futex",
	"futex_waitv",
	"set_robust_list",
	"get_robust_list",
	"rseq",
	"set_tid_address",
	"sched_yield",
	"sched_getaffinity",
	"sched_setaffinity",
	"sched_getparam",
	"sched_getscheduler",
	"sched_get_priority_max",
	"sched_get_priority_min",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"rt_sigtimedwait",
	"rt_sigsuspend",
	"rt_sigpending",
	"sigaltstack",
	"restart_syscall",
	"prctl",
	"arch_prctl",
	"exit",
	"exit_group",
	"wait4",
	"waitid",
	"pause",
	/* sockets that exist */
	"connect",
	"accept",
	"accept4",
	"sendto",
	"recvfrom",
	"sendmsg",
	"recvmsg",
	"sendmmsg",
	"recvmmsg",
	"shutdown",
	"getsockname",
	"getpeername",
	"getsockopt",
	"setsockopt",
	"socketpair",
};

static const char *const deadly[] = {
	"execve",
	"execveat",
	"ptrace",
	"process_vm_readv",
	"process_vm_writev",
	"init_module",
	"finit_module",
	"delete_module",
	"kexec_load",
	"kexec_file_load",
	"mount",
	"umount2",
	"pivot_root",
	"chroot",
	"unshare",
	"setns",
	"bpf",
	"perf_event_open",
	"userfaultfd",
	"add_key",
	"request_key",
	"keyctl",
	"open_by_handle_at",
	"reboot",
	"swapon",
	"swapoff",
	"ioperm",
	"iopl",
	"setuid",
	"setgid",
	"setreuid",
	"setregid",
	"setresuid",
	"setresgid",
	"setgroups",
	"capset",
	"personality",
	"io_uring_setup",
};

bool
syscall_is_deadly(const char *name)
{
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		if (strcmp(name, deadly[i]) == 0)
			return true;
	return strcmp(name, "seccomp") == 0;
}

static enum err
add_all(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const int number = seccomp_syscall_resolve_name(names[i]);
		int failed;

		if (number == __NR_SCMP_ERROR || number < 0)
			continue;
		failed = seccomp_rule_add(filter, action, number, 0);
		REQUIRE_WHY(failed == 0, ERR_UNAVAILABLE, "seccomp: %s: %s", names[i], strerror(-failed));
	}
	return ERR_OK;
}

static enum err
sockets_add(scmp_filter_ctx filter, const struct sandbox *s)
{
	static const unsigned families[] = {AF_UNIX, AF_INET, AF_INET6,
		AF_NETLINK}; /* netlink: the resolver asks which addresses there are */
	const size_t count = s->network ? 4 : 1;
	int failed = 0;

	if (s->datagrams_only && !s->network)
		failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, AF_UNIX),
			SCMP_A1(SCMP_CMP_MASKED_EQ, SOCKET_TYPE, SOCK_DGRAM));
	for (size_t i = 0; i < count && failed == 0 && !(s->datagrams_only && !s->network); i++)
		failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_EQ, families[i]));
	if (failed == 0 && s->listen)
		failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bind), 0);
	if (failed == 0 && s->listen)
		failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(listen), 0);
	REQUIRE_WHY(failed == 0, ERR_UNAVAILABLE, "seccomp: sockets: %s", strerror(-failed));
	return ERR_OK;
}

/* What could reach into another process of our user only for ourselves. */
static enum err
ourselves_add(scmp_filter_ctx filter)
{
	int failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
		SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));

	if (failed == 0)
		failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A0(SCMP_CMP_EQ, 0));
	REQUIRE_WHY(failed == 0, ERR_UNAVAILABLE, "seccomp: ourselves: %s", strerror(-failed));
	return ERR_OK;
}

/* A name that the list has, or whose arguments it looks at (socket, clone), only grows by this. */
static enum err
extra_add(scmp_filter_ctx filter, const struct extra_syscalls *extra)
{
	for (size_t i = 0; extra != NULL && i < extra->count; i++) {
		const int failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, extra->numbers[i], 0);

		REQUIRE_WHY(failed == 0, ERR_UNAVAILABLE, "seccomp: system call %d: %s", extra->numbers[i],
			strerror(-failed));
	}
	return ERR_OK;
}

/* Threads, not processes. clone3 keeps its flags in memory, where no filter sees them: it is not there, and glibc takes clone. */
static enum err
threads_add(scmp_filter_ctx filter)
{
	const int failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
		SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));

	REQUIRE_WHY(failed == 0, ERR_UNAVAILABLE, "seccomp: threads: %s", strerror(-failed));
	return ERR_OK;
}

static enum err
fill(scmp_filter_ctx filter, const struct sandbox *s)
{
	int failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

	REQUIRE_WHY(failed == 0, ERR_UNAVAILABLE, "seccomp: TSYNC: %s", strerror(-failed));
	TRY(add_all(filter, SCMP_ACT_ALLOW, served, sizeof(served) / sizeof(served[0])));
	TRY(add_all(filter, SCMP_ACT_KILL_PROCESS, deadly, sizeof(deadly) / sizeof(deadly[0])));
	TRY(sockets_add(filter, s));
	TRY(threads_add(filter));
	TRY(ourselves_add(filter));
	TRY(extra_add(filter, s->extra));
	failed = seccomp_load(filter);
	REQUIRE_WHY(failed == 0, ERR_UNAVAILABLE, "seccomp: %s", strerror(-failed));
	return ERR_OK;
}

enum err
syscalls_enter(const struct sandbox *s)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	/* A sanitizer's own end (leak search by ptrace, the symbolizer) needs what is forbidden here. Such builds are for tests. */
	(void)s;
	(void)fill;
	return ERR_OK;
#else
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	enum err e;

	REQUIRE_WHY(filter != NULL, ERR_UNAVAILABLE, "seccomp is not to be had");
	e = fill(filter, s);
	seccomp_release(filter);
	return e;
#endif
}
