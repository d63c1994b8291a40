/* Signed attributes beside the content that they digest: what document seals and time-stamp keys are asked to sign. The first byte chooses key and type; then stands the
 * content, behind its length of two bytes, and the attributes. Their messageDigest is put right, unless bit 2 is set, so that mutation of the content reaches what stands behind. */
/* covers: hsm/type/signedattributes.c hsm/type/document.c hsm/type/tstinfo.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "hsm/type/type.h"
#include "tests/fuzz/country.h"

enum { STAMP = 1, RSA_KEY = 2, AS_IT_IS = 4, MAX_ATTRIBUTES_FUZZED = 64 << 10 };

static char *policies[] = {(char *)"1.2.3.4"};
static const struct key_rule seal_rule = {.label = (char *)"seal", .purpose = (char *)"document-seal"};
static const struct key_rule tsa_rule = {.label = (char *)"tsa",
	.purpose = (char *)"time-stamp",
	.policies = {policies, 1}};

/* contentType's neighbour: messageDigest with 32 bytes. */
static void
digest_put(uint8_t *attributes, size_t len, struct span content)
{
	static const uint8_t head[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04, 0x31, 0x22, 0x04, 0x20};
	uint8_t *at = len == 0 ? NULL : memmem(attributes, len, head, sizeof(head));
	const struct sha256 hash = sha256_of(content);

	if (at != NULL && (size_t)(attributes + len - at) >= sizeof(head) + SHA256_LEN)
		memcpy(at + sizeof(head), hash.bytes, SHA256_LEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t attributes[MAX_ATTRIBUTES_FUZZED];
	const size_t content = size < 3 ? 0 : (size_t)data[1] << 8 | data[2];
	const bool stamp = size > 0 && data[0] & STAMP;
	const struct type *type = stamp ? &type_tstinfo : &type_document;
	struct token_key key = {0};
	char detail[MAX_TYPE_DETAIL] = "";

	if (size < 3 || content > size - 3 || size > MAX_ATTRIBUTES_FUZZED)
		return 0;
	key.algorithm = algorithm_find(data[0] & RSA_KEY ? "RSA-2048" : "P-256", ALGORITHM_SIGN);
	memcpy(attributes, data + 3 + content, size - 3 - content);
	if (!(data[0] & AS_IT_IS))
		digest_put(attributes, size - 3 - content, span_at(data + 3, content));

	const struct type_question q = {.rule = stamp ? &tsa_rule : &seal_rule,
		.key = &key,
		.object = span_at(attributes, size - 3 - content),
		.evidence = span_at(data + 3, content),
		.now = COUNTRY_NOW};

	promise(!type->looks(q.object) || type->check(&q, detail) != ERR_OK || strlen(detail) < sizeof(detail));
	err_forget();
	return 0;
}
