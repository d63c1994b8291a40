#include "ca/routes.h"

#include <string.h>

#include "ca/acme/handlers.h"
#include "ca/acme/jws.h"
#include "ca/console/console.h"
#include "ca/bulk/bulk.h"
#include "ca/cmp/cmp.h"
#include "ca/device/device.h"
#include "ca/est/est.h"
#include "ca/issue/order.h"
#include "ca/request/request.h"
#include "ca/revoke/revoke.h"
#include "ca/show/show.h"
#include "ca/status/authority_get.h"
#include "ca/status/cache.h"
#include "ca/status/crl_set.h"
#include "ca/status/keeper.h"
#include "ca/status/ocsp.h"
#include "ca/status/proof.h"
#include "http/health.h"

/* Who may is told by the signed act that each of these takes; the handler verifies it (order.h). */
static const struct route api_routes[] = {
	{"POST", "/certificates", &HTTP_ANYONE, issue_post, MAX_ACT},
	{"POST", "/certificates/{serial}/revoke", &HTTP_ANYONE, revoke_post, MAX_ACT},
	{"POST", "/certificates/{serial}/suspend", &HTTP_ANYONE, suspend_post, MAX_ACT},
	{"POST", "/certificates/{serial}/resume", &HTTP_ANYONE, resume_post, MAX_ACT},
	{"GET", "/certificates/{serial}", &HTTP_ANYONE, show_get, 0},
	{"GET", "/certificates", &HTTP_ANYONE, show_list, 0},
	/* the queue: each act names who may; a person's own certificate too may ask and withdraw */
	{"POST", "/requests", &HTTP_ANYONE, request_post, MAX_ACT},
	{"GET", "/requests", &HTTP_ANYONE, request_list_get, 0},
	{"GET", "/requests/summary", &HTTP_ANYONE, request_summary_get, 0},
	{"GET", "/requests/{id}", &HTTP_ANYONE, request_get, 0},
	{"POST", "/requests/{id}/approve", &HTTP_ANYONE, request_approve_post, MAX_ACT},
	{"POST", "/requests/{id}/reject", &HTTP_ANYONE, request_reject_post, MAX_ACT},
	{"POST", "/requests/{id}/withdraw", &HTTP_ANYONE, request_withdraw_post, MAX_ACT},
	/* very many certificates at once: operators' acts; the keys come by a token that the proposer was told */
	{"POST", "/bulk", &HTTP_ANYONE, bulk_post, MAX_ACT},
	{"GET", "/bulk", &HTTP_ANYONE, bulk_list_get, 0},
	{"GET", "/bulk/{id}", &HTTP_ANYONE, bulk_get, 0},
	{"POST", "/bulk/{id}/keys/{part}", &HTTP_ANYONE, bulk_keys_post, MAX_KEYS_BODY},
	{"POST", "/bulk/{id}/approve", &HTTP_ANYONE, bulk_approve_post, MAX_ACT},
	{"POST", "/bulk/{id}/withdraw", &HTTP_ANYONE, bulk_withdraw_post, MAX_ACT},
	/* ACME (RFC 8555): who may is told by the JWS; the last three are operators' acts */
	{"GET", "/acme/directory", &HTTP_ANYONE, acme_directory, 0},
	{"GET", "/acme/new-nonce", &HTTP_ANYONE, acme_new_nonce, 0},
	{"POST", "/acme/new-account", &HTTP_ANYONE, acme_new_account, MAX_ACME_BODY},
	{"POST", "/acme/account/{id}", &HTTP_ANYONE, acme_account, MAX_ACME_BODY},
	{"POST", "/acme/account/{id}/orders", &HTTP_ANYONE, acme_orders, MAX_ACME_BODY},
	{"POST", "/acme/key-change", &HTTP_ANYONE, acme_key_change, MAX_ACME_BODY},
	{"POST", "/acme/new-order", &HTTP_ANYONE, acme_new_order, MAX_ACME_BODY},
	{"POST", "/acme/order/{id}", &HTTP_ANYONE, acme_order, MAX_ACME_BODY},
	{"POST", "/acme/order/{id}/finalize", &HTTP_ANYONE, acme_finalize, MAX_ACME_BODY},
	{"POST", "/acme/authz/{id}", &HTTP_ANYONE, acme_authorization, MAX_ACME_BODY},
	{"POST", "/acme/challenge/{id}", &HTTP_ANYONE, acme_challenge, MAX_ACME_BODY},
	{"POST", "/acme/cert/{serial}", &HTTP_ANYONE, acme_certificate, MAX_ACME_BODY},
	{"POST", "/acme/revoke-cert", &HTTP_ANYONE, acme_revoke, MAX_ACME_BODY},
	{"GET", "/acme/renewal-info/{id}", &HTTP_ANYONE, acme_renewal, 0},
	{"GET", "/acme/bindings", &HTTP_ANYONE, eab_list, 0},
	{"POST", "/acme/bindings", &HTTP_ANYONE, eab_add, MAX_ACT},
	{"POST", "/acme/bindings/{kid}/revoke", &HTTP_ANYONE, eab_revoke, MAX_ACT},
	/* the operators' console: each handler finds out who it is (console.h) */
	{"GET", "/console", &HTTP_ANYONE, console_queue, 0},
	{"GET", "/console/cb", &HTTP_ANYONE, console_callback, 0},
	{"POST", "/console/leave", &HTTP_ANYONE, console_leave, MAX_CONSOLE_FORM},
	{"GET", "/console/requests/{id}", &HTTP_ANYONE, console_request, 0},
	{"POST", "/console/requests/{id}/reject", &HTTP_ANYONE, console_reject, MAX_CONSOLE_FORM},
	{"GET", "/console/certificates", &HTTP_ANYONE, console_certificates, 0},
	{"GET", "/console/certificates/{serial}", &HTTP_ANYONE, console_certificate, 0},
	{"GET", "/console/certificates/{serial}/pem", &HTTP_ANYONE, console_pem, 0},
	{"GET", "/console/bulk", &HTTP_ANYONE, console_bulks, 0},
	{"GET", "/console/bulk/{id}", &HTTP_ANYONE, console_bulk, 0},
	{"GET", "/console/health", &HTTP_ANYONE, console_health, 0},
	{"GET", "/console/static/{file}", &HTTP_ANYONE, console_static, 0},
	/* operators' acts about devices' enrolments */
	{"GET", "/devices/enrolments", &HTTP_ANYONE, device_list, 0},
	{"POST", "/devices/enrolments", &HTTP_ANYONE, device_add, MAX_ACT},
	{"POST", "/devices/enrolments/{id}/revoke", &HTTP_ANYONE, device_revoke, MAX_ACT},
};

