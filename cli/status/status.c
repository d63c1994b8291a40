#include "cli/status/status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/order.h"
#include "http/client.h"
#include "keyring/keyring.h"
#include "x509/x509.h"

enum { MAX_URL_TEXT = 1 << 10, MAX_PAGE = 16 << 20 };

/* Every address is optional: what is not named is not looked at. */
static const struct cli_option options[] = {
	{"--hsm-socket", "PATH", "mohar-hsmd", "MOHAR_HSM_SOCKET", false, false},
	{"--ca-url", "URL", "the certificate authority", "MOHAR_CA_URL", false, false},
	{"--issuer", "URL", "the identity provider", "MOHAR_ISSUER", false, false},
	{"--signer-url", "URL", "decisions and their log", "MOHAR_SIGNER_URL", false, false},
	{"--pki-url", "URL", "OCSP, revocation lists and CA certificates", "MOHAR_PKI_URL", false, false},
	ORDER_TLS_OPTION,
	{"--warn-days", "N", "warn so many days before an end (30; for TLS and OCSP responders 7)", NULL, false, false},
	{"--metrics", NULL, "only mohar-hsmd's page for Prometheus", NULL, false, false},
	{0},
};

unix_time
status_time(const ASN1_TIME *t)
{
	struct tm tm;

	return t != NULL && ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : 0;
}

int64_t
status_warn(const struct looking *l, int64_t days)
{
	return (l->warn_days > 0 ? l->warn_days : days) * DAY;
}

void
status_until(struct looking *l, unix_time until)
{
	if (until == 0) {
		cli_text(l->c, "until", "");
		cli_text(l->c, "days", "");
		return;
	}
	cli_time(l->c, "until", until);
	cli_int(l->c, "days", until > l->now ? (until - l->now) / DAY : -((l->now - until) / DAY));
}

void
status_tell(struct looking *l, const char *list, const char *name, bool well, unix_time until, int64_t warn,
	const char *why)
{
	const bool over = until != 0 && until <= l->now, soon = until != 0 && until - l->now < warn;
	const char *state = over ? "expired" : !well ? "unwell" : soon ? "warning" : "healthy";

	cli_item(l->c, list);
	cli_text(l->c, "name", name);
	cli_text(l->c, "state", state);
	status_until(l, until);
	cli_text(l->c, "why", why != NULL ? why : over ? "it has ended" : soon && well ? "it ends soon" : "");
	cli_item_end(l->c);
	l->unwell = l->unwell || !well || over;
	l->warned = l->warned || soon;
}

void
status_tell_certificate(struct looking *l, const char *name, X509 *x, int64_t days, const char *why)
{
	const unix_time until = status_time(X509_get0_notAfter(x)), from = status_time(X509_get0_notBefore(x));
	const bool early = from > l->now;

	if (l->seen_count < MAX_SEEN) {
		struct seen *seen = &l->seen[l->seen_count];

		seen->until = until;
		l->seen_count += spki_hash(X509_get0_pubkey(x), &seen->spki) == ERR_OK;
	}
	status_tell(l, "certificates", name, why == NULL && !early, until, status_warn(l, days),
		why == NULL && early ? "it is not valid yet" : why);
	err_forget();
}

/* An answer of any status shows that the daemon serves and that its TLS certificate is trusted; whether it is ready is on its private listener. */
static void
look_at_service(struct looking *l, const char *name, const char *option, const char *path)
{
	AUTO(writer) url = writer_new(MAX_URL_TEXT);
	AUTO(writer) reply = writer_new(MAX_STATUS_REPLY);
	const char *base = cli_value(l->c, option);
	int status = 0;

	if (base == NULL)
		return;
	writer_format(&url, "%s%s", base, path);
	const struct http_call call = {.method = "GET",
		.url = (const char *)writer_span(&url).ptr,
		.ca_file = cli_value(l->c, "--tls-ca"),
		.timeout_ms = CALL_MS,
		.max_reply = MAX_STATUS_REPLY};
	const enum err e = http_call(&call, &status, &reply);

	l->unreachable = l->unreachable || e != ERR_OK;
	status_tell(l, "daemons", name, e == ERR_OK && status < 500, 0, 0,
		e != ERR_OK             ? err_why()
			: status >= 500 ? "answers with an error of its own"
					: NULL);
	err_forget();
	if (strncmp(base, "https://", 8) == 0)
		status_tls(l, name, base);
}

/* As it comes: another program reads it. */
static int
run_metrics(struct cli *c)
{
	AUTO(writer) page = writer_new(MAX_PAGE);
	AUTO(keyring) *k = NULL;
	enum err e;

	if (cli_value(c, "--hsm-socket") == NULL)
		return cli_end(c, "refused", "--metrics needs --hsm-socket", EXIT_USAGE);
	e = keyring_open(cli_value(c, "--hsm-socket"), 1, &k);
	if (e == ERR_OK)
		e = keyring_metrics(k, &page);
	if (e != ERR_OK)
		return cli_fail(c, e);
	if (cli_is_json(c)) {
		cli_text(c, "metrics", (const char *)writer_span(&page).ptr);
		return cli_end(c, "done", NULL, EXIT_DONE);
	}
	(void)fwrite(page.ptr, 1, page.len, stdout);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_REFUSED;
}

static bool
read_days(const char *text, int64_t *out)
{
	char *end;

	if (text == NULL)
		return true;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *out >= 1 && *out <= 36500;
}

static int
run_status(struct cli *c)
{
	struct looking l = {.c = c, .now = cli_now(c)};

	cli_begin(c);
	if (cli_flag(c, "--metrics"))
		return run_metrics(c);
	if (!read_days(cli_value(c, "--warn-days"), &l.warn_days))
		return cli_end(c, "refused", "--warn-days wants 1 to 36500", EXIT_USAGE);
	look_at_service(&l, "mohar-cad", "--ca-url", "/");
	look_at_service(&l, "mohar-idpd", "--issuer", "/.well-known/openid-configuration");
	look_at_service(&l, "mohar-signerd", "--signer-url", "/jwks");
	look_at_service(&l, "mohar-cad (pki)", "--pki-url", "/ca/bundle.pem");
	status_pki(&l);
	status_hsm(&l);
	if (l.warned)
		cli_text(c, "warning", "something ends soon; the rows above say what and when");
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
