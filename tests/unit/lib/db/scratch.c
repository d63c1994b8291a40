#include "tests/unit/lib/db/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], conninfo[256];
static pid_t owner;

static int
run(const char *verb, char *said, size_t room)
{
	const char *root = getenv("MOHAR_ROOT");
	char command[512], watched[24] = "";
	FILE *out;
	int status;

	if (strcmp(verb, "start") == 0) /* a test that is killed leaves no server behind */
		(void)snprintf(watched, sizeof(watched), " %d", (int)getpid());
	(void)snprintf(command, sizeof(command), "'%s/tests/postgres' %s '%s'%s", root == NULL ? "." : root, verb,
		folder, watched);
	out = popen(command, "r");
	if (out == NULL)
		return -1;
	if (said != NULL && fgets(said, (int)room, out) != NULL)
		said[strcspn(said, "\n")] = '\0';
	status = pclose(out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
stop(void)
{
	if (getpid() == owner) /* not in a child that a test forked */
		(void)run("stop", NULL, 0);
}

const char *
scratch_conninfo(void)
{
	int status;

	if (conninfo[0] != '\0')
		return conninfo;
	(void)snprintf(folder, sizeof(folder), "/tmp/mohar-pg-%d", (int)getpid());
	status = run("start", conninfo, sizeof(conninfo));
	if (status == 77) {
		conninfo[0] = '\0';
		return NULL;
	}
	owner = getpid();
	(void)atexit(stop);
	if (status != 0) {
		(void)fprintf(stderr, "tests/postgres start: exit %d\n", status);
		exit(1);
	}
	return conninfo;
}

void
scratch_crash(void)
{
	if (run("crash", NULL, 0) != 0)
		abort();
}

void
scratch_again(void)
{
	if (run("again", NULL, 0) != 0)
		abort();
}
