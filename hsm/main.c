#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/start.h"
#include "hsm/settings.h"
#include "hsm/process/supervisor.h"
#include "hsm/process/worker.h"

static int
number(const char *text)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	return errno != 0 || end == text || *end != '\0' || n < -1 || n > 1 << 20 ? -2 : (int)n;
}

/* At most one source. false: wrong usage. */
static bool
source_read(int argc, char **argv, struct pin_source *out)
{
	*out = (struct pin_source){.fd = -1};
	if (argc == 1 && strcmp(argv[0], "--pin-prompt") == 0)
		out->prompt = true;
	else if (argc == 2 && strcmp(argv[0], "--pin-credential") == 0)
		out->credential = argv[1];
	else if (argc == 2 && strcmp(argv[0], "--pin-fd") == 0)
		return (out->fd = number(argv[1])) >= 0;
	else
		return argc == 0;
	return true;
}

static int
supervised(const char *mode, const char *config, int argc, char **argv)
{
	struct pin_source pin;

	if (!source_read(argc, argv, &pin)) {
		fprintf(stderr,
			"mohar-hsmd: after --config FILE one of --pin-fd N, --pin-credential NAME, --pin-prompt may come, and --unprotected\n");
		return 2;
	}
	return supervisor_run(mode, config, &pin);
}

static int
serve(const char *config, int argc, char **argv)
{
	return supervised("serve", config, argc, argv);
}

static int
genesis(const char *config, int argc, char **argv)
{
	return supervised("genesis", config, argc, argv);
}

static int
check(const char *config, int argc, char **argv)
{
	return supervised("check", config, argc, argv);
}

/* What the supervisor starts; by itself it finds no PIN. */
static int
worker(const char *config, int argc, char **argv)
{
	struct settings settings;
	enum err e;

	if (argc != 3) {
		fprintf(stderr, "mohar-hsmd: 'worker' is started by mohar-hsmd itself\n");
		return 2;
	}
	e = settings_read(config, &settings);
	if (e != ERR_OK)
		return start_failed("start", e) == 0 ? 0 : WORKER_PERMANENT;
	worker_main(argv[0], &settings, number(argv[1]), number(argv[2]));
}

int
main(int argc, char **argv)
{
	static const struct start_mode modes[] = {
		{"serve", "serve the token", serve},
		{"genesis", "seal keys.json into an empty token, once", genesis},
		{"check", "say whether settings, keys.json, token and journal fit", check},
		{"worker", "for mohar-hsmd itself", worker},
		{NULL, NULL, NULL},
	};

	return start("mohar-hsmd", modes, argc, argv);
}
