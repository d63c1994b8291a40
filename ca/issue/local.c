#include "ca/issue/local.h"

#include <openssl/ec.h>
#include <openssl/pem.h>

#include "base/file.h"
#include "ca/issue/issue.h"
#include "x509/own.h"

enum { MAX_SPKI = 4 << 10 };

static enum err
write_key(EVP_PKEY *key, const char *path)
{
	OWN(BIO) memory = BIO_new(BIO_s_secmem());
	char *text;

	CRYPTO_OK(memory != NULL && PEM_write_bio_PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL) == 1, "key");
	const long len = BIO_get_mem_data(memory, &text);

	return file_write(path, span_at(text, (size_t)len), 0600);
}

static enum err
write_files(const struct cad *c, const struct local_request *r, EVP_PKEY *key, const X509 *x,
	const struct profile *profile)
{
	AUTO(writer) pem = writer_new(4 * MAX_CERTIFICATE);

	TRY(certificate_pem_write(x, &pem));
	TRY(authority_chain(authority_find(&c->authorities, profile->issuer), &pem));
	TRY(write_key(key, r->key_out));
	return file_write(r->out, writer_span(&pem), 0644);
}

enum err
local_issue(struct cad *c, const struct local_request *r)
{
	const struct profile *profile = profile_find(&c->profiles, r->profile);
	AUTO(writer) spki = writer_new(MAX_SPKI);
	OWN(EVP_PKEY) key = NULL;
	OWN(X509) x = NULL;
	unsigned char *der = NULL;

	REQUIRE_WHY(profile != NULL, ERR_NOT_FOUND, "there is no profile '%s' in %s/profiles", r->profile,
		c->config.policies);
	REQUIRE_WHY(!profile->ca && !profile->registrar_signature, ERR_REFUSED,
		"profile '%s' is not issued without an order", r->profile);
	const char *common_name = r->common_name != NULL ? r->common_name
		: r->names_count > 0                     ? r->names[0].value
							 : NULL;

	REQUIRE_WHY(common_name != NULL, ERR_MALFORMED, "a name is needed: --dns NAME or --cn NAME");
	const struct name_part subject[] = {{"CN", common_name}};

	key = EVP_EC_gen("P-256");
	CRYPTO_OK(key != NULL, "key");
	const int len = i2d_PUBKEY(key, &der);

	CRYPTO_OK(len > 0, "key");
	writer_bytes(&spki, span_at(der, (size_t)len));
	OPENSSL_free(der);
	const struct issuance issuance = {
		.profile = profile,
		.spki = writer_span(&spki),
		.subject = subject,
		.subject_count = 1,
		.names = r->names,
		.names_count = r->names_count,
		.actor = "mohar-cad",
		.channel = "local",
	};

	TRY(certificate_issue(c, &issuance, &x));
	return write_files(c, r, key, x, profile);
}
