#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "sandbox/landlock.h"
#include "sandbox/syscalls.h"

enum err
sandbox_harden(void)
{
	const struct rlimit none = {0, 0};

	REQUIRE_WHY(setrlimit(RLIMIT_CORE, &none) == 0, ERR_UNAVAILABLE, "RLIMIT_CORE: %s", strerror(errno));
	REQUIRE_WHY(prctl(PR_SET_DUMPABLE, 0) == 0, ERR_UNAVAILABLE, "PR_SET_DUMPABLE: %s", strerror(errno));
	REQUIRE_WHY(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, ERR_UNAVAILABLE, "PR_SET_NO_NEW_PRIVS: %s",
		strerror(errno));
	return ERR_OK;
}

static bool
weak_is_allowed(void)
{
	const char *value = getenv("MOHAR_SANDBOX");

	return value != NULL && strcmp(value, "weak") == 0;
}

enum err
sandbox_enter(const struct sandbox *s)
{
	enum err e;

	TRY(sandbox_harden());
	e = landlock_enter(s);
	if (e == ERR_UNSUPPORTED && weak_is_allowed()) {
		log_warn("sandbox",
			"this kernel has no Landlock, and MOHAR_SANDBOX=weak: whoever takes this process over can read every file of its user");
		err_forget();
		e = ERR_OK;
	}
	REQUIRE_WHY(e != ERR_UNSUPPORTED, ERR_UNAVAILABLE,
		"this kernel has no Landlock (Linux 5.13): without it nothing is served. For a trial set MOHAR_SANDBOX=weak");
	TRY(e);
	return syscalls_enter(s);
}
