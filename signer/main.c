#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/config.h"
#include "base/file.h"
#include "base/log.h"
#include "base/start.h"
#include "db/migrate.h"
#include "http/health.h"
#include "oidc/keys.h"
#include "sandbox/sandbox.h"
#include "signer/decision/type.h"
#include "signer/signer.h"
#include "signer/signing/signing.h"
#include "signer/status/lists.h"
#include "signer/verify/verify.h"
#include "signer/web/page.h"

enum { POOL = 8, LOG_INTERVAL_MS = 300 };

static const char *const schemas[] = {"ca", "idp", "signer", NULL};

/* Pages: no script at all is needed here. */
static const char *const headers[] = {
	"Content-Security-Policy: default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	"X-Frame-Options: DENY",
	"Permissions-Policy: camera=(), geolocation=(), microphone=()",
	NULL,
};

static enum err
path_in(const char *folder, const char *name, char out[PATH_MAX])
{
	REQUIRE((size_t)snprintf(out, PATH_MAX, "%s/%s", folder, name) < PATH_MAX, ERR_TOO_LONG);
	return ERR_OK;
}

static enum err
read_policies(struct signer *s)
{
	char path[PATH_MAX];

	TRY(path_in(s->settings.policies, "decisions", path));
	TRY(decision_types_read(path, &s->types, &s->type_count));
	if (s->settings.log_policy[0] != '\0')
		TRY(log_policy_read(s->settings.log_policy, &s->log_policy));
	TRY(path_in(s->settings.share, "signer/web", path));
	return templates_read(path, &s->pages);
}

static enum err
read_client_key(struct signer *s)
{
	AUTO(writer) text = writer_new(16 << 10);

	TRY(file_read(s->settings.client_jwk, 16 << 10, &text));
	return jwk_parse(writer_span(&text), true, &s->client_key);
}

static enum err
open_services(struct signer *s)
{
	TRY(keyring_open(s->settings.hsm_socket, POOL, &s->keyring));
	TRY(keyring_provider_load(s->keyring));
	TRY(read_client_key(s));
	TRY(db_pool_open(s->settings.database, POOL, signer_statements, SIGNER_STATEMENTS, &s->db));
	TRY(signer_seals_open(s));
	TRY(operators_read(s->settings.keys, &s->operators));
	TRY(status_lists_new(s, &s->lists));
	TRY(oidc_keys_new(s->settings.issuer, s->settings.tls_ca, &s->issuer));
	return jwks_build(s);
}

/* The sequencer's thread is a thread: after the sandbox, which Landlock puts only on the one that enters it. */
static enum err
open_log(struct signer *s)
{
	static struct tlog_options log;

	log = (struct tlog_options){
		.database = s->settings.database,
		.keyring = s->keyring,
		.key_label = "log",
		.origin = s->settings.log_origin,
		.schemas = schemas,
		.policy = s->settings.log_policy[0] == '\0' ? NULL : &s->log_policy,
		.ca_file = s->settings.tls_ca,
		.kept = s->settings.log_kept,
		.clock = &s->clock,
		.interval_ms = LOG_INTERVAL_MS,
	};
	return tlog_open(&log, &s->log);
}

static enum err
enter_sandbox(const struct signer *s)
{
	const char *const read[] = {s->settings.share, s->settings.policies, s->settings.tls_ca,
		s->settings.tls_certificate, s->settings.tls_key, "/etc", "/usr/share", "/usr/lib", NULL};
	const char *const kept = s->settings.log_kept[0] == '\0' ? NULL : s->settings.log_kept;
	const char *const write[] = {s->settings.hsm_socket, "/dev/null", kept, NULL};
	const struct sandbox sandbox = {.read = read,
		.write = write,
		.network = true,
		.listen = true,
		.unprotected = start_unprotected()};

	return sandbox_enter(&sandbox);
}

static enum err
ready(void *daemon)
{
	struct signer *const s = daemon;
	AUTO(writer) status = writer_new(64 << 10);

	TRY(db_ping(s->db));
	return keyring_status(s->keyring, &status);
}

static void
metrics(void *daemon, struct writer *w)
{
	tlog_metrics(((struct signer *)daemon)->log, w);
}

