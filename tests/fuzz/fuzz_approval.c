/* What custodians' approvals are made of, and what is shown of the bytes they approve: an approval (an act, also one that is well signed, or an assertion), a
 * TBSCertificate or TBSCertList in words, two keys.json compared, a keys.json that is proposed, a restore. The first byte chooses; the rest is the bytes. Whatever is
 * shown is text without control characters. */
/* covers: hsm/quorum/approval.c hsm/quorum/summary.c hsm/quorum/summary_certificate.c hsm/quorum/summary_list.c hsm/quorum/difference.c hsm/quorum/restore.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/x509.h>

#include "base/encode.h"
#include "hsm/quorum/approval.h"
#include "hsm/quorum/restore.h"
#include "hsm/quorum/summary.h"

static const unix_time now = 1800000000;
static const uint8_t id[HSM_NONCE_LEN] = {1, 2, 3};
static struct policy policy;
static struct token_key key;
static struct key_rule rule = {.label = (char *)"root-ca", .purpose = (char *)"root-ca", .algorithm = (char *)"P-384"};
static EVP_PKEY *card;
static struct jwk *card_jwk;

static void
must(bool good)
{
	if (!good)
		abort();
}

/* The COSE_Key (RFC 9052 7) of an ES256 key. */
static void
cose_write(EVP_PKEY *from, struct writer *out)
{
	static const uint8_t head[] = {0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32}, y[] = {0x22, 0x58, 32};
	uint8_t point[65];
	size_t len;

	must(EVP_PKEY_get_octet_string_param(from, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len) == 1);
	writer_bytes(out, span_at(head, sizeof(head)));
	writer_bytes(out, span_at(point + 1, 32));
	writer_bytes(out, span_at(y, sizeof(y)));
	writer_bytes(out, span_at(point + 33, 32));
}

/* Two custodians: one has a card, the other a FIDO2 key. */
static void
make(void)
{
	static char *names[] = {(char *)"one", (char *)"two"};
	AUTO(writer) text = writer_new(8192);
	AUTO(writer) cose = writer_new(128);
	uint8_t *der = NULL;
	int len;

	card = EVP_EC_gen("P-256");
	must(jwk_from_key(card, NULL, &card_jwk) == ERR_OK);
	writer_text(&text, "{\"operators\":[{\"name\":\"one\",\"roles\":[\"custodian\"],\"jwk\":");
	must(jwk_write(card_jwk, &text) == ERR_OK);
	writer_text(&text, "},{\"name\":\"two\",\"roles\":[\"custodian\"],\"credential\":{\"id\":\"AAEC\",\"key\":\"");
	cose_write(card, &cose);
	base64url_write(&text, writer_span(&cose));
	writer_text(&text, "\"}}]}");
	must(operators_parse(writer_span(&text), "operators", &policy.file.operators) == ERR_OK);
	policy.file.custodians.k = 2;
	policy.file.custodians.names = (struct json_list){names, 2};
	key.algorithm = algorithm_find("P-384", ALGORITHM_SIGN);
	key.public_key = EVP_EC_gen("P-384");
	key.spki = writer_new(1024);
	len = i2d_PUBKEY(key.public_key, &der);
	writer_bytes(&key.spki, span_at(der, (size_t)len));
	OPENSSL_free(der);
}

static const char *
label_of(void *context, struct span spki)
{
	(void)context;
	return spki.len % 2 == 0 ? "other-ca" : NULL;
}

static void
approval(struct span evidence)
{
	const struct approval_question q = {.policy = &policy, .id = id, .evidence = evidence, .now = now};
	const struct operator_row *by;

	must(approval_check(&q, &by) != ERR_OK || json_texts_have(&by->roles, "custodian"));
}

static void
approval_signed(struct span payload)
{
	AUTO(writer) jws = writer_new(1 << 16);
	const struct jws_sign_options options = {.typ = "act+jwt", .kid = jwk_kid(card_jwk)};

	if (jws_sign(card, &options, payload, &jws) == ERR_OK)
		approval(writer_span(&jws));
}

static void
is_shown(enum err e, const struct writer *w)
{
	must(e != ERR_OK || writer_done(w) != ERR_OK || span_is_text(writer_span(w)));
}

static void
difference(struct span bytes, struct writer *out)
{
	const uint8_t *zero = bytes.len == 0 ? NULL : memchr(bytes.ptr, 0, bytes.len);
	const size_t at = zero == NULL ? bytes.len : (size_t)(zero - bytes.ptr);

	is_shown(summary_difference(span_at(bytes.ptr, at),
			 zero == NULL ? SPAN("{}") : span_at(zero + 1, bytes.len - at - 1), out),
		out);
}

static void
proposed(struct span bytes)
{
	struct policy next;

	if (policy_parse(bytes, &next) == ERR_OK)
		policy_free(&next);
}

static void
restore(struct span bytes, struct writer *out)
{
	struct restore r;

	if (restore_read(bytes, &r) != ERR_OK)
		return;
	restore_write(&r, out);
	must(span_equal(writer_span(out), bytes) && restore_same(&r, &r));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(writer) out = writer_new(MAX_SUMMARY - 1);

	if (card == NULL)
		make();
	if (size < 1)
		return 0;
	const struct span bytes = span_at(data + 1, size - 1);
	const struct type_question q = {.policy = &policy, .rule = &rule, .key = &key, .object = bytes, .now = now};

	switch (data[0] % 8) {
	case 0:
		approval(bytes);
		break;
	case 1:
		approval_signed(bytes);
		break;
	case 2:
		is_shown(summary_certificate(&q, label_of, &out), &out);
		break;
	case 3:
		is_shown(summary_list(&q, &out), &out);
		break;
	case 4:
		difference(bytes, &out);
		break;
	case 5:
		proposed(bytes);
		break;
	case 6:
		restore(bytes, &out);
		break;
	default:
		summary_foreign(&out, bytes);
		summary_line(&out, "", "%zu", bytes.len);
		summary_end(&out, &policy);
		is_shown(ERR_OK, &out);
		break;
	}
	err_forget();
	return 0;
}
