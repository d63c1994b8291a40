#include "tests/unit/lib/test.h"

#include <openssl/x509.h>

#include "audit/receipt.h"

static const char origin[] = "mohar.example/log";
static EVP_PKEY *key;
static struct event events[5];
static struct receipt receipt; /* of events[3], among 5 */

static enum err
stored(void *context, unsigned level, uint64_t index, struct sha256 *out)
{
	struct sha256 left, right;

	if (level == 0) {
		*out = events[index].leaf;
		return ERR_OK;
	}
	TRY(stored(context, level - 1, index * 2, &left));
	TRY(stored(context, level - 1, index * 2 + 1, &right));
	*out = merkle_node(&left, &right);
	return ERR_OK;
}

static void
make_note(const struct checkpoint *c, struct writer *note)
{
	AUTO(writer) text = writer_new(MAX_CHECKPOINT);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char *spki = NULL;
	uint8_t signature[64];
	size_t len = sizeof(signature);
	const int spki_len = i2d_PUBKEY(key, &spki);

	assert_ok(checkpoint_text(c, &text));
	assert_int_equal(EVP_DigestSignInit(md, NULL, NULL, NULL, key), 1);
	assert_int_equal(EVP_DigestSign(md, signature, &len, text.ptr, text.len), 1);
	assert_ok(checkpoint_note(c, span_at(spki, (size_t)spki_len), span_at(signature, len), note));
	EVP_MD_CTX_free(md);
	OPENSSL_free(spki);
}

static uint8_t *
copy(struct span bytes)
{
	uint8_t *made = malloc(bytes.len + 1);

	assert_non_null(made);
	memcpy(made, bytes.ptr, bytes.len);
	made[bytes.len] = 0;
	return made;
}

static int
setup(void **state __attribute__((unused)))
{
	const struct merkle_store store = {stored, NULL};
	AUTO(writer) note = writer_new(MAX_CHECKPOINT);
	struct checkpoint c = {.size = 5};

	key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	for (size_t i = 0; i < 5; i++)
		assert_ok(event_make(&events[i], "signer", "decision.sealed", LOG_TREE_PUBLIC, 1769903999,
			SPAN("{\"a\":1}"), SPAN("{\"b\":\"x\",\"a\":2.5}")));
	strcpy(c.origin, origin);
	assert_ok(merkle_root(&store, 5, &c.root));
	make_note(&c, &note);
	receipt.index = 3;
	receipt.size = 5;
	receipt.entry = (struct json_bytes){copy(writer_span(&events[3].entry)), events[3].entry.len};
	receipt.salt = (struct json_bytes){copy(span_at(events[3].salt, SALT_LEN)), SALT_LEN};
	receipt.private_part = (char *)copy(writer_span(&events[3].private_part));
	receipt.checkpoint = (char *)copy(writer_span(&note));
	return merkle_inclusion(&store, 3, 5, &receipt.proof) == ERR_OK ? 0 : -1;
}

static int
teardown(void **state __attribute__((unused)))
{
	receipt_free(&receipt);
	for (size_t i = 0; i < 5; i++)
		event_free(&events[i]);
	EVP_PKEY_free(key);
	return 0;
}

CASE(a_receipt_comes_back_from_its_text_and_verifies)
{
	AUTO(writer) w = writer_new(MAX_RECEIPT);
	struct receipt back;

	assert_ok(receipt_write(&receipt, &w));
	assert_ok(receipt_parse(writer_span(&w), &back));
	assert_ok(receipt_check(&back, origin, key));
	assert_true(back.index == 3 && back.size == 5 && back.proof.count == receipt.proof.count);
	receipt_free(&back);
}

CASE(the_private_part_can_be_withheld_and_not_swapped)
{
	AUTO(writer) w = writer_new(MAX_RECEIPT);
	char *kept = receipt.private_part;
	static char swapped[] = "{\"a\":2.5,\"b\":\"y\"}";
	struct receipt back;

	receipt.private_part = swapped;
	assert_err(receipt_check(&receipt, origin, key), ERR_MISMATCH);
	receipt.private_part = NULL;
	assert_ok(receipt_write(&receipt, &w));
	receipt.private_part = kept;
	assert_null(strstr((const char *)w.ptr, "salt"));
	assert_ok(receipt_parse(writer_span(&w), &back));
	assert_ok(receipt_check(&back, origin, key));
	receipt_free(&back);
}

CASE(another_entry_index_size_or_log_is_refused)
{
	receipt.entry.ptr[10] ^= 1;
	assert_err(receipt_check(&receipt, origin, key), ERR_MISMATCH);
	receipt.entry.ptr[10] ^= 1;
	receipt.index = 2;
	assert_err(receipt_check(&receipt, origin, key), ERR_MISMATCH);
	receipt.index = 3;
	receipt.size = 6;
	assert_err(receipt_check(&receipt, origin, key), ERR_MISMATCH);
	receipt.size = 5;
	receipt.proof.nodes[0].bytes[0] ^= 1;
	assert_err(receipt_check(&receipt, origin, key), ERR_MISMATCH);
	receipt.proof.nodes[0].bytes[0] ^= 1;
	receipt.checkpoint[strlen(receipt.checkpoint) - 8] ^= 1;
	assert_int_not_equal(receipt_check(&receipt, origin, key), ERR_OK);
	receipt.checkpoint[strlen(receipt.checkpoint) - 8] ^= 1;
	assert_err(receipt_check(&receipt, "other.example/log", key), ERR_MISMATCH);
	assert_ok(receipt_check(&receipt, origin, key));
}

CASE(forms_that_are_no_receipt_are_refused)
{
	static const char *const bad[] = {
		"{}",
		"[]",
		"{\"entry\":\"\",\"index\":0,\"size\":0,\"proof\":[],\"checkpoint\":\"\"}",
		"{\"entry\":\"\",\"index\":-1,\"size\":1,\"proof\":[],\"checkpoint\":\"\"}",
		"{\"entry\":\"\",\"index\":0,\"size\":1,\"proof\":[\"AA\"],\"checkpoint\":\"\"}",
		"{\"entry\":\"\",\"index\":0,\"size\":1,\"proof\":[],\"checkpoint\":\"\",\"salt\":\"AA\"}",
		"{\"entry\":\"\",\"index\":0,\"size\":1,\"proof\":[],\"checkpoint\":\"\",\"more\":1}",
	};
	struct receipt r;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(receipt_parse(span_of(bad[i]), &r), ERR_MALFORMED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_receipt_comes_back_from_its_text_and_verifies),
		cmocka_unit_test(the_private_part_can_be_withheld_and_not_swapped),
		cmocka_unit_test(another_entry_index_size_or_log_is_refused),
		cmocka_unit_test(forms_that_are_no_receipt_are_refused),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
