/* The typed objects that mohar-hsmd is asked to sign, each type against each kind of key: nothing that looks like one may do more than be refused. The first byte
 * chooses the key; the rest is the object. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "hsm/purpose.h"
#include "hsm/type/type.h"

static char *ca_usage[] = {(char *)"keyCertSign", (char *)"cRLSign"}, *leaf_usage[] = {(char *)"digitalSignature"};
static struct certificate_rule rules[] = {{.profile = (char *)"root",
						  .days = 7305,
						  .ca = true,
						  .path_length = 1,
						  .self_signed = true,
						  .key_usage = {ca_usage, 2}},
	{.profile = (char *)"citizen",
		.policy = (char *)"1.3.6.1.4.1.99999.1.1",
		.days = 1096,
		.key_usage = {leaf_usage, 1},
		.registrar_signature = true}};
static char *typ[] = {(char *)"JWT", (char *)"decision+jwt"};

static struct subject {
	struct key_rule rule;
	struct token_key key;
} subjects[] = {
	{.rule = {.label = (char *)"ca",
		 .purpose = (char *)"issuing-ca",
		 .algorithm = (char *)"P-384",
		 .list_days = 8,
		 .certificates = {rules, 2}}},
	{.rule = {.label = (char *)"ocsp", .purpose = (char *)"ocsp", .algorithm = (char *)"P-256", .list_days = 8}},
	{.rule = {.label = (char *)"seal",
		 .purpose = (char *)"agency-seal",
		 .algorithm = (char *)"P-256",
		 .typ = {typ, 2},
		 .agency = (char *)"land"}},
	{.rule = {.label = (char *)"log", .purpose = (char *)"checkpoint", .algorithm = (char *)"Ed25519"}},
};
enum { SUBJECTS = sizeof(subjects) / sizeof(subjects[0]) };

static enum err
no_spki(void *context, const char *label, struct writer *spki)
{
	(void)context;
	(void)label;
	(void)spki;
	return ERR_NOT_FOUND;
}

static void
subjects_make(void)
{
	for (size_t i = 0; i < SUBJECTS; i++) {
		struct token_key *k = &subjects[i].key;
		uint8_t *der = NULL;
		int len;

		k->algorithm = algorithm_find(subjects[i].rule.algorithm, ALGORITHM_SIGN);
		k->public_key = k->algorithm->group == NULL ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
							    : EVP_EC_gen(k->algorithm->group);
		k->spki = writer_new(1024);
		len = i2d_PUBKEY(k->public_key, &der);
		writer_bytes(&k->spki, span_at(der, (size_t)len));
		OPENSSL_free(der);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy policy;
	const struct subject *s;
	const struct purpose *p;
	char detail[MAX_TYPE_DETAIL];

	if (subjects[0].key.algorithm == NULL)
		subjects_make();
	if (size < 1)
		return 0;
	s = &subjects[data[0] % SUBJECTS];
	p = purpose_find(s->rule.purpose);
	for (size_t i = 0; i < MAX_PURPOSE_TYPES && p->types[i] != NULL; i++) {
		const struct type_question q = {.policy = &policy,
			.rule = &s->rule,
			.key = &s->key,
			.object = {data + 1, size - 1},
			.now = 1700000000,
			.spki_of = no_spki};

		if (p->types[i]->looks(q.object) && p->types[i]->check(&q, detail) == ERR_OK &&
			strlen(detail) >= sizeof(detail))
			abort();
		err_forget();
	}
	return 0;
}
