#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "ca/cad.h"
#include "ca/issue/local.h"
#include "ca/routes.h"
#include "ca/status/keeper.h"
#include "db/migrate.h"
#include "http/server.h"
#include "sandbox/sandbox.h"

enum { EXIT_DONE = 0, EXIT_USAGE = 2, MAX_PATH = 4096 };

static const char usage[] =
	"Usage: mohar-cad --config FILE                serve\n"
	"       mohar-cad migrate --config FILE        bring the schema ca up to date\n"
	"       mohar-cad check --config FILE          say what is wrong with settings and policies\n"
	"       mohar-cad issue --config FILE --profile NAME [--dns NAME]... [--ip ADDRESS]... [--uri URI]... [--cn NAME]\n"
	"                       --key-out FILE --out FILE\n"
	"                                              a TLS certificate for a daemon, with a fresh key\n";

struct line {
	const char *mode; /* "serve", "migrate", "check", "issue" */
	const char *config;
	struct local_request local;
};

static bool
add_name(struct local_request *r, const char *type, const char *value)
{
	if (r->names_count == MAX_LOCAL_NAMES)
		return false;
	r->names[r->names_count++] = (struct name_part){type, value};
	return true;
}

static bool
read_option(struct line *l, int option)
{
	switch (option) {
	case 'c':
		l->config = optarg;
		return true;
	case 'p':
		l->local.profile = optarg;
		return true;
	case 'n':
		l->local.common_name = optarg;
		return true;
	case 'k':
		l->local.key_out = optarg;
		return true;
	case 'o':
		l->local.out = optarg;
		return true;
	case 'd':
		return add_name(&l->local, "dns", optarg);
	case 'i':
		return add_name(&l->local, "ip", optarg);
	case 'u':
		return add_name(&l->local, "uri", optarg);
	default:
		return false;
	}
}

static bool
read_line(int argc, char **argv, struct line *l)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"profile", required_argument, NULL, 'p'},
		{"dns", required_argument, NULL, 'd'},
		{"ip", required_argument, NULL, 'i'},
		{"uri", required_argument, NULL, 'u'},
		{"cn", required_argument, NULL, 'n'},
		{"key-out", required_argument, NULL, 'k'},
		{"out", required_argument, NULL, 'o'},
		{0},
	};
	int option;

	*l = (struct line){.mode = "serve"};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!read_option(l, option))
			return false;
	if (optind < argc)
		l->mode = argv[optind++];
	if (strcmp(l->mode, "issue") == 0 &&
		(l->local.profile == NULL || l->local.key_out == NULL || l->local.out == NULL))
		return false;
	return optind == argc && l->config != NULL;
}

static enum err
migrate(const char *path)
{
	char audit[MAX_PATH], own[MAX_PATH];
	struct cad_config config = {0};
	int applied = 0;

	TRY(cad_config_read(path, &config));
	(void)snprintf(audit, sizeof(audit), "%s/sql/audit", config.share);
	(void)snprintf(own, sizeof(own), "%s/sql/ca", config.share);
	const char *const folders[] = {audit, own, NULL};
	enum err e = ERR_CONFIG;

	if (config.owner_database[0] == '\0')
		e = err_because(ERR_CONFIG, "%s: owner_database is needed to migrate", path);
	else
		e = db_migrate(config.owner_database, "ca", folders, &applied);
	cad_config_free(&config);
	if (e == ERR_OK)
		log_info("migrate", "schema ca is up to date, %d applied", applied);
	return e;
}

static enum err
check(const char *path)
{
	struct cad c;
	const enum err e = cad_read(path, &c);

	if (e == ERR_OK)
		printf("%s: settings, %zu profiles, %zu operators and %zu CA certificates are in order\n", path,
			c.profiles.count, c.operators.count, c.authorities.count);
	cad_free(&c);
	return e;
}

static enum err
enter_sandbox(const struct cad *c)
{
	const char *const readable[] = {c->config.share, c->config.policies, c->config.authorities,
		c->config.tls_certificate, c->config.tls_key, "/etc", "/usr/share/zoneinfo", NULL};
	const char *const writable[] = {c->config.hsm_socket, NULL};
	const struct sandbox sandbox = {.read = readable, .write = writable, .network = true, .listen = true};

	return sandbox_enter(&sandbox);
}

static enum err
serve(const char *path)
{
	struct servers servers = {0};
	struct cad c;
	enum err e = cad_read(path, &c);

	if (e == ERR_OK)
		e = enter_sandbox(&c);
	if (e == ERR_OK)
		e = cad_connect(&c);
	if (e == ERR_OK)
		e = keeper_start(&c, &c.keeper);
	if (e == ERR_OK)
		e = servers_start(&c, &servers);
	if (e == ERR_OK) {
		log_info("start", "serving %s and %s", c.config.url, c.config.pki_url);
		http_wait();
		log_info("stop", "asked to");
	}
	servers_stop(&servers);
	keeper_stop(&c.keeper);
	cad_free(&c);
	return e;
}

static enum err
issue(const struct line *l)
{
	struct cad c;
	enum err e = cad_read(l->config, &c);

	if (e == ERR_OK)
		e = cad_connect(&c);
	if (e == ERR_OK)
		e = local_issue(&c, &l->local);
	if (e == ERR_OK)
		log_info("issue", "%s certificate written to %s", l->local.profile, l->local.out);
	cad_free(&c);
	return e;
}

static enum err
run(const struct line *l, bool *known)
{
	*known = true;
	if (strcmp(l->mode, "serve") == 0)
		return serve(l->config);
	if (strcmp(l->mode, "migrate") == 0)
		return migrate(l->config);
	if (strcmp(l->mode, "check") == 0)
		return check(l->config);
	if (strcmp(l->mode, "issue") == 0)
		return issue(l);
	*known = false;
	return ERR_OK;
}

int
main(int argc, char **argv)
{
	struct line l;
	bool known;

	log_open("mohar-cad", LOG_LEVEL_INFO);
	if (!read_line(argc, argv, &l)) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	enum err e = sandbox_harden();

	known = true;
	if (e == ERR_OK)
		e = run(&l, &known);
	if (!known) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (e == ERR_OK)
		return EXIT_DONE;
	log_refusal(l.mode, e, l.config);
	return err_exit(e);
}
