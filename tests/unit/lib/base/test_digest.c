#include "tests/unit/lib/test.h"

#include "base/digest.h"
#include "base/encode.h"

static void
assert_hex(struct sha256 h, const char *expected)
{
	AUTO(writer) w = writer_new(64);

	hex_write(&w, sha256_span(&h));
	assert_span(writer_span(&w), expected);
}

/* FIPS 180-4's examples. */
CASE(sha256_of_the_known_texts)
{
	assert_hex(sha256_of(SPAN("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_hex(sha256_of(SPAN("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

CASE(parts_hash_as_their_whole)
{
	const struct span parts[] = {SPAN("a"), {NULL, 0}, SPAN("bc")};

	assert_hex(sha256_of_parts(parts, 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* RFC 4231 4.3 and 4.4, and a key longer than a block (4.7). */
CASE(hmac_of_the_known_keys)
{
	uint8_t aa[131], dd[50];

	memset(aa, 0xaa, sizeof(aa));
	memset(dd, 0xdd, sizeof(dd));
	assert_hex(hmac_sha256(SPAN("Jefe"), SPAN("what do ya want for nothing?")),
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	assert_hex(hmac_sha256(span_at(aa, 20), span_at(dd, 50)),
		"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	assert_hex(hmac_sha256(span_at(aa, 131), SPAN("Test Using Larger Than Block-Size Key - Hash Key First")),
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

CASE(an_empty_key_is_a_key_of_its_own)
{
	assert_hex(hmac_sha256(span_at(NULL, 0), SPAN("")),
		"b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

RUN(cmocka_unit_test(sha256_of_the_known_texts), cmocka_unit_test(parts_hash_as_their_whole),
	cmocka_unit_test(hmac_of_the_known_keys), cmocka_unit_test(an_empty_key_is_a_key_of_its_own))