static enum err
serve_until_told(struct signer *s)
{
	struct health health = {.ready = ready, .metrics = metrics, .daemon = s};
	struct http_server *public = NULL, *private = NULL;
	const struct http_server_options options = {
		.name = "signer",
		.address = s->settings.address,
		.port = (int)s->settings.port,
		.tls_certificate = s->settings.tls_certificate,
		.tls_key = s->settings.tls_key,
		.threads = (unsigned)s->settings.threads,
		.routes = signer_routes,
		.route_count = signer_route_count,
		.daemon = s,
		.refusal = signer_refusal,
		.headers = headers,
		.clock = &s->clock,
	};
	enum err e;

	TRY(http_serve(&options, &public));
	e = health_serve(&health, (int)s->settings.metrics_port, &s->clock, &private);
	if (e == ERR_OK) {
		log_info("start", "serving %s on %s:%d", s->settings.url, s->settings.address, (int)s->settings.port);
		http_wait();
		http_stop(&private);
	}
	http_stop(&public);
	return e;
}

static enum err
serve_all(struct signer *s, const char *config)
{
	TRY(sandbox_harden());
	TRY(config_read(config, signer_settings_rows, signer_settings_count, &s->settings));
	TRY(signing_origin_check(s->settings.sign_origin));
	TRY(read_policies(s));
	TRY(open_services(s));
	TRY(enter_sandbox(s));
	TRY(open_log(s));
	return serve_until_told(s);
}

static void
close_all(struct signer *s)
{
	tlog_free(&s->log);
	log_policy_free(&s->log_policy);
	oidc_keys_free(&s->issuer);
	status_lists_free(&s->lists);
	signer_seals_close(s);
	db_pool_free(&s->db);
	operators_free(&s->operators);
	jwk_free(&s->client_key);
	writer_free(&s->jwks);
	templates_free(&s->pages);
	decision_types_free(&s->types, s->type_count);
	keyring_provider_unload();
	keyring_free(&s->keyring);
	config_free(signer_settings_rows, signer_settings_count, &s->settings);
}

static int
serve(const char *config, int argc, char **argv)
{
	static struct signer s;
	enum err e;

	(void)argc;
	(void)argv;
	s.clock = clock_system();
	s.jwks = writer_new(64 << 10);
	e = serve_all(&s, config);
	close_all(&s);
	return e == ERR_OK ? 0 : start_failed("start", e);
}

static enum err
migrate_schemas(const struct signer_settings *settings)
{
	char audit[PATH_MAX], own[PATH_MAX], log[PATH_MAX];
	int applied;

	TRY(path_in(settings->share, "lib/audit/sql", audit));
	TRY(path_in(settings->share, "signer/store/migrations", own));
	TRY(path_in(settings->share, "signer/log/migrations", log));
	TRY(db_migrate(settings->owner_database, "signer", (const char *const[]){audit, own, NULL}, &applied));
	log_info("migrate", "schema signer: %d applied", applied);
	TRY(db_migrate(settings->owner_database, "log", (const char *const[]){log, NULL}, &applied));
	log_info("migrate", "schema log: %d applied", applied);
	return ERR_OK;
}

static int
migrate(const char *config, int argc, char **argv)
{
	struct signer_settings settings;
	enum err e = config_read(config, signer_settings_rows, signer_settings_count, &settings);

	(void)argc;
	(void)argv;
	if (e != ERR_OK)
		return start_failed("migrate", e);
	e = migrate_schemas(&settings);
	config_free(signer_settings_rows, signer_settings_count, &settings);
	return e == ERR_OK ? 0 : start_failed("migrate", e);
}

static int
check(const char *config, int argc, char **argv)
{
	static struct signer s;
	enum err e = config_read(config, signer_settings_rows, signer_settings_count, &s.settings);

	(void)argc;
	(void)argv;
	if (e == ERR_OK)
		e = read_policies(&s);
	if (e == ERR_OK)
		e = signing_origin_check(s.settings.sign_origin);
	if (e == ERR_OK)
		e = signer_seals_check(s.settings.keys);
	if (e != ERR_OK)
		return start_failed("check", e);
	printf("%s: right\n", config);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct start_mode modes[] = {
		{"serve", "serve decisions, status lists, the log and the verification page", serve},
		{"migrate", "bring the schemas signer and log up to date, as their owner", migrate},
		{"check", "check the settings and policy files", check},
		{0},
	};

	return start("mohar-signerd", modes, argc, argv);
}