/* EST (RFC 7030): who may is told by an enrolment secret or by the certificate of the TLS session. CMP (RFC 9811): by the message itself. */
static const struct route device_routes[] = {
	{"GET", "/.well-known/est/cacerts", &HTTP_ANYONE, est_cacerts, 0},
	{"GET", "/.well-known/est/csrattrs", &HTTP_ANYONE, est_csrattrs, 0},
	{"POST", "/.well-known/est/simpleenroll", &HTTP_ANYONE, est_simpleenroll, MAX_EST_BODY},
	{"POST", "/.well-known/est/simplereenroll", &HTTP_ANYONE, est_simplereenroll, MAX_EST_BODY},
	{"GET", "/.well-known/est/{profile}/cacerts", &HTTP_ANYONE, est_cacerts, 0},
	{"GET", "/.well-known/est/{profile}/csrattrs", &HTTP_ANYONE, est_csrattrs, 0},
	{"POST", "/.well-known/est/{profile}/simpleenroll", &HTTP_ANYONE, est_simpleenroll, MAX_EST_BODY},
	{"POST", "/.well-known/est/{profile}/simplereenroll", &HTTP_ANYONE, est_simplereenroll, MAX_EST_BODY},
	{"POST", "/.well-known/cmp", &HTTP_ANYONE, cmp_post, MAX_CMP_BODY},
	{"POST", "/.well-known/cmp/p/{profile}", &HTTP_ANYONE, cmp_post, MAX_CMP_BODY},
};

