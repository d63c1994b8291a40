#include "http/tls.h"

#include <gnutls/gnutls.h>

#include "base/file.h"

enum { MAX_PEM = 256 * 1024 };

static enum err
check(const char *certificate_file, const char *key_file, const struct writer *certificate, const struct writer *key)
{
	const gnutls_datum_t c = {certificate->ptr, (unsigned)certificate->len}, k = {key->ptr, (unsigned)key->len};
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priorities;
	const char *at;
	int n;

	n = gnutls_priority_init(&priorities, TLS_PRIORITIES, &at);
	REQUIRE_WHY(n == GNUTLS_E_SUCCESS, ERR_CONFIG, "GnuTLS does not know its priorities at '%.20s'", at);
	gnutls_priority_deinit(priorities);
	REQUIRE(gnutls_certificate_allocate_credentials(&credentials) == GNUTLS_E_SUCCESS, ERR_NO_MEMORY);
	n = gnutls_certificate_set_x509_key_mem(credentials, &c, &k, GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(credentials);
	REQUIRE_WHY(n >= 0, ERR_CONFIG, "TLS certificate %s with key %s: %s", certificate_file, key_file,
		gnutls_strerror(n));
	return ERR_OK;
}

enum err
tls_read(const char *certificate_file, const char *key_file, struct writer *certificate, struct writer *key)
{
	*certificate = writer_new(MAX_PEM);
	*key = writer_new(MAX_PEM);
	REQUIRE_WHY(file_read(certificate_file, MAX_PEM, certificate) == ERR_OK, ERR_CONFIG,
		"TLS certificate %s; set 'tls_certificate' to a PEM file (mohar-cad issue makes one)", err_why());
	REQUIRE_WHY(file_read(key_file, MAX_PEM, key) == ERR_OK, ERR_CONFIG,
		"TLS key %s; set 'tls_key' to a PEM file (mohar-cad issue makes one)", err_why());
	return check(certificate_file, key_file, certificate, key);
}
