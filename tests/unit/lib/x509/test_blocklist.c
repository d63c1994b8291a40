#include "tests/unit/lib/test.h"

#include <time.h>

#include "base/digest.h"
#include "base/file.h"
#include "x509/blocklist.h"

enum { MANY = 1000000 };

static char path[] = "/tmp/mohar-blocklist-XXXXXX";

static enum err
opened(struct span bytes, struct blocklist **out)
{
	const int fd = mkstemp(strcpy(path, "/tmp/mohar-blocklist-XXXXXX"));

	assert_true(fd >= 0);
	close(fd);
	assert_ok(file_write(path, bytes, 0600));
	const enum err e = blocklist_open(path, out);

	unlink(path);
	return e;
}

static enum err
verdict(struct span bytes)
{
	struct blocklist *b = NULL;
	const enum err e = opened(bytes, &b);

	if (e != ERR_OK)
		assert_non_null(strstr(err_why(), path));
	blocklist_free(&b);
	return e;
}

#define ONE "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
#define TWO "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"

CASE(a_text_of_hashes_is_searched)
{
	uint8_t hash[SHA256_LEN] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
		0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd,
		0xef};
	struct blocklist *b = NULL;

	assert_ok(opened(SPAN(ONE TWO), &b));
	assert_int_equal(blocklist_count(b), 2);
	assert_true(blocklist_has(b, span_at(hash, sizeof(hash))));
	hash[0] = 0x11;
	assert_true(blocklist_has(b, span_at(hash, sizeof(hash))));
	hash[0] = 0x10;
	assert_false(blocklist_has(b, span_at(hash, sizeof(hash))));
	assert_false(blocklist_has(b, span_at(hash, 31)));
	blocklist_free(&b);
}

CASE(a_list_out_of_order_or_of_another_form_is_refused_with_its_place)
{
	assert_err(verdict(SPAN(TWO ONE)), ERR_CONFIG);
	assert_non_null(strstr(err_why(), ":2:"));
	assert_err(verdict(SPAN(ONE ONE)), ERR_CONFIG);
	assert_err(verdict(SPAN("")), ERR_CONFIG);
	assert_err(verdict(SPAN("0123\n")), ERR_CONFIG);
	assert_err(verdict(SPAN(ONE "# a remark, which would stand in the way of the search, 64 charact")), ERR_CONFIG);
	assert_err(verdict(SPAN(ONE ONE "x")), ERR_CONFIG);
}

CASE(no_list_blocks_nothing_and_one_that_is_not_there_is_an_error)
{
	const struct sha256 hash = sha256_of(SPAN("key"));
	struct blocklist *b = NULL;

	assert_ok(blocklist_open("", &b));
	assert_null(b);
	assert_false(blocklist_has(b, sha256_span(&hash)));
	assert_int_equal(blocklist_count(b), 0);
	assert_err(blocklist_open("/nonexistent/keys", &b), ERR_CONFIG);
	assert_err(blocklist_open("/tmp", &b), ERR_CONFIG);
}

/* Ascending by their first four bytes. */
static void
numbered(uint8_t out[SHA256_LEN], uint32_t n)
{
	memset(out, 0x5a, SHA256_LEN);
	out[0] = (uint8_t)(n >> 24);
	out[1] = (uint8_t)(n >> 16);
	out[2] = (uint8_t)(n >> 8);
	out[3] = (uint8_t)n;
}

/* The target is 5 us; ten times that fails. */
CASE(a_million_keys_are_searched_in_microseconds)
{
	uint8_t *bytes = malloc((size_t)MANY * SHA256_LEN), key[SHA256_LEN];
	struct blocklist *b = NULL;
	struct timespec from, to;
	size_t hits = 0;

	for (uint32_t i = 0; i < MANY; i++)
		numbered(bytes + (size_t)i * SHA256_LEN, 2 * i);
	assert_ok(opened(span_at(bytes, (size_t)MANY * SHA256_LEN), &b));
	assert_int_equal(blocklist_count(b), MANY);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	for (uint32_t i = 0; i < 100000; i++) {
		numbered(key, i * 19);
		hits += blocklist_has(b, span_at(key, sizeof(key)));
	}
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	const double us =
		((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / 1e3 / 100000;

	print_message("blocklist: %.2f us a key among a million\n", us);
	assert_int_equal(hits, 50000);
	if (!getenv("MOHAR_SANITIZE") || !*getenv("MOHAR_SANITIZE"))
		assert_true(us < 50);
	blocklist_free(&b);
	free(bytes);
}

RUN(cmocka_unit_test(a_text_of_hashes_is_searched),
	cmocka_unit_test(a_list_out_of_order_or_of_another_form_is_refused_with_its_place),
	cmocka_unit_test(no_list_blocks_nothing_and_one_that_is_not_there_is_an_error),
	cmocka_unit_test(a_million_keys_are_searched_in_microseconds))
