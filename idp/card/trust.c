#include <stdlib.h>

#include "base/file.h"
#include "idp/card/card.h"
#include "idp/oidc/authorization.h"
#include "x509/own.h"

static enum err
read_anchors(const char *path, STACK_OF(X509) * *out)
{
	AUTO(writer) pem = writer_new(MAX_CERTIFICATE);

	TRY(file_read(path, MAX_CERTIFICATE, &pem));
	REQUIRE_WHY(certificates_pem(writer_span(&pem), out) == ERR_OK && sk_X509_num(*out) > 0, ERR_CONFIG,
		"%s: holds no certificate in PEM", path);
	return ERR_OK;
}

static enum err
trust_read(const char *root_ca, const char *citizen_ca, const char *policies, struct card_trust *t)
{
	TRY(read_anchors(root_ca, &t->roots));
	TRY(read_anchors(citizen_ca, &t->issuers));
	t->issuer = sk_X509_value(t->issuers, 0);
	TRY(words_split(policies, &t->policies));
	REQUIRE_WHY(t->policies.count > 0, ERR_CONFIG, "card_policies: at least one OID is wanted");
	return ERR_OK;
}

enum err
card_trust_read(const char *root_ca, const char *citizen_ca, const char *policies, struct card_trust **out)
{
	struct card_trust *t = calloc(1, sizeof(*t));
	enum err e;

	REQUIRE(t != NULL, ERR_NO_MEMORY);
	e = trust_read(root_ca, citizen_ca, policies, t);
	if (e != ERR_OK)
		card_trust_free(&t);
	*out = t;
	return e;
}

void
card_trust_free(struct card_trust **t)
{
	if (*t == NULL)
		return;
	sk_X509_pop_free((*t)->roots, X509_free);
	sk_X509_pop_free((*t)->issuers, X509_free);
	words_free(&(*t)->policies);
	free(*t);
	*t = NULL;
}

/* The chain is good under one of the policies that cards are issued under. */
static enum err
chain_good(const struct card_trust *t, X509 *x, unix_time now)
{
	enum err e = ERR_UNTRUSTED;

	for (size_t i = 0; i < t->policies.count && e != ERR_OK; i++) {
		const struct chain_question q = {t->roots, t->issuers, now, "clientAuth",
			json_text_at(&t->policies, i)};

		e = chain_check(x, &q);
	}
	return e;
}

enum err
card_certificate(const struct card_trust *t, struct span der, unix_time now, X509 **out)
{
	OWN(X509) x = NULL;

	TRY(certificate_parse(der, &x));
	TRY(chain_good(t, x, now));
	/* A certificate that the root itself, or another authority under it, has issued is no card. */
	REQUIRE_WHY(X509_check_issued(t->issuer, x) == X509_V_OK && X509_verify(x, X509_get0_pubkey(t->issuer)) == 1,
		ERR_UNTRUSTED, "RFC 5280 6.1: not issued by the citizens' authority");
	*out = x;
	x = NULL;
	return ERR_OK;
}
