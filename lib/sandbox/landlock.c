#include "sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rights that Debian 12's header does not name yet; the kernel may know them. */
#define ACCESS_REFER (UINT64_C(1) << 13)     /* ABI 2 */
#define ACCESS_TRUNCATE (UINT64_C(1) << 14)  /* ABI 3 */
#define ACCESS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */

#define ACCESS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_ABI1 ((UINT64_C(1) << 13) - 1)
#define ACCESS_WRITE                                                                                         \
	(ACCESS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                       \
		LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | \
		LANDLOCK_ACCESS_FS_MAKE_SOCK | ACCESS_REFER | ACCESS_TRUNCATE)
/* What a rule on something that is no folder may hold. */
#define ACCESS_FILE \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE | ACCESS_TRUNCATE)

/* What older headers lack beside them. A kernel of an older ABI is given the size that it knows. */
struct ruleset {
	uint64_t files;   /* ABI 1 */
	uint64_t network; /* ABI 4 */
	uint64_t scoped;  /* ABI 6 */
};
#define BIND_TCP UINT64_C(1)
#define CONNECT_TCP UINT64_C(2)
#define SCOPE_ABSTRACT_UNIX_SOCKET UINT64_C(1)
#define SCOPE_SIGNAL UINT64_C(2)

/* What the C library, libcrypto, GnuTLS and the resolver read by themselves, at moments of their own choosing. */
static const char *const libraries[] = {"/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/ssl",
	"/etc/gnutls", "/etc/pkcs11", "/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf",
	"/etc/gai.conf", "/etc/services", "/etc/passwd", "/etc/group", "/dev/urandom", "/dev/null", "/proc/self",
	"/sys/devices/system/cpu", NULL};
static const char *const devices[] = {"/dev/null", "/dev/log", NULL};

static uint64_t
handled(long abi)
{
	uint64_t all = ACCESS_ABI1;

	if (abi >= 2)
		all |= ACCESS_REFER;
	if (abi >= 3)
		all |= ACCESS_TRUNCATE;
	if (abi >= 5)
		all |= ACCESS_IOCTL_DEV;
	return all;
}

static enum err
path_allow(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = access};
	struct stat st;
	int failed;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return ERR_OK; /* not there: nothing to allow */
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= ACCESS_FILE;
	failed = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ? 0 : errno;
	(void)close(rule.parent_fd);
	REQUIRE_WHY(failed == 0, ERR_UNAVAILABLE, "Landlock: %s: %s", path, strerror(failed));
	return ERR_OK;
}

static enum err
paths_allow(int ruleset, const char *const *paths, uint64_t access)
{
	for (; paths != NULL && *paths != NULL; paths++)
		TRY(path_allow(ruleset, *paths, access));
	return ERR_OK;
}

static enum err
restrict_to(int ruleset, const struct sandbox *s, uint64_t all)
{
	TRY(paths_allow(ruleset, libraries, ACCESS_READ & all));
	TRY(paths_allow(ruleset, devices, ACCESS_WRITE & all));
	TRY(paths_allow(ruleset, s->read, ACCESS_READ & all));
	TRY(paths_allow(ruleset, s->write, ACCESS_WRITE & all));
	REQUIRE_WHY(syscall(SYS_landlock_restrict_self, ruleset, 0) == 0, ERR_UNAVAILABLE, "Landlock: %s",
		strerror(errno));
	return ERR_OK;
}

/* Nothing is allowed of what is named here: TCP that the daemon does not need, signals to and abstract sockets of processes outside. */
static struct ruleset
ruleset_for(const struct sandbox *s, long abi)
{
	struct ruleset r = {.files = handled(abi)};

	if (abi >= 4)
		r.network = (s->listen && s->network ? 0 : BIND_TCP) | (s->network ? 0 : CONNECT_TCP);
	if (abi >= 6)
		r.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
	return r;
}

static size_t
ruleset_size(long abi)
{
	return abi >= 6    ? sizeof(struct ruleset)
		: abi >= 4 ? offsetof(struct ruleset, scoped)
			   : offsetof(struct ruleset, network);
}

enum err
landlock_enter(const struct sandbox *s)
{
	const long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	const struct ruleset attributes = ruleset_for(s, abi);
	enum err e;
	int ruleset;

	REQUIRE_WHY(abi >= 1, ERR_UNSUPPORTED, "this kernel has no Landlock (Linux 5.13, switched on): %s",
		strerror(errno));
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, ruleset_size(abi), 0);
	REQUIRE_WHY(ruleset >= 0, ERR_UNAVAILABLE, "Landlock: %s", strerror(errno));
	e = restrict_to(ruleset, s, attributes.files);
	(void)close(ruleset);
	return e;
}
