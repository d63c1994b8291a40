#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/start.h"
#include "ca/acme/acme.h"
#include "ca/bulk/bulk.h"
#include "ca/cad.h"
#include "ca/device/device.h"
#include "ca/issue/local.h"
#include "ca/routes.h"
#include "ca/status/crl_keep.h"
#include "ca/status/keeper.h"
#include "ca/status/proof.h"
#include "db/migrate.h"
#include "http/server.h"
#include "sandbox/sandbox.h"

enum { EXIT_DONE = 0, EXIT_USAGE = 2, MAX_PATH = 4096 };

static const char issue_usage[] =
	"usage: mohar-cad issue --config FILE --profile NAME [--dns NAME]... [--ip ADDRESS]... [--uri URI]... [--cn NAME] "
	"--key-out FILE --out FILE\n";

static bool
add_name(struct local_request *r, const char *type, const char *value)
{
	if (r->names_count == MAX_LOCAL_NAMES)
		return false;
	r->names[r->names_count++] = (struct name_part){type, value};
	return true;
}

static bool
read_option(struct local_request *r, int option)
{
	switch (option) {
	case 'p':
		r->profile = optarg;
		return true;
	case 'n':
		r->common_name = optarg;
		return true;
	case 'k':
		r->key_out = optarg;
		return true;
	case 'o':
		r->out = optarg;
		return true;
	case 'd':
		return add_name(r, "dns", optarg);
	case 'i':
		return add_name(r, "ip", optarg);
	case 'u':
		return add_name(r, "uri", optarg);
	default:
		return false;
	}
}

/* argv[0] is passed over, as getopt wants it. */
static bool
read_issue(int argc, char **argv, struct local_request *r)
{
	static const struct option options[] = {
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

	*r = (struct local_request){0};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!read_option(r, option))
			return false;
	return optind == argc && r->profile != NULL && r->key_out != NULL && r->out != NULL;
}

static enum err
migrate(const char *path)
{
	char audit[MAX_PATH], own[MAX_PATH];
	struct cad_config config = {0};
	int applied = 0;

	TRY(cad_config_read(path, &config));
	(void)snprintf(audit, sizeof(audit), "%s/lib/audit/sql", config.share);
	(void)snprintf(own, sizeof(own), "%s/ca/store/migrations", config.share);
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
		c->config.tls_certificate, c->config.tls_key, "/etc", "/usr/share/zoneinfo",
		c->config.tls_ca[0] != '\0' ? c->config.tls_ca : NULL, NULL};
	const char *const writable[] = {c->config.hsm_socket, NULL};
	const struct sandbox sandbox = {.read = readable,
		.write = writable,
		.network = true,
		.listen = true,
		.unprotected = start_unprotected()};

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
		e = acme_start(&c);
	if (e == ERR_OK)
		e = bulk_start(&c, &c.bulk);
	if (e == ERR_OK)
		e = device_start(&c);
	if (e == ERR_OK)
		e = servers_start(&c, &servers);
	if (e == ERR_OK)
		e = proof_start(&c, &c.proof);
	if (e == ERR_OK) {
		log_info("start", "serving %s and %s", c.config.url, c.config.pki_url);
		http_wait();
		log_info("stop", "asked to");
	}
	proof_stop(&c.proof);
	servers_stop(&servers);
	bulk_stop(&c.bulk);
	device_stop(&c);
	acme_stop(&c);
	keeper_stop(&c.keeper);
	cad_free(&c);
	return e;
}

static enum err
issue(const char *path, const struct local_request *r)
{
	struct cad c;
	enum err e = cad_read(path, &c);

	if (e == ERR_OK)
		e = cad_connect(&c);
	if (e == ERR_OK)
		e = local_issue(&c, r);
	if (e == ERR_OK)
		log_info("issue", "%s certificate written to %s", r->profile, r->out);
	cad_free(&c);
	return e;
}

/* Against the stored lists, which every instance serves the newest of, and the responder that serves. */
static enum err
prove(struct cad *c)
{
	struct crl_keep *lists;
	struct proof_result r;
	int64_t since;

	TRY(crl_keep_new(c, &lists));
	enum err e = crl_keep_load(lists, &since);

	crl_keep_free(&lists);
	if (e == ERR_OK)
		e = proof_run(c, &r);
	if (e == ERR_OK)
		e = proof_tell(c, &r);
	if (e == ERR_OK && r.disagreements > 0)
		e = err_because(ERR_CORRUPT, "database, lists and OCSP disagree");
	return e;
}

static enum err
prove_status(const char *path)
{
	struct cad c;
	enum err e = cad_read(path, &c);

	if (e == ERR_OK)
		e = cad_connect(&c);
	if (e == ERR_OK)
		e = prove(&c);
	cad_free(&c);
	return e;
}

/* ---- start modes ---- */

static int
ended(const char *mode, enum err e)
{
	return e == ERR_OK ? EXIT_DONE : start_failed(mode, e);
}

static int
no_more(int argc, char **argv)
{
	fprintf(stderr, "mohar-cad: '%s' is one word too many (of %d)\n", argv[0], argc);
	return EXIT_USAGE;
}

static int
run_serve(const char *config, int argc, char **argv)
{
	return argc > 0 ? no_more(argc, argv) : ended("serve", serve(config));
}

static int
run_migrate(const char *config, int argc, char **argv)
{
	return argc > 0 ? no_more(argc, argv) : ended("migrate", migrate(config));
}

static int
run_check(const char *config, int argc, char **argv)
{
	return argc > 0 ? no_more(argc, argv) : ended("check", check(config));
}

static int
run_issue(const char *config, int argc, char **argv)
{
	struct local_request r;

	if (!read_issue(argc + 1, argv - 1, &r)) {
		fputs(issue_usage, stderr);
		return EXIT_USAGE;
	}
	return ended("issue", issue(config, &r));
}

static int
run_prove_status(const char *config, int argc, char **argv)
{
	return argc > 0 ? no_more(argc, argv) : ended("prove-status", prove_status(config));
}

int
main(int argc, char **argv)
{
	static const struct start_mode modes[] = {
		{"serve", "serve the API, OCSP, revocation lists and CA certificates", run_serve},
		{"migrate", "bring the schema ca up to date, as its owner", run_migrate},
		{"check", "say what is wrong with settings and policies", run_check},
		{"prove-status", "find out whether database, revocation lists and OCSP agree", run_prove_status},
		{"issue", "a TLS certificate for a daemon, with a fresh key", run_issue},
		{0},
	};
	const enum err e = sandbox_harden();

	return e == ERR_OK ? start("mohar-cad", modes, argc, argv) : start_failed("start", e);
}
