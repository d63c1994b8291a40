/* The typed objects that mohar-hsmd is asked to sign, each type against each kind of key: nothing that looks like one may do more than be refused. The first byte
 * chooses the key; the rest is the object. With the highest bit set, evidence stands between them, behind its length of two bytes. The public keys are the same in every run. */
/* covers: hsm/type/checkpoint.c hsm/type/der.c hsm/type/jws.c hsm/type/registrar.c hsm/type/responsedata.c hsm/type/tbscertificate.c hsm/type/tbscertlist.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "hsm/type/type.h"
#include "tests/fuzz/country.h"

static char *ca_usage[] = {(char *)"keyCertSign", (char *)"cRLSign"}, *leaf_usage[] = {(char *)"digitalSignature"},
	    *ocsp_usage[] = {(char *)"1.3.6.1.5.5.7.3.9"};
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
		.registrar_signature = true},
	{.profile = (char *)"sole",
		.policy = (char *)"1.3.6.1.4.1.99999.1.2",
		.days = 1096,
		.key_usage = {leaf_usage, 1},
		.registrar_signature = true,
		.wrapped_by = (char *)"masters"},
	{.profile = (char *)"responder",
		.policy = (char *)"1.3.6.1.4.1.99999.1.3",
		.days = 90,
		.key_usage = {leaf_usage, 1},
		.subject_key = (char *)"ocsp",
		.extended_key_usage = {ocsp_usage, 1}}};
static char *typ[] = {(char *)"JWT", (char *)"decision+jwt"};

static struct subject {
	struct key_rule rule;
	struct token_key key;
} subjects[] = {
	{.rule = {.label = (char *)"ca",
		 .purpose = (char *)"issuing-ca",
		 .algorithm = (char *)"P-384",
		 .list_days = 8,
		 .certificates = {rules, 4}}},
	{.rule = {.label = (char *)"ocsp", .purpose = (char *)"ocsp", .algorithm = (char *)"P-256", .list_days = 8}},
	{.rule = {.label = (char *)"seal",
		 .purpose = (char *)"agency-seal",
		 .algorithm = (char *)"P-256",
		 .typ = {typ, 2},
		 .agency = (char *)"land"}},
	{.rule = {.label = (char *)"log", .purpose = (char *)"checkpoint", .algorithm = (char *)"Ed25519"}},
};
static struct policy policy;
enum { SUBJECTS = sizeof(subjects) / sizeof(subjects[0]) };

/* Points of scalars 5 and 6. */
static const uint8_t p384[] = {0x04, 0x11, 0xde, 0x24, 0xa2, 0xc2, 0x51, 0xc7, 0x77, 0x57, 0x3c, 0xac, 0x5e, 0xa0, 0x25,
	0xe4, 0x67, 0xf2, 0x08, 0xe5, 0x1d, 0xbf, 0xf9, 0x8f, 0xc5, 0x4f, 0x66, 0x61, 0xcb, 0xe5, 0x65, 0x83, 0xb0,
	0x37, 0x88, 0x2f, 0x4a, 0x1c, 0xa2, 0x97, 0xe6, 0x0a, 0xbc, 0xdb, 0xc3, 0x83, 0x6d, 0x84, 0xbc, 0x8f, 0xa6,
	0x96, 0xc7, 0x74, 0x40, 0xf9, 0x2d, 0x0f, 0x58, 0x37, 0xe9, 0x0a, 0x00, 0xe7, 0xc5, 0x28, 0x4b, 0x44, 0x77,
	0x54, 0xd5, 0xde, 0xe8, 0x8c, 0x98, 0x65, 0x33, 0xb6, 0x90, 0x1a, 0xeb, 0x31, 0x77, 0x68, 0x6d, 0x0a, 0xe8,
	0xfb, 0x33, 0x18, 0x44, 0x14, 0xab, 0xe6, 0xc1, 0x71, 0x3a},
		     p256[] = {0x04, 0xb0, 0x1a, 0x17, 0x2a, 0x76, 0xa4, 0x60, 0x2c, 0x92, 0xd3, 0x24, 0x2c, 0xb8, 0x97,
			     0xdd, 0xe3, 0x02, 0x4c, 0x74, 0x0d, 0xeb, 0xb2, 0x15, 0xb4, 0xc6, 0xb0, 0xaa, 0xe9, 0x3c,
			     0x22, 0x91, 0xa9, 0xe8, 0x5c, 0x10, 0x74, 0x32, 0x37, 0xda, 0xd5, 0x6f, 0xec, 0x0e, 0x2d,
			     0xfb, 0xa7, 0x03, 0x79, 0x1c, 0x00, 0xf7, 0x70, 0x1c, 0x7e, 0x16, 0xbd, 0xfd, 0x7c, 0x48,
			     0x53, 0x8f, 0xc7, 0x7f, 0xe2};

