#include "ca/device/device.h"

#include <openssl/pem.h>
#include <stdlib.h>

#include "ca/device/store.h"
#include "http/tls.h"
#include "x509/own.h"

enum { DATABASE_CONNECTIONS = 4, STRANGERS = 4096, STRANGERS_A_SECOND = 5, STRANGERS_BURST = 100 };

static enum err
read_key(struct devices *d, struct span pem)
{
	OWN(BIO) bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);

	REQUIRE(bio != NULL, ERR_NO_MEMORY);
	d->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	return d->key != NULL ? ERR_OK : own_failed(ERR_CONFIG, "tls_key is no private key in PEM");
}

/* The listeners' own certificate and key: who answers devices signs with them. */
static enum err
read_identity(struct cad *c, struct devices *d)
{
	AUTO(writer) certificate = {0};
	AUTO(writer) key = {0};

	TRY(tls_read(c->config.tls_certificate, c->config.tls_key, &certificate, &key));
	TRY(read_key(d, writer_span(&key)));
	TRY(certificates_pem(writer_span(&certificate), &d->chain));
	d->certificate = sk_X509_shift(d->chain);
	REQUIRE_WHY(d->certificate != NULL && X509_check_private_key(d->certificate, d->key) == 1, ERR_CONFIG,
		"tls_certificate %s is not of the key %s", c->config.tls_certificate, c->config.tls_key);
	return ERR_OK;
}

enum err
device_start(struct cad *c)
{
	if (c->config.device_port == 0)
		return ERR_OK;
	c->devices = calloc(1, sizeof(*c->devices));
	REQUIRE(c->devices != NULL, ERR_NO_MEMORY);
	TRY(rates_new(STRANGERS, STRANGERS_A_SECOND, STRANGERS_BURST, &c->devices->strangers));
	TRY(read_identity(c, c->devices));
	return db_pool_open(c->config.database, DATABASE_CONNECTIONS, device_statements, DEVICE_STATEMENT_COUNT,
		&c->devices->db);
}

void
device_stop(struct cad *c)
{
	struct devices *d = c->devices;

	if (d == NULL)
		return;
	if (d->db != NULL)
		db_pool_free(&d->db);
	rates_free(&d->strangers);
	EVP_PKEY_free(d->key);
	X509_free(d->certificate);
	sk_X509_pop_free(d->chain, X509_free);
	free(d);
	c->devices = NULL;
}
