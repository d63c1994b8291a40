/* authority: a root, an issuing CA and its OCSP responder, made from the profiles in policies/, for the tests of lib/x509. */
#ifndef MOHAR_TESTS_AUTHORITY_H
#define MOHAR_TESTS_AUTHORITY_H

#include "x509/x509.h"

/* The moment at which the tests happen: 2026-01-01T00:00:00Z. */
enum { NOW = 1767225600, DAY = 86400 };

struct authority {
	EVP_PKEY *root_key, *key, *responder_key;
	X509 *root, *issuer, *responder; /* issuer: the citizens' CA */
};

/* What a certificate is to be; the rest is as the profile says. */
struct wish {
	const char *profile; /* "tls-server" */
	const char *common_name;
	EVP_PKEY *key;
	X509 *issuer; /* NULL: self-signed */
	EVP_PKEY *issuer_key;
	unix_time not_before; /* 0: NOW - DAY */
	const char *dns;      /* or NULL */
};

/* Reads policies/profiles/NAME.json; fails the test if it is not one. */
void profile_named(const char *name, struct profile *out);

/* Grants the wish; fails the test if it is refused. The caller frees. */
X509 *certificate_for(const struct wish *w);

/* The same by facts, for what should be refused. */
MUST_USE enum err certificate_wished(const struct wish *w, X509 **out);

/* As RUN() of test.h, with what the whole group stands on. */
#define RUN_WITH(set_up, tear_down, ...)                                 \
	int main(void)                                                   \
	{                                                                \
		const struct CMUnitTest tests[] = {__VA_ARGS__};         \
		return cmocka_run_group_tests(tests, set_up, tear_down); \
	}

/* A group fixture's halves. */
struct authority *authority_new(void);
void authority_free(struct authority **a);

/* The DER of a public key; the caller frees with OPENSSL_free. */
struct span spki_of(EVP_PKEY *key);

#endif
