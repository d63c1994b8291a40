/* maker: a maker of authenticators, with a root of its own: attestation certificates made to measure. Used by the tests of attestation. */
#ifndef MOHAR_TESTS_WEBAUTHN_MAKER_H
#define MOHAR_TESTS_WEBAUTHN_MAKER_H

#include <openssl/x509.h>

#include "base/writer.h"

enum { MAX_MAKER_EXTENSIONS = 4 };

struct maker_extension {
	const char *oid;
	const char *value; /* as openssl.cnf writes extensions: "DER:0410…", "critical,DER:…" */
};

/* A certificate to be made. */
struct maker_order {
	EVP_PKEY *key;                                    /* the subject's */
	int version;                                      /* 2 is version 3 */
	const char *country, *organization, *unit, *name; /* NULL: left out */
	const char *basic_constraints;                    /* NULL: left out */
	struct maker_extension extensions[MAX_MAKER_EXTENSIONS];
};

struct maker {
	EVP_PKEY *root_key, *key;
	X509 *root;
	char *root_pem;
};

struct maker maker_new(const char *name);
void maker_free(struct maker *m);

/* What 8.2.1 asks for, over the maker's attestation key. */
struct maker_order maker_order_packed(const struct maker *m);

/* The certificate's DER, signed by the root. */
void maker_certificate(struct writer *der, const struct maker *m, const struct maker_order *o);

#endif
