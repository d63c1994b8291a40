#include "made.h"

#include <openssl/cms.h>
#include <openssl/ec.h>
#include <time.h>

#include "x509/own.h"

struct token_key made_ec, made_rsa;
X509 *made_certificate;
unix_time made_now;

int
made_set_up(void **state)
{
	(void)state;
	made_ec = (struct token_key){.algorithm = algorithm_find("P-256", ALGORITHM_SIGN),
		.public_key = EVP_EC_gen("P-256")};
	made_rsa = (struct token_key){.algorithm = algorithm_find("RSA-2048", ALGORITHM_SIGN),
		.public_key = EVP_RSA_gen(2048)};
	made_certificate = X509_new();
	assert_true(X509_set_pubkey(made_certificate, made_ec.public_key) == 1 &&
		X509_gmtime_adj(X509_getm_notBefore(made_certificate), 0) != NULL &&
		X509_gmtime_adj(X509_getm_notAfter(made_certificate), 60) != NULL &&
		X509_sign(made_certificate, made_ec.public_key, EVP_sha256()) > 0);
	return 0;
}

int
made_tear_down(void **state)
{
	(void)state;
	X509_free(made_certificate);
	token_key_free(&made_ec);
	token_key_free(&made_rsa);
	return 0;
}

void
made_free(struct made *m)
{
	for (size_t i = 0; i < m->count; i++)
		writer_free(&m->parts[i]);
	writer_free(&m->content);
	*m = (struct made){0};
}

/* What CMS_sign signs for this content. */
void
made_make(struct span content, int type, struct made *out)
{
	enum { FLAGS = CMS_CADES | CMS_BINARY | CMS_NOSMIMECAP | CMS_PARTIAL };
	OWN(BIO) bio = BIO_new_mem_buf(content.ptr, (int)content.len);
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, FLAGS);
	CMS_SignerInfo *signer;

	assert_int_equal(CMS_set1_eContentType(cms, OBJ_nid2obj(type)), 1);
	signer = CMS_add1_signer(cms, made_certificate, made_ec.public_key, EVP_sha256(), FLAGS);
	assert_non_null(signer);
	assert_int_equal(CMS_final(cms, bio, NULL, FLAGS), 1);
	*out = (struct made){.content = writer_new(1 << 16)};
	writer_bytes(&out->content, content);
	for (int i = 0; i < CMS_signed_get_attr_count(signer); i++) {
		uint8_t *der = NULL;
		const int len = i2d_X509_ATTRIBUTE(CMS_signed_get_attr(signer, i), &der);

		out->parts[out->count] = writer_new(1 << 12);
		writer_bytes(&out->parts[out->count++], span_at(der, (size_t)len));
		OPENSSL_free(der);
	}
	CMS_ContentInfo_free(cms);
	made_now = time(NULL);
}

static int
by_bytes(const void *a, const void *b)
{
	const struct span x = writer_span(a), y = writer_span(b);
	const int order = memcmp(x.ptr, y.ptr, x.len < y.len ? x.len : y.len);

	return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

void
made_tlv(struct writer *w, uint8_t tag, struct span contents)
{
	writer_u8(w, tag);
	if (contents.len >= 0x100) {
		writer_u8(w, 0x82);
		writer_u8(w, (uint8_t)(contents.len >> 8));
	} else if (contents.len >= 0x80) {
		writer_u8(w, 0x81);
	}
	writer_u8(w, (uint8_t)contents.len);
	writer_bytes(w, contents);
}

void
made_assemble(struct made *m, bool sorted, struct writer *out)
{
	AUTO(writer) all = writer_new(1 << 16);

	if (sorted)
		qsort(m->parts, m->count, sizeof(m->parts[0]), by_bytes);
	for (size_t i = 0; i < m->count; i++)
		writer_bytes(&all, writer_span(&m->parts[i]));
	made_tlv(out, 0x31, writer_span(&all));
}

enum err
made_ask(const struct type *type, const struct key_rule *rule, const struct token_key *key, struct span object,
	struct span content)
{
	static struct policy policy;
	const struct type_question q =
		{.policy = &policy, .rule = rule, .key = key, .object = object, .evidence = content, .now = made_now};
	char detail[MAX_TYPE_DETAIL];

	return type->looks(object) ? type->check(&q, detail) : ERR_REFUSED;
}