/* Whom the registrar's acts of the corpus are signed by: country()->land. */
static const char operators[] =
	"{\"operators\":[{\"name\":\"Registrar One\",\"roles\":[\"registrar\"],\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
	"\"x\":\"iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w\"}}]}";

static enum err
spki_of(void *context, const char *label, struct writer *spki)
{
	(void)context;
	REQUIRE(strcmp(label, "ocsp") == 0, ERR_NOT_FOUND);
	writer_bytes(spki, writer_span(&subjects[1].key.spki));
	return writer_done(spki);
}

/* A blob here is nothing but the public key of what was born. */
static enum err
born(void *context, const char *label, struct span bytes, struct blob *out)
{
	(void)context;
	REQUIRE(strcmp(label, "masters") == 0 && bytes.len > 0, ERR_CORRUPT);
	*out = (struct blob){.spki = bytes, .profile = SPAN("sole"), .person = SPAN("person")};
	return ERR_OK;
}

static EVP_PKEY *
public_key(const struct algorithm *a)
{
	const bool large = strcmp(a->name, "P-384") == 0;
	OSSL_PARAM parameters[] = {OSSL_PARAM_utf8_string("group", (char *)(uintptr_t)(large ? "P-384" : "P-256"), 0),
		OSSL_PARAM_octet_string("pub", (void *)(uintptr_t)(large ? p384 : p256),
			large ? sizeof(p384) : sizeof(p256)),
		OSSL_PARAM_END};
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	if (a->group == NULL)
		key = country()->log;
	else
		promise(EVP_PKEY_fromdata_init(context) == 1 &&
			EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1);
	EVP_PKEY_CTX_free(context);
	return key;
}

static void
subjects_make(void)
{
	for (size_t i = 0; i < SUBJECTS; i++) {
		struct token_key *k = &subjects[i].key;
		AUTO(jwk) *jwk = NULL;
		uint8_t *der = NULL;
		int len;

		k->algorithm = algorithm_find(subjects[i].rule.algorithm, ALGORITHM_SIGN);
		k->public_key = public_key(k->algorithm);
		k->spki = writer_new(1024);
		len = i2d_PUBKEY(k->public_key, &der);
		writer_bytes(&k->spki, span_at(der, (size_t)len));
		OPENSSL_free(der);
		promise(jwk_from_key(k->public_key, NULL, &jwk) == ERR_OK && jwk_thumbprint(jwk, k->kid) == ERR_OK);
	}
	promise(operators_read(place_file(0, SPAN(operators)), &policy.file.operators) == ERR_OK);
}

/* Takes what stands before the object. */
static struct span
take_evidence(const uint8_t *data, size_t size, struct span *object)
{
	const size_t len = size > 2 && (data[0] & 0x80) != 0 ? (size_t)data[1] << 8 | data[2] : 0;

	if (size <= 2 || (data[0] & 0x80) == 0 || len > size - 3) {
		*object = span_at(data + 1, size - 1);
		return (struct span){0};
	}
	*object = span_at(data + 3 + len, size - 3 - len);
	return span_at(data + 3, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct subject *s;
	struct span object, evidence;
	const struct type *type;
	char detail[MAX_TYPE_DETAIL];

	if (subjects[0].key.algorithm == NULL)
		subjects_make();
	if (size < 1)
		return 0;
	s = &subjects[(data[0] & 0x7f) % SUBJECTS];
	evidence = take_evidence(data, size, &object);
	type = type_find(purpose_find(s->rule.purpose), object);
	if (type != NULL) {
		const struct type_question q = {.policy = &policy,
			.rule = &s->rule,
			.key = &s->key,
			.object = object,
			.evidence = evidence,
			.now = 1700000000,
			.spki_of = spki_of,
			.born = born};

		if (type->check(&q, detail) == ERR_OK && strlen(detail) >= sizeof(detail))
			abort();
		err_forget();
	}
	return 0;
}
