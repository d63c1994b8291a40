/* p11probe: a PKCS#11 module that has been taken over. It passes every call on to the real one (P11PROBE_MODULE); when it is asked for randomness while the file P11PROBE_ACT
 * names an act, it does that act in the worker, behind its sandbox, and writes what came of it to P11PROBE_REPORT, which it opened before the sandbox closed. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST mine;
static int report = -1, acts = -1;

static void
tell(const char *what, long result)
{
	(void)dprintf(report, "%s: %s\n", what, result >= 0 ? "ALLOWED" : strerrorname_np(errno));
}

static void
opens(const char *what, const char *path, int flags)
{
	const int fd = open(path, flags | O_CLOEXEC, 0600);

	tell(what, fd);
	if (fd >= 0)
		(void)close(fd);
}

static void
files(void)
{
	char path[64];

	opens("read /etc/shadow", "/etc/shadow", O_RDONLY);
	opens("read the PIN's file", getenv("P11PROBE_PIN"), O_RDONLY);
	opens("write /tmp", "/tmp/mohar-probe", O_WRONLY | O_CREAT);
	opens("write a library", "/usr/lib/mohar-probe.so", O_WRONLY | O_CREAT);
	(void)snprintf(path, sizeof(path), "/proc/%ld/mem", (long)getppid());
	opens("read the supervisor's memory", path, O_RDONLY);
	(void)snprintf(path, sizeof(path), "/proc/%ld/environ", (long)getppid());
	opens("read the supervisor's environment", path, O_RDONLY);
}

static void
sockets(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/tmp/mohar-probe.sock"};
	const int datagram = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	tell("an internet socket", socket(AF_INET, SOCK_STREAM, 0));
	tell("a datagram to the internet", socket(AF_INET6, SOCK_DGRAM, 0));
	tell("a netlink socket", socket(AF_NETLINK, SOCK_RAW, 0));
	tell("a Unix stream", socket(AF_UNIX, SOCK_STREAM, 0));
	tell("bind", bind(datagram, (struct sockaddr *)&address, sizeof(address)));
	(void)close(datagram);
}

static void
processes(void)
{
	const pid_t child = fork();

	if (child == 0)
		_exit(0);
	tell("fork", child);
	tell("signal the supervisor", kill(getppid(), 0));
}

static void
facts(void)
{
	struct rlimit core = {1, 1};

	(void)getrlimit(RLIMIT_CORE, &core);
	(void)dprintf(report, "dumpable: %d\nno_new_privs: %d\ncore: %lu\n", prctl(PR_GET_DUMPABLE),
		prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), (unsigned long)core.rlim_max);
	tell("getpgid", getpgid(0));
}

static void
executes(void)
{
	(void)execl("/bin/true", "true", (char *)NULL);
	tell("execve", -1);
}

static void
traces(void)
{
	tell("ptrace", ptrace(PTRACE_SEIZE, getppid(), 0, 0));
}

static void
reads_memory(void)
{
	char byte;
	struct iovec mine_io = {&byte, 1}, its = {&real, 1};

	tell("process_vm_readv", process_vm_readv(getppid(), &mine_io, 1, &its, 1, 0));
}

static const struct act {
	const char *name;
	void (*does)(void);
} known[] = {
	{"files", files},
	{"sockets", sockets},
	{"processes", processes},
	{"facts", facts},
	{"execve", executes},
	{"ptrace", traces},
	{"process_vm_readv", reads_memory},
};

static void
act(void)
{
	char name[32] = "";

	if (pread(acts, name, sizeof(name) - 1, 0) <= 0)
		return;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(name, known[i].name) == 0)
			known[i].does();
	(void)dprintf(report, "end\n");
}

static CK_RV
generate_random(CK_SESSION_HANDLE s, CK_BYTE *out, CK_ULONG len)
{
	act();
	return real->C_GenerateRandom(s, out, len);
}

__attribute__((visibility("default"))) CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	const char *path = getenv("P11PROBE_MODULE");
	void *library = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_RV (*list)(CK_FUNCTION_LIST **);
	void *symbol = library == NULL ? NULL : dlsym(library, "C_GetFunctionList");

	if (symbol == NULL)
		return CKR_GENERAL_ERROR;
	memcpy(&list, &symbol, sizeof(list));
	if (list(&real) != CKR_OK)
		return CKR_GENERAL_ERROR;
	report = open(getenv("P11PROBE_REPORT"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	acts = open(getenv("P11PROBE_ACT"), O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
	mine = *real;
	mine.C_GenerateRandom = generate_random;
	*out = &mine;
	return CKR_OK;
}
