#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/start.h"
#include "hsm/settings.h"
#include "hsm/supervisor.h"
#include "hsm/worker.h"

static int
number(const char *text)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	return errno != 0 || end == text || *end != '\0' || n < -1 || n > 1 << 20 ? -2 : (int)n;
}

static int
supervised(const char *mode, const char *config, int argc, char **argv)
{
	int pin_fd = -1;

	if (argc == 2 && strcmp(argv[0], "--pin-fd") == 0) {
		pin_fd = number(argv[1]);
	} else if (argc != 0) {
		pin_fd = -2;
	}
	if (pin_fd == -2 || (argc == 2 && pin_fd < 0)) {
		fprintf(stderr, "mohar-hsmd: after --config FILE only --pin-fd N may come\n");
		return 2;
	}
	return supervisor_run(mode, config, pin_fd);
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
