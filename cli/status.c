#include <stdlib.h>
#include <string.h>

#include "cli/order.h"
#include "http/client.h"
#include "keyring/keyring.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { MAX_URL_TEXT = 1 << 10, MAX_STATUS = 256 << 10, WARN_SECONDS = 7 * 86400, CALL_MS = 3000 };

/* Every address is optional: what is not named is not looked at. */
static const struct cli_option options[] = {
	{"--hsm-socket", "PATH", "mohar-hsmd", "MOHAR_HSM_SOCKET", false, false},
	{"--ca-url", "URL", "the certificate authority", "MOHAR_CA_URL", false, false},
	{"--issuer", "URL", "the identity provider", "MOHAR_ISSUER", false, false},
	{"--signer-url", "URL", "decisions and their log", "MOHAR_SIGNER_URL", false, false},
	{"--pki-url", "URL", "OCSP, revocation lists and CA certificates", "MOHAR_PKI_URL", false, false},
	ORDER_TLS_OPTION,
	{0},
};

struct hsm_key {
	char *label, *purpose, *algorithm;
	bool present;
};
static const struct json_row key_rows[] = {
	{.name = "label", .kind = JSON_TEXT, .presence = JSON_REQUIRED, .offset = offsetof(struct hsm_key, label)},
	{.name = "purpose", .kind = JSON_TEXT, .presence = JSON_REQUIRED, .offset = offsetof(struct hsm_key, purpose)},
	{.name = "algorithm",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct hsm_key, algorithm)},
	{.name = "present", .kind = JSON_BOOL, .presence = JSON_REQUIRED, .offset = offsetof(struct hsm_key, present)},
};
static const struct json_table key_table = {"key", key_rows, 4, sizeof(struct hsm_key), true};

struct hsm_status {
	char *token, *state, *since;
	struct json_list keys; /* struct hsm_key */
};
static const struct json_row hsm_rows[] = {
	{.name = "token", .kind = JSON_TEXT, .offset = offsetof(struct hsm_status, token)},
	{.name = "state", .kind = JSON_TEXT, .offset = offsetof(struct hsm_status, state)},
	{.name = "since", .kind = JSON_TEXT, .offset = offsetof(struct hsm_status, since)},
	{.name = "keys",
		.kind = JSON_OBJECTS,
		.offset = offsetof(struct hsm_status, keys),
		.max = 256,
		.table = &key_table},
};
static const struct json_table hsm_table = {"status of mohar-hsmd", hsm_rows, 4, sizeof(struct hsm_status), true};

struct looking {
	struct cli *c;
	bool unwell, unreachable;
	unix_time now;
};

static void
tell(struct looking *l, const char *list, const char *name, bool well, unix_time until, const char *why)
{
	cli_item(l->c, list);
	cli_text(l->c, "name", name);
	cli_text(l->c, "state", well ? "healthy" : "unwell");
	if (until != 0)
		cli_time(l->c, "until", until);
	else
		cli_text(l->c, "until", "");
	cli_text(l->c, "why", why != NULL ? why : "");
	cli_item_end(l->c);
	l->unwell = l->unwell || !well;
}

static unix_time
time_of(const ASN1_TIME *t)
{
	struct tm tm;

	return t != NULL && ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : 0;
}

/* An answer of any status shows that the daemon serves and that its TLS certificate is trusted; whether it is ready is on its private listener. */
static void
look_at_service(struct looking *l, const char *name, const char *option, const char *path)
{
	AUTO(writer) url = writer_new(MAX_URL_TEXT);
	AUTO(writer) reply = writer_new(MAX_STATUS);
	int status = 0;

	if (cli_value(l->c, option) == NULL)
		return;
	writer_format(&url, "%s%s", cli_value(l->c, option), path);
	const struct http_call call = {.method = "GET",
		.url = (const char *)writer_span(&url).ptr,
		.ca_file = cli_value(l->c, "--tls-ca"),
		.timeout_ms = CALL_MS,
		.max_reply = MAX_STATUS};
	const enum err e = http_call(&call, &status, &reply);

	l->unreachable = l->unreachable || e != ERR_OK;
	if (e != ERR_OK)
		tell(l, "daemons", name, false, 0, err_why());
	else
		tell(l, "daemons", name, status < 500, 0, status < 500 ? NULL : "answers with an error of its own");
	err_forget();
}

static enum err
tell_hsm(struct looking *l, struct span json)
{
	struct hsm_status status;

	TRY(json_decode(json, &hsm_table, &status));
	const struct hsm_key *keys = status.keys.items;

	cli_text(l->c, "hsm_token", status.token);
	cli_text(l->c, "hsm_state", status.state);
	cli_text(l->c, "hsm_since", status.since);
	for (size_t i = 0; i < status.keys.count; i++) {
		cli_item(l->c, "keys");
		cli_text(l->c, "label", keys[i].label);
		cli_text(l->c, "purpose", keys[i].purpose);
		cli_text(l->c, "algorithm", keys[i].algorithm);
		cli_bool(l->c, "present", keys[i].present);
		cli_item_end(l->c);
	}
	json_free(&hsm_table, &status);
	return ERR_OK;
}

