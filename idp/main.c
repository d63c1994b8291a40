#include <limits.h>
#include <stdio.h>

#include "base/log.h"
#include "base/start.h"
#include "db/migrate.h"
#include "http/health.h"
#include "idp/limit.h"
#include "idp/open.h"
#include "idp/page.h"
#include "idp/sweep.h"
#include "sandbox/sandbox.h"

/* One small script for WebAuthn, from here; nothing else runs, nothing frames us. A form may lead to any portal's registered address, so form-action is not narrowed here but by
 * the exact match of redirect addresses. */
static const char *const headers[] = {
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
	"X-Frame-Options: DENY",
	"Permissions-Policy: publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), geolocation=(), microphone=()",
	"Cross-Origin-Opener-Policy: same-origin",
	NULL,
};

static enum err
enter_sandbox(const struct idp *d)
{
	const struct idp_settings *s = &d->settings;
	const char *const read[] = {s->share, s->policies, s->tls_ca, s->tls_certificate, s->tls_key, "/etc",
		"/usr/share", "/usr/lib", NULL};
	const char *const write[] = {s->hsm_socket, "/dev/null", NULL};
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
	struct idp *const d = daemon;
	AUTO(writer) status = writer_new(64 << 10);

	TRY(db_ping(d->db));
	return keyring_status(d->keyring, &status);
}

static struct http_server_options
options_of(struct idp *d, const char *name, int64_t port, const struct route *routes, size_t count)
{
	return (struct http_server_options){
		.name = name,
		.address = d->settings.address,
		.port = (int)port,
		.tls_certificate = d->settings.tls_certificate,
		.tls_key = d->settings.tls_key,
		.threads = (unsigned)d->settings.threads,
		.routes = routes,
		.route_count = count,
		.daemon = d,
		.admit = limit_admit,
		.refusal = page_refusal,
		.headers = headers,
		.clock = &d->clock,
	};
}

/* The listeners, in the order they start and the other way round when they stop. */
struct listeners {
	struct http_server *issuer, *card, *private;
	struct health health;
	struct sweep *sweep;
};

static enum err
listen_all(struct idp *d, struct listeners *l)
{
	const struct http_server_options issuer =
		options_of(d, "issuer", d->settings.port, idp_routes, idp_route_count);
	struct http_server_options card =
		options_of(d, "card", d->settings.card_port, idp_card_routes, idp_card_route_count);

	card.client_certificate = true;
	l->health = (struct health){.ready = ready, .daemon = d};
	TRY(http_serve(&issuer, &l->issuer));
	TRY(http_serve(&card, &l->card));
	TRY(health_serve(&l->health, (int)d->settings.metrics_port, &d->clock, &l->private));
	return sweep_start(d, &l->sweep);
}

static enum err
serve_until_told(struct idp *d)
{
	static struct listeners l;
	const enum err e = listen_all(d, &l);

	if (e == ERR_OK) {
		log_info("start", "serving %s on port %d, cards on port %d", d->settings.issuer, (int)d->settings.port,
			(int)d->settings.card_port);
		http_wait();
	}
	sweep_stop(&l.sweep);
	http_stop(&l.private);
	http_stop(&l.card);
	http_stop(&l.issuer);
	return e;
}

static enum err
serve_all(struct idp *d, const char *config)
{
	TRY(sandbox_harden());
	TRY(idp_read_settings(d, config));
	TRY(idp_read_files(d));
	TRY(idp_open_services(d));
	TRY(enter_sandbox(d));
	return serve_until_told(d);
}

static int
serve(const char *config, int argc, char **argv)
{
	static struct idp d;
	enum err e;

	(void)argc;
	(void)argv;
	d.clock = clock_system();
	e = serve_all(&d, config);
	idp_close(&d);
	return e == ERR_OK ? 0 : start_failed("start", e);
}

static enum err
migrate_schema(const struct idp_settings *s)
{
	char audit[PATH_MAX], own[PATH_MAX];
	int applied;

	REQUIRE_WHY(s->owner_database[0] != '\0', ERR_CONFIG,
		"owner_database is not set: migrate runs as the schema's owner");
	TRY(idp_path(s->share, "lib/audit/sql", audit, sizeof(audit)));
	TRY(idp_path(s->share, "idp/store/migrations", own, sizeof(own)));
	TRY(db_migrate(s->owner_database, "idp", (const char *const[]){audit, own, NULL}, &applied));
	log_info("migrate", "schema idp: %d applied", applied);
	return ERR_OK;
}

static int
migrate(const char *config, int argc, char **argv)
{
	static struct idp d;
	enum err e;

	(void)argc;
	(void)argv;
	e = idp_read_settings(&d, config);
	if (e == ERR_OK)
		e = migrate_schema(&d.settings);
	idp_close(&d);
	return e == ERR_OK ? 0 : start_failed("migrate", e);
}

static int
check(const char *config, int argc, char **argv)
{
	static struct idp d;
	enum err e;

	(void)argc;
	(void)argv;
	d.clock = clock_system();
	e = idp_read_settings(&d, config);
	if (e == ERR_OK)
		e = idp_read_files(&d);
	idp_close(&d);
	if (e != ERR_OK)
		return start_failed("check", e);
	printf("%s: right\n", config);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct start_mode modes[] = {
		{"serve", "serve the issuer's and the card's port", serve},
		{"migrate", "bring the schema idp up to date, as its owner", migrate},
		{"check", "check the settings, policy files and pages", check},
		{0},
	};

	return start("mohar-idpd", modes, argc, argv);
}
