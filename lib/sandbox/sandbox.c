#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/secret.h"
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

/* What was gone on without, for sandbox_missing: written once, before threads start. */
static char missing[64];

/* One protection that could not be had: refuses, or with --unprotected tells what that means and goes on. */
static enum err
without(const struct sandbox *s, enum err e, const char *what, const char *yields)
{
	char why[256];

	if (e == ERR_OK)
		return ERR_OK;
	(void)snprintf(why, sizeof(why), "%s", err_why()[0] != '\0' ? err_why() : err_text(e));
	REQUIRE_WHY(s->unprotected, ERR_UNAVAILABLE,
		"%s. Nothing is served without it, unless --unprotected stands on the command line", why);
	log_error("sandbox", "UNPROTECTED (--unprotected): no %s (%s): %s", what, why, yields);
	err_forget();
	(void)snprintf(missing + strlen(missing), sizeof(missing) - strlen(missing), "%sno %s",
		missing[0] == '\0' ? "" : ", ", what);
	return ERR_OK;
}

const char *
sandbox_missing(void)
{
	return missing;
}

enum err
sandbox_enter(const struct sandbox *s)
{
	missing[0] = '\0';
	TRY(sandbox_harden());
	TRY(without(s, secret_locked(), "locked memory", "PINs and keys may be written to the swap"));
	TRY(without(s, landlock_enter(s), "Landlock", "whoever takes this process over reads every file of its user"));
	return without(s, syscalls_enter(s), "seccomp filter",
		"whoever takes this process over may ask the kernel for anything");
}