/* A refusal is an answer: mohar-hsmd tells its state only to users it knows. */
static void
look_at_hsm(struct looking *l)
{
	AUTO(writer) json = writer_new(MAX_STATUS);
	struct keyring *k = NULL;

	if (cli_value(l->c, "--hsm-socket") == NULL)
		return;
	enum err e = keyring_open(cli_value(l->c, "--hsm-socket"), 1, &k);

	if (e == ERR_OK)
		e = keyring_status(k, &json);
	l->unreachable = l->unreachable || e == ERR_UNAVAILABLE;
	tell(l, "daemons", "mohar-hsmd", e == ERR_OK || e == ERR_REFUSED, 0, e == ERR_OK ? NULL : err_why());
	err_forget();
	if (e == ERR_OK && tell_hsm(l, writer_span(&json)) != ERR_OK)
		err_forget();
	if (k != NULL)
		keyring_free(&k);
}

static enum err
fetch(struct looking *l, const char *path, struct writer *reply)
{
	AUTO(writer) url = writer_new(MAX_URL_TEXT);

	writer_format(&url, "%s%s", cli_value(l->c, "--pki-url"), path);
	return order_get(l->c, (const char *)writer_span(&url).ptr, reply);
}

static void
look_at_list(struct looking *l, const char *label)
{
	AUTO(writer) path = writer_new(MAX_URL_TEXT);
	AUTO(writer) der = writer_new(MAX_ORDER_REPLY);
	OWN(X509_CRL) crl = NULL;

	writer_format(&path, "/crl/%s.crl", label);
	if (fetch(l, (const char *)writer_span(&path).ptr, &der) == ERR_OK) {
		const unsigned char *p = writer_span(&der).ptr;

		crl = d2i_X509_CRL(NULL, &p, (long)writer_span(&der).len);
	}
	const unix_time until = crl != NULL ? time_of(X509_CRL_get0_nextUpdate(crl)) : 0;

	if (crl == NULL)
		tell(l, "lists", label, false, 0, err_why()[0] != '\0' ? err_why() : "not a revocation list");
	else
		tell(l, "lists", label, until > l->now, until, until > l->now ? NULL : "stale");
	err_forget();
}

/* The common name of a CA is free; its file under /ca/ is its label, which the list's address has too. Labels are known by convention. */
static void
look_at_authorities(struct looking *l)
{
	static const char *const labels[] = {"root-ca", "citizen-ca", "service-ca"};

	if (cli_value(l->c, "--pki-url") == NULL)
		return;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		AUTO(writer) path = writer_new(MAX_URL_TEXT);
		AUTO(writer) der = writer_new(MAX_CERTIFICATE);
		OWN(X509) x = NULL;

		writer_format(&path, "/ca/%s.cer", labels[i]);
		enum err e = fetch(l, (const char *)writer_span(&path).ptr, &der);

		if (e == ERR_OK)
			e = certificate_parse(writer_span(&der), &x);
		const unix_time until = x != NULL ? time_of(X509_get0_notAfter(x)) : 0;
		const bool soon = until - l->now < WARN_SECONDS;

		if (e != ERR_OK)
			tell(l, "certificates", labels[i], false, 0, err_why());
		else
			tell(l, "certificates", labels[i], until > l->now, until, soon ? "ends within a week" : NULL);
		err_forget();
		if (e == ERR_OK)
			look_at_list(l, labels[i]);
	}
}

static int
run_status(struct cli *c)
{
	struct looking l = {.c = c, .now = cli_now(c)};

	cli_begin(c);
	look_at_hsm(&l);
	look_at_service(&l, "mohar-cad", "--ca-url", "/");
	look_at_service(&l, "mohar-idpd", "--issuer", "/.well-known/openid-configuration");
	look_at_service(&l, "mohar-signerd", "--signer-url", "/jwks");
	look_at_service(&l, "mohar-cad (pki)", "--pki-url", "/ca/bundle.pem");
	look_at_authorities(&l);
	if (l.unwell && !l.unreachable)
		return cli_end(c, "refused", "something is unwell; the rows above say what and why", EXIT_REFUSED);
	if (l.unwell)
		return cli_end(c, "unreachable", "something is unwell; the rows above say what and why",
			EXIT_UNREACHABLE);
	return cli_end(c, "done", NULL, EXIT_DONE);
}

const struct cli_verb cli_status[] = {
	{NULL, "status", NULL, "each daemon, key, certificate and list: healthy, until when", options, run_status},
	{0},
};