static const struct route pki_routes[] = {
	{"GET", "/ocsp/{request...}", &HTTP_ANYONE, ocsp_get, 0},
	{"POST", "/ocsp", &HTTP_ANYONE, ocsp_post, MAX_OCSP_REQUEST},
	{"GET", "/crl/{file}", &HTTP_ANYONE, crl_get, 0},
	{"GET", "/ca/{file}", &HTTP_ANYONE, authority_get, 0},
};

static enum err
ready(void *daemon)
{
	struct cad *c = daemon;

	TRY(db_ping(c->db));
	return keeper_ready(c->keeper, cad_now(c));
}

static void
metrics(void *daemon, struct writer *w)
{
	const struct cad *c = daemon;
	const struct ocsp_cache_numbers n = ocsp_cache_numbers(c->ocsp);

	writer_format(w,
		"# TYPE mohar_ocsp_cache_entries gauge\nmohar_ocsp_cache_entries %zu\n"
		"# TYPE mohar_ocsp_cache_hits_total counter\nmohar_ocsp_cache_hits_total %llu\n"
		"# TYPE mohar_ocsp_cache_misses_total counter\nmohar_ocsp_cache_misses_total %llu\n",
		n.entries, (unsigned long long)n.hits, (unsigned long long)n.misses);
	keeper_metrics(c, w);
	proof_metrics(c, w);
}

static enum err
serve_api(struct cad *c, struct http_server **out)
{
	const struct http_server_options options = {
		.name = "ca",
		.address = c->config.address,
		.port = (int)c->config.port,
		.tls_certificate = c->config.tls_certificate,
		.tls_key = c->config.tls_key,
		.threads = (unsigned)c->config.threads,
		.routes = api_routes,
		.route_count = sizeof(api_routes) / sizeof(api_routes[0]),
		.daemon = c,
		.refusal = console_refusal,
		.clock = &c->clock,
	};

	return http_serve(&options, out);
}

static enum err
serve_pki(struct cad *c, struct http_server **out)
{
	const struct http_server_options options = {
		.name = "pki",
		.address = c->config.pki_address,
		.port = (int)c->config.pki_port,
		.threads = (unsigned)c->config.threads,
		.routes = pki_routes,
		.route_count = sizeof(pki_routes) / sizeof(pki_routes[0]),
		.daemon = c,
		.clock = &c->clock,
	};

	return http_serve(&options, out);
}

/* A listener of its own: one that asks for certificates would have browsers offer theirs to the console. */
static enum err
serve_devices(struct cad *c, struct http_server **out)
{
	const struct http_server_options options = {
		.name = "device",
		.address = c->config.address,
		.port = (int)c->config.device_port,
		.tls_certificate = c->config.tls_certificate,
		.tls_key = c->config.tls_key,
		.client_certificate = true,
		.threads = (unsigned)c->config.threads,
		.routes = device_routes,
		.route_count = sizeof(device_routes) / sizeof(device_routes[0]),
		.daemon = c,
		.clock = &c->clock,
	};

	return c->devices == NULL ? ERR_OK : http_serve(&options, out);
}

enum err
servers_start(struct cad *c, struct servers *out)
{
	static struct health health;

	*out = (struct servers){0};
	health = (struct health){.ready = ready, .metrics = metrics, .daemon = c};
	enum err e = serve_pki(c, &out->pki);

	if (e == ERR_OK)
		e = serve_api(c, &out->api);
	if (e == ERR_OK)
		e = serve_devices(c, &out->device);
	if (e == ERR_OK)
		e = health_serve(&health, (int)c->config.metrics_port, &c->clock, &out->private);
	if (e != ERR_OK)
		servers_stop(out);
	return e;
}

void
servers_stop(struct servers *s)
{
	if (s->api != NULL)
		http_stop(&s->api);
	if (s->device != NULL)
		http_stop(&s->device);
	if (s->pki != NULL)
		http_stop(&s->pki);
	if (s->private != NULL)
		http_stop(&s->private);
}
