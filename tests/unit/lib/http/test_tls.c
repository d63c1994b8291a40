#include "tests/unit/lib/test.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/log.h"
#include "http/client.h"
#include "http/server.h"

static char folder[] = "/tmp/mohar-tls-XXXXXX";
static struct http_server *server;
static uint8_t *client_der;
static int client_der_len;

static const char *
path(const char *name)
{
	static char paths[8][200];
	static unsigned next;
	char *out = paths[next++ % 8];

	(void)snprintf(out, sizeof(paths[0]), "%s/%s", folder, name);
	return out;
}

static void
add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

/* A self-signed certificate of its own key, as NAME.pem and NAME.key. */
static X509 *
make(const char *name)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509 *x = X509_new();
	char file[64];
	FILE *f;

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const uint8_t *)name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	add_extension(x, NID_subject_alt_name, "DNS:localhost");
	add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	(void)snprintf(file, sizeof(file), "%s.pem", name);
	f = fopen(path(file), "w");
	PEM_write_X509(f, x);
	(void)fclose(f);
	(void)snprintf(file, sizeof(file), "%s.key", name);
	f = fopen(path(file), "w");
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	(void)fclose(f);
	EVP_PKEY_free(key);
	return x;
}

static enum err
say_certificate(void *daemon, struct request *request, struct reply *reply)
{
	const struct span given = request_peer_certificate(request);

	(void)daemon;
	if (given.len == 0)
		writer_text(reply_body(reply, "text/plain"), "none");
	else
		writer_text(reply_body(reply, "text/plain"),
			span_equal(given, span_at(client_der, (size_t)client_der_len)) ? "the client's" : "another");
	return ERR_OK;
}

static const struct route routes[] = {{"GET", "/who", &HTTP_ANYONE, say_certificate, 0}};

static int
start(void **state)
{
	struct http_server_options options = {.name = "tls",
		.threads = 2,
		.routes = routes,
		.route_count = 1,
		.client_certificate = true};
	X509 *x;

	(void)state;
	log_open("test", LOG_LEVEL_ERROR);
	assert_non_null(mkdtemp(folder));
	X509_free(make("server"));
	x = make("client");
	client_der_len = i2d_X509(x, &client_der);
	X509_free(x);
	options.tls_certificate = path("server.pem");
	options.tls_key = path("server.key");
	assert_ok(http_serve(&options, &server));
	return 0;
}

static int
stop(void **state)
{
	static const char *const names[] = {"server.pem", "server.key", "client.pem", "client.key", ""};

	(void)state;
	http_stop(&server);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)remove(path(names[i]));
	OPENSSL_free(client_der);
	return 0;
}

static void
expect(const char *certificate, const char *key, const char *answer)
{
	AUTO(writer) out = writer_new(1000);
	char url[100];
	int status = 0;
	const struct http_call call = {.method = "GET",
		.url = url,
		.ca_file = path("server.pem"),
		.client_certificate = certificate,
		.client_key = key};

	(void)snprintf(url, sizeof(url), "https://localhost:%d/who", http_server_port(server));
	assert_ok(http_call(&call, &status, &out));
	assert_int_equal(status, 200);
	assert_span(writer_span(&out), answer);
}

CASE(certificate_of_the_client_reaches_the_handler)
{
	expect(path("client.pem"), path("client.key"), "the client's");
}

CASE(client_without_certificate_reaches_the_handler_too)
{
	expect(NULL, NULL, "none");
}

/* A certificate is public: without its key nobody gets through the handshake with it. (First of all: a connection made
 * with the right key would be used again.) */
CASE(certificate_without_its_key_is_no_certificate)
{
	AUTO(writer) out = writer_new(1000);
	char url[100];
	int status = 0;
	const struct http_call call = {.method = "GET",
		.url = url,
		.ca_file = path("server.pem"),
		.client_certificate = path("client.pem"),
		.client_key = path("server.key")};

	(void)snprintf(url, sizeof(url), "https://localhost:%d/who", http_server_port(server));
	assert_err(http_call(&call, &status, &out), ERR_UNAVAILABLE);
}

CASE(client_refuses_a_server_it_does_not_trust)
{
	AUTO(writer) out = writer_new(1000);
	char url[100];
	int status = 0;
	struct http_call call = {.method = "GET", .url = url, .ca_file = path("client.pem")};

	(void)snprintf(url, sizeof(url), "https://localhost:%d/who", http_server_port(server));
	assert_err(http_call(&call, &status, &out), ERR_UNAVAILABLE);
	call.ca_file = path("server.pem");
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/who", http_server_port(server));
	assert_err(http_call(&call, &status, &out), ERR_UNAVAILABLE); /* the certificate names localhost */
}

CASE(key_of_another_certificate_stops_the_start)
{
	const struct http_server_options options = {.name = "x",
		.threads = 1,
		.routes = routes,
		.route_count = 1,
		.tls_certificate = path("server.pem"),
		.tls_key = path("client.key")};
	struct http_server *other = NULL;

	assert_err(http_serve(&options, &other), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "server.pem"));
}

CASE(taken_port_is_a_configuration_error_that_says_so)
{
	const struct http_server_options options = {.name = "other",
		.threads = 1,
		.port = http_server_port(server),
		.routes = routes,
		.route_count = 1};
	struct http_server *other = NULL;

	assert_err(http_serve(&options, &other), ERR_CONFIG);
	assert_null(other);
	assert_non_null(strstr(err_why(), "another program has it"));
}

CASE(missing_certificate_is_a_configuration_error)
{
	const struct http_server_options options = {.name = "tls",
		.threads = 1,
		.routes = routes,
		.route_count = 1,
		.tls_certificate = "/nowhere/c.pem",
		.tls_key = "/nowhere/k.pem"};
	struct http_server *other = NULL;

	assert_int_not_equal(http_serve(&options, &other), ERR_OK);
	assert_non_null(strstr(err_why(), "/nowhere/c.pem"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(certificate_without_its_key_is_no_certificate),
		cmocka_unit_test(certificate_of_the_client_reaches_the_handler),
		cmocka_unit_test(client_without_certificate_reaches_the_handler_too),
		cmocka_unit_test(client_refuses_a_server_it_does_not_trust),
		cmocka_unit_test(key_of_another_certificate_stops_the_start),
		cmocka_unit_test(missing_certificate_is_a_configuration_error),
		cmocka_unit_test(taken_port_is_a_configuration_error_that_says_so)};

	return cmocka_run_group_tests(tests, start, stop);
}
