#include "hsm/process/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/prompt.h"
#include "hsm/process/control.h"

/* The PIN's file must be ours alone: told before it is read. what: the setting it comes from. */
static enum err
file_open(const char *what, const char *path, int *out)
{
	struct stat st;
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	REQUIRE_WHY(fd >= 0, ERR_CONFIG, "%s %s: %s", what, path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
		(void)close(fd);
		return err_because(ERR_CONFIG,
			"%s %s must belong to mohar-hsmd's user (%ld) and be readable by nobody else: chown, chmod 600",
			what, path, (long)geteuid());
	}
	*out = fd;
	return ERR_OK;
}

/* systemd.exec(5) LoadCredential=: a folder that only the service's user can enter. systemd owns the files itself where it can give access by ACL, whose mask
 * then stands in the mode's group bits: so only "others" is looked at. */
static enum err
credential_open(const char *name, int *out)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_MAX];
	struct stat st;
	int fd;

	REQUIRE_WHY(folder != NULL && folder[0] == '/', ERR_CONFIG,
		"pin_credential %s: there is no CREDENTIALS_DIRECTORY; start by systemd with LoadCredential=%s:PATH",
		name, name);
	REQUIRE_WHY(strchr(name, '/') == NULL && name[0] != '.' && name[0] != '\0', ERR_CONFIG,
		"pin_credential '%s' is a credential's name, not a path", name);
	REQUIRE((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) < sizeof(path), ERR_TOO_LONG);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	REQUIRE_WHY(fd >= 0, ERR_CONFIG, "pin_credential %s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_uid != 0 && st.st_uid != geteuid()) ||
		(st.st_mode & 07) != 0) {
		(void)close(fd);
		return err_because(ERR_CONFIG,
			"pin_credential %s must belong to root or to mohar-hsmd's user, and be closed to others", path);
	}
	*out = fd;
	return ERR_OK;
}

static enum err
prompt(struct secret **out)
{
	const enum err e = prompt_secret("PIN of the token", MAX_PIN, out);
	char why[256];

	if (e == ERR_OK)
		return e;
	(void)snprintf(why, sizeof(why), "%s", err_why());
	return err_because(e == ERR_NOT_FOUND ? ERR_CONFIG : e, "--pin-prompt: %s", why);
}

static enum err
open_any(const struct pin_source *source, const struct settings *s, int *fd)
{
	if (source->fd >= 0) {
		*fd = source->fd;
		return ERR_OK;
	}
	if (source->credential != NULL)
		return credential_open(source->credential, fd);
	REQUIRE_WHY(s->pin_file[0] == '\0' || s->pin_credential[0] == '\0', ERR_CONFIG,
		"pin_file and pin_credential are both set: keep one");
	if (s->pin_credential[0] != '\0')
		return credential_open(s->pin_credential, fd);
	REQUIRE_WHY(s->pin_file[0] != '\0', ERR_CONFIG,
		"where is the PIN? Set pin_credential or pin_file, or start with --pin-fd N, --pin-credential NAME or --pin-prompt");
	return file_open("pin_file", s->pin_file, fd);
}

enum err
pin_read(const struct pin_source *source, const struct settings *settings, struct secret **out)
{
	struct secret *pin = NULL;
	int fd = -1;

	if (source->prompt) {
		TRY(prompt(&pin));
	} else {
		TRY(open_any(source, settings, &fd));
		TRY(secret_read(fd, MAX_PIN, &pin));
	}
	if (secret_span(pin).len == 0) {
		secret_free(&pin);
		return err_because(ERR_CONFIG, "the PIN is empty");
	}
	*out = pin;
	return ERR_OK;
}
