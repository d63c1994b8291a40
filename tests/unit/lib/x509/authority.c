#include "tests/unit/lib/test.h"

#include <openssl/ec.h>

#include "base/random.h"
#include "tests/unit/lib/x509/authority.h"

void
profile_named(const char *name, struct profile *out)
{
	const char *root = getenv("MOHAR_ROOT");
	char path[1024];

	(void)snprintf(path, sizeof(path), "%s/policies/profiles/%s.json", root ? root : ".", name);
	if (profile_read(path, out) != ERR_OK)
		fail_msg("%s", err_why());
}

struct span
spki_of(EVP_PKEY *key)
{
	unsigned char *der = NULL;
	const int len = i2d_PUBKEY(key, &der);

	assert_true(len > 0);
	return span_at(der, (size_t)len);
}

enum err
certificate_wished(const struct wish *w, X509 **out)
{
	AUTO(profile) profile;
	const struct name_part subject[] = {{"C", "BT"}, {"CN", w->common_name}};
	const struct name_part names[] = {{"dns", w->dns}};
	const unix_time from = w->not_before ? w->not_before : NOW - DAY;

	profile_named(w->profile, &profile);
	const struct span spki = spki_of(w->key);
	struct certificate_facts facts = {
		.profile = &profile,
		.spki = spki,
		.subject = subject,
		.subject_count = 2,
		.names = names,
		.names_count = w->dns ? 1 : 0,
		.not_before = from,
		.not_after = from + profile.days * DAY,
		.issuer = w->issuer,
		.ocsp_url = "http://pki.test/ocsp",
		.crl_url = "http://pki.test/crl/citizen-ca.crl",
		.ca_url = "http://pki.test/ca/citizen-ca.cer",
	};

	random_bytes(facts.serial, sizeof(facts.serial));
	const enum err e = certificate_make(&facts, w->issuer_key, out);

	OPENSSL_free((void *)(uintptr_t)spki.ptr);
	return e;
}

X509 *
certificate_for(const struct wish *w)
{
	X509 *x = NULL;

	if (certificate_wished(w, &x) != ERR_OK)
		fail_msg("%s: %s", w->profile, err_why());
	return x;
}

struct authority *
authority_new(void)
{
	struct authority *a = calloc(1, sizeof(*a));

	assert_non_null(a);
	a->root_key = EVP_EC_gen("P-384");
	a->key = EVP_EC_gen("P-384");
	a->responder_key = EVP_EC_gen("P-256");
	a->root = certificate_for(&(struct wish){"root", "Test Root", a->root_key, NULL, a->root_key, 0, NULL});
	a->issuer =
		certificate_for(&(struct wish){"issuing-ca", "Test Citizen CA", a->key, a->root, a->root_key, 0, NULL});
	a->responder = certificate_for(
		&(struct wish){"ocsp-responder", "Test Responder", a->responder_key, a->issuer, a->key, 0, NULL});
	return a;
}

void
authority_free(struct authority **a)
{
	X509_free((*a)->root);
	X509_free((*a)->issuer);
	X509_free((*a)->responder);
	EVP_PKEY_free((*a)->root_key);
	EVP_PKEY_free((*a)->key);
	EVP_PKEY_free((*a)->responder_key);
	free(*a);
	*a = NULL;
}
