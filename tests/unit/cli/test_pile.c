#include "tests/unit/lib/test.h"

#include "base/file.h"
#include "cli/verify/pile.h"

static char path[] = "/tmp/mohar-pile-XXXXXX";

static enum paper_kind
kind_of(struct span bytes, struct span *kept)
{
	static struct pile p;

	pile_free(&p);
	assert_ok(file_write(path, bytes, 0600));
	assert_ok(pile_add(&p, path));
	assert_int_equal(p.count, 1);
	*kept = writer_span(&p.papers[0].bytes);
	return p.papers[0].kind;
}

CASE(blanks_around_a_paper_are_nobodys)
{
	struct span kept;

	assert_int_equal(kind_of(SPAN(" \r\n\t{\"entry\":1,\"proof\":2} \n"), &kept), PAPER_RECEIPT);
	assert_span(kept, "{\"entry\":1,\"proof\":2}");
}

/* A NUL is no blank: what holds one is another file than what was signed. */
CASE(a_nul_before_or_behind_a_paper_belongs_to_it)
{
	struct span kept;

	assert_int_equal(kind_of(SPAN("\0{\"entry\":1,\"proof\":2}"), &kept), PAPER_STRANGE);
	assert_int_equal(kept.len, 22);
	assert_int_equal(kind_of(SPAN("{\"entry\":1,\"proof\":2}\0"), &kept), PAPER_RECEIPT);
	assert_int_equal(kept.len, 22);
	assert_int_equal(kind_of(SPAN("\0\0"), &kept), PAPER_STRANGE);
	assert_int_equal(kept.len, 2);
}

static int
make_file(void **state)
{
	const int fd = mkstemp(path);

	(void)state;
	(void)close(fd);
	return fd < 0 ? -1 : 0;
}

static int
remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(blanks_around_a_paper_are_nobodys),
		cmocka_unit_test(a_nul_before_or_behind_a_paper_belongs_to_it)};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
